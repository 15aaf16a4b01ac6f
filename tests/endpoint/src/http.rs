//! HTTP/1.1, as much of it as clients of models speak.

use std::ops::Range;

/// Where the parts of a request lie in the bytes that were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) method: Range<usize>,
    pub(crate) target: Range<usize>,
    /// The lines after the first, with their line ends.
    pub(crate) headers: Range<usize>,
    /// Bytes up to the body.
    pub(crate) length: usize,
    pub(crate) body: BodyLength,
    pub(crate) keep_alive: bool,
    /// Whether the client waits for leave to send the body.
    pub(crate) expects_leave: bool,
}

/// How the length of a request's body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyLength {
    Known(usize),
    Chunked,
}

impl Head {
    /// The head at the start of these bytes; none until it is whole.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<Self>, &'static str> {
        let Some(end) = find(bytes, b"\r\n\r\n") else {
            return if bytes.len() > 1 << 16 { Err("a head of more than 64 KiB") } else { Ok(None) };
        };
        let first_end = find(bytes, b"\r\n").expect("the end of the head is an end of a line");
        let line = &bytes[..first_end];
        let first = line.iter().position(|&byte| byte == b' ').ok_or("a first line without a target")?;
        let last = line.iter().rposition(|&byte| byte == b' ').filter(|&last| last > first);
        let last = last.ok_or("a first line without a version")?;
        let mut head = Self {
            method: 0..first,
            target: first + 1..last,
            headers: first_end + 2..end + 2,
            length: end + 4,
            body: BodyLength::Known(0),
            keep_alive: line.ends_with(b"HTTP/1.1"),
            expects_leave: false,
        };
        for (name, value) in headers(&bytes[head.headers.clone()]) {
            if name.eq_ignore_ascii_case("content-length") {
                head.body = BodyLength::Known(value.parse().map_err(|_| "a length that is not a number")?);
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                head.body = BodyLength::Chunked;
            } else if name.eq_ignore_ascii_case("connection") {
                head.keep_alive &= !value.eq_ignore_ascii_case("close");
            } else if name.eq_ignore_ascii_case("expect") {
                head.expects_leave = true;
            }
        }
        Ok(Some(head))
    }
}

/// Names and values of the lines of a head.
pub(crate) fn headers(lines: &[u8]) -> impl Iterator<Item = (&str, &str)> {
    lines.split(|&byte| byte == b'\n').filter_map(|line| {
        let (name, value) = std::str::from_utf8(line).ok()?.split_once(':')?;
        Some((name, value.trim_ascii()))
    })
}

/// A body in chunks at the start of these bytes, and how many it takes; none until it is whole.
pub(crate) fn dechunked(bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>, &'static str> {
    let mut body = Vec::new();
    let mut at = 0;
    loop {
        let Some(line) = find(&bytes[at..], b"\r\n") else { return Ok(None) };
        let size = std::str::from_utf8(&bytes[at..at + line]).ok();
        let size = size.and_then(|size| size.split(';').next()).map(str::trim);
        let size = size.and_then(|size| usize::from_str_radix(size, 16).ok()).ok_or("a chunk without its size")?;
        let data = at + line + 2;
        let Some(chunk) = data.checked_add(size).and_then(|end| bytes.get(data..end)) else { return Ok(None) };
        at = data + size + 2;
        if bytes.len() < at {
            return Ok(None);
        }
        if size == 0 {
            return Ok(Some((body, at)));
        }
        body.extend_from_slice(chunk);
    }
}

/// Where a pattern first is.
pub(crate) fn find(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + bytes[from..].iter().position(|&byte| byte == pattern[0])?;
        if bytes[at..].starts_with(pattern) {
            return Some(at);
        }
        from = at + 1;
    }
}

/// What a status is called.
pub(crate) fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        404 => "Not Found",
        409 => "Conflict",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        529 => "Site Overloaded",
        _ => "Unknown",
    }
}

/// Seconds since 1970 as a header tells a date: `Sun, 06 Nov 1994 08:49:37 GMT`.
pub(crate) fn date(seconds: u64) -> String {
    let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let moment = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
    // `1994-11-06T08:49:37Z`
    let text = humantime::format_rfc3339_seconds(moment).to_string();
    let month = months[text[5..7].parse::<usize>().map_or(0, |month| month - 1)];
    let weekday = days[(seconds / 86_400 % 7) as usize];
    format!("{weekday}, {} {month} {} {} GMT", &text[8..10], &text[..4], &text[11..19])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_when_it_is_whole() {
        let text = b"POST /v1/x?y=1 HTTP/1.1\r\nHost: a\r\ncontent-LENGTH: 12\r\nConnection: close\r\n\r\n{}";
        for cut in 0..text.len() - 2 {
            assert_eq!(Head::parse(&text[..cut]), Ok(None));
        }
        let head = Head::parse(text).unwrap().unwrap();
        assert_eq!(&text[head.target], b"/v1/x?y=1");
        assert_eq!(head.body, BodyLength::Known(12));
        assert_eq!(head.length, text.len() - 2);
        assert!(!head.keep_alive);
        let read: Vec<_> = headers(&text[head.headers]).collect();
        assert_eq!(read, [("Host", "a"), ("content-LENGTH", "12"), ("Connection", "close")]);
    }

    #[test]
    fn chunks_become_a_body_when_they_are_all_there() {
        let text = b"4\r\nWiki\r\n5;x=y\r\npedia\r\n0\r\n\r\nnext";
        for cut in 0..text.len() - 4 {
            assert_eq!(dechunked(&text[..cut]), Ok(None));
        }
        assert_eq!(dechunked(text), Ok(Some((b"Wikipedia".to_vec(), text.len() - 4))));
        assert!(dechunked(b"zz\r\n").is_err());
    }

    #[test]
    fn a_date_is_told_as_headers_tell_it() {
        assert_eq!(date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
