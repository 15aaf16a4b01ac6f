//! For every dataset a row or two of our own, in the form of its original files, and what one of them must become.

mod judged;
mod letters;
mod programs;
mod texts;

/// A few rows of a dataset.
pub(crate) struct Case {
    pub(crate) id: &'static str,
    pub(crate) split: &'static str,
    pub(crate) files: &'static [(&'static str, &'static str)],
    /// The query that is looked at, from 1.
    pub(crate) number: usize,
    /// How many queries there are.
    pub(crate) of: usize,
    pub(crate) expected: Expected,
}

/// What a query must be.
pub(crate) struct Expected {
    pub(crate) prompt: &'static str,
    /// The same as the prompt when there is none here.
    pub(crate) origin_query: Option<&'static str>,
    pub(crate) ground_truth: Option<&'static str>,
    pub(crate) metadata: &'static str,
}

/// Every case.
pub(crate) fn all() -> impl Iterator<Item = &'static Case> {
    [letters::CASES, texts::CASES, programs::CASES, judged::CASES].into_iter().flatten()
}
