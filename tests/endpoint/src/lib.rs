//! A provider of models on loopback, for tests and benchmarks of what asks models.
//!
//! It speaks HTTP/1.1 over plain sockets, so that it can cut a connection at any byte. What it answers is a pure function
//! of the model's name and the prompt ([`Script::expected`]), and how it fails is one of the script's seed, the request's
//! body and how often that body has come ([`Script::fault`]): a run can be repeated, and every row of it verified, however
//! its requests were interleaved.
//!
//! | request | form |
//! | --- | --- |
//! | `POST .../chat/completions`, `.../completions`, `.../embeddings` | OpenAI's |
//! | `POST .../messages` | Anthropic's |
//! | `POST .../models/MODEL:generateContent`, `:streamGenerateContent` | Google's |
//! | `.../files`, `.../batches` | OpenAI's batches |
//! | `.../messages/batches` | Anthropic's batches |
//! | `GET .../models`, `/health` | a server's list of models and its health |
//! | `GET /__seen`, with `?all` for every body | what was seen, as JSON |
//!
//! Some names of models always fail: `no-such-model` is unknown (404), `bad-key` refuses the key and repeats it in the
//! message (401), `no-credit` wants money (402).

mod answer;
mod ask;
mod batch;
mod connection;
mod delivery;
mod draw;
mod endpoint;
mod exchange;
mod fault;
mod http;
mod protocol;
mod reply;
mod route;
mod script;
mod seen;
mod slip;
mod window;

pub use answer::{Expected, Verdict};
pub use batch::ItemFault;
pub use draw::Digest;
pub use endpoint::Endpoint;
pub use fault::Fault;
pub use route::Route;
pub use script::{Prices, RateLimit, RetryAfter, Script};
pub use seen::{Body, Request, Seen};
pub use slip::Slip;
