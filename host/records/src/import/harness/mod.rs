//! Results of agent harnesses: what they found out about each model is taken as it stands.

mod results;
mod swe_bench;
mod swe_bench_files;
mod tau2;
mod tau2_files;

pub use results::{HarnessResults, Verdict};
pub use swe_bench::swe_bench_verdict;
pub use swe_bench_files::import_swe_bench;
pub use tau2::tau2_verdict;
pub use tau2_files::import_tau2;
