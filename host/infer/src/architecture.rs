//! What a model's `config.json` says it is: everything that decides which operations run, and nothing of any device.

use std::path::Path;

use serde::Deserialize;

use crate::error::EncoderError;

/// A family of encoders: which tensors there are, and what they are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// BERT (Devlin et al. 2019): MiniLM, bge, e5, gte and others.
    Bert,
    /// RoBERTa and XLM-R (Conneau et al. 2020): bge-m3 and others. Positions begin behind that of padding.
    Roberta,
    /// MPNet (Song et al. 2020): biases of relative positions beside learned positions.
    Mpnet,
    /// DistilBERT (Sanh et al. 2019).
    DistilBert,
    /// Qwen2, whose last token stands for the text: gte-Qwen2.
    Qwen2,
    /// Qwen3: as Qwen2, with normalised queries and keys.
    Qwen3,
}

/// How a token knows where it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Positions {
    /// A learned vector for each position, added to the token's; the first token has number `first` of `rows`.
    Learned { first: usize, rows: usize },
    /// Queries and keys are rotated (Su et al. 2021): pair (i, i + head width / 2) by position x base^(-2 i / head width).
    Rotary { base: f64 },
}

/// Which tokens a token sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attention {
    /// All of its text.
    Bidirectional,
    /// Itself and those before it.
    Causal,
}

/// The function between the two products of a feed-forward part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Activation {
    /// x times the normal distribution function of x.
    Gelu,
    /// The same with the distribution function approximated by a hyperbolic tangent.
    GeluTanh,
    /// The greater of x and 0.
    Relu,
    /// x / (1 + exp(-x)).
    Silu,
}

/// A transformer encoder.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Architecture {
    pub(crate) family: Family,
    /// Numbers of a token between layers, which is the width of the embedding.
    pub(crate) hidden: usize,
    pub(crate) layers: usize,
    pub(crate) heads: usize,
    /// Heads of keys and values; each serves `heads / kv_heads` heads of queries in a row.
    pub(crate) kv_heads: usize,
    pub(crate) head_width: usize,
    /// Numbers of a token inside a feed-forward part.
    pub(crate) inner: usize,
    pub(crate) vocabulary: usize,
    pub(crate) positions: Positions,
    /// Most tokens of a text.
    pub(crate) max_tokens: usize,
    /// Buckets of relative positions (MPNet), 0 where there are none.
    pub(crate) relative_buckets: usize,
    pub(crate) epsilon: f32,
    pub(crate) activation: Activation,
    pub(crate) attention: Attention,
}

impl Architecture {
    /// Whether layers normalise what they read, by root mean square (Qwen); others normalise what they wrote, by mean and
    /// variance.
    pub(crate) fn normalises_first(&self) -> bool {
        matches!(self.family, Family::Qwen2 | Family::Qwen3)
    }

    /// Whether the feed-forward part multiplies the activation of one product (`gate`) with another one (`up`).
    pub(crate) fn is_gated(&self) -> bool {
        self.normalises_first()
    }

    /// Columns of queries, keys and values together.
    pub(crate) fn qkv_width(&self) -> usize {
        (self.heads + 2 * self.kv_heads) * self.head_width
    }

    /// Columns of all heads together.
    pub(crate) fn heads_width(&self) -> usize {
        self.heads * self.head_width
    }

    /// Reads a `config.json`.
    ///
    /// # Errors
    /// [`EncoderError`]: not readable, not a configuration, or of a model that is not supported.
    pub(crate) fn read(path: &Path) -> Result<Self, EncoderError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| EncoderError::Read { path: path.to_owned(), source })?;
        Self::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, EncoderError> {
        let config: Config = serde_json::from_str(text)
            .map_err(|error| EncoderError::form(path, format!("not the configuration of a model: {error}")))?;
        config.architecture(path)
    }
}

