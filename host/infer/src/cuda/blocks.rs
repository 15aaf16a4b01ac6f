//! Texts in blocks: written into pinned memory, sent, run, and their vectors fetched, two blocks at a time so that the host
//! writes one while the device runs the other.

#![allow(unsafe_code, reason = "pinned memory is copied from and to while the host goes on")]

use std::ops::Range;

use cudarc::driver::sys::{CU_MEMHOSTALLOC_WRITECOMBINED, CUevent_flags};
use cudarc::driver::{CudaEvent, PinnedHostSlice, result};

use super::device::{Device, Memory};
use super::forward::Block;
use super::shape::Shape;
use crate::devices::DeviceError;

/// Room for one block on its way.
pub(super) struct Slot {
    input: PinnedHostSlice<u32>,
    input_on_device: Memory,
    output_on_device: Memory,
    output: PinnedHostSlice<f32>,
    /// Reached when the vectors are back.
    back: CudaEvent,
    /// Which texts these are, in the order of the call.
    pub(super) on_its_way: Option<Range<usize>>,
}

impl Slot {
    /// Gets the memory.
    ///
    /// # Errors
    /// [`DeviceError`]: there is none.
    pub(super) fn new(device: &Device, shape: &Shape) -> Result<Self, DeviceError> {
        let failed = |error| device.failed("getting pinned memory", error);
        let (words, numbers) =
            (2 * shape.rows + 2 * shape.texts + 3 * shape.tiles(), shape.texts * shape.architecture.hidden);
        // SAFETY: it is written before it is read: the input by `send`, the output by the device.
        let (input, output) = unsafe {
            let input = device.context.alloc_pinned_with_flags(words, CU_MEMHOSTALLOC_WRITECOMBINED);
            (input.map_err(failed)?, device.context.alloc_pinned_with_flags(numbers, 0).map_err(failed)?)
        };
        Ok(Self {
            input,
            input_on_device: device.allocate(words * 4, "the tokens of a block")?,
            output_on_device: device.allocate(numbers * 4, "the vectors of a block")?,
            output,
            // Sleeps instead of spinning: the other device threads and the tokenizer want the cores.
            back: device.context.new_event(Some(CUevent_flags::CU_EVENT_BLOCKING_SYNC)).map_err(failed)?,
            on_its_way: None,
        })
    }

    /// Sends texts to the device. The second value is where their vectors are to be put.
    ///
    /// # Errors
    /// When the copy fails.
    pub(super) fn send(
        &mut self,
        device: &Device,
        shape: &Shape,
        texts: &[&[u32]],
    ) -> Result<(Block, u64), DeviceError> {
        let failed = |error| device.failed("sending tokens", error);
        let words = self.input.as_mut_slice().map_err(failed)?;
        let packed = pack(texts, shape.queries, words);
        device.context.bind_to_thread().map_err(failed)?;
        // SAFETY: the slot is not touched until `back` is reached, and the memory there is as long as here.
        unsafe {
            let at = self.input_on_device.address();
            result::memcpy_htod_async(at, &words[..packed.words], device.stream.cu_stream()).map_err(failed)?;
        }
        let at = |word: usize| self.input_on_device.address() + word as u64 * 4;
        let block = Block {
            rows: packed.rows,
            texts: texts.len(),
            tiles: packed.tiles,
            tokens_at: at(0),
            places_at: at(packed.rows),
            texts_at: at(2 * packed.rows),
            tiles_at: at(2 * packed.rows + 2 * texts.len()),
        };
        Ok((block, self.output_on_device.address()))
    }

    /// Has the vectors of some texts sent back, once they are computed.
    ///
    /// # Errors
    /// When the copy fails.
    pub(super) fn fetch(&mut self, device: &Device, shape: &Shape, texts: Range<usize>) -> Result<(), DeviceError> {
        let failed = |error| device.failed("fetching vectors", error);
        let numbers = texts.len() * shape.architecture.hidden;
        let output = self.output.as_mut_slice().map_err(failed)?;
        // SAFETY: as in `send`.
        unsafe {
            let at = self.output_on_device.address();
            result::memcpy_dtoh_async(&mut output[..numbers], at, device.stream.cu_stream()).map_err(failed)?;
        }
        self.back.record(&device.stream).map_err(failed)?;
        self.on_its_way = Some(texts);
        Ok(())
    }

    /// Waits for the vectors of the texts that are on their way.
    ///
    /// # Errors
    /// When an operation before has failed.
    pub(super) fn vectors(&mut self, device: &Device) -> Result<&[f32], DeviceError> {
        self.back.synchronize().map_err(|error| device.failed("running a block of texts", error))?;
        self.output.as_slice().map_err(|error| device.failed("fetching vectors", error))
    }
}

/// How much of a slot's input is used.
#[derive(Debug, PartialEq)]
struct Packed {
    rows: usize,
    tiles: usize,
    words: usize,
}

/// Writes tokens, their positions, each text's first row and length, and attention's tiles (first row, length, first
/// query), one behind the other.
fn pack(texts: &[&[u32]], queries: usize, to: &mut [u32]) -> Packed {
    let rows: usize = texts.iter().map(|text| text.len()).sum();
    let (tokens, rest) = to.split_at_mut(rows);
    let (places, rest) = rest.split_at_mut(rows);
    let (of_texts, of_tiles) = rest.split_at_mut(2 * texts.len());
    let (mut first, mut tiles) = (0, 0);
    for (text, place) in texts.iter().zip(of_texts.chunks_exact_mut(2)) {
        tokens[first..first + text.len()].copy_from_slice(text);
        for (position, place) in places[first..first + text.len()].iter_mut().enumerate() {
            *place = position as u32;
        }
        place.copy_from_slice(&[first as u32, text.len() as u32]);
        for start in (0..text.len()).step_by(queries) {
            let tile = [first as u32, text.len() as u32, start as u32];
            of_tiles[3 * tiles..3 * tiles + 3].copy_from_slice(&tile);
            tiles += 1;
        }
        first += text.len();
    }
    Packed { rows, tiles, words: 2 * rows + 2 * texts.len() + 3 * tiles }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_lie_behind_each_other_with_their_tiles() {
        let texts: [&[u32]; 2] = [&[7, 8, 9], &[5]];
        let mut words = [99; 32];
        assert_eq!(pack(&texts, 2, &mut words), Packed { rows: 4, tiles: 3, words: 21 });
        assert_eq!(words[..4], [7, 8, 9, 5]);
        assert_eq!(words[4..8], [0, 1, 2, 0]);
        assert_eq!(words[8..12], [0, 3, 3, 1]);
        assert_eq!(words[12..22], [0, 3, 0, 0, 3, 2, 3, 1, 0, 99]);
    }
}
