//! A tar archive, read once from front to back. Nothing of it is ever written to disk by its name.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::rc::Rc;

use flate2::read::MultiGzDecoder;
use tar::{Archive, Entry, EntryType};

use crate::error::TableError;
use crate::import::staged::sources::{Position, SourceRead};
use crate::source::open_file;

/// Bytes of a long name, or of what is said about a member beside it.
const MAX_NAME_BYTES: u64 = 1 << 20;
/// How many times its size an archive may unpack to. Texts reach ten or twenty, and gzip's limit is a thousand.
const MAX_RATIO: u64 = 200;
/// What may be unpacked whatever the ratio.
const FREE_BYTES: u64 = 256 << 20;

/// Calls `each` with every wanted member that is a file.
pub(super) fn each_member(
    path: &Path,
    wanted: &dyn Fn(&str) -> bool,
    position: &Rc<Position>,
    each: &mut dyn FnMut(SourceRead<'_>) -> Result<(), TableError>,
) -> Result<(), TableError> {
    let failed = |source| TableError::read(path, source);
    let mut file = open_file(path)?;
    position.set_total(file.metadata().map_err(failed)?.len());
    let mut magic = Vec::new();
    (&mut file).take(2).read_to_end(&mut magic).map_err(failed)?;
    io::Seek::rewind(&mut file).map_err(failed)?;
    let counted = Counted { file, position: Rc::clone(position) };
    let buffered = BufReader::with_capacity(1 << 16, counted);
    let zeros = Rc::new(Cell::new(0));
    let content: Box<dyn Read> = match magic.as_slice() {
        [0x1f, 0x8b] => {
            let unpacked = MultiGzDecoder::new(buffered);
            Box::new(BufReader::with_capacity(1 << 16, Bounded { unpacked, position: Rc::clone(position), bytes: 0 }))
        }
        _ => Box::new(buffered),
    };
    let mut archive = Archive::new(Tail { content, zeros: Rc::clone(&zeros) });
    let mut names = Names::default();
    for entry in archive.entries().map_err(failed)?.raw(true) {
        let mut entry = entry.map_err(failed)?;
        let Some(name) = names.of(path, &mut entry)? else { continue };
        let last = name.rsplit('/').next().unwrap_or_default();
        if last.starts_with('.') || !wanted(last) {
            continue;
        }
        let (bytes, shown) = (entry.size(), path.join(&name));
        each(SourceRead::member(name, shown, bytes, Rc::clone(position), &mut entry))?;
    }
    // What follows the end belongs to the packing, whose checksum stands last.
    let mut rest = archive.into_inner();
    if zeros.get() < 512 {
        let reason = "ends without an end mark: it is cut short, or no tar archive".to_owned();
        return Err(TableError::Damaged { path: path.to_owned(), reason });
    }
    io::copy(&mut rest, &mut io::sink()).map_err(failed)?;
    Ok(())
}

/// The names of members, of which long ones stand before their member.
#[derive(Default)]
struct Names {
    long: Option<Vec<u8>>,
}

impl Names {
    /// The name of a member that is a file; none where it is a folder, or speaks of the member that follows.
    fn of<R: Read>(&mut self, path: &Path, entry: &mut Entry<'_, R>) -> Result<Option<String>, TableError> {
        let failed = |source| TableError::read(path, source);
        let kind = entry.header().entry_type();
        match kind {
            EntryType::GNULongName => {
                let mut name = small(path, entry)?;
                while name.last() == Some(&0) {
                    name.pop();
                }
                self.long = Some(name);
                return Ok(None);
            }
            EntryType::XHeader => {
                let extension = small(path, entry)?;
                for (key, value) in records(&extension) {
                    match key {
                        b"path" => self.long = Some(value.to_vec()),
                        b"size" => return Err(member(path, b"", "is larger than 8 GiB".to_owned())),
                        _ => {}
                    }
                }
                return Ok(None);
            }
            EntryType::GNULongLink | EntryType::XGlobalHeader => {
                small(path, entry)?;
                return Ok(None);
            }
            _ => {}
        }
        let bytes = self.long.take().unwrap_or_else(|| entry.path_bytes().into_owned());
        let reason = match kind {
            EntryType::Regular | EntryType::Continuous => None,
            EntryType::Directory => return Ok(None),
            EntryType::Symlink | EntryType::Link => Some("is a link, and links are not followed"),
            EntryType::Char | EntryType::Block | EntryType::Fifo => Some("is a device or a pipe"),
            EntryType::GNUSparse => Some("is a file with holes; pack it again without"),
            _ => Some("is of a kind that is not known"),
        };
        if let Some(reason) = reason {
            return Err(member(path, &bytes, reason.to_owned()));
        }
        let Ok(name) = std::str::from_utf8(&bytes) else {
            return Err(member(path, &bytes, "has a name that is no UTF-8".to_owned()));
        };
        if name.starts_with('/') || name.split(['/', '\\']).any(|part| part == "..") {
            return Err(member(path, &bytes, "would lie outside the archive's folder".to_owned()));
        }
        if name.contains('\0') || entry.header().entry_size().map_err(failed)? != entry.size() {
            return Err(member(path, &bytes, "has a damaged header".to_owned()));
        }
        let plain: Vec<&str> = name.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        Ok((!name.ends_with('/')).then(|| plain.join("/")))
    }
}

fn member(path: &Path, name: &[u8], reason: String) -> TableError {
    TableError::Member { path: path.to_owned(), member: String::from_utf8_lossy(name).into_owned(), reason }
}

/// The content of an entry that should be short.
fn small<R: Read>(path: &Path, entry: &mut Entry<'_, R>) -> Result<Vec<u8>, TableError> {
    let mut content = Vec::new();
    entry.take(MAX_NAME_BYTES + 1).read_to_end(&mut content).map_err(|source| TableError::read(path, source))?;
    if content.len() as u64 > MAX_NAME_BYTES {
        return Err(member(path, b"", format!("has a name of more than {MAX_NAME_BYTES} bytes")));
    }
    Ok(content)
}

/// The records of an extended header: `<length> <key>=<value>` and the end of a line, the length that of the whole record.
fn records(mut content: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut found = Vec::new();
    while let Some(blank) = content.iter().position(|byte| *byte == b' ') {
        let length = std::str::from_utf8(&content[..blank]).ok().and_then(|text| text.parse::<usize>().ok());
        let Some(record) = length.filter(|length| *length > blank + 1).and_then(|length| content.get(..length)) else {
            break;
        };
        let said = record[blank + 1..].strip_suffix(b"\n").unwrap_or(&record[blank + 1..]);
        if let Some(sign) = said.iter().position(|byte| *byte == b'=') {
            found.push((&said[..sign], &said[sign + 1..]));
        }
        content = &content[record.len()..];
    }
    found
}

/// Counts what was read of the file itself.
struct Counted {
    file: File,
    position: Rc<Position>,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(into)?;
        self.position.add(length as u64);
        Ok(length)
    }
}

