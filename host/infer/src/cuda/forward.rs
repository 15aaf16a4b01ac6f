//! A block of texts through the model, on one device.

#![allow(unsafe_code, reason = "kernels and products are started")]

use super::device::{Argument, Device, Kernel, Memory};
use super::kernels::Kernels;
use super::products::{Form, Places, Product, Products};
use super::shape::Shape;
use super::trial::choose;
use super::upload::{DeviceEmbeddings, DeviceLayer, DeviceLinear, DeviceNorm};
use crate::devices::DeviceError;

use Argument::{Address, Float, Int};

/// Everything of a model on a device but its weights.
pub(super) struct Engine {
    pub(super) kernels: Kernels,
    products: Products,
    qkv: Product,
    out: Product,
    up: Product,
    down: Product,
    /// What layers hand on.
    stream: Memory,
    /// What products write that are `hidden` wide; what they read where layers normalise first.
    narrow: Memory,
    /// What is wider, see [`Shape::wide_bytes`].
    wide: Memory,
}

/// Where a block's description lies on the device, as `blocks.rs` wrote it, and how much there is of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    pub(super) rows: usize,
    pub(super) texts: usize,
    pub(super) tiles: usize,
    pub(super) tokens_at: u64,
    pub(super) places_at: u64,
    pub(super) texts_at: u64,
    pub(super) tiles_at: u64,
}

impl Engine {
    /// Compiles kernels, chooses algorithms and gets memory.
    ///
    /// # Errors
    /// [`DeviceError`]: a library is missing, refuses, or there is no memory.
    pub(super) fn open(
        device: &Device,
        shape: &Shape,
        products: Products,
        has_bias: [bool; 4],
    ) -> Result<Self, DeviceError> {
        let kernels = Kernels::load(device, shape)?;
        let model = &shape.architecture;
        let form = |outputs, inputs, stride, has_bias| Form { rows: shape.rows, outputs, inputs, stride, has_bias };
        let choose = |form| choose(device, &products, &kernels.trial, shape.precision, form);
        let (hidden, inner, heads) = (model.hidden, model.inner, model.heads_width());
        let qkv = choose(form(model.qkv_width(), hidden, hidden, has_bias[0]))?;
        let out = choose(form(hidden, heads, heads, has_bias[1]))?;
        let up = choose(form(shape.up_width(), hidden, hidden, has_bias[2]))?;
        // The activation is written where its argument was, a gated one in rows that are twice as long.
        let down = choose(form(hidden, inner, shape.up_width(), has_bias[3]))?;
        let buffer = |bytes: usize| device.allocate(shape.rows * bytes, "the texts of a block");
        let stream = buffer(hidden * shape.stream_bytes())?;
        let narrow = buffer(hidden * shape.precision.bytes())?;
        let wide = buffer(shape.wide_bytes())?;
        Ok(Self { kernels, products, qkv, out, up, down, stream, narrow, wide })
    }

