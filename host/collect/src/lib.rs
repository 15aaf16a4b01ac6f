//! The collector: asks many models many questions, loses nothing, pays nothing twice.
//!
//! A run goes through lanes, one for each model. Every request is noted in a journal before it is sent and what came of it
//! before it counts; the journal is folded into tables as they become whole, and what a kill leaves of it is folded by the
//! next run, which then asks only for what is missing. Answers are kept by the digest of the whole request in a cache that
//! runs share.
//!
//! | module | what lives there |
//! | --- | --- |
//! | `wire` | providers' forms of requests, answers, streams and failures; no input or output |
//! | `pool` | pool files; models as they are asked |
//! | `transport` | one request, sent once |
//! | `batch` | providers' batches: their forms, a client, and what is noted of those that are open |
//! | `engine` | lanes, attempts, limits, batches: from a question to a durable row |
//! | `journal`, `shelves`, `shelf`, `settle` | what is durable, and how it becomes tables |
//! | `collect` | completions: what is missing, forecast, coverage |
//! | `judging` | judgements: what evaluators ask of a judge |
//! | `embed` | embeddings: several texts to a request, and what becomes of a refused one |
//! | `serve`, `servers` | model servers of one's own |
//! | `encode` | embeddings by an encoder on this machine |
//! | `made` | whether embeddings that are there were made as they are wanted |

mod answer;
mod ask;
mod asking;
mod batch;
mod bucket;
mod cache;
mod collect;
mod control;
mod embed;
mod encode;
mod engine;
mod error;
mod journal;
mod judging;
mod limit;
mod made;
mod office;
pub mod pool;
mod prompt;
mod questions;
mod reply;
mod request;
pub mod serve;
mod servers;
mod settle;
mod shelf;
mod shelves;
mod spend;
mod stats;
mod stop;
mod transport;
mod vectors;
pub mod wire;
mod work;

pub use ask::{Image, Message, Part, Role, Sampling};
pub use cache::Cache;
pub use collect::{CollectOptions, Collected, Forecast, ModelForecast, Prepared, Range, Watch, collect, prepare};
pub use embed::{EmbedOptions, Embedded, Embedding, Pace, TextToEmbed};
pub use encode::{EncodeOptions, EncodeProgress, Encoded, QueryText, encode_queries};
pub use error::CollectError;
pub use judging::{Bench, JudgeAsk, JudgeOptions, Judged};
pub use prompt::{Prompting, Question};
pub use reply::{Reply, Usage, Withheld};
pub use serve::{ServerAbout, ServerConfig};
pub use settle::Recovered;
pub use spend::Caps;
pub use stats::{LaneStats, Snapshot};
pub use stop::Stop;
pub use vectors::Vectors;
pub use wire::Api;
