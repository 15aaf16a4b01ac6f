//! For the tests of routers: edges that all of them must withstand, and small problems whose right answer is known
//! (native builds only).

mod edges;
mod planted;

pub use edges::withstands_every_edge;
pub use planted::{Planted, easy_and_hard, right_share, specialists};
