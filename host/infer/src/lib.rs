//! Encoders: texts to embeddings on CPU and GPU, the same vector in any batch; and what they need, devices and tokenizers.

mod architecture;
mod backend;
mod batch;
mod checkpoint;
mod cpu;
mod cuda;
mod devices;
mod encoder;
mod error;
mod folder;
mod hub;
mod positions;
mod text;
mod tokens;
mod weights;

pub use architecture::Attention;
pub use backend::Pooling;
pub use cuda::Precision;
#[doc(hidden)]
pub use cuda::testing as cuda_testing;
pub use devices::{DeviceError, Gpu, gpus};
pub use encoder::{Device, Embedding, Encoder, EncoderSettings, ReadTexts};
pub use error::{EncoderError, TextError};
pub use folder::ModelFolder;
pub use hub::{Hub, HubModel};
pub use text::Truncation;
pub use tokens::{TokenCounter, TokenError};
