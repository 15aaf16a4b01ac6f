//! Attention (Vaswani et al. 2017) within one text.

use crate::layers::activation::exp;
use crate::level::Level;
use crate::multiply::{Out, products};
use crate::pack::Panels;
use crate::simd::{self, Left, Loop};
use crate::threads::Threads;

/// How a row of queries, keys and values is divided: queries of all heads, then keys, then values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heads {
    /// Heads of queries.
    pub queries: usize,
    /// Heads of keys and of values; each serves as many heads of queries in a row (Ainslie et al. 2023).
    pub keys: usize,
    /// Numbers of a head.
    pub width: usize,
}

impl Heads {
    /// Numbers of a row.
    pub fn row(&self) -> usize {
        (self.queries + 2 * self.keys) * self.width
    }
}

/// What is added to the product of a query and a key by how far they are apart (Shaw et al. 2018, in MPNet's form).
#[derive(Debug, Clone, PartialEq)]
pub struct RelativeBias {
    /// heads x (2 x tokens - 1): first the key that stands `tokens` - 1 before its query.
    values: Vec<f32>,
    tokens: usize,
}

impl RelativeBias {
    /// `values` is heads x (2 x tokens - 1), by the key's place less the query's, from -(tokens - 1) on.
    ///
    /// # Panics
    /// When `values` is not whole heads.
    pub fn new(values: Vec<f32>, tokens: usize) -> Self {
        assert!(tokens > 0 && values.len().is_multiple_of(2 * tokens - 1), "a bias for every distance");
        Self { values, tokens }
    }

    /// The biases of one query of a head, from the text's first key on.
    fn of(&self, head: usize, query: usize) -> &[f32] {
        &self.values[head * (2 * self.tokens - 1)..][self.tokens - 1 - query..]
    }
}

/// Memory that attention works in, kept between texts.
pub struct AttentionScratch {
    level: Level,
    keys: Panels<f32>,
    values: Panels<f32>,
    head: Vec<f32>,
    queries: Vec<f32>,
    weights: Vec<f32>,
    sums: Vec<f32>,
    out: Vec<f32>,
}

impl Default for AttentionScratch {
    fn default() -> Self {
        let level = Level::current();
        let tile = simd::single(level);
        let none = Vec::new;
        let (keys, values) = (Panels::new(tile, 0, 0), Panels::new(tile, 0, 0));
        Self { level, keys, values, head: none(), queries: none(), weights: none(), sums: none(), out: none() }
    }
}

/// Queries whose weights are in the cache together.
const QUERIES: usize = 48;

/// For every token and head of one text: the mean of the values of the tokens that it sees, weighted by
/// exp(query key / sqrt(width) + bias), as rows of `heads.queries x heads.width` numbers in `to`.
///
/// With `causal` a token sees itself and those before it, otherwise all. Products are chains over k in order; the sum of the
/// weights has sixteen lanes. Both depend on the text's length alone.
///
/// # Panics
/// When the lengths do not fit.
pub fn attend(
    rows: &[f32],
    heads: Heads,
    causal: bool,
    bias: Option<&RelativeBias>,
    to: &mut [f32],
    scratch: &mut AttentionScratch,
) {
    let Heads { queries, keys, width } = heads;
    let (stride, out_stride) = (heads.row(), queries * width);
    assert!(keys > 0 && width > 0 && queries.is_multiple_of(keys), "whole groups of heads");
    let tokens = rows.len() / stride;
    assert!(rows.len() == tokens * stride && to.len() == tokens * out_stride, "a row a token");
    assert!(bias.is_none_or(|bias| tokens <= bias.tokens), "a bias for every distance");
    if tokens == 0 {
        return;
    }
    let AttentionScratch { level, keys: key_panels, values, head, queries: block, weights, sums, out } = scratch;
    let (level, tile) = (*level, simd::single(*level));
    let scale = 1.0 / (width as f32).sqrt();
    key_panels.reshape(width, tokens);
    values.reshape(tokens, width);
    let (padded, wide) = (key_panels.padded(), values.padded());
    for key_head in 0..keys {
        let key = (queries + key_head) * width;
        head.clear();
        rows.chunks_exact(stride).for_each(|row| head.extend_from_slice(&row[key..key + width]));
        key_panels.fill_from_rows(level, head, Threads::ONE);
        values.fill_from_columns(rows, stride, key + keys * width, Threads::ONE);
        for query_head in key_head * (queries / keys)..(key_head + 1) * (queries / keys) {
            for first in (0..tokens).step_by(QUERIES) {
                let count = QUERIES.min(tokens - first);
                block.clear();
                for row in rows.chunks_exact(stride).skip(first).take(count) {
                    block.extend(row[query_head * width..][..width].iter().map(|value| value * scale));
                }
                // What a block's last query does not see is not computed at all.
                let seen = if causal { first + count } else { tokens };
                let panels = 0..seen.div_ceil(key_panels.width());
                weights.resize(count * padded, 0.0);
                let mut place = Out { values: weights, stride: padded, first: 0 };
                products(tile, Left::whole(block, width), key_panels, panels, &mut place);
                sums.resize(count, 0.0);
                let softmax = Softmax {
                    weights,
                    padded,
                    tokens,
                    causal_from: causal.then_some(first),
                    bias: bias.map(|bias| (bias, query_head)),
                    first,
                    sums,
                };
                simd::run(level, softmax);
                out.resize(count * wide, 0.0);
                let left = Left { values: weights, rows: count, row_stride: padded, step_stride: 1 };
                let mut place = Out { values: out, stride: wide, first: 0 };
                products(tile, left, values, 0..values.count(), &mut place);
                for (number, (from, sum)) in out.chunks_exact(wide).zip(&*sums).enumerate() {
                    let to = &mut to[(first + number) * out_stride + query_head * width..][..width];
                    let share = 1.0 / sum;
                    to.iter_mut().zip(from).for_each(|(to, from)| *to = from * share);
                }
            }
        }
    }
}

