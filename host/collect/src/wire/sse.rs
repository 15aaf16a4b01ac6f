//! Server-sent events: a stream of bytes, cut anywhere, into events.

/// Bytes of one event at most: far beyond any piece of an answer, and a bound for what a broken server makes us keep.
const EVENT_BYTES_AT_MOST: usize = 16 << 20;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Event {
    /// What the server calls it; empty where it does not.
    pub(super) name: String,
    /// Its data: lines joined by line feeds.
    pub(super) data: Vec<u8>,
}

/// An event was longer than any that a provider sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLong;

/// Where a stream stands.
#[derive(Debug, Default)]
pub(super) struct Events {
    line: Vec<u8>,
    event: Event,
    has_data: bool,
    lines: u64,
    after_cr: bool,
}

impl Events {
    /// Takes a piece of the stream and adds the events that it completes to `out`.
    pub(super) fn feed(&mut self, mut bytes: &[u8], out: &mut Vec<Event>) -> Result<(), TooLong> {
        while let Some(first) = bytes.first() {
            if std::mem::take(&mut self.after_cr) && *first == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let Some(end) = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
                self.line.extend_from_slice(bytes);
                return self.check();
            };
            self.line.extend_from_slice(&bytes[..end]);
            self.after_cr = bytes[end] == b'\r';
            bytes = &bytes[end + 1..];
            self.check()?;
            self.end_line(out);
        }
        Ok(())
    }

    /// The event that the end of the stream completes. The standard drops it; servers that forget the last empty line
    /// are common.
    pub(super) fn finish(mut self) -> Option<Event> {
        let mut out = Vec::new();
        self.end_line(&mut out);
        self.end_event(&mut out);
        out.pop()
    }

    fn check(&self) -> Result<(), TooLong> {
        if self.line.len() + self.event.data.len() > EVENT_BYTES_AT_MOST { Err(TooLong) } else { Ok(()) }
    }

    fn end_line(&mut self, out: &mut Vec<Event>) {
        let mut line = std::mem::take(&mut self.line);
        self.lines += 1;
        match if self.lines == 1 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line) } else { &*line } {
            [] => self.end_event(out),
            line => self.add_line(line),
        }
        // The next one goes into the same memory.
        line.clear();
        self.line = line;
    }

    fn add_line(&mut self, line: &[u8]) {
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (line, &line[line.len()..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"event" => self.event.name = String::from_utf8_lossy(value).into_owned(),
            b"data" => self.add_data(value),
            // What llama.cpp's server wrote where others write an event of that name.
            b"error" => {
                self.event.name = "error".to_owned();
                self.add_data(value);
            }
            // Comments, `id`, `retry`, and what is not known.
            _ => {}
        }
    }

    fn add_data(&mut self, value: &[u8]) {
        if std::mem::replace(&mut self.has_data, true) {
            self.event.data.push(b'\n');
        }
        self.event.data.extend_from_slice(value);
    }

    fn end_event(&mut self, out: &mut Vec<Event>) {
        let event = std::mem::take(&mut self.event);
        if std::mem::take(&mut self.has_data) {
            out.push(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: &[&[u8]]) -> Vec<(String, String)> {
        let (mut events, mut out) = (Events::default(), Vec::new());
        pieces.iter().for_each(|piece| events.feed(piece, &mut out).unwrap());
        out.extend(events.finish());
        out.into_iter().map(|event| (event.name, String::from_utf8(event.data).unwrap())).collect()
    }

    #[test]
    fn events_are_read_as_the_standard_says() {
        let cases: [(&str, &[(&str, &str)]); 13] = [
            ("", &[]),
            ("data: a\n\n", &[("", "a")]),
            ("data:a\n\n", &[("", "a")]),
            ("data:  a\n\n", &[("", " a")]),
            ("data: a\r\n\r\ndata: b\r\r", &[("", "a"), ("", "b")]),
            ("data: a\ndata: b\ndata\n\n", &[("", "a\nb\n")]),
            (": OPENROUTER PROCESSING\n\ndata: a\n\n", &[("", "a")]),
            ("event: ping\ndata: {}\n\ndata: a\n\n", &[("ping", "{}"), ("", "a")]),
            ("event: lonely\n\ndata: a\n\n", &[("", "a")]),
            ("id: 7\nretry: 10\nother: x\ndata: a\n\n", &[("", "a")]),
            ("\u{feff}data: a\n\n", &[("", "a")]),
            ("data: a: b: ü\n\n", &[("", "a: b: ü")]),
            ("error: {\"code\":500}\n\n", &[("error", "{\"code\":500}")]),
        ];
        for (stream, expected) in cases {
            let expected: Vec<_> = expected.iter().map(|(name, data)| ((*name).into(), (*data).into())).collect();
            assert_eq!(read(&[stream.as_bytes()]), expected, "{stream:?}");
            for cut in 0..=stream.len() {
                let (head, tail) = stream.as_bytes().split_at(cut);
                assert_eq!(read(&[head, tail]), expected, "{stream:?} cut at {cut}");
            }
        }
    }

    #[test]
    fn the_end_of_the_stream_ends_its_last_event() {
        assert_eq!(read(&[b"data: a\n\ndata: [DONE]"]), [("".into(), "a".into()), ("".into(), "[DONE]".into())]);
        assert_eq!(read(&[b"data: a\n"]), [("".into(), "a".into())]);
    }

    #[test]
    fn a_line_or_an_event_without_end_is_too_long() {
        let piece = vec![b'x'; 1 << 20];
        let line = piece.repeat(1).into_iter().chain([b'\n']).collect::<Vec<_>>();
        let line = [b"data:", line.as_slice()].concat();
        for endless in [&piece, &line] {
            let (mut events, mut out) = (Events::default(), Vec::new());
            let fed: Vec<_> = (0..17).map(|_| events.feed(endless, &mut out)).collect();
            assert_eq!((fed[14], fed[16]), (Ok(()), Err(TooLong)));
        }
    }
}
