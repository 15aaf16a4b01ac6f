//! Prompts without what all prompts of a dataset have in common.
//!
//! What counts as boiler-plate of a dataset is found in its distinct train prompts, in two steps, and a text counts as
//! shared when it occurs in at least half of them and in at least two:
//!
//! 1. shared lines, without the blanks around them, wherever they stand;
//! 2. in what is left, again and again until there is none: shared first sentences and shared last sentences. A sentence
//!    ends at the end of its line, or with `.`, `!`, `?` or `:` before a blank.
//!
//! Every prompt of the dataset then loses these lines, and from its two ends these sentences. Blanks around what is left
//! go too. A prompt of which nothing would be left stays whole, and so do those of a dataset without train prompts.

use std::collections::{BTreeMap, BTreeSet};

/// The boiler-plate of one dataset.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Boilerplate {
    lines: BTreeSet<String>,
    first: BTreeSet<String>,
    last: BTreeSet<String>,
}

impl Boilerplate {
    /// Finds what these prompts share.
    pub(crate) fn of<'a>(prompts: impl IntoIterator<Item = &'a str>) -> Self {
        let prompts: BTreeSet<&str> = prompts.into_iter().collect();
        let mut found = Self {
            lines: shared(prompts.len(), prompts.iter().map(|prompt| prompt.lines().map(str::trim).collect())),
            ..Self::default()
        };
        let mut texts: Vec<String> = prompts.iter().map(|prompt| found.without_lines(prompt)).collect();
        loop {
            let ends = |end: fn(&str) -> (&str, &str)| {
                shared(prompts.len(), texts.iter().map(|text| BTreeSet::from([end(text).0])))
            };
            let (first, last) = (ends(first_sentence), ends(last_sentence));
            if first.is_subset(&found.first) && last.is_subset(&found.last) {
                return found;
            }
            found.first.extend(first);
            found.last.extend(last);
            texts = texts.iter().map(|text| found.without_ends(text).to_owned()).collect();
        }
    }

    /// A prompt without it.
    pub(crate) fn strip(&self, prompt: &str) -> String {
        let left = self.without_lines(prompt);
        match self.without_ends(&left) {
            "" => prompt.to_owned(),
            left => left.to_owned(),
        }
    }

    fn without_lines(&self, prompt: &str) -> String {
        let lines: Vec<&str> = prompt.lines().filter(|line| !self.lines.contains(line.trim())).collect();
        lines.join("\n").trim().to_owned()
    }

    fn without_ends<'a>(&self, text: &'a str) -> &'a str {
        let mut left = text;
        loop {
            let (first, after) = first_sentence(left);
            if !first.is_empty() && self.first.contains(first) {
                left = after;
                continue;
            }
            let (last, before) = last_sentence(left);
            if last.is_empty() || !self.last.contains(last) {
                return left;
            }
            left = before;
        }
    }
}

/// Texts that occur in at least half of `count` prompts and in at least two.
fn shared<'a>(count: usize, texts_of: impl Iterator<Item = BTreeSet<&'a str>>) -> BTreeSet<String> {
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for text in texts_of.flatten().filter(|text| !text.is_empty()) {
        *found.entry(text).or_default() += 1;
    }
    let often = found.into_iter().filter(|(_, times)| *times >= 2 && 2 * times >= count);
    often.map(|(text, _)| text.to_owned()).collect()
}

/// Where sentences end: after every one, before the blanks behind it.
fn ends(text: &str) -> impl DoubleEndedIterator<Item = usize> {
    text.char_indices().filter_map(|(at, found)| {
        let after = at + found.len_utf8();
        let stops = matches!(found, '.' | '!' | '?' | ':') && text[after..].starts_with(char::is_whitespace);
        match found {
            '\n' => Some(at),
            _ => stops.then_some(after),
        }
    })
}

/// The first sentence and what follows it, both without blanks around them.
fn first_sentence(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = ends(text).next().unwrap_or(text.len());
    (text[..end].trim(), text[end..].trim())
}

/// The last sentence and what comes before it.
fn last_sentence(text: &str) -> (&str, &str) {
    let text = text.trim();
    let start = ends(text).next_back().unwrap_or(0);
    (text[start..].trim(), text[..start].trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_half_of_the_train_prompts_share_is_removed_and_the_question_stays() {
        let prompt = |question: &str| {
            format!(
                "You are an expert.\nPlease answer. Think first. Question: {question} Answer with one letter.\n\nAnswer:"
            )
        };
        let train: Vec<String> = ["How far is it?", "Who wrote it?", "When?"].map(prompt).to_vec();
        let found = Boilerplate::of(train.iter().map(String::as_str));
        assert_eq!(found.strip(&prompt("What is 2 + 2?")), "What is 2 + 2?");
        // What stands in the middle is no end.
        assert_eq!(found.strip("First this. Think first. Then that."), "First this. Think first. Then that.");
    }

    #[test]
    fn what_fewer_share_or_a_single_prompt_says_stays() {
        let cases: [(&[&str], &str); 4] = [
            (&["Same.\na", "Same.\nb", "c", "d"], "e"),
            (&["Same.\na", "b", "c"], "Same.\ne"),
            (&["Same.\na"], "Same.\ne"),
            (&["Same.\na", "Same.\na"], "Same.\ne"),
        ];
        for (train, expected) in cases {
            assert_eq!(Boilerplate::of(train.iter().copied()).strip("Same.\ne"), expected, "{train:?}");
        }
    }

    #[test]
    fn a_prompt_of_which_nothing_would_be_left_stays_whole() {
        let found = Boilerplate::of(["Do it.\na", "Do it.\nb"]);
        assert_eq!(found.strip("Do it."), "Do it.");
        assert_eq!(found.strip(""), "");
    }

    #[test]
    fn letters_of_more_than_one_byte_are_kept_whole() {
        let found = Boilerplate::of(["Ü? Wo ist das Öl", "Ü? Wer ist Åse"]);
        assert_eq!(found.strip("Ü? Wann ist Ça!"), "Wann ist Ça!");
    }
}
