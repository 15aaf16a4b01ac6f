//! What evaluators share: finding the answer in what a model wrote.
//!
//! [`labelled`] and [`boxed`] do what LLMRouterBench's extractors do, quirks included (its released scores depend on
//! them). The repaired search works on [`markdown::plain`] text: [`labelled::last_labelled_line`] finds what stands behind
//! the label, [`letter`] reads the letter of an option in it. Nothing here knows a dataset.

pub mod boxed;
pub mod digits;
mod ignore_case;
pub mod json;
pub mod judge;
pub mod labelled;
pub mod letter;
pub mod markdown;
pub mod tags;
pub mod thinking;

use serde::Deserialize;

/// Whose rules an evaluator follows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// LLMRouterBench's behaviour to the letter, so that its released scores can be reproduced.
    Compat,
    /// The same method with its defects repaired.
    #[default]
    Fixed,
}

/// White space as Python's `\s` and `str.strip` have it.
pub fn is_space(char: char) -> bool {
    char.is_whitespace() || ('\x1c'..='\x1f').contains(&char)
}

/// The text without Python's white space at both ends.
pub fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}