/// Products of queries and keys become weights, the greatest of a row 1; the sums of the rows are set aside.
struct Softmax<'a> {
    weights: &'a mut [f32],
    padded: usize,
    tokens: usize,
    /// The place of the first query, where a query sees only what is not behind it.
    causal_from: Option<usize>,
    bias: Option<(&'a RelativeBias, usize)>,
    first: usize,
    sums: &'a mut [f32],
}

impl Loop for Softmax<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (number, (row, sum)) in self.weights.chunks_exact_mut(self.padded).zip(self.sums).enumerate() {
            let seen = self.causal_from.map_or(self.tokens, |first| first + number + 1);
            let (row, hidden) = row.split_at_mut(seen);
            hidden.fill(0.0);
            if let Some((bias, head)) = self.bias {
                row.iter_mut().zip(bias.of(head, self.first + number)).for_each(|(value, bias)| *value += bias);
            }
            let greatest = greatest(row);
            row.iter_mut().for_each(|value| *value = exp(*value - greatest));
            *sum = total(row);
        }
    }
}

const LANES: usize = 16;

#[inline(always)]
fn greatest(row: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    let chunks = row.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane = larger(*lane, *value);
        }
    }
    let lanes = lanes.iter().copied().fold(f32::NEG_INFINITY, larger);
    rest.iter().copied().fold(lanes, larger)
}

#[inline(always)]
fn total(row: &[f32]) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let chunks = row.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += value;
        }
    }
    for (lane, value) in lanes.iter_mut().zip(rest) {
        *lane += value;
    }
    for half in [8, 4, 2, 1] {
        for lane in 0..half {
            lanes[lane] += lanes[lane + half];
        }
    }
    lanes[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(at: usize) -> f32 {
        ((at * 7919 % 1013) as f32 - 506.0) / 400.0
    }

    /// The definition, in 64 bits.
    fn exact(rows: &[f32], heads: Heads, causal: bool, bias: Option<&RelativeBias>) -> Vec<f64> {
        let Heads { queries, keys, width } = heads;
        let row = |token: usize| &rows[token * heads.row()..][..heads.row()];
        let tokens = rows.len() / heads.row();
        let mut all = Vec::new();
        for token in 0..tokens {
            for head in 0..queries {
                let key_head = head / (queries / keys);
                let query = &row(token)[head * width..][..width];
                let seen = if causal { token + 1 } else { tokens };
                let weight = |other: usize| {
                    let key = &row(other)[(queries + key_head) * width..][..width];
                    let product: f64 = query.iter().zip(key).map(|(q, k)| f64::from(*q) * f64::from(*k)).sum();
                    let bias = bias.map_or(0.0, |bias| f64::from(bias.of(head, token)[other]));
                    (product / (width as f64).sqrt() + bias).exp()
                };
                let weights: Vec<f64> = (0..seen).map(weight).collect();
                let sum: f64 = weights.iter().sum();
                for column in 0..width {
                    let value = |other: usize| f64::from(row(other)[(queries + keys + key_head) * width + column]);
                    all.push((0..seen).map(|other| weights[other] * value(other)).sum::<f64>() / sum);
                }
            }
        }
        all
    }

    #[test]
    fn attention_is_its_definition_at_every_level() {
        let most = 450;
        for (heads, causal, biased) in [
            (Heads { queries: 2, keys: 2, width: 32 }, false, false),
            (Heads { queries: 4, keys: 2, width: 8 }, true, false),
            (Heads { queries: 3, keys: 1, width: 20 }, false, true),
        ] {
            let bias = (0..heads.queries * (2 * most - 1)).map(|at| number(at * 3 + 1)).collect();
            let bias = biased.then(|| RelativeBias::new(bias, most));
            for tokens in [1, 2, 15, 16, 17, 47, 48, 49, 97, 400] {
                let rows: Vec<f32> = (0..tokens * heads.row()).map(number).collect();
                let exact = exact(&rows, heads, causal, bias.as_ref());
                let mut first: Option<Vec<u32>> = None;
                for level in Level::available() {
                    let mut to = vec![0.0; tokens * heads.queries * heads.width];
                    level.force(|| {
                        let mut scratch = AttentionScratch::default();
                        // What an earlier, longer text left in the scratch has no effect.
                        let other: Vec<f32> = (0..420 * heads.row()).map(|at| number(at + 5) * 3.0).collect();
                        let mut unused = vec![0.0; 420 * heads.queries * heads.width];
                        attend(&other, heads, causal, bias.as_ref(), &mut unused, &mut scratch);
                        attend(&rows, heads, causal, bias.as_ref(), &mut to, &mut scratch);
                    });
                    for (found, exact) in to.iter().zip(&exact) {
                        assert!((f64::from(*found) - exact).abs() < 2e-6, "{heads:?} {tokens}: {found} {exact}");
                    }
                    let bits: Vec<u32> = to.iter().map(|value| value.to_bits()).collect();
                    assert_eq!(first.get_or_insert_with(|| bits.clone()), &bits, "{} {tokens}", level.name());
                }
            }
        }
    }
}