/// Ends with an error where an archive was made to fill whatever takes it.
struct Bounded<R> {
    unpacked: R,
    position: Rc<Position>,
    bytes: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.unpacked.read(into)?;
        self.bytes += length as u64;
        if self.bytes > FREE_BYTES && self.bytes / MAX_RATIO > self.position.done() {
            let reason = format!("it unpacks to more than {MAX_RATIO} times its size");
            return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
        }
        Ok(length)
    }
}

/// Counts the zero bytes with which what was read so far ends: an archive ends with blocks of them.
struct Tail {
    content: Box<dyn Read>,
    zeros: Rc<Cell<u64>>,
}

impl Read for Tail {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.content.read(into)?;
        let zeros = into[..length].iter().rev().take_while(|byte| **byte == 0).count();
        self.zeros.set(if zeros == length { self.zeros.get() + zeros as u64 } else { zeros as u64 });
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extended_header_is_taken_apart_and_a_damaged_one_ends_it() {
        assert_eq!(records(b"12 path=a/b\n9 a=bcde\n"), [(&b"path"[..], &b"a/b"[..]), (b"a", b"bcde")]);
        for damaged in [&b""[..], b"x path=a\n", b"99 path=a\n", b"0 a=b\n", b"2 \n"] {
            assert_eq!(records(damaged), []);
        }
    }
}
