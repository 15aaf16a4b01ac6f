//! What is fixed when a model is opened: rows of a block, which kernels, and how much memory they want.

use crate::architecture::{Activation, Architecture, Attention, Positions};
use crate::backend::Pooling;
use crate::error::EncoderError;

use super::precision::Precision;

/// Most rows of a block: products of small models reach a large device's peak with about that many.
const MOST_ROWS: usize = 16_384;
/// Rows are a multiple of this, so that every part of a buffer begins at an address that products like.
const ROW_STEP: usize = 128;
/// Most texts of a block.
const MOST_TEXTS: usize = 4_096;

/// What helps where memory is short.
pub(super) const LESS_MEMORY: &str =
    "a model with fewer weights, f16 or bf16 in place of f32, or fewer tokens of a text at most would need less";

/// A model as the device runs it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shape {
    pub(super) architecture: Architecture,
    pub(super) precision: Precision,
    pub(super) pooling: Pooling,
    /// Rows of every product, whatever the texts are: a row's sums depend on the algorithm, and that on the rows.
    pub(super) rows: usize,
    /// Most texts of a block.
    pub(super) texts: usize,
    /// Attention by tensor cores.
    pub(super) tensor_cores: bool,
    /// Width of a head in a tile of that attention.
    padded: usize,
    /// Queries that share a block of attention's threads.
    pub(super) queries: usize,
}

impl Shape {
    /// The shape for devices of which the smallest has `bytes` of memory in all and the oldest this compute capability.
    ///
    /// # Errors
    /// [`EncoderError::Setting`] for widths that the kernels do not have, and where a text of the most tokens does not
    /// fit into the memory.
    pub(super) fn new(
        architecture: &Architecture,
        precision: Precision,
        pooling: Pooling,
        bytes: u64,
        capability: (i32, i32),
    ) -> Result<Self, EncoderError> {
        let head = architecture.head_width;
        for (what, width) in [("hidden_size", architecture.hidden), ("intermediate_size", architecture.inner)] {
            if !width.is_multiple_of(8) {
                let reason =
                    format!("`{what}` is {width}; on CUDA it must be a multiple of 8, on the CPU it need not be");
                return Err(EncoderError::Setting { reason });
            }
        }
        let is_odd = matches!(architecture.positions, Positions::Rotary { .. }) && !head.is_multiple_of(2);
        let widths = [architecture.qkv_width(), architecture.heads_width()];
        if head > 256 || is_odd || widths.iter().any(|width| !width.is_multiple_of(8)) {
            let reason = format!("heads {head} wide; on CUDA they are at most 256, and all together a multiple of 8");
            return Err(EncoderError::Setting { reason });
        }
        let tensor_cores = precision != Precision::F32 && capability.0 >= 8 && head.is_multiple_of(8) && head <= 128;
        let padded = head.next_power_of_two().clamp(32, 128);
        let queries = match (tensor_cores, padded) {
            (false, _) => 16,
            (true, 128) => 64,
            (true, _) => 128,
        };
        let mut shape = Self {
            architecture: architecture.clone(),
            precision,
            pooling,
            rows: MOST_ROWS,
            texts: MOST_TEXTS,
            tensor_cores,
            padded,
            queries,
        };
        let (needed, most) =
            (architecture.max_tokens.next_multiple_of(ROW_STEP), usize::try_from(bytes).unwrap_or(usize::MAX));
        // A quarter of the memory for a block at most, since weights need room too; more only for texts that long.
        while shape.rows > ROW_STEP && shape.rows * shape.row_bytes() > most / 4 {
            shape.rows /= 2;
        }
        shape.rows = shape.rows.max(needed);
        if shape.rows.saturating_mul(shape.row_bytes()) > most / 4 * 3 {
            let reason = format!(
                "texts of {} tokens at most want blocks of {} MiB, and the device has {} MiB: set fewer tokens at most",
                architecture.max_tokens,
                (shape.rows * shape.row_bytes()) >> 20,
                most >> 20
            );
            return Err(EncoderError::Setting { reason });
        }
        // Kernels count in 32 bits.
        let widest = architecture.qkv_width().max(shape.up_width());
        if shape.rows.saturating_mul(widest) > i32::MAX as usize {
            let reason =
                format!("blocks of {} tokens, {widest} wide, are too large: set fewer tokens at most", shape.rows);
            return Err(EncoderError::Setting { reason });
        }
        shape.texts = MOST_TEXTS.min(shape.rows);
        Ok(shape)
    }

