//! A limit on what one record may take, so that a file cannot fill the memory with a single text.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// Bytes of JSON that one record, or everything that stands between two, may have.
pub(in crate::import) const MAX_RECORD_BYTES: u64 = 64 << 20;

/// Says where a record ends.
#[derive(Debug, Clone, Default)]
pub(in crate::import) struct RecordLimit(Rc<Cell<u64>>);

impl RecordLimit {
    /// What was read so far belongs to records that are done.
    pub(in crate::import) fn next(&self) {
        self.0.set(0);
    }
}

/// A reader that ends with an error within a record that is too long.
pub(in crate::import) struct Limited<R> {
    content: R,
    since: RecordLimit,
}

impl<R> Limited<R> {
    pub(in crate::import) fn new(content: R, since: RecordLimit) -> Self {
        Self { content, since }
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.content.read(into)?;
        let bytes = self.since.0.get() + length as u64;
        self.since.0.set(bytes);
        if bytes > MAX_RECORD_BYTES {
            return Err(io::Error::other(format!("one record has more than {MAX_RECORD_BYTES} bytes")));
        }
        Ok(length)
    }
}
