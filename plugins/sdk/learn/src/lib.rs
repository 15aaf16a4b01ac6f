//! What learned routers share, so that each of them holds only what its paper defines.
//!
//! Everything here runs inside the sandbox, in plain `f32` loops that the compiler turns into SIMD: the layers of a
//! router are a few dozen numbers wide, where moving them to the host's kernels and back would cost more than the
//! arithmetic. What is as wide as an embedding goes through the host ([`Reducer`]).

mod activations;
mod adam;
mod batches;
mod clusters;
mod dense;
mod expense;
mod fit;
mod graph;
mod graph_router;
mod heads;
mod memory;
mod normal;
mod pair;
mod perceptron;
mod reduce;
mod settings;
mod success;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

pub use activations::{binary_cross_entropy, sigmoid, softmax};
pub use adam::{Adam, Parameter};
pub use batches::Batches;
pub use clusters::{Missing, best_clusters, cluster_sums, cluster_weights, tightest};
pub use dense::{Dense, dot};
pub use expense::Expense;
pub use fit::{Fitted, Learner, Schedule, fit};
pub use graph::{Edges, Graph};
pub use graph_router::{GraphRouter, TaskSource};
pub use heads::{Heads, Network, Targets};
pub use memory::{LocalMean, Near, counts_up_to, known_rows, nearest, remember, values_of};
pub use normal::normal;
pub use pair::{Match, best_model, cheapest_first};
pub use perceptron::Perceptron;
pub use reduce::Reducer;
pub use settings::Settings;
pub use success::{Success, below_all};
