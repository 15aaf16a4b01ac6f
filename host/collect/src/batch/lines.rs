//! Lines out of a stream of bytes.

use super::Unreadable;

/// Bytes of one line at most: far beyond any answer.
const LINE_BYTES_AT_MOST: usize = 64 << 20;

/// Where the stream stands.
#[derive(Debug, Default)]
pub(super) struct Lines {
    bytes: Vec<u8>,
    /// How many of them were returned.
    taken: usize,
    /// How many of them are known to have no end of a line.
    searched: usize,
}

impl Lines {
    /// Takes a piece of the stream.
    pub(super) fn feed(&mut self, piece: &[u8]) -> Result<(), Unreadable> {
        self.bytes.drain(..self.taken);
        self.searched -= self.taken;
        self.taken = 0;
        self.bytes.extend_from_slice(piece);
        if self.searched > LINE_BYTES_AT_MOST { Err(Unreadable::new("a line is too long")) } else { Ok(()) }
    }

    /// The next line that is complete, or that the end of the stream completes. Empty lines are left out.
    pub(super) fn next(&mut self, at_end: bool) -> Option<&[u8]> {
        loop {
            let end = self.bytes[self.searched..].iter().position(|byte| *byte == b'\n');
            let (from, to) = match end {
                Some(end) => {
                    let line = (self.taken, self.searched + end);
                    self.taken = line.1 + 1;
                    self.searched = self.taken;
                    line
                }
                None => {
                    let line = (self.taken, self.bytes.len());
                    self.searched = self.bytes.len();
                    if !at_end || line.0 == line.1 {
                        return None;
                    }
                    self.taken = self.bytes.len();
                    line
                }
            };
            if !self.bytes[from..to].trim_ascii().is_empty() {
                return Some(self.bytes[from..to].trim_ascii());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_do_not_depend_on_the_pieces_that_they_come_in() {
        let stream = b"{\"a\":1}\r\n\n{\"b\":2}\n  \n\n{\"c\":3}";
        for size in 1..=stream.len() {
            let (mut lines, mut read) = (Lines::default(), Vec::new());
            for piece in stream.chunks(size) {
                lines.feed(piece).unwrap();
                while let Some(line) = lines.next(false) {
                    read.push(String::from_utf8(line.to_vec()).unwrap());
                }
            }
            assert_eq!(read, ["{\"a\":1}", "{\"b\":2}"], "{size}");
            assert_eq!(lines.next(true), Some(b"{\"c\":3}".as_slice()), "{size}");
            assert_eq!(lines.next(true), None, "{size}");
            assert_eq!(lines.next(true), None, "{size}");
        }
    }

    #[test]
    fn a_line_without_end_is_not_kept_for_ever() {
        let (mut lines, piece) = (Lines::default(), vec![b'x'; 4 << 20]);
        let fed = (0..20).find_map(|_| {
            let fed = lines.feed(&piece).err();
            assert_eq!(lines.next(false), None);
            fed
        });
        assert_eq!(fed, Some(Unreadable::new("a line is too long")));
    }
}
