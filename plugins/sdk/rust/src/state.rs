//! What training leaves behind, and a plain way to write it down.

use crate::{Error, Matrix};

/// Everything that survives from `train` to `load`.
#[derive(Debug, Default)]
pub struct State {
    /// Bytes in the router's own format; [`StateWriter`] and [`StateReader`] make one.
    pub bytes: Vec<u8>,
    /// Matrices that stay with the host and come back in the same order, never copied.
    pub matrices: Vec<Matrix>,
}

impl State {
    /// A reader over the bytes, which must have been begun by [`StateWriter::new`] with the same tag.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the bytes begin with another tag.
    pub fn reader(&self, tag: &str) -> Result<StateReader<'_>, Error> {
        let mut reader = StateReader { rest: &self.bytes };
        match reader.take(4) {
            Ok(length) if u32_of(length) as usize == tag.len() => {}
            _ => return Err(not_ours(tag)),
        }
        match reader.take(tag.len()) {
            Ok(found) if found == tag.as_bytes() => Ok(reader),
            _ => Err(not_ours(tag)),
        }
    }

    /// Takes out the matrices, which must be exactly `N`.
    ///
    /// # Errors
    /// [`Error::Malformed`] when there are more or fewer.
    pub fn into_matrices<const N: usize>(self) -> Result<[Matrix; N], Error> {
        let found = self.matrices.len();
        self.matrices.try_into().map_err(|_| Error::Malformed(format!("the state has {found} matrices instead of {N}")))
    }
}

fn not_ours(tag: &str) -> Error {
    Error::Malformed(format!("the state was not written by `{tag}`"))
}

fn u32_of(bytes: &[u8]) -> u32 {
    bytes.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

/// Writes numbers one after another, little-endian, so that a state is the same on every machine.
#[derive(Debug)]
pub struct StateWriter {
    bytes: Vec<u8>,
}

impl StateWriter {
    /// Begins with a tag, by custom the router's name and the version of its format: `knn/1`.
    pub fn new(tag: &str) -> Self {
        let mut writer = Self { bytes: Vec::new() };
        writer.length(tag.len());
        writer.bytes.extend_from_slice(tag.as_bytes());
        writer
    }

    /// Adds a whole number.
    #[must_use]
    pub fn u32(mut self, value: u32) -> Self {
        self.bytes.extend_from_slice(&value.to_le_bytes());
        self
    }

    /// Adds a whole number of 64 bits.
    #[must_use]
    pub fn u64(mut self, value: u64) -> Self {
        self.bytes.extend_from_slice(&value.to_le_bytes());
        self
    }

    /// Adds a number; NaN keeps its bits.
    #[must_use]
    pub fn f32(self, value: f32) -> Self {
        self.u32(value.to_bits())
    }

    /// Adds a number of double width.
    #[must_use]
    pub fn f64(self, value: f64) -> Self {
        self.u64(value.to_bits())
    }

    /// Adds a list of whole numbers with its length.
    #[must_use]
    pub fn u32s(self, values: &[u32]) -> Self {
        self.list(values.iter().map(|value| value.to_le_bytes()))
    }

    /// Adds a list of numbers with its length; NaN keeps its bits.
    #[must_use]
    pub fn f32s(self, values: &[f32]) -> Self {
        self.list(values.iter().map(|value| value.to_le_bytes()))
    }

    /// Room is made at once and then filled: a push for each value would be most of the work of a large state.
    fn list(mut self, values: impl ExactSizeIterator<Item = [u8; 4]>) -> Self {
        self.length(values.len());
        let start = self.bytes.len();
        self.bytes.resize(start + 4 * values.len(), 0);
        for (place, value) in self.bytes[start..].chunks_exact_mut(4).zip(values) {
            place.copy_from_slice(&value);
        }
        self
    }

    /// The state, with matrices that stay with the host.
    pub fn finish(self, matrices: Vec<Matrix>) -> State {
        State { bytes: self.bytes, matrices }
    }

    fn length(&mut self, length: usize) {
        // A list that does not fit 32 bits cannot exist inside a 32-bit sandbox.
        self.bytes.extend_from_slice(&(length as u32).to_le_bytes());
    }
}

/// Reads what [`StateWriter`] wrote, in the same order. Every method fails with [`Error::Malformed`] rather than trust
/// bytes that are too short.
#[derive(Debug)]
pub struct StateReader<'a> {
    rest: &'a [u8],
}

