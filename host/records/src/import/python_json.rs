//! JSON as Python's programs write it: with the words `NaN`, `Infinity` and `-Infinity`, which JSON does not know. They say
//! that there is no number, and become null.

use std::io::{self, Read};

use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};

use crate::import::lines::Object;

/// The words, longest first where one begins with another.
const WORDS: [&[u8]; 3] = [b"NaN", b"Infinity", b"-Infinity"];
/// Bytes read at a time.
const BLOCK: usize = 1 << 16;

/// A reader of plain JSON over one of JSON with Python's words.
pub(super) struct PlainJson<R> {
    inner: R,
    /// What was read and not looked at.
    raw: Vec<u8>,
    /// What was looked at and not given.
    plain: Vec<u8>,
    given: usize,
    in_text: bool,
    escaped: bool,
    ended: bool,
}

impl<R: Read> PlainJson<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, raw: Vec::new(), plain: Vec::new(), given: 0, in_text: false, escaped: false, ended: false }
    }

    fn fill(&mut self) -> io::Result<()> {
        self.plain.clear();
        self.given = 0;
        while self.plain.is_empty() && !(self.ended && self.raw.is_empty()) {
            if !self.ended {
                let before = self.raw.len();
                self.raw.resize(before + BLOCK, 0);
                let read = self.inner.read(&mut self.raw[before..]);
                self.raw.truncate(before + *read.as_ref().unwrap_or(&0));
                self.ended = read? == 0;
            }
            self.look();
        }
        Ok(())
    }

    /// Looks at what was read, up to where a word may be cut.
    fn look(&mut self) {
        let mut at = 0;
        while at < self.raw.len() {
            let byte = self.raw[at];
            if self.in_text {
                let closes = byte == b'"' && !self.escaped;
                self.escaped = byte == b'\\' && !self.escaped;
                self.in_text = !closes;
            } else if matches!(byte, b'N' | b'I' | b'-') {
                let rest = &self.raw[at..];
                if let Some(word) = WORDS.iter().find(|word| rest.starts_with(word)) {
                    self.plain.extend_from_slice(b"null");
                    at += word.len();
                    continue;
                }
                if !self.ended && WORDS.iter().any(|word| word.starts_with(rest)) {
                    break;
                }
            } else {
                self.in_text = byte == b'"';
            }
            self.plain.push(byte);
            at += 1;
        }
        self.raw.drain(..at);
    }
}

impl<R: Read> Read for PlainJson<R> {
    fn read(&mut self, block: &mut [u8]) -> io::Result<usize> {
        if self.given == self.plain.len() {
            self.fill()?;
        }
        let length = block.len().min(self.plain.len() - self.given);
        block[..length].copy_from_slice(&self.plain[self.given..self.given + length]);
        self.given += length;
        Ok(length)
    }
}

/// Calls `each` with every object of a JSON list, as a stream; it counts from 1. What `each` returns ends it.
pub(super) struct EachObject<'a, E> {
    pub(super) each: &'a mut dyn FnMut(u64, Object) -> Result<(), E>,
    /// What `each` ended with.
    pub(super) ended: &'a mut Option<E>,
}

impl<'de, E> DeserializeSeed<'de> for EachObject<'_, E> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, decoder: D) -> Result<(), D::Error> {
        decoder.deserialize_seq(self)
    }
}

impl<'de, E> Visitor<'de> for EachObject<'_, E> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut number = 0;
        while let Some(object) = list.next_element::<Object>()? {
            number += 1;
            if let Err(error) = (self.each)(number, object) {
                *self.ended = Some(error);
                return Err(serde::de::Error::custom("ended"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time.
    struct Slow<'a>(&'a [u8]);
    impl Read for Slow<'_> {
        fn read(&mut self, block: &mut [u8]) -> io::Result<usize> {
            let length = self.0.len().min(block.len()).min(1);
            block[..length].copy_from_slice(&self.0[..length]);
            self.0 = &self.0[length..];
            Ok(length)
        }
    }

    #[test]
    fn pythons_words_become_null_outside_texts_wherever_a_block_ends() {
        for (given, expected) in [
            (r#"{"a":NaN,"b":[-Infinity, Infinity,-1]}"#, r#"{"a":null,"b":[null, null,-1]}"#),
            (r#"{"NaN":"NaN \" Infinity \\","c":NaN}"#, r#"{"NaN":"NaN \" Infinity \\","c":null}"#),
            ("Na", "Na"),
            ("-", "-"),
            ("", ""),
        ] {
            let mut text = String::new();
            PlainJson::new(Slow(given.as_bytes())).read_to_string(&mut text).unwrap();
            assert_eq!(text, expected);
            text.clear();
            PlainJson::new(given.as_bytes()).read_to_string(&mut text).unwrap();
            assert_eq!(text, expected);
        }
    }
}
