//! The engine: lanes of questions, one for each model, under one journal, one cache and one budget.

mod batches;
mod call;
mod flights;
mod lane;
mod run;

pub(crate) use lane::Lane;
pub(crate) use run::{Plan, run};
