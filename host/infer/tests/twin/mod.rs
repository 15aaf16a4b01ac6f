//! Small models of every family, and what they compute by plain loops in f64: the twin that devices are compared with.

#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(unreachable_pub, reason = "each test is a crate of its own")]

use std::collections::BTreeMap;
use std::path::Path;

use routerlab_infer::Pooling;
use safetensors::tensor::{Dtype, TensorView};

pub mod checks;

/// A model: its sizes, as `config.json` has them, and its weights.
pub struct Model {
    pub family: &'static str,
    pub hidden: usize,
    pub layers: usize,
    pub heads: usize,
    pub kv_heads: usize,
    pub head: usize,
    pub inner: usize,
    pub tokens: usize,
    pub activation: &'static str,
    pub causal: bool,
    weights: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
}

/// Numbers of a seed, the same everywhere (splitmix64).
pub struct Seeded(pub u64);

impl Seeded {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) % bound as u64) as usize
    }

    /// A number of 7 bits in (-1, 1), which every precision holds exactly.
    fn number(&mut self) -> f32 {
        (self.below(255) as f32 - 127.0) / 128.0
    }
}

pub const VOCABULARY: usize = 50;

impl Model {
    /// A model of a family: heads, heads of keys, width of a head.
    pub fn new(family: &'static str, heads: [usize; 3], sizes: [usize; 4], activation: &'static str) -> Self {
        let [heads, kv_heads, head] = heads;
        let [hidden, inner, layers, tokens] = sizes;
        let causal = family.starts_with("qwen");
        let weights = BTreeMap::new();
        let mut model =
            Self { family, hidden, layers, heads, kv_heads, head, inner, tokens, activation, causal, weights };
        model.draw();
        model
    }

    /// The same model, whose tokens see all of their text.
    pub fn both_ways(mut self) -> Self {
        self.causal = false;
        self
    }

    /// The same model, whose token 0 is too large for f16.
    pub fn with_overflow(mut self) -> Self {
        let words = self.weights.get_mut("embeddings.word_embeddings.weight").unwrap();
        words.1[..self.hidden].fill(1e6);
        self
    }

    fn is_qwen(&self) -> bool {
        self.family.starts_with("qwen")
    }

    /// Rows of the table of positions before that of a text's first token.
    fn first_position(&self) -> usize {
        if matches!(self.family, "roberta" | "mpnet") { 2 } else { 0 }
    }

    fn draw(&mut self) {
        let mut seeded = Seeded(self.hidden as u64 * 1000 + self.head as u64);
        let mut add = |name: &str, shape: &[usize], centre: f32, spread: f32| {
            let count = shape.iter().product();
            // A power of 2, so that numbers stay exact.
            let spread = spread.log2().round().exp2();
            let values = (0..count).map(|_| centre + spread * seeded.number()).collect();
            self.weights.insert(name.to_owned(), (shape.to_vec(), values));
        };
        let (hidden, inner, queries, keys) =
            (self.hidden, self.inner, self.heads * self.head, self.kv_heads * self.head);
        let qwen = self.family.starts_with("qwen");
        let is = |family: &str| self.family == family;
        let wide = |inputs: usize| 2.0 / (inputs as f32).sqrt();
        if qwen {
            add("embed_tokens.weight", &[VOCABULARY, hidden], 0.0, 1.0);
            add("norm.weight", &[hidden], 1.0, 0.25);
        } else {
            let first = if is("roberta") || is("mpnet") { 2 } else { 0 };
            add("embeddings.word_embeddings.weight", &[VOCABULARY, hidden], 0.0, 1.0);
            add("embeddings.position_embeddings.weight", &[first + self.tokens, hidden], 0.0, 0.5);
            if is("bert") || is("roberta") {
                let types = if is("bert") { 2 } else { 1 };
                add("embeddings.token_type_embeddings.weight", &[types, hidden], 0.0, 0.5);
            }
            add("embeddings.LayerNorm.weight", &[hidden], 1.0, 0.25);
            add("embeddings.LayerNorm.bias", &[hidden], 0.0, 0.25);
        }
        if is("mpnet") {
            add("encoder.relative_attention_bias.weight", &[32, self.heads], 0.0, 1.0);
        }
        let names = names(self.family);
        for layer in 0..self.layers {
            let at = |part: &str| format!("{}.{layer}.{part}", names[0]);
            let mut linear = |name: &str, rows: usize, inputs: usize, has_bias: bool| {
                add(&format!("{}.weight", at(name)), &[rows, inputs], 0.0, wide(inputs));
                if has_bias {
                    add(&format!("{}.bias", at(name)), &[rows], 0.0, 0.5);
                }
            };
            let qkv_bias = !is("qwen3");
            linear(names[1], queries, hidden, qkv_bias);
            linear(names[2], keys, hidden, qkv_bias);
            linear(names[3], keys, hidden, qkv_bias);
            linear(names[4], hidden, queries, !qwen);
            if qwen {
                linear("mlp.gate_proj", inner, hidden, false);
            }
            linear(names[6], inner, hidden, !qwen);
            linear(names[7], hidden, inner, !qwen);
            for norm in [names[5], names[8]] {
                add(&format!("{}.weight", at(norm)), &[hidden], 1.0, 0.25);
                if !qwen {
                    add(&format!("{}.bias", at(norm)), &[hidden], 0.0, 0.25);
                }
            }
            if is("qwen3") {
                add(&at("self_attn.q_norm.weight"), &[self.head], 1.0, 0.25);
                add(&at("self_attn.k_norm.weight"), &[self.head], 1.0, 0.25);
            }
        }
    }

