//! A family's tensors under the names that the rest of the crate knows.

use std::path::Path;

use crate::architecture::{Architecture, Family, Positions};
use crate::checkpoint::Checkpoint;
use crate::error::EncoderError;

/// A product and what is added to it: y = x weight-transposed + bias.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Linear {
    /// outputs x inputs, row-major.
    pub(crate) weight: Vec<f32>,
    pub(crate) outputs: usize,
    pub(crate) inputs: usize,
    /// One a row of `weight`.
    pub(crate) bias: Option<Vec<f32>>,
}

/// A normalisation: by mean and variance where there is a bias, by root mean square where there is none.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Norm {
    pub(crate) weight: Vec<f32>,
    pub(crate) bias: Option<Vec<f32>>,
}

/// What turns a token's number into its vector.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EmbeddingWeights {
    /// vocabulary x hidden.
    pub(crate) words: Vec<f32>,
    /// max_tokens x hidden: the first row is that of a text's first token, with the vector of token type 0 added where
    /// there are types.
    pub(crate) positions: Option<Vec<f32>>,
    /// After the sum.
    pub(crate) norm: Option<Norm>,
    /// relative_buckets x heads.
    pub(crate) relative: Option<Vec<f32>>,
    /// After the last layer.
    pub(crate) last_norm: Option<Norm>,
}

/// One layer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LayerWeights {
    /// Rows: queries of all heads, then keys, then values.
    pub(crate) qkv: Linear,
    /// Of one head's query and key each, before they are rotated (Qwen3).
    pub(crate) query_key_norms: Option<(Vec<f32>, Vec<f32>)>,
    pub(crate) out: Linear,
    /// Before attention where the architecture normalises first; else after it.
    pub(crate) attention_norm: Norm,
    /// inner rows; where the architecture is gated, 2 x inner: gate, then up.
    pub(crate) up: Linear,
    pub(crate) down: Linear,
    /// Before the feed-forward part where the architecture normalises first; else after it.
    pub(crate) feed_norm: Norm,
}

/// The weights of a model, layer by layer.
#[derive(Debug)]
pub(crate) struct ModelWeights {
    architecture: Architecture,
    checkpoint: Checkpoint,
}

impl ModelWeights {
    /// Opens the weights of a folder.
    ///
    /// # Errors
    /// As [`Checkpoint::open`].
    pub(crate) fn open(folder: &Path, architecture: &Architecture) -> Result<Self, EncoderError> {
        let checkpoint = Checkpoint::open(folder, names(architecture.family).words)?;
        Ok(Self { architecture: architecture.clone(), checkpoint })
    }

    /// What tokens begin with and end with.
    ///
    /// # Errors
    /// As [`Checkpoint::tensor`].
    pub(crate) fn embeddings(&self) -> Result<EmbeddingWeights, EncoderError> {
        let shape = &self.architecture;
        let names = names(shape.family);
        let hidden = shape.hidden;
        let positions = match shape.positions {
            Positions::Rotary { .. } => None,
            Positions::Learned { first, rows } => {
                let mut table = self.checkpoint.tensor(names.positions, &[rows, hidden])?;
                table.truncate((first + shape.max_tokens) * hidden);
                table.drain(..first * hidden);
                if let Some(types) = self.types(names.types)? {
                    for row in table.chunks_exact_mut(hidden) {
                        row.iter_mut().zip(&types).for_each(|(value, of_type)| *value += of_type);
                    }
                }
                Some(table)
            }
        };
        Ok(EmbeddingWeights {
            words: self.checkpoint.tensor(names.words, &[shape.vocabulary, hidden])?,
            positions,
            norm: (!shape.normalises_first()).then(|| self.norm(names.first_norm, true)).transpose()?,
            relative: (shape.relative_buckets > 0)
                .then(|| {
                    let name = "encoder.relative_attention_bias.weight";
                    self.checkpoint.tensor(name, &[shape.relative_buckets, shape.heads])
                })
                .transpose()?,
            last_norm: shape.normalises_first().then(|| self.norm("norm", false)).transpose()?,
        })
    }

    /// The vector of token type 0, which every token of an encoder has.
    fn types(&self, name: &str) -> Result<Option<Vec<f32>>, EncoderError> {
        // Two types, or one (RoBERTa).
        let hidden = self.architecture.hidden;
        if name.is_empty() || !self.checkpoint.has(name) {
            return Ok(None);
        }
        let two = self.checkpoint.tensor(name, &[2, hidden]);
        let mut types = two.or_else(|error| self.checkpoint.tensor(name, &[1, hidden]).map_err(|_| error))?;
        types.truncate(hidden);
        Ok(Some(types))
    }