/// The keys that matter, in the names of all families.
#[derive(Debug, Deserialize)]
struct Config {
    model_type: Option<String>,
    #[serde(alias = "dim")]
    hidden_size: Option<usize>,
    #[serde(alias = "n_layers")]
    num_hidden_layers: Option<usize>,
    #[serde(alias = "n_heads")]
    num_attention_heads: Option<usize>,
    num_key_value_heads: Option<usize>,
    head_dim: Option<usize>,
    #[serde(alias = "hidden_dim")]
    intermediate_size: Option<usize>,
    vocab_size: Option<usize>,
    max_position_embeddings: Option<usize>,
    #[serde(alias = "rms_norm_eps")]
    layer_norm_eps: Option<f32>,
    #[serde(alias = "activation")]
    hidden_act: Option<String>,
    pad_token_id: Option<usize>,
    position_embedding_type: Option<String>,
    relative_attention_num_buckets: Option<usize>,
    rope_theta: Option<f64>,
    rope_scaling: Option<serde_json::Value>,
    rope_parameters: Option<Rope>,
    use_sliding_window: Option<bool>,
    is_causal: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct Rope {
    rope_theta: Option<f64>,
    rope_type: Option<String>,
}

impl Config {
    fn architecture(&self, path: &Path) -> Result<Architecture, EncoderError> {
        let need = |name: &str, value: Option<usize>| {
            value
                .filter(|value| *value > 0)
                .ok_or_else(|| EncoderError::form(path, format!("`{name}` is missing or 0")))
        };
        let model_type = self.model_type.as_deref().unwrap_or("");
        let family = match model_type {
            "bert" => Family::Bert,
            "roberta" | "xlm-roberta" | "camembert" => Family::Roberta,
            "mpnet" => Family::Mpnet,
            "distilbert" => Family::DistilBert,
            "qwen2" => Family::Qwen2,
            "qwen3" => Family::Qwen3,
            other => {
                let known = "bert, roberta, xlm-roberta, camembert, mpnet, distilbert, qwen2, qwen3";
                return Err(EncoderError::unsupported(path, format!("`model_type` `{other}`; there are {known}")));
            }
        };
        let decoder = matches!(family, Family::Qwen2 | Family::Qwen3);
        let hidden = need("hidden_size", self.hidden_size)?;
        let heads = need("num_attention_heads", self.num_attention_heads)?;
        let kv_heads = if decoder { self.num_key_value_heads.unwrap_or(heads) } else { heads };
        let head_width = self.head_dim.filter(|_| decoder).unwrap_or(hidden / heads);
        if kv_heads == 0
            || !heads.is_multiple_of(kv_heads)
            || head_width == 0
            || (!decoder && head_width * heads != hidden)
        {
            let reason = format!("{heads} heads ({kv_heads} of keys) of {head_width} do not fit a width of {hidden}");
            return Err(EncoderError::form(path, reason));
        }
        if decoder && !head_width.is_multiple_of(2) {
            return Err(EncoderError::form(path, format!("heads of {head_width} cannot be turned in pairs")));
        }
        let relative_buckets = match family {
            Family::Mpnet => self.relative_attention_num_buckets.unwrap_or(32),
            _ => 0,
        };
        if family == Family::Mpnet && (relative_buckets < 4 || !relative_buckets.is_multiple_of(2)) {
            let reason =
                format!("`relative_attention_num_buckets` of {relative_buckets}; expected an even number from 4 on");
            return Err(EncoderError::form(path, reason));
        }
        if let Some(kind) = self.position_embedding_type.as_deref().filter(|kind| *kind != "absolute") {
            return Err(EncoderError::unsupported(
                path,
                format!("`position_embedding_type` `{kind}`; there is absolute"),
            ));
        }
        let table = need("max_position_embeddings", self.max_position_embeddings)?;
        let first = match family {
            Family::Roberta | Family::Mpnet => self.pad_token_id.unwrap_or(1) + 1,
            _ => 0,
        };
        let positions = if decoder {
            Positions::Rotary { base: self.rope_base(path)? }
        } else {
            Positions::Learned { first, rows: table }
        };
        if self.use_sliding_window == Some(true) {
            return Err(EncoderError::unsupported(
                path,
                "`use_sliding_window`; set it to false if texts fit the window",
            ));
        }
        let attention = match decoder && self.is_causal.unwrap_or(true) {
            true => Attention::Causal,
            false => Attention::Bidirectional,
        };
        Ok(Architecture {
            family,
            hidden,
            layers: need("num_hidden_layers", self.num_hidden_layers)?,
            heads,
            kv_heads,
            head_width,
            inner: need("intermediate_size", self.intermediate_size)?,
            vocabulary: need("vocab_size", self.vocab_size)?,
            positions,
            max_tokens: table.saturating_sub(first),
            relative_buckets,
            epsilon: self.layer_norm_eps.unwrap_or(if decoder { 1e-6 } else { 1e-12 }),
            activation: self.activation(path)?,
            attention,
        })
    }

    fn activation(&self, path: &Path) -> Result<Activation, EncoderError> {
        Ok(match self.hidden_act.as_deref().unwrap_or("gelu") {
            "gelu" => Activation::Gelu,
            "gelu_new" | "gelu_pytorch_tanh" | "gelu_fast" => Activation::GeluTanh,
            "relu" => Activation::Relu,
            "silu" | "swish" => Activation::Silu,
            other => {
                let known = "gelu, gelu_new, gelu_pytorch_tanh, gelu_fast, relu, silu, swish";
                return Err(EncoderError::unsupported(path, format!("`hidden_act` `{other}`; there are {known}")));
            }
        })
    }