    /// Writes the model as its makers would.
    pub fn write(&self, folder: &Path) {
        let config = serde_json::json!({
            "model_type": self.family, "hidden_size": self.hidden, "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads, "num_key_value_heads": self.kv_heads, "head_dim": self.head,
            "intermediate_size": self.inner, "vocab_size": VOCABULARY, "hidden_act": self.activation,
            "max_position_embeddings": self.first_position() + self.tokens, "layer_norm_eps": 1e-5, "pad_token_id": 1,
            "is_causal": self.causal,
        });
        std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
        let bytes: BTreeMap<&str, (Vec<usize>, Vec<u8>)> = self
            .weights
            .iter()
            .map(|(name, (shape, values))| {
                (name.as_str(), (shape.clone(), values.iter().flat_map(|value| value.to_le_bytes()).collect()))
            })
            .collect();
        let views = bytes
            .iter()
            .map(|(name, (shape, bytes))| (*name, TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap()));
        safetensors::serialize_to_file(views, None, &folder.join("model.safetensors")).unwrap();
    }

    fn weight(&self, name: &str) -> &[f32] {
        &self.weights.get(name).unwrap_or_else(|| panic!("no {name}")).1
    }

    /// The pooled vector of a text.
    pub fn vector(&self, text: &[u32], pooling: Pooling) -> Vec<f64> {
        let rows = self.rows(text);
        match pooling {
            Pooling::Cls => rows[0].clone(),
            Pooling::Last => rows[rows.len() - 1].clone(),
            Pooling::Mean => (0..self.hidden)
                .map(|column| rows.iter().map(|row| row[column]).sum::<f64>() / rows.len() as f64)
                .collect(),
        }
    }

    fn linear(&self, name: &str, x: &[f64]) -> Vec<f64> {
        let weight = self.weight(&format!("{name}.weight"));
        let bias = self.weights.get(&format!("{name}.bias"));
        let rows = weight.chunks_exact(x.len()).enumerate();
        rows.map(|(row, weights)| {
            let sum: f64 = weights.iter().zip(x).map(|(weight, x)| f64::from(*weight) * x).sum();
            sum + bias.map_or(0.0, |bias| f64::from(bias.1[row]))
        })
        .collect()
    }

