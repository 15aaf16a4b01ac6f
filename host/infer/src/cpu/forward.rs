//! One batch through the layers: its texts' tokens one after the other, without padding.

use routerlab_kernels::layers::{Activation, AttentionScratch, Heads, attend};

use super::{CpuModel, Layer};
use crate::architecture::Attention;
use crate::backend::Pooling;
use crate::positions::turn;

/// Memory that a thread's batches work in.
#[derive(Default)]
pub(super) struct Scratch {
    /// tokens x hidden: what goes from layer to layer.
    stream: Vec<f32>,
    /// The same, normalised or on its way.
    side: Vec<f32>,
    qkv: Vec<f32>,
    heads: Vec<f32>,
    up: Vec<f32>,
    gated: Vec<f32>,
    attention: AttentionScratch,
}

/// A buffer of this length; what it held is of no use.
fn sized(buffer: &mut Vec<f32>, length: usize) -> &mut [f32] {
    if buffer.len() < length {
        buffer.resize(length, 0.0);
    }
    &mut buffer[..length]
}

impl CpuModel {
    /// The pooled vectors of some texts, one after the other.
    pub(super) fn forward(&self, texts: &[&[u32]], scratch: &mut Scratch) -> Vec<f32> {
        let tokens: usize = texts.iter().map(|text| text.len()).sum();
        let hidden = self.architecture.hidden;
        self.embed(texts, sized(&mut scratch.stream, tokens * hidden));
        for layer in &self.layers {
            match self.architecture.normalises_first() {
                true => self.layer_that_normalises_first(layer, texts, tokens, scratch),
                false => self.layer_that_normalises_last(layer, texts, tokens, scratch),
            }
        }
        let stream = &mut scratch.stream[..tokens * hidden];
        if let Some(norm) = &self.last_norm {
            norm.apply(stream);
        }
        self.pooled(texts, stream)
    }

    fn embed(&self, texts: &[&[u32]], stream: &mut [f32]) {
        let hidden = self.architecture.hidden;
        let tokens = texts.iter().flat_map(|text| text.iter().enumerate());
        for (row, (position, &token)) in stream.chunks_exact_mut(hidden).zip(tokens) {
            row.copy_from_slice(&self.words[token as usize * hidden..][..hidden]);
            if let Some(positions) = &self.positions {
                row.iter_mut().zip(&positions[position * hidden..]).for_each(|(value, place)| *value += place);
            }
        }
        if let Some(norm) = &self.first_norm {
            norm.apply(stream);
        }
    }

    fn layer_that_normalises_last(&self, layer: &Layer, texts: &[&[u32]], tokens: usize, scratch: &mut Scratch) {
        let hidden = self.architecture.hidden;
        let Scratch { stream, side, qkv, heads, up, attention, .. } = scratch;
        let (stream, side) = (&mut stream[..tokens * hidden], sized(side, tokens * hidden));
        self.attention(layer, texts, stream, sized(qkv, tokens * self.heads().row()), heads, attention);
        layer.out.apply(&heads[..tokens * layer.out.inputs()], side);
        layer.attention_norm.add_and_apply(stream, side);
        let up = sized(up, tokens * layer.up.outputs());
        layer.up.activate(stream, up, self.activation());
        layer.down.apply(up, side);
        layer.feed_norm.add_and_apply(stream, side);
    }

    fn layer_that_normalises_first(&self, layer: &Layer, texts: &[&[u32]], tokens: usize, scratch: &mut Scratch) {
        let Scratch { stream, side, qkv, heads, up, gated, attention } = scratch;
        let (hidden, inner) = (self.architecture.hidden, self.architecture.inner);
        let (stream, side) = (&mut stream[..tokens * hidden], sized(side, tokens * hidden));
        side.copy_from_slice(stream);
        layer.attention_norm.apply(side);
        self.attention(layer, texts, side, sized(qkv, tokens * self.heads().row()), heads, attention);
        layer.out.apply(&heads[..tokens * layer.out.inputs()], side);
        add(stream, side);
        side.copy_from_slice(stream);
        layer.feed_norm.apply(side);
        let (up, gated) = (sized(up, tokens * 2 * inner), sized(gated, tokens * inner));
        layer.up.apply(side, up);
        self.activation().gate(up, inner, gated);
        layer.down.apply(gated, side);
        add(stream, side);
    }

    /// Attention of all heads, into `heads`: tokens x (heads x head width).
    fn attention(
        &self,
        layer: &Layer,
        texts: &[&[u32]],
        from: &[f32],
        qkv: &mut [f32],
        heads: &mut Vec<f32>,
        scratch: &mut AttentionScratch,
    ) {
        layer.qkv.apply(from, qkv);
        let shape = self.heads();
        let (row, width) = (shape.row(), shape.queries * shape.width);
        let heads = sized(heads, qkv.len() / row * width);
        let causal = self.architecture.attention == Attention::Causal;
        let mut start = 0;
        for text in texts {
            let end = start + text.len();
            let qkv = &mut qkv[start * row..end * row];
            for (position, row) in qkv.chunks_exact_mut(row).enumerate() {
                let (queries, rest) = row.split_at_mut(width);
                let keys = &mut rest[..shape.keys * shape.width];
                if let Some((query_norm, key_norm)) = &layer.query_key_norms {
                    query_norm.apply(queries);
                    key_norm.apply(keys);
                }
                if let Some(table) = &self.rotary {
                    let at = &table[position * shape.width..][..shape.width];
                    turn(queries, shape.width, at);
                    turn(keys, shape.width, at);
                }
            }
            attend(qkv, shape, causal, self.relative.as_ref(), &mut heads[start * width..end * width], scratch);
            start = end;
        }
    }

    fn heads(&self) -> Heads {
        let shape = &self.architecture;
        Heads { queries: shape.heads, keys: shape.kv_heads, width: shape.head_width }
    }

    fn activation(&self) -> Activation {
        self.architecture.activation.into()
    }

    fn pooled(&self, texts: &[&[u32]], stream: &[f32]) -> Vec<f32> {
        let hidden = self.architecture.hidden;
        let mut all = Vec::with_capacity(texts.len() * hidden);
        let mut rows = stream.chunks_exact(hidden);
        let mut sums = vec![0f64; hidden];
        for text in texts {
            let mut of_text = rows.by_ref().take(text.len());
            match self.pooling {
                Pooling::Cls => {
                    all.extend(of_text.next().into_iter().flatten());
                    of_text.for_each(drop);
                }
                Pooling::Last => all.extend(of_text.last().into_iter().flatten()),
                Pooling::Mean => {
                    sums.fill(0.0);
                    for row in of_text {
                        sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += f64::from(*value));
                    }
                    all.extend(sums.iter().map(|sum| (sum / text.len() as f64) as f32));
                }
            }
        }
        all
    }
}

fn add(stream: &mut [f32], side: &[f32]) {
    stream.iter_mut().zip(side).for_each(|(value, side)| *value += side);
}
