//! Vectors of one answer, kept as bytes: a list of decimal numbers is three times as long.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// Equally wide vectors, one after the other.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(try_from = "Packed", into = "Packed")]
pub struct Vectors {
    width: usize,
    values: Vec<f32>,
}

/// As they are written down: bits of numbers of four bytes, the lowest byte first, as base64.
#[derive(Serialize, Deserialize)]
struct Packed {
    width: usize,
    values: String,
}

impl Vectors {
    /// Puts vectors together.
    ///
    /// # Errors
    /// When one is empty, or two differ in width.
    pub fn of(vectors: impl IntoIterator<Item = Vec<f32>>) -> Result<Self, String> {
        let mut all = Self::default();
        for (at, vector) in vectors.into_iter().enumerate() {
            if vector.is_empty() {
                return Err(format!("vector {} has no numbers", at + 1));
            }
            if at == 0 {
                all.width = vector.len();
            }
            if vector.len() != all.width {
                let (found, first) = (vector.len(), all.width);
                return Err(format!("vector {} has {found} numbers, the first has {first}", at + 1));
            }
            all.values.extend(vector);
        }
        Ok(all)
    }

    /// Numbers of each; 0 where there is none.
    pub fn width(&self) -> usize {
        self.width
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.values.len().checked_div(self.width).unwrap_or(0)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &[f32]> {
        self.values.chunks_exact(self.width.max(1))
    }
}

/// Numbers out of base64, as OpenAI and vLLM pack them.
///
/// # Errors
/// When it is no base64, or no whole numbers.
pub(crate) fn unpack(text: &str) -> Result<Vec<f32>, String> {
    let bytes = STANDARD.decode(text).map_err(|error| format!("is no base64: {error}"))?;
    let (numbers, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(format!("has {} bytes, which are no numbers of four bytes", bytes.len()));
    }
    Ok(numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}

impl From<Vectors> for Packed {
    fn from(vectors: Vectors) -> Self {
        let bytes: Vec<u8> = vectors.values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self { width: vectors.width, values: STANDARD.encode(bytes) }
    }
}

impl TryFrom<Packed> for Vectors {
    type Error = String;
    fn try_from(packed: Packed) -> Result<Self, String> {
        let Packed { width, values } = packed;
        let values = unpack(&values)?;
        if (width == 0 && !values.is_empty()) || !values.len().is_multiple_of(width.max(1)) {
            return Err(format!("{} numbers are no vectors of {width}", values.len()));
        }
        Ok(Self { width, values })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_down_comes_back_to_the_bit() {
        let odd = [f32::MIN_POSITIVE, -0.0, 0.1, f32::MAX, 1e-45];
        let vectors = Vectors::of([odd.to_vec(), vec![1.0; 5]]).unwrap();
        let text = serde_json::to_string(&vectors).unwrap();
        let back: Vectors = serde_json::from_str(&text).unwrap();
        let bits = |vectors: &Vectors| vectors.values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        assert_eq!((back.len(), back.width(), bits(&back)), (2, 5, bits(&vectors)));
        assert_eq!(back.iter().next().unwrap()[2], 0.1);
        let none: Vectors = serde_json::from_str(&serde_json::to_string(&Vectors::default()).unwrap()).unwrap();
        assert!(none.is_empty() && none.iter().next().is_none());
    }

    #[test]
    fn what_is_no_vectors_is_refused() {
        assert_eq!(Vectors::of([vec![1.0], vec![]]).unwrap_err(), "vector 2 has no numbers");
        assert_eq!(Vectors::of([vec![1.0], vec![1.0, 2.0]]).unwrap_err(), "vector 2 has 2 numbers, the first has 1");
        assert!(serde_json::from_str::<Vectors>(r#"{"width":3,"values":"AAAAAA=="}"#).is_err());
        assert_eq!(unpack("AAAA").unwrap_err(), "has 3 bytes, which are no numbers of four bytes");
        assert_eq!(unpack("AACAPw==").unwrap(), [1.0]);
    }
}
