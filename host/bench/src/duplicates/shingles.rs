//! Texts as sets of word 5-shingles.

/// Words of a shingle.
const WORDS: usize = 5;

/// The shingles of a text: hashes of all runs of five words, sorted, each once. A text of fewer words has one shingle of
/// all of them, and a text without words has none.
///
/// Words are runs of letters and digits in lower case, so that blanks, line ends and punctuation make no difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shingles(Vec<u64>);

impl Shingles {
    pub(super) fn of(text: &str) -> Self {
        let lower = text.to_lowercase();
        let words: Vec<u64> =
            lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(hash_of).collect();
        let mut hashes: Vec<u64> = match words.len() {
            0 => Vec::new(),
            count if count < WORDS => vec![hash_of_words(&words)],
            _ => words.windows(WORDS).map(hash_of_words).collect(),
        };
        hashes.sort_unstable();
        hashes.dedup();
        Self(hashes)
    }

    pub(super) fn hashes(&self) -> &[u64] {
        &self.0
    }

    /// Shingles that both have, divided by those that one of them has. Two texts without words are not alike.
    pub(super) fn jaccard(&self, other: &Self) -> f64 {
        let (mut a, mut b) = (self.0.as_slice(), other.0.as_slice());
        let mut both = 0_usize;
        while let ([first, rest_a @ ..], [second, rest_b @ ..]) = (a, b) {
            match first.cmp(second) {
                std::cmp::Ordering::Less => a = rest_a,
                std::cmp::Ordering::Greater => b = rest_b,
                std::cmp::Ordering::Equal => (a, b, both) = (rest_a, rest_b, both + 1),
            }
        }
        let either = self.0.len() + other.0.len() - both;
        if either == 0 { 0.0 } else { both as f64 / either as f64 }
    }
}

/// FNV-1a of the bytes, then mixed: the same on every machine, unlike the standard library's.
fn hash_of(word: &str) -> u64 {
    mixed(word.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)))
}

fn hash_of_words(words: &[u64]) -> u64 {
    words.iter().fold(words.len() as u64, |hash, word| mixed(hash.rotate_left(7) ^ word))
}

/// The finaliser of SplitMix64: every bit of the result depends on every bit of the value.
pub(super) fn mixed(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_case_and_punctuation_make_no_difference() {
        let one = Shingles::of("The quick, brown fox jumps over the dog.");
        assert_eq!(one, Shingles::of("the QUICK brown\n\nfox -- jumps over  the dog"));
        assert_eq!(one.hashes().len(), 4);
        assert_eq!(one.jaccard(&one), 1.0);
    }

    #[test]
    fn likeness_is_the_share_of_common_runs_of_five_words() {
        let cases = [
            ("a b c d e f", "a b c d e g", 1.0 / 3.0),
            ("a b c d e f g", "x b c d e f g", 2.0 / 4.0),
            ("a b c", "a b c", 1.0),
            ("a b c", "a b d", 0.0),
            ("a b c d", "a b c d e", 0.0),
            ("", "", 0.0),
            ("?!", "...", 0.0),
            ("12 3", "123", 0.0),
            ("straße", "STRASSE", 0.0),
            ("ÜBER den Wolken", "über den wolken", 1.0),
        ];
        for (a, b, expected) in cases {
            let (one, other) = (Shingles::of(a), Shingles::of(b));
            assert_eq!(one.jaccard(&other), expected, "{a:?} and {b:?}");
            assert_eq!(other.jaccard(&one), expected, "{b:?} and {a:?}");
        }
    }
}
