//! `.eval`: a zip archive with `header.json` and a file for each sample. Nothing of it is written to disk by its name.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use serde::de::DeserializeOwned;
use zip::read::ZipFile;
use zip::{CompressionMethod, ZipArchive};

use crate::error::TableError;
use crate::import::logs::MAX_RECORD_BYTES;
use crate::import::python_json::PlainJson;
use crate::import::staged::SourceRead;
use crate::source::open_file;
use crate::table::contain::contain;

/// What a log says of itself once it is whole, and at its beginning.
pub(super) const HEADER: &str = "header.json";
pub(super) const START: &str = "_journal/start.json";
/// Bytes that all members together may unpack to: what is more was made to keep a machine busy.
const MAX_UNPACKED_BYTES: u64 = 64 << 30;

/// A log that is open.
pub(super) struct Archive {
    zip: ZipArchive<File>,
    /// Bytes that one member may unpack to.
    most: u64,
    unpacked: u64,
}

/// A sample's place in a log.
pub(super) struct SampleMember {
    /// The member's name.
    pub(super) name: String,
    /// The sample's id.
    pub(super) id: String,
}

impl Archive {
    /// Opens a log. One that lies in another archive is put aside first, since a zip archive is read from its end.
    pub(super) fn open(source: &mut SourceRead<'_>) -> Result<Self, TableError> {
        let path = source.path.clone();
        let file = match path.is_file() {
            true => open_file(&path)?,
            false => {
                let failed = |error| TableError::read(&path, error);
                let mut aside = tempfile::tempfile().map_err(failed)?;
                io::copy(source, &mut aside).map_err(failed)?;
                aside
            }
        };
        let damaged = |reason: String| TableError::Damaged { path: path.clone(), reason };
        let zip = contain(|| ZipArchive::new(file)).map_err(damaged)?;
        let zip = zip.map_err(|error| damaged(format!("{error}; a log of Inspect is a zip archive")))?;
        Ok(Self { zip, most: MAX_RECORD_BYTES, unpacked: 0 })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.zip.index_for_name(name).is_some()
    }

    /// The samples in the order of their names.
    pub(super) fn samples(&self) -> Vec<SampleMember> {
        let sample = |name: &str| {
            let (id, epoch) = name.strip_prefix("samples/")?.strip_suffix(".json")?.rsplit_once("_epoch_")?;
            let is_number = !epoch.is_empty() && epoch.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| SampleMember { name: name.to_owned(), id: id.to_owned() })
        };
        let mut samples: Vec<SampleMember> = self.zip.file_names().filter_map(|name| sample(&name.ok()?)).collect();
        samples.sort_by(|a, b| a.name.cmp(&b.name));
        samples
    }

    /// A member as JSON. `path` is the log.
    pub(super) fn json<T: DeserializeOwned>(&mut self, path: &Path, name: &str) -> Result<T, TableError> {
        let member = path.join(name);
        let damaged = |reason: String| TableError::Damaged { path: member.clone(), reason };
        let (zip, most) = (&mut self.zip, self.most);
        let (outcome, bytes) = contain(|| {
            let packed = zip.by_name(name).map_err(|error| error.to_string())?;
            check_packing(&packed)?;
            let mut counted = Counted { content: packed.take(most + 1), bytes: 0 };
            let read: Result<T, _> = serde_json::from_reader(BufReader::new(PlainJson::new(&mut counted)));
            Ok::<_, String>((read, counted.bytes))
        })
        .map_err(damaged)?
        .map_err(damaged)?;
        self.unpacked += bytes;
        if bytes > most || self.unpacked > MAX_UNPACKED_BYTES {
            let (what, most) = match bytes > most {
                true => ("unpacks", most),
                false => ("and those before unpack", MAX_UNPACKED_BYTES),
            };
            return Err(damaged(format!("{what} to more than {most} bytes")));
        }
        outcome.map_err(|error| match error.is_io() {
            true => damaged(format!("cannot be unpacked: {}", io::Error::from(error))),
            false => TableError::Settings { path: member.clone(), reason: error.to_string() },
        })
    }
}

/// Fails where a member is packed in a way that cannot be unpacked here, with what to do.
fn check_packing(packed: &ZipFile<'_, File>) -> Result<(), String> {
    /// Zstandard's number in the format.
    const ZSTD: u16 = 93;
    #[allow(deprecated, reason = "there is no other way to ask for the number of what is not supported")]
    match packed.compression() {
        CompressionMethod::Unsupported(ZSTD) => {
            Err("is packed with zstd; `inspect log convert --to json` writes the log in a form that can be read"
                .to_owned())
        }
        CompressionMethod::Unsupported(other) => Err(format!("is packed in a way that is not known, number {other}")),
        _ => Ok(()),
    }
}

/// Counts what was read.
struct Counted<R> {
    content: R,
    bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.content.read(into)?;
        self.bytes += length as u64;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, Write};

    use serde_json::Value;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    #[test]
    fn what_unpacks_to_more_than_the_limit_is_refused_whatever_it_says() {
        let mut file = tempfile::tempfile().unwrap();
        let mut writer = ZipWriter::new(&mut file);
        for (name, blanks) in [("small.json", 10), ("large.json", 100_000)] {
            writer.start_file(name, SimpleFileOptions::default()).unwrap();
            writer.write_all(&vec![b' '; blanks]).unwrap();
            writer.write_all(b"{\"a\": NaN}").unwrap();
        }
        writer.finish().unwrap();
        file.rewind().unwrap();
        let mut archive = Archive { zip: ZipArchive::new(file).unwrap(), most: 1000, unpacked: 0 };
        let mut json = |name: &str| archive.json::<Value>(Path::new("l.eval"), name).map_err(|error| error.to_string());
        assert_eq!(json("small.json"), Ok(serde_json::json!({"a": null})));
        assert_eq!(
            json("large.json"),
            Err("`l.eval/large.json` is damaged: unpacks to more than 1000 bytes".to_owned())
        );
        assert_eq!(
            json("none.json"),
            Err("`l.eval/none.json` is damaged: specified file not found in archive".to_owned())
        );
        archive.unpacked = MAX_UNPACKED_BYTES;
        let error = archive.json::<Value>(Path::new("l.eval"), "small.json").unwrap_err().to_string();
        assert_eq!(error, "`l.eval/small.json` is damaged: and those before unpack to more than 68719476736 bytes");
    }
}
