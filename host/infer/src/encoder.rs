//! Texts to embeddings, on whichever device.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use crate::architecture::Attention;
use crate::backend::{Backend, Pooling};
use crate::cpu::CpuModel;
use crate::cuda::{CudaModel, Precision};
use crate::devices::gpus;
use crate::error::{EncoderError, TextError};
use crate::folder::ModelFolder;
use crate::text::{TextReader, Tokens, Truncation};
use crate::weights::ModelWeights;

/// How a model is used. What is not set follows the model's own folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncoderSettings {
    /// How tokens become one vector. Default: the folder's word; without one, the last token for decoders, the mean for others.
    pub pooling: Option<Pooling>,
    /// Whether vectors are divided by their Euclidean length. Default: the folder's word; without one, yes.
    pub normalize: Option<bool>,
    /// Which tokens a token sees. Default: the configuration's word (`is_causal`); decoders are causal without one.
    pub attention: Option<Attention>,
    /// A text put before every text. Default: the folder's default prompt, if it has one.
    pub prefix: Option<String>,
    /// One of the prompts that the folder names, in place of `prefix`.
    pub prompt: Option<String>,
    /// Most tokens of a text, those around it included. Default: the folder's word; without one, what the model has positions
    /// for.
    pub max_tokens: Option<usize>,
    /// Which part of a longer text is cut off.
    pub truncation: Truncation,
}

impl Default for EncoderSettings {
    fn default() -> Self {
        Self {
            pooling: None,
            normalize: None,
            attention: None,
            prefix: None,
            prompt: None,
            max_tokens: None,
            truncation: Truncation::End,
        }
    }
}

/// Where a model runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Device {
    /// The CPU, on so many threads.
    Cpu {
        /// Threads.
        threads: NonZeroUsize,
    },
    /// NVIDIA GPUs. Each holds the whole model.
    Cuda {
        /// Their numbers in the driver's order; all that this process may use where none are named.
        devices: Vec<usize>,
        /// How they compute.
        precision: Precision,
    },
}

/// One text as an encoder sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding {
    /// The vector, [`Encoder::width`] numbers.
    pub vector: Vec<f32>,
    /// Tokens of the whole text with those that the model puts around it.
    pub tokens: u64,
    /// Whether a part of the text was cut off.
    pub truncated: bool,
}

/// Texts as tokens.
#[derive(Debug)]
pub struct ReadTexts(Vec<Result<Tokens, TextError>>);

/// A model that is ready to encode.
///
/// The vector of a text has the same bits whatever else is encoded with it.
pub struct Encoder {
    backend: Box<dyn Backend>,
    reader: TextReader,
    width: usize,
    normalize: bool,
    about: BTreeMap<String, String>,
}

impl Encoder {
    /// Reads a model and brings it to the device.
    ///
    /// # Errors
    /// When a file is missing or damaged, a setting does not fit the model, or the device cannot be used.
    pub fn open(folder: &ModelFolder, settings: &EncoderSettings, device: &Device) -> Result<Self, EncoderError> {
        let mut architecture = folder.architecture.clone();
        let limit = settings.max_tokens.unwrap_or(folder.max_tokens);
        if limit > architecture.max_tokens {
            let most = architecture.max_tokens;
            let reason = format!("a limit of {limit} tokens: the model has positions for {most}");
            return Err(EncoderError::Setting { reason });
        }
        architecture.max_tokens = limit;
        architecture.attention = settings.attention.unwrap_or(architecture.attention);
        let by_family = if architecture.normalises_first() { Pooling::Last } else { Pooling::Mean };
        let pooling = settings.pooling.or(folder.pooling).unwrap_or(by_family);
        let normalize = settings.normalize.or(folder.normalize).unwrap_or(true);
        let prefix = prefix(folder, settings)?;
        let mut reader = TextReader::open(&folder.tokenizer_file(), limit, settings.truncation)?
            .with_prefix(&prefix)
            .in_lower_case(folder.lower_case);
        if let Some(end) = &folder.end {
            reader = reader.ending_with(end);
        }
        if reader.vocabulary() > architecture.vocabulary {
            let (highest, words) = (reader.vocabulary() - 1, architecture.vocabulary);
            let reason =
                format!("the tokenizer has tokens up to number {highest}, and the model has vectors for {words}");
            return Err(EncoderError::form(&folder.tokenizer_file(), reason));
        }
        let about = [
            ("pooling", format!("{pooling:?}").to_lowercase()),
            ("normalize", normalize.to_string()),
            ("attention", format!("{:?}", architecture.attention).to_lowercase()),
            ("prefix", prefix),
            ("max_tokens", limit.to_string()),
            ("truncation", format!("{:?}", settings.truncation).to_lowercase()),
        ];
        let weights = ModelWeights::open(&folder.transformer, &architecture)?;
        let backend: Box<dyn Backend> = match device {
            Device::Cpu { threads } => Box::new(CpuModel::open(&architecture, &weights, pooling, *threads)?),
            Device::Cuda { devices, precision } => {
                let devices = match devices.as_slice() {
                    [] => gpus()?.into_iter().map(|gpu| gpu.index).collect(),
                    named => named.to_vec(),
                };
                Box::new(CudaModel::open(&architecture, &weights, pooling, &devices, *precision)?)
            }
        };
        Ok(Self {
            backend,
            reader,
            width: architecture.hidden,
            normalize,
            about: about.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        })
    }

