//! A model's weights on a device.

use std::f64::consts::LOG2_E;

use super::device::{Device, Memory};
use super::shape::Shape;
use crate::architecture::Positions;
use crate::devices::DeviceError;
use crate::positions::{relative_bias, rotary_table};
use crate::weights::{EmbeddingWeights, LayerWeights, Linear, Norm};

/// A product's weight and what is added.
pub(super) struct DeviceLinear {
    pub(super) weight: Memory,
    pub(super) bias: Option<Memory>,
}

/// A normalisation, in f32.
pub(super) struct DeviceNorm {
    pub(super) weight: Memory,
    pub(super) bias: Option<Memory>,
}

/// What tokens begin and end with.
pub(super) struct DeviceEmbeddings {
    pub(super) words: Memory,
    pub(super) positions: Option<Memory>,
    pub(super) norm: Option<DeviceNorm>,
    pub(super) last_norm: Option<DeviceNorm>,
    /// Biases by distance.
    pub(super) relative: Option<Memory>,
    /// Cosines and sines by position.
    pub(super) turns: Option<Memory>,
}

/// One layer.
pub(super) struct DeviceLayer {
    pub(super) qkv: DeviceLinear,
    pub(super) query_key_norms: Option<(Memory, Memory)>,
    pub(super) out: DeviceLinear,
    pub(super) attention_norm: DeviceNorm,
    pub(super) up: DeviceLinear,
    pub(super) down: DeviceLinear,
    pub(super) feed_norm: DeviceNorm,
}

/// Bytes that the weights will take on a device, but for small ones.
pub(super) fn weight_bytes(shape: &Shape) -> usize {
    let model = &shape.architecture;
    let products = model.qkv_width() * model.hidden
        + model.heads_width() * model.hidden
        + shape.up_width() * model.hidden
        + model.inner * model.hidden;
    let tables = (model.vocabulary + if shape.is_rotary() { 0 } else { model.max_tokens }) * model.hidden;
    (products * model.layers + tables) * shape.precision.bytes()
}

/// The embeddings on each device, converted once.
///
/// # Errors
/// [`DeviceError`]: no memory, or a copy failed.
pub(super) fn embeddings(
    devices: &[&Device],
    shape: &Shape,
    weights: &EmbeddingWeights,
) -> Result<Vec<DeviceEmbeddings>, DeviceError> {
    let model = &shape.architecture;
    let words = shape.precision.encode(&weights.words);
    let positions = weights.positions.as_ref().map(|table| shape.precision.encode(table));
    let relative = weights.relative.as_ref().map(|buckets| {
        let biases = relative_bias(buckets, model);
        // For exponents of 2, which is what the device computes.
        f32_bytes(&biases.iter().map(|bias| (f64::from(*bias) * LOG2_E) as f32).collect::<Vec<f32>>())
    });
    let turns = match model.positions {
        Positions::Rotary { base } => Some(f32_bytes(&rotary_table(base, model.head_width, model.max_tokens))),
        Positions::Learned { .. } => None,
    };
    let all = devices.iter().map(|device| {
        let optional =
            |bytes: &Option<Vec<u8>>, what: &str| bytes.as_ref().map(|bytes| device.upload(bytes, what)).transpose();
        Ok(DeviceEmbeddings {
            words: device.upload(&words, "the vectors of the vocabulary")?,
            positions: optional(&positions, "the vectors of positions")?,
            norm: weights.norm.as_ref().map(|norm| upload_norm(device, norm)).transpose()?,
            last_norm: weights.last_norm.as_ref().map(|norm| upload_norm(device, norm)).transpose()?,
            relative: optional(&relative, "the biases of distances")?,
            turns: optional(&turns, "the table of rotations")?,
        })
    });
    all.collect()
}

/// One layer on each device, converted once.
///
/// # Errors
/// As [`embeddings`].
pub(super) fn layer(
    devices: &[&Device],
    shape: &Shape,
    weights: &LayerWeights,
) -> Result<Vec<DeviceLayer>, DeviceError> {
    let linears = [&weights.qkv, &weights.out, &weights.up, &weights.down];
    let encoded = linears.map(|linear: &Linear| {
        let encode = |values: &Vec<f32>| shape.precision.encode(values);
        (encode(&linear.weight), linear.bias.as_ref().map(encode))
    });
    let all = devices.iter().map(|device| {
        let upload = |number: usize| -> Result<DeviceLinear, DeviceError> {
            let (weight, bias) = &encoded[number];
            Ok(DeviceLinear {
                weight: device.upload(weight, "the weights of a layer")?,
                bias: bias.as_ref().map(|bias| device.upload(bias, "the weights of a layer")).transpose()?,
            })
        };
        let head = |values: &Vec<f32>| device.upload(&f32_bytes(values), "the weights of a layer");
        let norms = weights.query_key_norms.as_ref();
        Ok(DeviceLayer {
            qkv: upload(0)?,
            query_key_norms: norms.map(|(query, key)| Ok::<_, DeviceError>((head(query)?, head(key)?))).transpose()?,
            out: upload(1)?,
            attention_norm: upload_norm(device, &weights.attention_norm)?,
            up: upload(2)?,
            down: upload(3)?,
            feed_norm: upload_norm(device, &weights.feed_norm)?,
        })
    });
    all.collect()
}

fn upload_norm(device: &Device, norm: &Norm) -> Result<DeviceNorm, DeviceError> {
    let upload = |values: &Vec<f32>| device.upload(&f32_bytes(values), "the weights of a normalisation");
    Ok(DeviceNorm { weight: upload(&norm.weight)?, bias: norm.bias.as_ref().map(upload).transpose()? })
}

fn f32_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}
