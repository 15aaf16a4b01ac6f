//! Encoders on NVIDIA's GPUs.
//!
//! A text's vector has the same bits whatever else is computed with it, because nothing that decides the order of a sum
//! depends on other texts: every product has the same number of rows ([`shape::Shape::rows`]) and one algorithm, which was
//! chosen and tried when the model was opened (`trial.rs`); normalisations sum a row in one order; attention and pooling
//! sum in an order that a text's own length decides.

mod blocks;
mod compile;
mod device;
mod forward;
mod kernels;
mod libraries;
mod precision;
mod products;
mod shape;
pub mod testing;
mod trial;
mod upload;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use self::blocks::Slot;
use self::device::Device;
use self::forward::Engine;
use self::products::Products;
use self::shape::Shape;
use self::upload::{DeviceEmbeddings, DeviceLayer};
use crate::architecture::Architecture;
use crate::backend::{Backend, Pooling};
use crate::batch::{batches, by_length};
use crate::devices::{DeviceError, with_driver};
use crate::error::EncoderError;
use crate::weights::{LayerWeights, ModelWeights};

pub use self::precision::Precision;

/// A model on one or several GPUs. Every one of them holds all of it and takes blocks of texts from one queue.
pub struct CudaModel {
    shape: Shape,
    loaded: Vec<Loaded>,
}

/// A model on one GPU.
struct Loaded {
    embeddings: DeviceEmbeddings,
    layers: Vec<DeviceLayer>,
    /// What one call at a time may use.
    working: Mutex<(Engine, [Slot; 2])>,
    /// Dropped last.
    device: Device,
}

impl CudaModel {
    /// Opens a model on devices of these numbers.
    ///
    /// # Errors
    /// [`EncoderError`]: a library or a device is missing, the model does not fit, its weights cannot be read, or a device
    /// fails.
    pub(crate) fn open(
        architecture: &Architecture,
        weights: &ModelWeights,
        pooling: Pooling,
        devices: &[usize],
        precision: Precision,
    ) -> Result<Self, EncoderError> {
        with_driver(|| Self::load(architecture, weights, pooling, devices, precision))
    }

    fn load(
        architecture: &Architecture,
        weights: &ModelWeights,
        pooling: Pooling,
        numbers: &[usize],
        precision: Precision,
    ) -> Result<Self, EncoderError> {
        let devices = numbers.iter().map(|&index| Device::open(index)).collect::<Result<Vec<_>, _>>()?;
        let Some(oldest) = devices.iter().map(|device| device.capability).min() else {
            return Err(EncoderError::Setting { reason: "no CUDA device is named".to_owned() });
        };
        if let Some(device) = devices.iter().find(|device| precision == Precision::Bf16 && device.capability.0 < 8) {
            let (major, minor) = device.capability;
            let reason = format!("bf16 needs compute capability 8.0, and this is {major}.{minor}: ask for f16 or f32");
            return Err(DeviceError::Unfit { device: device.index, name: device.name.clone(), reason }.into());
        }
        let mut smallest = u64::MAX;
        for device in &devices {
            smallest = smallest.min(device.bytes()?.1);
        }
        let shape = Shape::new(architecture, precision, pooling, smallest, oldest)?;
        let first = weights.layer(0)?;
        let has_bias = biases(&first);
        let mut engines = Vec::new();
        for device in &devices {
            fits(device, &shape)?;
            let library = libraries::multiplier(device.driver_version()?)?;
            let products = Products::open(library, device, precision)?;
            let engine = Engine::open(device, &shape, products, has_bias)?;
            engines.push((engine, [Slot::new(device, &shape)?, Slot::new(device, &shape)?]));
        }
        let all: Vec<&Device> = devices.iter().collect();
        let embeddings = upload::embeddings(&all, &shape, &weights.embeddings()?)?;
        let mut layers: Vec<Vec<DeviceLayer>> = devices.iter().map(|_| Vec::new()).collect();
        for number in 0..architecture.layers {
            let layer = if number == 0 { first.clone() } else { weights.layer(number)? };
            if biases(&layer) != has_bias {
                let reason = format!("layer {number} has other biases than layer 0; CUDA wants the same in each");
                return Err(EncoderError::Setting { reason });
            }
            for (layers, layer) in layers.iter_mut().zip(upload::layer(&all, &shape, &layer)?) {
                layers.push(layer);
            }
        }
        drop(all);
        let parts = devices.into_iter().zip(engines).zip(embeddings.into_iter().zip(layers));
        let loaded = parts.map(|((device, working), (embeddings, layers))| Loaded {
            embeddings,
            layers,
            working: Mutex::new(working),
            device,
        });
        Ok(Self { shape, loaded: loaded.collect() })
    }

    /// Tokens of a block; a call with fewer takes the same time as one with as many.
    pub fn rows(&self) -> usize {
        self.shape.rows
    }
}

impl Backend for CudaModel {
    fn device(&self) -> String {
        let mut names: Vec<(&str, usize)> = Vec::new();
        for loaded in &self.loaded {
            match names.iter_mut().find(|(name, _)| *name == loaded.device.name) {
                Some((_, count)) => *count += 1,
                None => names.push((&loaded.device.name, 1)),
            }
        }
        let count = |count| if count > 1 { format!("{count} x ") } else { String::new() };
        let names: Vec<String> = names.into_iter().map(|(name, of)| format!("{}{name}", count(of))).collect();
        format!("cuda {} ({})", self.shape.precision.name(), names.join(", "))
    }