    /// Numbers of a vector.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The device and how it computes, such as `cpu f32`.
    pub fn device(&self) -> String {
        self.backend.device()
    }

    /// Every setting that the vectors depend on, by name, as it came out of the settings and the folder.
    pub fn about(&self) -> &BTreeMap<String, String> {
        &self.about
    }

    /// Encodes texts. The results come in the order of the texts; a text that cannot be encoded does not affect others. `done`
    /// is told the numbers of texts and tokens whenever some are through; texts without a result do not count.
    ///
    /// # Errors
    /// When the device fails.
    pub fn encode(
        &self,
        texts: &[&str],
        done: &(dyn Fn(u64, u64) + Sync),
    ) -> Result<Vec<Result<Embedding, TextError>>, EncoderError> {
        self.embed(self.read(texts), done)
    }

    /// The second half of [`Encoder::encode`]: texts that were read to vectors.
    ///
    /// # Errors
    /// When the device fails.
    pub fn embed(
        &self,
        texts: ReadTexts,
        done: &(dyn Fn(u64, u64) + Sync),
    ) -> Result<Vec<Result<Embedding, TextError>>, EncoderError> {
        let ReadTexts(read) = texts;
        let ids: Vec<&[u32]> = read.iter().flatten().map(|tokens| tokens.ids.as_slice()).collect();
        let mut vectors = vec![0.0; ids.len() * self.width];
        self.backend.pool(&ids, &mut vectors, done)?;
        let mut vectors = vectors.chunks_exact(self.width);
        let mut embedding = |tokens: Tokens| {
            let vector = vectors.next().unwrap_or_default();
            let truncated = tokens.whole > tokens.ids.len() as u64;
            Ok(Embedding { vector: self.finished(vector)?, tokens: tokens.whole, truncated })
        };
        Ok(read.into_iter().map(|tokens| embedding(tokens?)).collect())
    }

    /// The first half of [`Encoder::encode`]: texts to tokens, on as many threads as the machine runs at once. Nothing of the
    /// device is needed for it, so it can be done for the next texts while the device has those before.
    pub fn read(&self, texts: &[&str]) -> ReadTexts {
        /// Fewer are not worth a thread.
        const TEXTS: usize = 64;
        let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let each = texts.len().div_ceil(threads).max(TEXTS);
        let of_part = |texts: &[&str]| texts.iter().map(|text| self.reader.read(text)).collect::<Vec<_>>();
        std::thread::scope(|scope| {
            let parts: Vec<_> = texts
                .chunks(each)
                .map(|texts| (texts, std::thread::Builder::new().spawn_scoped(scope, move || of_part(texts))))
                .collect();
            let joined = parts.into_iter().map(|(texts, part)| match part.map(|part| part.join()) {
                Ok(Ok(part)) => part,
                Ok(Err(panic)) => std::panic::resume_unwind(panic),
                // The system has no thread to spare.
                Err(_) => of_part(texts),
            });
            ReadTexts(joined.flatten().collect())
        })
    }

    fn finished(&self, vector: &[f32]) -> Result<Vec<f32>, TextError> {
        if !vector.iter().all(|value| value.is_finite()) {
            return Err(TextError::NotFinite);
        }
        let length: f64 = vector.iter().map(|value| f64::from(*value) * f64::from(*value)).sum::<f64>().sqrt();
        Ok(match self.normalize && length > 0.0 {
            true => vector.iter().map(|value| (f64::from(*value) / length) as f32).collect(),
            false => vector.to_vec(),
        })
    }
}

fn prefix(folder: &ModelFolder, settings: &EncoderSettings) -> Result<String, EncoderError> {
    let named = |name: &str| folder.prompts.iter().find(|(known, _)| known == name).map(|(_, text)| text.clone());
    match (&settings.prefix, &settings.prompt) {
        (Some(_), Some(_)) => {
            Err(EncoderError::Setting { reason: "a prefix and the name of a prompt; choose one".into() })
        }
        (Some(prefix), None) => Ok(prefix.clone()),
        (None, Some(name)) => named(name).ok_or_else(|| {
            let known: Vec<&str> = folder.prompts.iter().map(|(name, _)| name.as_str()).collect();
            let reason = match known.as_slice() {
                [] => format!("the model has no prompts, so none called `{name}`"),
                known => format!("the model has no prompt `{name}`; there are {}", known.join(", ")),
            };
            EncoderError::Setting { reason }
        }),
        (None, None) => Ok(folder.default_prompt.as_deref().and_then(named).unwrap_or_default()),
    }
}
