//! Forms with files in them.

use crate::http;

/// The file of a form and the purpose it says, found by the boundary that the request's headers tell.
pub(crate) fn file_of<'a>(headers: &[u8], body: &'a [u8]) -> Option<(&'a [u8], &'a str)> {
    let (_, form) = http::headers(headers).find(|(name, _)| name.eq_ignore_ascii_case("content-type"))?;
    let boundary = form.split_once("boundary=")?.1.split(';').next()?.trim_matches('"');
    let boundary = format!("--{boundary}");
    let (mut file, mut purpose) = (None, None);
    let mut rest = &body[http::find(body, boundary.as_bytes())? + boundary.len()..];
    let boundary = format!("\r\n{boundary}");
    while let Some(end) = http::find(rest, boundary.as_bytes()) {
        let part = &rest[..end];
        rest = &rest[end + boundary.len()..];
        let head = http::find(part, b"\r\n\r\n")?;
        let said = std::str::from_utf8(&part[..head]).ok()?;
        let content = &part[head + 4..];
        if said.contains("name=\"file\"") {
            file = Some(content);
        } else if said.contains("name=\"purpose\"") {
            purpose = std::str::from_utf8(content).ok();
        }
    }
    Some((file?, purpose?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_between_its_boundaries() {
        let headers = b"Content-Type: multipart/form-data; boundary=xYz\r\n";
        let body = b"--xYz\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--xYz\r\n\
            Content-Disposition: form-data; name=\"file\"; filename=\"a.jsonl\"\r\nContent-Type: x/y\r\n\r\n\
            one\r\n--two\n\r\n--xYz--\r\n";
        assert_eq!(file_of(headers, body), Some((&b"one\r\n--two\n"[..], "batch")));
        assert_eq!(file_of(b"", body), None);
    }
}
