//! What a number is on the device.

use std::ffi::c_int;

use half::{bf16, f16};

/// What a number is on the device; sums are in 32 bits always.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// 32 bits, without tensor cores.
    F32,
    /// 16 bits, 11 of them for the value, which must stay below 65,504.
    F16,
    /// 16 bits, 8 of them for the value, with the range of 32; from compute capability 8.0.
    Bf16,
}

impl Precision {
    /// Bytes of a number.
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }

    /// As the kernels know it.
    pub(super) fn number(self) -> usize {
        match self {
            Self::F32 => 0,
            Self::F16 => 1,
            Self::Bf16 => 2,
        }
    }

    /// As the products know it (`cudaDataType_t`).
    pub(super) fn data_type(self) -> c_int {
        match self {
            Self::F32 => 0,
            Self::F16 => 2,
            Self::Bf16 => 14,
        }
    }

    /// Its name in messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
        }
    }

    /// Numbers as the device holds them, rounded to the nearest.
    pub(super) fn encode(self, values: &[f32]) -> Vec<u8> {
        let mut bytes = vec![0; values.len() * self.bytes()];
        let places = bytes.chunks_exact_mut(self.bytes()).zip(values);
        match self {
            Self::F32 => places.for_each(|(place, value)| place.copy_from_slice(&value.to_le_bytes())),
            Self::F16 => places.for_each(|(place, &value)| place.copy_from_slice(&f16::from_f32(value).to_le_bytes())),
            Self::Bf16 => {
                places.for_each(|(place, &value)| place.copy_from_slice(&bf16::from_f32(value).to_le_bytes()));
            }
        }
        bytes
    }

    /// The reverse.
    pub(super) fn decode(self, bytes: &[u8]) -> Vec<f32> {
        let pairs = bytes.chunks_exact(2).map(|pair| [pair[0], pair[1]]);
        match self {
            Self::F32 => {
                bytes.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect()
            }
            Self::F16 => pairs.map(|pair| f16::from_le_bytes(pair).to_f32()).collect(),
            Self::Bf16 => pairs.map(|pair| bf16::from_le_bytes(pair).to_f32()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive_the_way_to_the_device_and_back() {
        let values = [0.0, -1.5, 384.0, 0.0078125];
        for precision in [Precision::F32, Precision::F16, Precision::Bf16] {
            let bytes = precision.encode(&values);
            assert_eq!(bytes.len(), values.len() * precision.bytes());
            assert_eq!(precision.decode(&bytes), values);
        }
        assert_eq!(Precision::Bf16.decode(&Precision::Bf16.encode(&[1.003])), [1.0]);
    }
}
