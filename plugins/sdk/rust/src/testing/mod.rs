//! For the tests of routers: edges that all of them must withstand, and small problems whose right answer is known. For
//! those of evaluators: texts that nobody would write (native builds only).

mod edges;
mod planted;
mod texts;

pub use edges::withstands_every_edge;
pub use planted::{Planted, easy_and_hard, right_share, specialists};
pub use texts::{OddItems, OddTexts, withstands_long_texts, withstands_odd_items};
