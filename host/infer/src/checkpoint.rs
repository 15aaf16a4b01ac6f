//! A model's weights in safetensors files, read tensor by tensor, so that memory never holds the whole model twice.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use safetensors::Dtype;
use safetensors::tensor::Metadata;
use serde::Deserialize;

use crate::error::EncoderError;

/// Longest header that is read: a thousand times what the largest models have.
const HEADER_BYTES: u64 = 256 << 20;

/// Where a tensor is.
#[derive(Debug, Clone)]
struct Place {
    file: usize,
    dtype: Dtype,
    shape: Vec<usize>,
    start: u64,
    bytes: usize,
}

/// The weights of a model folder.
#[derive(Debug)]
pub(crate) struct Checkpoint {
    files: Vec<PathBuf>,
    places: BTreeMap<String, Place>,
    /// What stands before every tensor's name.
    prefix: String,
}

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

impl Checkpoint {
    /// The files with the weights of a folder: `model.safetensors`, or those that `model.safetensors.index.json` names.
    ///
    /// # Errors
    /// When there are none, or the index is damaged.
    pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>, EncoderError> {
        let single = folder.join("model.safetensors");
        if single.is_file() {
            return Ok(vec![single]);
        }
        let path = folder.join("model.safetensors.index.json");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let reason = "there is neither `model.safetensors` nor `model.safetensors.index.json`; other formats of weights are not read";
                return Err(EncoderError::form(folder, reason));
            }
            Err(source) => return Err(EncoderError::Read { path, source }),
        };
        let index: Index =
            serde_json::from_str(&text).map_err(|error| EncoderError::form(&path, format!("no index: {error}")))?;
        let mut names: Vec<String> = index.weight_map.into_values().collect();
        names.sort();
        names.dedup();
        if let Some(name) = names.iter().find(|name| Path::new(name).components().count() != 1 || name.contains("..")) {
            return Err(EncoderError::form(&path, format!("`{name}` is no file of the folder")));
        }
        Ok(names.into_iter().map(|name| folder.join(name)).collect())
    }

    /// Opens the weights of a folder. `known` is the name of a tensor that the model must have, which tells what stands
    /// before all names.
    ///
    /// # Errors
    /// When a file is not there or damaged, or no tensor has that name.
    pub(crate) fn open(folder: &Path, known: &str) -> Result<Self, EncoderError> {
        let files = Self::files(folder)?;
        let mut places = BTreeMap::new();
        for (file, path) in files.iter().enumerate() {
            read_header(path, file, &mut places)?;
        }
        let prefix = places.keys().filter_map(|name| name.strip_suffix(known)).min_by_key(|prefix| prefix.len());
        let prefix = prefix.filter(|prefix| prefix.is_empty() || prefix.ends_with('.')).map(str::to_owned);
        let prefix =
            prefix.ok_or_else(|| EncoderError::form(folder, format!("the weights have no tensor `{known}`")))?;
        Ok(Self { files, places, prefix })
    }

    /// Whether there is such a tensor.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.places.contains_key(&format!("{}{name}", self.prefix))
    }

    /// A tensor of this shape, in 32 bits whatever it is stored in.
    ///
    /// # Errors
    /// When it is missing, has another shape or type, or cannot be read.
    pub(crate) fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, EncoderError> {
        let full = format!("{}{name}", self.prefix);
        let Some(place) = self.places.get(&full) else {
            return Err(EncoderError::form(&self.files[0], format!("the weights have no tensor `{full}`")));
        };
        let path = &self.files[place.file];
        if place.shape != shape {
            let reason = format!("tensor `{full}` is {:?}, expected {shape:?} by `config.json`", place.shape);
            return Err(EncoderError::form(path, reason));
        }
        let mut bytes = vec![0; place.bytes];
        let read = |source| EncoderError::Read { path: path.clone(), source };
        let mut file = File::open(path).map_err(read)?;
        file.seek(SeekFrom::Start(place.start)).map_err(read)?;
        file.read_exact(&mut bytes).map_err(read)?;
        let pairs = || bytes.chunks_exact(2).map(|pair| [pair[0], pair[1]]);
        Ok(match place.dtype {
            Dtype::F32 => {
                bytes.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect()
            }
            Dtype::F16 => pairs().map(|pair| f16::from_le_bytes(pair).to_f32()).collect(),
            Dtype::BF16 => pairs().map(|pair| bf16::from_le_bytes(pair).to_f32()).collect(),
            other => {
                let reason = format!("tensor `{full}` is stored as {other:?}; there are F32, F16 and BF16");
                return Err(EncoderError::unsupported(path, reason));
            }
        })
    }
}

fn read_header(path: &Path, file: usize, places: &mut BTreeMap<String, Place>) -> Result<(), EncoderError> {
    let read = |source| EncoderError::Read { path: path.to_owned(), source };
    let mut input = File::open(path).map_err(read)?;
    let length = input.metadata().map_err(read)?.len();
    let mut size = [0; 8];
    input.read_exact(&mut size).map_err(|error| EncoderError::form(path, format!("no safetensors file: {error}")))?;
    let header = u64::from_le_bytes(size);
    if header > HEADER_BYTES || header + 8 > length {
        return Err(EncoderError::form(path, format!("no safetensors file, or cut short: a header of {header} bytes")));
    }
    let mut buffer = Vec::new();
    input.take(header).read_to_end(&mut buffer).map_err(read)?;
    // Checks shapes and places against one another.
    let metadata: Metadata = serde_json::from_slice(&buffer)
        .map_err(|error| EncoderError::form(path, format!("no safetensors file: {error}")))?;
    if header + 8 + metadata.data_len() as u64 != length {
        let reason =
            format!("cut short or damaged: {length} bytes, expected {}", header + 8 + metadata.data_len() as u64);
        return Err(EncoderError::form(path, reason));
    }
    for (name, info) in metadata.tensors() {
        let (start, end) = info.data_offsets;
        let start_in_file = header + 8 + start as u64;
        let place =
            Place { file, dtype: info.dtype, shape: info.shape.clone(), start: start_in_file, bytes: end - start };
        places.insert(name, place);
    }
    Ok(())
}