impl<'a> StateReader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) =
            self.rest.split_at_checked(count).ok_or_else(|| Error::malformed("the state ends too early"))?;
        self.rest = rest;
        Ok(taken)
    }

    /// Reads a whole number.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the state ends too early.
    pub fn u32(&mut self) -> Result<u32, Error> {
        self.take(4).map(u32_of)
    }

    /// Reads a whole number of 64 bits.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the state ends too early.
    pub fn u64(&mut self) -> Result<u64, Error> {
        let low = self.u32()?;
        Ok(u64::from(low) | u64::from(self.u32()?) << 32)
    }

    /// Reads a number.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the state ends too early.
    pub fn f32(&mut self) -> Result<f32, Error> {
        self.u32().map(f32::from_bits)
    }

    /// Reads a number of double width.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the state ends too early.
    pub fn f64(&mut self) -> Result<f64, Error> {
        self.u64().map(f64::from_bits)
    }

    /// Reads a list of whole numbers.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the state ends too early.
    pub fn u32s(&mut self) -> Result<Vec<u32>, Error> {
        let count = self.u32()? as usize;
        // Taken before anything is allocated: a false length cannot make the plugin grow.
        let bytes = self.take(count.saturating_mul(4))?;
        Ok(bytes.chunks_exact(4).map(u32_of).collect())
    }

    /// Reads a list of numbers.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the state ends too early.
    pub fn f32s(&mut self) -> Result<Vec<f32>, Error> {
        Ok(self.u32s()?.into_iter().map(f32::from_bits).collect())
    }

    /// Says that everything has been read.
    ///
    /// # Errors
    /// [`Error::Malformed`] when bytes are left over.
    pub fn end(self) -> Result<(), Error> {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(Error::Malformed(format!("the state has {left} bytes too many"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{State, StateWriter};
    use crate::Error;

    #[test]
    fn what_is_written_is_read_back() {
        let state = StateWriter::new("toy/1")
            .u32(7)
            .f64(0.1)
            .f32s(&[1.5, f32::NAN])
            .u32s(&[1, 2, 3])
            .u64(1 << 40)
            .finish(vec![]);
        let mut reader = state.reader("toy/1").unwrap();
        assert_eq!(reader.u32(), Ok(7));
        assert_eq!(reader.f64(), Ok(0.1));
        let floats = reader.f32s().unwrap();
        assert!(floats[0] == 1.5 && floats[1].is_nan());
        assert_eq!(reader.u32s(), Ok(vec![1, 2, 3]));
        assert_eq!(reader.u64(), Ok(1 << 40));
        assert_eq!(reader.end(), Ok(()));
    }

    #[test]
    fn a_state_that_was_cut_short_or_is_not_ours_is_refused() {
        let whole = StateWriter::new("toy/1").u32s(&[1, 2, 3]).finish(vec![]);
        for length in 0..whole.bytes.len() {
            let cut = State { bytes: whole.bytes[..length].to_vec(), matrices: vec![] };
            assert!(cut.reader("toy/1").and_then(|mut reader| reader.u32s()).is_err(), "{length}");
        }
        assert_eq!(whole.reader("toy/2").err(), Some(Error::malformed("the state was not written by `toy/2`")));
        let reader = whole.reader("toy/1").unwrap();
        assert_eq!(reader.end(), Err(Error::malformed("the state has 16 bytes too many")));
        assert_eq!(whole.into_matrices::<1>().err(), Some(Error::malformed("the state has 0 matrices instead of 1")));
    }
}