    /// Whether queries and keys are rotated by their position, so that there is no table of positions.
    pub(super) fn is_rotary(&self) -> bool {
        matches!(self.architecture.positions, Positions::Rotary { .. })
    }

    /// Numbers of a row after a feed-forward part's first product.
    pub(super) fn up_width(&self) -> usize {
        self.architecture.inner * if self.architecture.is_gated() { 2 } else { 1 }
    }

    /// Bytes of a number of the stream between layers. Models that normalise first never normalise the stream itself, which
    /// grows with every layer: in a half precision what late layers add would be rounded away. It costs little beside the
    /// products.
    pub(super) fn stream_bytes(&self) -> usize {
        if self.architecture.normalises_first() { 4 } else { self.precision.bytes() }
    }

    /// Bytes of a row that hold, one after the other, queries, keys, values and the heads' results; the inside of the
    /// feed-forward part; and the last layer's result in f32.
    pub(super) fn wide_bytes(&self) -> usize {
        let shape = &self.architecture;
        let inside = (shape.qkv_width() + shape.heads_width()).max(self.up_width()) * self.precision.bytes();
        inside.max(shape.hidden * 4)
    }

    /// Bytes of a row in all.
    pub(super) fn row_bytes(&self) -> usize {
        self.architecture.hidden * (self.stream_bytes() + self.precision.bytes()) + self.wide_bytes()
    }

    /// Most blocks of attention's threads for one head.
    pub(super) fn tiles(&self) -> usize {
        self.rows / self.queries + self.texts
    }

    /// Bytes of shared memory of a block of attention's threads.
    pub(super) fn attention_bytes(&self) -> usize {
        let head = self.architecture.head_width;
        match self.tensor_cores {
            // Two tiles each of 64 keys and values.
            true => 4 * 64 * self.padded * self.precision.bytes(),
            // Queries, 32 keys with one number more each, 32 values.
            false => (self.queries * head + 32 * (head + 1) + 32 * head) * 4,
        }
    }

    /// Warps that share a row in a normalisation, so that a thread holds at most 32 numbers of rows up to 4,096 wide.
    fn row_warps(&self) -> usize {
        self.architecture.hidden.div_ceil(1024).next_power_of_two().min(4)
    }

    /// Rows that a block of a normalisation's threads takes.
    pub(super) fn rows_of_norm(&self) -> usize {
        4 / self.row_warps()
    }

    /// What the kernels are told.
    pub(super) fn definitions(&self) -> Vec<String> {
        let shape = &self.architecture;
        let activation = match shape.activation {
            Activation::Gelu => 0,
            Activation::GeluTanh => 1,
            Activation::Relu => 2,
            Activation::Silu => 3,
        };
        let pooling = match self.pooling {
            Pooling::Mean => 0,
            Pooling::Cls => 1,
            Pooling::Last => 2,
        };
        let is_rotary = self.is_rotary();
        let all = [
            ("PRECISION", self.precision.number()),
            ("HIDDEN", shape.hidden),
            ("INNER", shape.inner),
            ("UP_WIDTH", self.up_width()),
            ("HEADS", shape.heads),
            ("KV_HEADS", shape.kv_heads),
            ("HEAD", shape.head_width),
            ("QKV_WIDTH", shape.qkv_width()),
            ("MAX_TOKENS", shape.max_tokens),
            ("NORM_FIRST", usize::from(shape.normalises_first())),
            ("GATED", usize::from(shape.is_gated())),
            ("LEARNED", usize::from(!is_rotary)),
            ("ROTARY", usize::from(is_rotary)),
            ("HEAD_NORMS", usize::from(shape.family == crate::architecture::Family::Qwen3)),
            ("CAUSAL", usize::from(shape.attention == Attention::Causal)),
            ("RELATIVE", usize::from(shape.relative_buckets > 0)),
            ("ACTIVATION", activation),
            ("POOLING", pooling),
            ("ROW_WARPS", self.row_warps()),
            ("TENSOR_CORES", usize::from(self.tensor_cores)),
            ("PADDED", self.padded),
            ("QUERIES", self.queries),
        ];
        all.iter().map(|(name, value)| format!("-D{name}={value}")).collect()
    }
}
