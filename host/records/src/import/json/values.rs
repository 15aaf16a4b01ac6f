//! Single values, each with words of its own for what was expected.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Unexpected, Visitor};

/// A number; none for null.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::import) struct Number(pub(in crate::import) Option<f64>);

/// A number, or true for 1 and false for 0; none for null.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::import) struct Truth(pub(in crate::import) Option<f64>);

/// A whole number of 0 or more; none for null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::import) struct Whole(pub(in crate::import) Option<u64>);

/// A text; none for null.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::import) struct Text(pub(in crate::import) Option<String>);

/// A text or a list of texts; empty for null.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::import) struct Texts(pub(in crate::import) Vec<String>);

/// Defines how one of them is read.
macro_rules! value {
    ($name:ident, $expected:literal, $null:expr, { $($visit:item)+ }) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(decoder: D) -> Result<Self, D::Error> {
                struct Only;
                impl<'de> Visitor<'de> for Only {
                    type Value = $name;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expected)
                    }
                    fn visit_unit<E: Error>(self) -> Result<$name, E> {
                        Ok($null)
                    }
                    $($visit)+
                }
                decoder.deserialize_any(Only)
            }
        }
    };
}

#[allow(clippy::cast_precision_loss, reason = "a score or cost needs no more digits than a float has")]
mod read {
    use super::*;

    value!(Number, "a number or null", Number(None), {
        fn visit_u64<E: Error>(self, value: u64) -> Result<Number, E> {
            Ok(Number(Some(value as f64)))
        }
        fn visit_i64<E: Error>(self, value: i64) -> Result<Number, E> {
            Ok(Number(Some(value as f64)))
        }
        fn visit_f64<E: Error>(self, value: f64) -> Result<Number, E> {
            Ok(Number(Some(value)))
        }
    });

    value!(Truth, "a number, true, false or null", Truth(None), {
        fn visit_bool<E: Error>(self, value: bool) -> Result<Truth, E> {
            Ok(Truth(Some(f64::from(u8::from(value)))))
        }
        fn visit_u64<E: Error>(self, value: u64) -> Result<Truth, E> {
            Ok(Truth(Some(value as f64)))
        }
        fn visit_i64<E: Error>(self, value: i64) -> Result<Truth, E> {
            Ok(Truth(Some(value as f64)))
        }
        fn visit_f64<E: Error>(self, value: f64) -> Result<Truth, E> {
            Ok(Truth(Some(value)))
        }
    });
}

value!(Whole, "a whole number of 0 or more, or null", Whole(None), {
    fn visit_u64<E: Error>(self, value: u64) -> Result<Whole, E> {
        Ok(Whole(Some(value)))
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, not negative, below 2^53")]
    fn visit_f64<E: Error>(self, value: f64) -> Result<Whole, E> {
        match value.fract() == 0.0 && (0.0..9e15).contains(&value) {
            true => Ok(Whole(Some(value as u64))),
            false => Err(E::invalid_value(Unexpected::Float(value), &self)),
        }
    }
});

value!(Text, "a text or null", Text(None), {
    fn visit_str<E: Error>(self, value: &str) -> Result<Text, E> {
        Ok(Text(Some(value.to_owned())))
    }
    fn visit_string<E: Error>(self, value: String) -> Result<Text, E> {
        Ok(Text(Some(value)))
    }
});

value!(Texts, "a text, a list of texts, or null", Texts(Vec::new()), {
    fn visit_str<E: Error>(self, value: &str) -> Result<Texts, E> {
        Ok(Texts(vec![value.to_owned()]))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Texts, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = items.next_element::<String>()? {
            texts.push(text);
        }
        Ok(Texts(texts))
    }
});
