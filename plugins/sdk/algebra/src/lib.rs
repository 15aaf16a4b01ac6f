//! Whether two mathematical answers are equal: LaTeX and plain text, text rules and algebra.
//!
//! [`equal`] reads both sides as mathematics. [`compat::equal`] does what LLMRouterBench's grader does, quirks included
//! (its released scores depend on them). Both are pure and bounded: length, depth and the size of exponents have limits,
//! and an answer beyond them is equal only to the same text.

mod approximate;
pub mod compat;
mod decision;
mod evaluation;
mod expression;
mod fixed;
mod number;
mod residue;

pub use fixed::equal;