    fn norm(&self, name: &str, x: &[f64]) -> Vec<f64> {
        let weight = self.weight(&format!("{name}.weight"));
        let bias = self.weights.get(&format!("{name}.bias"));
        let count = x.len() as f64;
        let mean = if bias.is_some() { x.iter().sum::<f64>() / count } else { 0.0 };
        let scale = 1.0 / (x.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count + 1e-5).sqrt();
        let of = |place: usize| bias.map_or(0.0, |bias| f64::from(bias.1[place]));
        x.iter().enumerate().map(|(place, x)| (x - mean) * scale * f64::from(weight[place]) + of(place)).collect()
    }

    /// The last layer's vectors of a text's tokens.
    fn rows(&self, text: &[u32]) -> Vec<Vec<f64>> {
        let hidden = self.hidden;
        let table = |name: &str, row: usize| -> Vec<f64> {
            self.weight(name)[row * hidden..(row + 1) * hidden].iter().map(|value| f64::from(*value)).collect()
        };
        let add = |to: &mut Vec<f64>, from: &[f64]| to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        let mut all: Vec<Vec<f64>> = text
            .iter()
            .enumerate()
            .map(|(position, &token)| {
                if self.is_qwen() {
                    return table("embed_tokens.weight", token as usize);
                }
                let mut sum = table("embeddings.word_embeddings.weight", token as usize);
                let position = position + self.first_position();
                add(&mut sum, &table("embeddings.position_embeddings.weight", position));
                if self.weights.contains_key("embeddings.token_type_embeddings.weight") {
                    add(&mut sum, &table("embeddings.token_type_embeddings.weight", 0));
                }
                self.norm("embeddings.LayerNorm", &sum)
            })
            .collect();
        let names = names(self.family);
        for layer in 0..self.layers {
            let at = |part: &str| format!("{}.{layer}.{part}", names[0]);
            let qwen = self.is_qwen();
            let read: Vec<Vec<f64>> = match qwen {
                true => all.iter().map(|row| self.norm(&at(names[5]), row)).collect(),
                false => all.clone(),
            };
            let attended = self.attention(&read, layer);
            for (row, attended) in all.iter_mut().zip(attended) {
                add(row, &self.linear(&at(names[4]), &attended));
                if !qwen {
                    *row = self.norm(&at(names[5]), row);
                }
                let read = if qwen { self.norm(&at(names[8]), row) } else { row.clone() };
                let mut inside = self.linear(&at(names[6]), &read);
                if qwen {
                    let gate = self.linear(&at("mlp.gate_proj"), &read);
                    inside.iter_mut().zip(gate).for_each(|(up, gate)| *up *= self.activated(gate));
                } else {
                    inside.iter_mut().for_each(|up| *up = self.activated(*up));
                }
                add(row, &self.linear(&at(names[7]), &inside));
                if !qwen {
                    *row = self.norm(&at(names[8]), row);
                }
            }
        }
        if self.is_qwen() { all.iter().map(|row| self.norm("norm", row)).collect() } else { all }
    }