    /// One layer, from 0.
    ///
    /// # Errors
    /// As [`Checkpoint::tensor`].
    pub(crate) fn layer(&self, number: usize) -> Result<LayerWeights, EncoderError> {
        let shape = &self.architecture;
        let names = names(shape.family);
        let at = |part: &str| format!("{}.{number}.{part}", names.layers);
        let (hidden, inner, width) = (shape.hidden, shape.inner, shape.head_width);
        let (queries, keys) = (shape.heads_width(), shape.kv_heads * width);
        let qkv = [(names.query, queries), (names.key, keys), (names.value, keys)];
        let up = match shape.is_gated() {
            true => self.stacked(&[(at("mlp.gate_proj"), inner), (at("mlp.up_proj"), inner)], hidden)?,
            false => self.stacked(&[(at(names.up), inner)], hidden)?,
        };
        let norms = match self.architecture.family {
            Family::Qwen3 => Some((
                self.checkpoint.tensor(&at("self_attn.q_norm.weight"), &[width])?,
                self.checkpoint.tensor(&at("self_attn.k_norm.weight"), &[width])?,
            )),
            _ => None,
        };
        let with_bias = !shape.normalises_first();
        Ok(LayerWeights {
            qkv: self.stacked(&qkv.map(|(name, rows)| (at(name), rows)), hidden)?,
            query_key_norms: norms,
            out: self.stacked(&[(at(names.out), hidden)], queries)?,
            attention_norm: self.norm(&at(names.attention_norm), with_bias)?,
            up,
            down: self.stacked(&[(at(names.down), hidden)], inner)?,
            feed_norm: self.norm(&at(names.feed_norm), with_bias)?,
        })
    }

    /// Products that read the same, one below the other.
    fn stacked(&self, parts: &[(String, usize)], inputs: usize) -> Result<Linear, EncoderError> {
        let outputs = parts.iter().map(|(_, rows)| rows).sum();
        let mut weight = Vec::with_capacity(outputs * inputs);
        let mut bias = Vec::with_capacity(outputs);
        let has_bias = parts.iter().any(|(name, _)| self.checkpoint.has(&format!("{name}.bias")));
        for (name, rows) in parts {
            weight.extend(self.checkpoint.tensor(&format!("{name}.weight"), &[*rows, inputs])?);
            if has_bias {
                bias.extend(self.checkpoint.tensor(&format!("{name}.bias"), &[*rows])?);
            }
        }
        Ok(Linear { weight, outputs, inputs, bias: has_bias.then_some(bias) })
    }

    fn norm(&self, name: &str, with_bias: bool) -> Result<Norm, EncoderError> {
        // The names of the first BERT, which live on in its conversions.
        let old = self.checkpoint.has(&format!("{name}.gamma"));
        let (weight, bias) = if old { ("gamma", "beta") } else { ("weight", "bias") };
        let tensor = |part: &str| self.checkpoint.tensor(&format!("{name}.{part}"), &[self.architecture.hidden]);
        Ok(Norm { weight: tensor(weight)?, bias: with_bias.then(|| tensor(bias)).transpose()? })
    }
}

/// What a family calls its tensors.
struct Names {
    words: &'static str,
    positions: &'static str,
    types: &'static str,
    first_norm: &'static str,
    layers: &'static str,
    query: &'static str,
    key: &'static str,
    value: &'static str,
    out: &'static str,
    attention_norm: &'static str,
    up: &'static str,
    down: &'static str,
    feed_norm: &'static str,
}

const BERT: Names = Names {
    words: "embeddings.word_embeddings.weight",
    positions: "embeddings.position_embeddings.weight",
    types: "embeddings.token_type_embeddings.weight",
    first_norm: "embeddings.LayerNorm",
    layers: "encoder.layer",
    query: "attention.self.query",
    key: "attention.self.key",
    value: "attention.self.value",
    out: "attention.output.dense",
    attention_norm: "attention.output.LayerNorm",
    up: "intermediate.dense",
    down: "output.dense",
    feed_norm: "output.LayerNorm",
};

const MPNET: Names = Names {
    types: "",
    query: "attention.attn.q",
    key: "attention.attn.k",
    value: "attention.attn.v",
    out: "attention.attn.o",
    attention_norm: "attention.LayerNorm",
    ..BERT
};

const DISTILBERT: Names = Names {
    types: "",
    layers: "transformer.layer",
    query: "attention.q_lin",
    key: "attention.k_lin",
    value: "attention.v_lin",
    out: "attention.out_lin",
    attention_norm: "sa_layer_norm",
    up: "ffn.lin1",
    down: "ffn.lin2",
    feed_norm: "output_layer_norm",
    ..BERT
};

const QWEN: Names = Names {
    words: "embed_tokens.weight",
    positions: "",
    types: "",
    first_norm: "",
    layers: "layers",
    query: "self_attn.q_proj",
    key: "self_attn.k_proj",
    value: "self_attn.v_proj",
    out: "self_attn.o_proj",
    attention_norm: "input_layernorm",
    up: "",
    down: "mlp.down_proj",
    feed_norm: "post_attention_layernorm",
};

fn names(family: Family) -> &'static Names {
    match family {
        Family::Bert | Family::Roberta => &BERT,
        Family::Mpnet => &MPNET,
        Family::DistilBert => &DISTILBERT,
        Family::Qwen2 | Family::Qwen3 => &QWEN,
    }
}
