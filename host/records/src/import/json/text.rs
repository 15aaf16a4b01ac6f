//! Any JSON as a text: a text is itself, everything else its JSON, in the order of the file and spelled as Python's
//! `json.dumps` does without `ensure_ascii`, since that is how the reference turns it into text.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// A text; none for null.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::import) struct AnyText(pub(in crate::import) Option<String>);

impl<'de> Deserialize<'de> for AnyText {
    fn deserialize<D: Deserializer<'de>>(decoder: D) -> Result<Self, D::Error> {
        let mut out = String::new();
        let is_null = decoder.deserialize_any(Writer { out: &mut out, plain: true })?;
        Ok(Self((!is_null).then_some(out)))
    }
}

/// Writes one value; says whether it was null.
struct Writer<'a> {
    out: &'a mut String,
    /// Whether a text is written without its quotes.
    plain: bool,
}

impl<'de> DeserializeSeed<'de> for Writer<'_> {
    type Value = bool;
    fn deserialize<D: Deserializer<'de>>(self, decoder: D) -> Result<bool, D::Error> {
        decoder.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Writer<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }
    fn visit_unit<E: Error>(self) -> Result<bool, E> {
        self.out.push_str("null");
        Ok(true)
    }
    fn visit_bool<E: Error>(self, value: bool) -> Result<bool, E> {
        self.out.push_str(if value { "true" } else { "false" });
        Ok(false)
    }
    fn visit_u64<E: Error>(self, value: u64) -> Result<bool, E> {
        self.out.push_str(&value.to_string());
        Ok(false)
    }
    fn visit_i64<E: Error>(self, value: i64) -> Result<bool, E> {
        self.out.push_str(&value.to_string());
        Ok(false)
    }
    fn visit_f64<E: Error>(self, value: f64) -> Result<bool, E> {
        self.out.push_str(&float(value));
        Ok(false)
    }
    fn visit_str<E: Error>(self, value: &str) -> Result<bool, E> {
        match self.plain {
            true => self.out.push_str(value),
            false => quoted(value, self.out),
        }
        Ok(false)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<bool, A::Error> {
        self.out.push('[');
        let mut first = true;
        loop {
            let before = self.out.len();
            if !std::mem::take(&mut first) {
                self.out.push_str(", ");
            }
            if items.next_element_seed(Writer { out: self.out, plain: false })?.is_none() {
                self.out.truncate(before);
                self.out.push(']');
                return Ok(false);
            }
        }
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<bool, A::Error> {
        self.out.push('{');
        let mut keys = BTreeSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            if !keys.is_empty() {
                self.out.push_str(", ");
            }
            quoted(&key, self.out);
            self.out.push_str(": ");
            entries.next_value_seed(Writer { out: self.out, plain: false })?;
            if let Some(twice) = keys.replace(key) {
                return Err(A::Error::custom(format_args!("the key `{twice}` is given twice")));
            }
        }
        self.out.push('}');
        Ok(false)
    }
}

/// Adds a text in quotes.
pub(crate) fn quoted(text: &str, out: &mut String) {
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\0'..='\u{1f}' => out.push_str(&format!("\\u{:04x}", u32::from(char))),
            char => out.push(char),
        }
    }
    out.push('"');
}

/// A number with as few digits as tell it from others, in Python's spelling.
pub(crate) fn float(value: f64) -> String {
    let text = format!("{value:e}");
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let power: i32 = exponent.parse().unwrap_or_default();
    if (-4..16).contains(&power) {
        let plain = format!("{value}");
        return if plain.contains('.') { plain } else { plain + ".0" };
    }
    let sign = if power < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", power.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_json_becomes_the_text_that_python_makes_of_it() {
        let cases = [
            (r#""plain \"text\"""#, Some("plain \"text\"")),
            ("null", None),
            ("true", Some("true")),
            ("-3", Some("-3")),
            ("1.0", Some("1.0")),
            ("1e-5", Some("1e-05")),
            ("0.0001", Some("0.0001")),
            ("1e16", Some("1e+16")),
            ("123456789012345680.5", Some("1.2345678901234568e+17")),
            ("[]", Some("[]")),
            ("[[1,2],[\"a\\u0001ü\\n\"]]", Some("[[1, 2], [\"a\\u0001ü\\n\"]]")),
            (r#"{"b":1,"a":{"c":null}}"#, Some(r#"{"b": 1, "a": {"c": null}}"#)),
        ];
        for (json, expected) in cases {
            assert_eq!(serde_json::from_str::<AnyText>(json).unwrap().0.as_deref(), expected, "{json}");
        }
        let twice = serde_json::from_str::<AnyText>(r#"{"a":1,"a":2}"#).unwrap_err().to_string();
        assert!(twice.starts_with("the key `a` is given twice"), "{twice}");
        assert!(serde_json::from_str::<AnyText>(&"[".repeat(100_000)).is_err());
    }
}
