//! Tests of programs as one benchmark packs them: base64 of zlib of a Python pickle of one text, which is JSON.
//!
//! A pickle is a program, and running a stranger's would be to do whatever it says. The few instructions that a pickle of
//! one text consists of are read here (as Python's `pickletools` documents them); any other is refused.

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::ZlibDecoder;
use serde_json::Value;

/// Bytes that the tests of one problem may unpack to.
const MAX_UNPACKED_BYTES: u64 = 1 << 30;

/// The JSON of a text that holds it, as it is or packed.
pub(super) fn unpack(text: &str) -> Result<Value, String> {
    match serde_json::from_str(text) {
        Ok(value) => Ok(value),
        // Neither base64 nor anything else that is packed begins so.
        Err(error) if text.trim_start().starts_with(['[', '{', '"']) => Err(format!("not JSON: {error}")),
        Err(_) => {
            let bytes = STANDARD.decode(text.trim()).map_err(|_| "neither JSON nor base64".to_owned())?;
            let mut pickle = Vec::new();
            let mut decoder = ZlibDecoder::new(bytes.as_slice()).take(MAX_UNPACKED_BYTES + 1);
            decoder
                .read_to_end(&mut pickle)
                .map_err(|error| format!("base64 of something other than zlib: {error}"))?;
            if pickle.len() as u64 > MAX_UNPACKED_BYTES {
                return Err(format!("unpacks to more than {MAX_UNPACKED_BYTES} bytes"));
            }
            let text = pickled_text(&pickle)?;
            serde_json::from_str(text).map_err(|error| format!("a pickle of a text that is not JSON: {error}"))
        }
    }
}

/// The text of which these bytes are the pickle.
fn pickled_text(pickle: &[u8]) -> Result<&str, String> {
    let ended = || "a pickle that is cut short".to_owned();
    let mut rest = pickle;
    let mut found = None;
    let mut take = |count: usize| -> Option<&[u8]> {
        let (taken, left) = rest.split_at_checked(count)?;
        rest = left;
        Some(taken)
    };
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    loop {
        let opcode = take(1).ok_or_else(ended)?[0];
        // How many bytes say how long the text is.
        let width = match opcode {
            b'.' => break,
            // PROTO and BINPUT, LONG_BINPUT, FRAME, MEMOIZE: nothing that matters for one text.
            0x80 | b'q' => take(1).map(|_| 0).ok_or_else(ended)?,
            b'r' => take(4).map(|_| 0).ok_or_else(ended)?,
            0x95 => take(8).map(|_| 0).ok_or_else(ended)?,
            0x94 => 0,
            // SHORT_BINUNICODE, BINUNICODE, BINUNICODE8.
            0x8c => 1,
            b'X' => 4,
            0x8d => 8,
            other => return Err(format!("a pickle of something other than one text: it has the opcode {other:#04x}")),
        };
        if width > 0 {
            let length = usize::try_from(number(take(width).ok_or_else(ended)?)).map_err(|_| ended())?;
            let text = std::str::from_utf8(take(length).ok_or_else(ended)?)
                .map_err(|_| "a pickle of a text that is not UTF-8".to_owned())?;
            if found.replace(text).is_some() {
                return Err("a pickle of more than one text".to_owned());
            }
        }
    }
    if !rest.is_empty() {
        return Err("a pickle with more bytes after its end".to_owned());
    }
    found.ok_or_else(|| "a pickle without a text".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pickle_of_one_text_is_read_in_every_protocol() {
        let cases: [&[u8]; 4] = [
            b"\x80\x02X\x02\0\0\0[]q\0.",
            b"\x80\x04\x95\x06\0\0\0\0\0\0\0\x8c\x02[]\x94.",
            b"\x80\x05\x95\0\0\0\0\0\0\0\0X\x02\0\0\0[]\x95\x02\0\0\0\0\0\0\0\x94.",
            b"\x80\x04\x8d\x02\0\0\0\0\0\0\0[]r\0\0\0\0.",
        ];
        for pickle in cases {
            assert_eq!(pickled_text(pickle), Ok("[]"), "{pickle:?}");
            for cut in 0..pickle.len() {
                assert!(pickled_text(&pickle[..cut]).is_err());
            }
        }
    }

    #[test]
    fn a_pickle_of_anything_else_is_refused() {
        let cases: [(&[u8], &str); 6] = [
            (b"cos\nsystem\n.", "a pickle of something other than one text: it has the opcode 0x63"),
            (b"\x80\x02]q\0.", "a pickle of something other than one text: it has the opcode 0x5d"),
            (b"\x80\x02.", "a pickle without a text"),
            (b"\x8c\x01a\x8c\x01b.", "a pickle of more than one text"),
            (b"\x8c\x01a.x", "a pickle with more bytes after its end"),
            (b"\x8d\xff\xff\xff\xff\xff\xff\xff\xff", "a pickle that is cut short"),
        ];
        for (pickle, expected) in cases {
            assert_eq!(pickled_text(pickle), Err(expected.to_owned()));
        }
    }

    #[test]
    fn what_is_not_packed_so_is_refused_with_the_reason() {
        assert_eq!(unpack("[1]"), Ok(serde_json::json!([1])));
        assert_eq!(unpack("!"), Err("neither JSON nor base64".to_owned()));
        assert!(unpack("[1").unwrap_err().starts_with("not JSON: "));
        assert!(unpack("QUJD").unwrap_err().starts_with("base64 of something other than zlib"));
    }
}