    fn activated(&self, x: f64) -> f64 {
        match self.activation {
            "gelu" => x * normal(x),
            "gelu_new" => {
                let inside = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x * x * x);
                0.5 * x * (1.0 + inside.tanh())
            }
            "relu" => x.max(0.0),
            _ => x / (1.0 + (-x).exp()),
        }
    }

    fn attention(&self, rows: &[Vec<f64>], layer: usize) -> Vec<Vec<f64>> {
        let (names, width) = (names(self.family), self.head);
        let at = |part: &str| format!("{}.{layer}.{part}", names[0]);
        let project = |name: &str, norm: &str| -> Vec<Vec<f64>> {
            let projected = rows.iter().enumerate().map(|(position, row)| {
                let mut all = self.linear(&at(name), row);
                for head in all.chunks_exact_mut(width).filter(|_| !norm.is_empty() && self.is_qwen()) {
                    if self.family == "qwen3" {
                        head.copy_from_slice(&self.norm(&at(norm), head));
                    }
                    let plain = head.to_vec();
                    for pair in 0..width / 2 {
                        let angle = position as f64 * 10_000f64.powf(-2.0 * pair as f64 / width as f64);
                        let (first, second) = (plain[pair], plain[pair + width / 2]);
                        head[pair] = first * angle.cos() - second * angle.sin();
                        head[pair + width / 2] = second * angle.cos() + first * angle.sin();
                    }
                }
                all
            });
            projected.collect()
        };
        let queries = project(names[1], "self_attn.q_norm");
        let keys = project(names[2], "self_attn.k_norm");
        let values = project(names[3], "");
        let of = |row: &[f64], head: usize| row[head * width..(head + 1) * width].to_vec();
        let mut all = vec![Vec::new(); rows.len()];
        for (query, to) in all.iter_mut().enumerate() {
            for head in 0..self.heads {
                let kv_head = head / (self.heads / self.kv_heads);
                let seen = if self.causal { query + 1 } else { rows.len() };
                let mine = of(&queries[query], head);
                let scores: Vec<f64> = (0..seen)
                    .map(|key| {
                        let dot: f64 = mine.iter().zip(of(&keys[key], kv_head)).map(|(a, b)| a * b).sum();
                        dot / (width as f64).sqrt() + self.relative(key as i64 - query as i64, head)
                    })
                    .collect();
                let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let powers: Vec<f64> = scores.iter().map(|score| (score - top).exp()).collect();
                let total: f64 = powers.iter().sum();
                let column = |column: usize| {
                    let at = kv_head * width + column;
                    (0..seen).map(|key| powers[key] * values[key][at]).sum::<f64>() / total
                };
                to.extend((0..width).map(column));
            }
        }
        all
    }

    /// MPNet's bias of a distance: the borders of T5's 32 buckets, written out.
    fn relative(&self, distance: i64, head: usize) -> f64 {
        if self.family != "mpnet" {
            return 0.0;
        }
        let far = distance.unsigned_abs() as usize;
        let borders = [1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 23, 32, 46, 64, 91];
        let bucket = borders.iter().filter(|border| **border <= far).count() + if distance > 0 { 16 } else { 0 };
        f64::from(self.weight("encoder.relative_attention_bias.weight")[bucket * self.heads + head])
    }
}

/// The normal distribution function, by the series around 0 or, far from it, by its continued fraction.
fn normal(x: f64) -> f64 {
    let density = (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
    if x.abs() < 5.0 {
        let (mut term, mut sum, mut odd) = (x, x, 1.0);
        while term.abs() > 1e-18 {
            odd += 2.0;
            term *= x * x / odd;
            sum += term;
        }
        return 0.5 + density * sum;
    }
    let mut fraction = x.abs();
    for number in (1..60).rev() {
        fraction = x.abs() + f64::from(number) / fraction;
    }
    if x < 0.0 { density / fraction } else { 1.0 - density / fraction }
}

/// Layers; query, key, value, out; norm of attention; up, down; norm of the feed-forward part.
fn names(family: &str) -> [&'static str; 9] {
    match family {
        "mpnet" => [
            "encoder.layer",
            "attention.attn.q",
            "attention.attn.k",
            "attention.attn.v",
            "attention.attn.o",
            "attention.LayerNorm",
            "intermediate.dense",
            "output.dense",
            "output.LayerNorm",
        ],
        "distilbert" => [
            "transformer.layer",
            "attention.q_lin",
            "attention.k_lin",
            "attention.v_lin",
            "attention.out_lin",
            "sa_layer_norm",
            "ffn.lin1",
            "ffn.lin2",
            "output_layer_norm",
        ],
        "qwen2" | "qwen3" => [
            "layers",
            "self_attn.q_proj",
            "self_attn.k_proj",
            "self_attn.v_proj",
            "self_attn.o_proj",
            "input_layernorm",
            "mlp.up_proj",
            "mlp.down_proj",
            "post_attention_layernorm",
        ],
        _ => [
            "encoder.layer",
            "attention.self.query",
            "attention.self.key",
            "attention.self.value",
            "attention.output.dense",
            "attention.output.LayerNorm",
            "intermediate.dense",
            "output.dense",
            "output.LayerNorm",
        ],
    }
}