    fn rope_base(&self, path: &Path) -> Result<f64, EncoderError> {
        let kind = self.rope_parameters.as_ref().and_then(|rope| rope.rope_type.as_deref());
        if self.rope_scaling.as_ref().is_some_and(|scaling| !scaling.is_null())
            || kind.is_some_and(|kind| kind != "default")
        {
            return Err(EncoderError::unsupported(path, "scaled rotary positions; there are plain ones"));
        }
        let base = self.rope_theta.or(self.rope_parameters.as_ref().and_then(|rope| rope.rope_theta));
        Ok(base.unwrap_or(10_000.0))
    }
}

#[cfg(test)]
impl Architecture {
    /// A small BERT.
    pub(crate) fn for_tests() -> Self {
        Self::parse(Path::new("config.json"), tests::BERT).expect("a configuration")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) const BERT: &str = r#"{"model_type": "bert", "hidden_size": 8, "num_hidden_layers": 1,
        "num_attention_heads": 2, "intermediate_size": 16, "vocab_size": 20, "max_position_embeddings": 32,
        "hidden_act": "gelu", "layer_norm_eps": 1e-12, "position_embedding_type": "absolute"}"#;

    fn error(text: &str) -> String {
        Architecture::parse(Path::new("config.json"), text).unwrap_err().to_string()
    }

    #[test]
    fn families_are_told_apart_by_their_configuration() {
        let bert = Architecture::for_tests();
        assert_eq!((bert.family, bert.head_width, bert.max_tokens), (Family::Bert, 4, 32));
        assert_eq!(
            (bert.attention, bert.positions),
            (Attention::Bidirectional, Positions::Learned { first: 0, rows: 32 })
        );
        // The positions of RoBERTa begin behind that of padding.
        let roberta = BERT.replace("\"bert\"", "\"xlm-roberta\", \"pad_token_id\": 1");
        let roberta = Architecture::parse(Path::new("c"), &roberta).unwrap();
        assert_eq!((roberta.positions, roberta.max_tokens), (Positions::Learned { first: 2, rows: 32 }, 30));
        let qwen = BERT
            .replace("\"bert\"", "\"qwen2\", \"num_key_value_heads\": 1, \"rope_parameters\": {\"rope_theta\": 1e6}")
            .replace("gelu", "silu");
        let causal = Architecture::parse(Path::new("c"), &qwen).unwrap();
        assert_eq!((causal.positions, causal.kv_heads), (Positions::Rotary { base: 1e6 }, 1));
        assert_eq!((causal.attention, causal.heads_width()), (Attention::Causal, 8));
        let both = qwen.replace("{\"model_type\"", "{\"is_causal\": false, \"model_type\"");
        assert_eq!(Architecture::parse(Path::new("c"), &both).unwrap().attention, Attention::Bidirectional);
    }

    #[test]
    fn what_is_not_supported_is_named_with_what_is() {
        let cases = [
            (
                "\"bert\"",
                "\"t5\"",
                "`config.json` asks for what is not supported: `model_type` `t5`; there are bert, roberta, xlm-roberta, camembert, mpnet, distilbert, qwen2, qwen3",
            ),
            (
                "absolute",
                "relative_key",
                "`config.json` asks for what is not supported: `position_embedding_type` `relative_key`; there is absolute",
            ),
            (
                "\"gelu\"",
                "\"mish\"",
                "`config.json` asks for what is not supported: `hidden_act` `mish`; there are gelu, gelu_new, gelu_pytorch_tanh, gelu_fast, relu, silu, swish",
            ),
            (
                "\"hidden_size\": 8",
                "\"hidden_size\": 9",
                "`config.json`: 2 heads (2 of keys) of 4 do not fit a width of 9",
            ),
            ("\"vocab_size\": 20,", "", "`config.json`: `vocab_size` is missing or 0"),
            (
                "\"bert\"",
                "\"qwen2\", \"rope_scaling\": {\"type\": \"yarn\"}",
                "`config.json` asks for what is not supported: scaled rotary positions; there are plain ones",
            ),
        ];
        for (from, to, expected) in cases {
            assert_eq!(error(&BERT.replace(from, to)), expected);
        }
        assert!(error("{").starts_with("`config.json`: not the configuration of a model: "));
    }
}
