//! A response before it is bytes.

use std::io::Write;

use crate::http;

/// A response before it is bytes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    /// Further lines of the head, with their line ends.
    pub(crate) headers: String,
    pub(crate) body: Vec<u8>,
    /// Where each event of a stream ends; empty for what is sent in one piece.
    pub(crate) events: Vec<usize>,
    /// The tokens, of prompt and answer, that the client owes for it; none where it is not what the script expects.
    pub(crate) owed: Option<(u64, u64)>,
}

/// How the length of a body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    Length,
    Chunked,
    /// It ends with the connection.
    Close,
}

impl Reply {
    /// A whole one in JSON.
    pub(crate) fn json(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, content_type: "application/json", body: body.into(), ..Self::default() }
    }

    /// A page for people.
    pub(crate) fn page(status: u16, title: &str) -> Self {
        let body = format!("<!DOCTYPE html>\n<html><head><title>{title}</title></head><body>{title}</body></html>\n");
        Self { status, content_type: "text/html; charset=utf-8", body: body.into_bytes(), ..Self::default() }
    }

    /// The way it is usually sent.
    pub(crate) fn framing(&self) -> Framing {
        if self.events.is_empty() { Framing::Length } else { Framing::Chunked }
    }

    /// Appends its head.
    pub(crate) fn write_head(&self, framing: Framing, out: &mut Vec<u8>) {
        let Self { status, content_type, headers, body, .. } = self;
        let reason = http::reason(*status);
        let _ = write!(out, "HTTP/1.1 {status} {reason}\r\ncontent-type: {content_type}\r\n{headers}");
        let _ = match framing {
            Framing::Length => write!(out, "content-length: {}\r\n\r\n", body.len()),
            Framing::Chunked => write!(out, "transfer-encoding: chunked\r\n\r\n"),
            Framing::Close => write!(out, "connection: close\r\n\r\n"),
        };
    }

    /// The pieces of its body: one for each event, one in all for what has no events.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let whole = self.events.is_empty().then_some(self.body.len());
        let ends = self.events.iter().copied().chain(whole);
        let mut start = 0;
        ends.map(move |end| {
            let piece = &self.body[start..end];
            start = end;
            piece
        })
    }

    /// Appends one piece of its body.
    pub(crate) fn write_piece(piece: &[u8], framing: Framing, out: &mut Vec<u8>) {
        if framing == Framing::Chunked {
            let _ = write!(out, "{:x}\r\n", piece.len());
        }
        out.extend_from_slice(piece);
        if framing == Framing::Chunked {
            out.extend_from_slice(b"\r\n");
        }
    }

    /// Appends what ends its body.
    pub(crate) fn write_end(framing: Framing, out: &mut Vec<u8>) {
        if framing == Framing::Chunked {
            out.extend_from_slice(b"0\r\n\r\n");
        }
    }

    /// Appends all of it.
    pub(crate) fn write(&self, framing: Framing, out: &mut Vec<u8>) {
        out.reserve(256 + self.body.len() + self.events.len() * 8);
        self.write_head(framing, out);
        for piece in self.pieces() {
            Self::write_piece(piece, framing, out);
        }
        Self::write_end(framing, out);
    }
}

/// Ends an event of a stream: what was appended to the body since the last one.
pub(crate) fn end_event(body: &[u8], events: &mut Vec<usize>) {
    events.push(body.len());
}

/// Appends a text as JSON.
pub(crate) fn quote(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("a text is always JSON");
}

/// A text as JSON.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a text is always JSON")
}