    /// Puts the whole way of a block into the device's queue, from tokens to one vector a text at `to`.
    ///
    /// # Errors
    /// [`DeviceError`] with the operation's name.
    pub(super) fn run(
        &mut self,
        device: &Device,
        shape: &Shape,
        weights: (&DeviceEmbeddings, &[DeviceLayer]),
        block: Block,
        to: u64,
    ) -> Result<(), DeviceError> {
        let (embeddings, layers) = weights;
        let model = &shape.architecture;
        let is_first = model.normalises_first();
        let (stream, narrow, wide) = (self.stream.address(), self.narrow.address(), self.wide.address());
        // What products of a layer read: the stream itself where it is normalised, else its normalised copy.
        let normal = if is_first { narrow } else { stream };
        let context = wide + (shape.rows * model.qkv_width() * shape.precision.bytes()) as u64;
        let rows = Int(block.rows as i32);
        let epsilon = Float(model.epsilon);
        let norm_grid = (block.rows.div_ceil(shape.rows_of_norm()), 1);
        let start = |kernel: &Kernel, grid: (usize, usize), arguments: &[Argument]| {
            // SAFETY: each kernel gets what it takes, in its order, below; buffers have room for `shape.rows` rows, and
            // no block has more.
            unsafe { device.launch(kernel, grid, arguments) }
        };
        let norm_at = |norm: &DeviceNorm| [Address(norm.weight.address()), Address(at(norm.bias.as_ref()))];

        let Some(first_norm) = embeddings.norm.as_ref().or(layers.first().map(|layer| &layer.attention_norm)) else {
            return Ok(());
        };
        let [weight, bias] = norm_at(first_norm);
        let (tokens, places) = (Address(block.tokens_at), Address(block.places_at));
        let (words, positions) = (Address(embeddings.words.address()), Address(at(embeddings.positions.as_ref())));
        let arguments =
            [tokens, places, rows, words, positions, weight, bias, epsilon, Address(stream), Address(narrow)];
        start(&self.kernels.embed, norm_grid, &arguments)?;

        for (number, layer) in layers.iter().enumerate() {
            self.products.step(device, &mut self.qkv, &layer.qkv, (normal, wide), "queries, keys and values")?;
            if let (Some(kernel), Some(turns)) = (&self.kernels.rotate, &embeddings.turns) {
                let norms = layer.query_key_norms.as_ref();
                let (query, key) = (at(norms.map(|norms| &norms.0)), at(norms.map(|norms| &norms.1)));
                let arguments =
                    [Address(wide), places, rows, Address(turns.address()), Address(query), Address(key), epsilon];
                let warps = block.rows * (model.heads + model.kv_heads);
                start(kernel, (warps.div_ceil(4), 1), &arguments)?;
            }
            // In powers of 2, which is what the device computes.
            let scale = std::f64::consts::LOG2_E / (model.head_width as f64).sqrt();
            let arguments = [
                Address(wide),
                Address(context),
                Address(block.tiles_at),
                Address(at(embeddings.relative.as_ref())),
                Float(scale as f32),
            ];
            start(&self.kernels.attention, (block.tiles, model.heads), &arguments)?;
            self.products.step(device, &mut self.out, &layer.out, (context, narrow), "the product after attention")?;
            let norm = if is_first { &layer.feed_norm } else { &layer.attention_norm };
            let [weight, bias] = norm_at(norm);
            let arguments = [Address(stream), Address(narrow), weight, bias, epsilon, rows];
            start(&self.kernels.add_norm, norm_grid, &arguments)?;

            self.products.step(device, &mut self.up, &layer.up, (normal, wide), "the first feed-forward product")?;
            let chunks = (block.rows * (model.inner / 8)).div_ceil(256);
            start(&self.kernels.activate, (chunks, 1), &[Address(wide), rows])?;
            self.products.step(
                device,
                &mut self.down,
                &layer.down,
                (wide, narrow),
                "the second feed-forward product",
            )?;
            let next = layers.get(number + 1);
            let norm = match (is_first, next) {
                (false, _) => Some(&layer.feed_norm),
                (true, Some(next)) => Some(&next.attention_norm),
                (true, None) => embeddings.last_norm.as_ref(),
            };
            let Some(norm) = norm else { return Ok(()) };
            let [weight, bias] = norm_at(norm);
            match next {
                Some(_) => {
                    let arguments = [Address(stream), Address(narrow), weight, bias, epsilon, rows];
                    start(&self.kernels.add_norm, norm_grid, &arguments)?;
                }
                None => {
                    let arguments = [Address(stream), Address(narrow), weight, bias, epsilon, rows, Address(wide)];
                    start(&self.kernels.add_norm_last, norm_grid, &arguments)?;
                }
            }
        }
        let arguments = [Address(wide), Address(block.texts_at), Address(to)];
        start(&self.kernels.pool, (block.texts, model.hidden.div_ceil(32)), &arguments)
    }
}

impl Products {
    /// A product of a layer over all rows of a block, those that no text has used included.
    fn step(
        &self,
        device: &Device,
        product: &mut Product,
        linear: &DeviceLinear,
        (from, to): (u64, u64),
        name: &str,
    ) -> Result<(), DeviceError> {
        let bias = linear.bias.as_ref().map(Memory::address);
        let places = Places { weight: linear.weight.address(), bias, from, to };
        // SAFETY: weights are of the product's form by `weights.rs`, buffers by `Shape`; a model's memory outlives its
        // queue. A layer has a bias where the product was described with one, since `mod.rs` compares them.
        unsafe { self.run(device, product, places, name) }
    }
}

fn at(memory: Option<&Memory>) -> u64 {
    memory.map_or(0, Memory::address)
}
