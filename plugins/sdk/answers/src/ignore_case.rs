//! Finding words of ASCII in any case.

use memchr::{memchr2, memrchr2};

/// A word in lower case, and the place of its rarest letter, which is looked for first.
pub(crate) struct Word {
    text: &'static str,
    rare: usize,
}

/// `answer`; few words of English hold a w.
pub(crate) const ANSWER: Word = Word { text: "answer", rare: 3 };
/// `final answer`.
pub(crate) const FINAL_ANSWER: Word = Word { text: "final answer", rare: 9 };

impl Word {
    /// How many bytes it takes.
    pub(crate) const fn len(&self) -> usize {
        self.text.len()
    }

    /// Where it stands first.
    pub(crate) fn find(&self, text: &str) -> Option<usize> {
        let bytes = text.as_bytes();
        let rare = self.text.as_bytes()[self.rare];
        let mut from = self.rare.min(bytes.len());
        while let Some(hit) = memchr2(rare, rare.to_ascii_uppercase(), &bytes[from..]) {
            let start = from + hit - self.rare;
            if self.is_at(bytes, start) {
                return Some(start);
            }
            from += hit + 1;
        }
        None
    }

    /// Where it stands last.
    pub(crate) fn rfind(&self, text: &str) -> Option<usize> {
        let bytes = text.as_bytes();
        let rare = self.text.as_bytes()[self.rare];
        let mut end = bytes.len();
        while let Some(hit) = memrchr2(rare, rare.to_ascii_uppercase(), &bytes[..end]) {
            let start = hit.checked_sub(self.rare)?;
            if self.is_at(bytes, start) {
                return Some(start);
            }
            end = hit;
        }
        None
    }

    fn is_at(&self, bytes: &[u8], start: usize) -> bool {
        bytes.get(start..start + self.len()).is_some_and(|found| found.eq_ignore_ascii_case(self.text.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::{ANSWER, FINAL_ANSWER};

    #[test]
    fn the_first_and_the_last_place_are_found() {
        let cases = [
            ("answer", Some(0), Some(0)),
            ("w answeR: ANSWER, we swore", Some(2), Some(10)),
            ("now we know", None, None),
            ("w", None, None),
            ("", None, None),
            ("\u{e9}answe answer\u{e9}", Some(8), Some(8)),
        ];
        for (text, first, last) in cases {
            assert_eq!((ANSWER.find(text), ANSWER.rfind(text)), (first, last), "{text:?}");
        }
        assert_eq!(FINAL_ANSWER.find("answer, Final Answer"), Some(8));
        assert_eq!(FINAL_ANSWER.find("nal answer"), None);
    }
}
