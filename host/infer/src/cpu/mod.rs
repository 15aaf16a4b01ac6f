//! The CPU: 32-bit floats, the exact kernels of this project, a batch a thread.

mod forward;

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use routerlab_kernels::layers::{self, Dense, Norm, NormKind, RelativeBias};
use routerlab_kernels::{Level, Threads};

use self::forward::Scratch;
use crate::architecture::{Activation, Architecture, Positions};
use crate::backend::{Backend, Pooling};
use crate::batch::{batches, by_length};
use crate::error::EncoderError;
use crate::positions::{relative_bias, rotary_table};
use crate::weights::{Linear, ModelWeights, Norm as NormWeights};

/// Tokens of a batch: their numbers between layers stay in the caches, and weights are read seldom enough. A longer text is
/// a batch of its own.
const BATCH_TOKENS: usize = 512;

/// A model on the CPU.
pub(crate) struct CpuModel {
    architecture: Architecture,
    pooling: Pooling,
    threads: NonZeroUsize,
    level: Level,
    words: Vec<f32>,
    positions: Option<Vec<f32>>,
    first_norm: Option<Norm>,
    last_norm: Option<Norm>,
    relative: Option<RelativeBias>,
    /// Rows of `2 x (head width / 2)` by position.
    rotary: Option<Vec<f32>>,
    layers: Vec<Layer>,
}

struct Layer {
    qkv: Dense,
    query_key_norms: Option<(Norm, Norm)>,
    out: Dense,
    attention_norm: Norm,
    up: Dense,
    down: Dense,
    feed_norm: Norm,
}

impl CpuModel {
    /// Reads and packs the weights.
    ///
    /// # Errors
    /// When a tensor is missing or not what it should be.
    pub(crate) fn open(
        architecture: &Architecture,
        weights: &ModelWeights,
        pooling: Pooling,
        threads: NonZeroUsize,
    ) -> Result<Self, EncoderError> {
        let embeddings = weights.embeddings()?;
        let norm = |weights: NormWeights| norm(weights, architecture.epsilon);
        let mut layers = Vec::with_capacity(architecture.layers);
        for number in 0..architecture.layers {
            let layer = weights.layer(number)?;
            let pack = |linear: Linear| {
                Dense::new(&linear.weight, linear.outputs, linear.inputs, linear.bias, Threads::new(threads))
            };
            layers.push(Layer {
                qkv: pack(layer.qkv),
                query_key_norms: layer.query_key_norms.map(|(query, key)| {
                    let norm = |weight| Norm::new(weight, NormKind::RootMeanSquare, architecture.epsilon);
                    (norm(query), norm(key))
                }),
                out: pack(layer.out),
                attention_norm: norm(layer.attention_norm),
                up: pack(layer.up),
                down: pack(layer.down),
                feed_norm: norm(layer.feed_norm),
            });
        }
        Ok(Self {
            architecture: architecture.clone(),
            pooling,
            threads,
            level: Level::current(),
            words: embeddings.words,
            positions: embeddings.positions,
            first_norm: embeddings.norm.map(norm),
            last_norm: embeddings.last_norm.map(norm),
            relative: embeddings
                .relative
                .map(|buckets| RelativeBias::new(relative_bias(&buckets, architecture), architecture.max_tokens)),
            rotary: match architecture.positions {
                Positions::Rotary { base } => {
                    Some(rotary_table(base, architecture.head_width, architecture.max_tokens))
                }
                Positions::Learned { .. } => None,
            },
            layers,
        })
    }
}

impl Backend for CpuModel {
    fn device(&self) -> String {
        "cpu f32".to_owned()
    }

    fn pool(&self, texts: &[&[u32]], to: &mut [f32], done: &(dyn Fn(u64, u64) + Sync)) -> Result<(), EncoderError> {
        let hidden = self.architecture.hidden;
        let lengths: Vec<usize> = texts.iter().map(|text| text.len()).collect();
        let order = by_length(&lengths);
        let batches = batches(&order, &lengths, BATCH_TOKENS, usize::MAX);
        // Every text's vector is written once, by the thread that has its batch.
        let places: Vec<Mutex<&mut [f32]>> = to.chunks_exact_mut(hidden).map(Mutex::new).collect();
        let next = AtomicUsize::new(0);
        let work = || {
            self.level.force(|| {
                let mut scratch = Scratch::default();
                while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let texts: Vec<&[u32]> = order[batch.clone()].iter().map(|&text| texts[text]).collect();
                    let vectors = self.forward(&texts, &mut scratch);
                    for (vector, &text) in vectors.chunks_exact(hidden).zip(&order[batch.clone()]) {
                        if let Ok(mut place) = places[text].lock() {
                            place.copy_from_slice(vector);
                        }
                    }
                    done(texts.len() as u64, texts.iter().map(|text| text.len() as u64).sum());
                }
            });
        };
        std::thread::scope(|scope| {
            for _ in 1..self.threads.get().min(batches.len()) {
                // A thread that the system refuses leaves its share to the others.
                let _ = std::thread::Builder::new().spawn_scoped(scope, work);
            }
            work();
        });
        Ok(())
    }
}

fn norm(weights: NormWeights, epsilon: f32) -> Norm {
    let kind = weights.bias.map_or(NormKind::RootMeanSquare, |bias| NormKind::Layer { bias });
    Norm::new(weights.weight, kind, epsilon)
}

impl From<Activation> for layers::Activation {
    fn from(activation: Activation) -> Self {
        match activation {
            Activation::Gelu => Self::Gelu,
            Activation::GeluTanh => Self::GeluTanh,
            Activation::Relu => Self::Relu,
            Activation::Silu => Self::Silu,
        }
    }
}