    fn pool(&self, texts: &[&[u32]], to: &mut [f32], done: &(dyn Fn(u64, u64) + Sync)) -> Result<(), EncoderError> {
        let lengths: Vec<usize> = texts.iter().map(|text| text.len()).collect();
        let order = by_length(&lengths);
        let blocks = batches(&order, &lengths, self.shape.rows, self.shape.texts);
        let call = Call {
            texts,
            order: &order,
            blocks: &blocks,
            next: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
            to: Mutex::new(to),
            done,
        };
        let errors: Mutex<Vec<DeviceError>> = Mutex::new(Vec::new());
        let work = |loaded: &Loaded| {
            if let Err(error) = with_driver(|| loaded.work(&self.shape, &call)) {
                call.is_over.store(true, Ordering::Relaxed);
                errors.lock().unwrap_or_else(PoisonError::into_inner).push(error);
            }
        };
        match self.loaded.as_slice() {
            [one] => work(one),
            several => std::thread::scope(|scope| {
                // No more threads than blocks.
                for loaded in several.iter().take(blocks.len()) {
                    scope.spawn(|| work(loaded));
                }
            }),
        }
        let first = errors.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().next();
        first.map_or(Ok(()), |error| Err(error.into()))
    }
}

/// A call of [`Backend::pool`], as its devices share it.
struct Call<'a> {
    texts: &'a [&'a [u32]],
    order: &'a [usize],
    blocks: &'a [std::ops::Range<usize>],
    /// The next block that nobody has taken.
    next: AtomicUsize,
    /// A device has failed.
    is_over: AtomicBool,
    to: Mutex<&'a mut [f32]>,
    done: &'a (dyn Fn(u64, u64) + Sync),
}

impl Loaded {
    /// Takes blocks until there are none.
    fn work(&self, shape: &Shape, call: &Call<'_>) -> Result<(), DeviceError> {
        let mut working = self.working.lock().unwrap_or_else(PoisonError::into_inner);
        let (engine, slots) = &mut *working;
        let worked = self.blocks(shape, call, engine, slots);
        if worked.is_err() {
            // Nothing may still be written to pinned memory when the next call begins.
            let _ = self.device.wait("stopping");
            slots.iter_mut().for_each(|slot| slot.on_its_way = None);
        }
        worked
    }

    fn blocks(
        &self,
        shape: &Shape,
        call: &Call<'_>,
        engine: &mut Engine,
        slots: &mut [Slot; 2],
    ) -> Result<(), DeviceError> {
        let mut turn = 0;
        while !call.is_over.load(Ordering::Relaxed) {
            let Some(block) = call.blocks.get(call.next.fetch_add(1, Ordering::Relaxed)) else { break };
            let slot = &mut slots[turn % 2];
            self.finish(shape, call, slot)?;
            let texts: Vec<&[u32]> = call.order[block.clone()].iter().map(|&text| call.texts[text]).collect();
            let (described, to) = slot.send(&self.device, shape, &texts)?;
            engine.run(&self.device, shape, (&self.embeddings, &self.layers), described, to)?;
            slot.fetch(&self.device, shape, block.clone())?;
            turn += 1;
        }
        for late in 0..2 {
            self.finish(shape, call, &mut slots[(turn + late) % 2])?;
        }
        Ok(())
    }

    /// Waits for a slot's texts and puts their vectors where they belong.
    fn finish(&self, shape: &Shape, call: &Call<'_>, slot: &mut Slot) -> Result<(), DeviceError> {
        let Some(block) = slot.on_its_way.take() else { return Ok(()) };
        let hidden = shape.architecture.hidden;
        let texts = &call.order[block];
        let vectors = slot.vectors(&self.device)?;
        let mut to = call.to.lock().unwrap_or_else(PoisonError::into_inner);
        for (&text, vector) in texts.iter().zip(vectors.chunks_exact(hidden)) {
            to[text * hidden..(text + 1) * hidden].copy_from_slice(vector);
        }
        drop(to);
        (call.done)(texts.len() as u64, texts.iter().map(|&text| call.texts[text].len() as u64).sum());
        Ok(())
    }
}

/// Which products of a layer add something.
fn biases(layer: &LayerWeights) -> [bool; 4] {
    [&layer.qkv, &layer.out, &layer.up, &layer.down].map(|linear| linear.bias.is_some())
}

/// Whether the model will fit, before hundreds of pieces of it are sent.
fn fits(device: &Device, shape: &Shape) -> Result<(), DeviceError> {
    let (free, _) = device.bytes()?;
    let needed = (upload::weight_bytes(shape) + shape.rows * shape.row_bytes()) as u64;
    if needed <= free {
        return Ok(());
    }
    let what = format!("{} of weights and a block of {} tokens", shape.precision.name(), shape.rows);
    let advice = shape::LESS_MEMORY.to_owned();
    Err(DeviceError::OutOfMemory { device: device.index, what, needed, free, advice })
}
