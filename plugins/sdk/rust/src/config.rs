//! A plugin's own configuration, and what its values must be.

use std::fmt::Display;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::Error;

/// The configuration of a plugin that has nothing to set: any key is refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoConfig {}

/// A count that must not be 0.
///
/// # Errors
/// [`Error::InvalidConfig`], naming the key.
pub fn at_least_one(key: &str, count: u32) -> Result<(), Error> {
    if count == 0 { Err(Error::config(key, "must be at least 1: 0")) } else { Ok(()) }
}

/// A number of 0 or more.
///
/// # Errors
/// [`Error::InvalidConfig`], naming the key.
pub fn not_negative<N: Into<f64> + Copy + Display>(key: &str, value: N) -> Result<(), Error> {
    match value.into() {
        number if number.is_finite() && number >= 0.0 => Ok(()),
        _ => Err(Error::config(key, format!("must be finite and not negative: {value}"))),
    }
}

/// A number above 0.
///
/// # Errors
/// [`Error::InvalidConfig`], naming the key.
pub fn positive<N: Into<f64> + Copy + Display>(key: &str, value: N) -> Result<(), Error> {
    match value.into() {
        number if number.is_finite() && number > 0.0 => Ok(()),
        _ => Err(Error::config(key, format!("must be finite and positive: {value}"))),
    }
}

/// Reads a configuration. An empty text is `{}`. The author's type refuses unknown keys with
/// `#[serde(default, deny_unknown_fields)]`; the error names the key.
pub(crate) fn parse<C: DeserializeOwned + Default>(text: &str) -> Result<C, Error> {
    if text.trim().is_empty() {
        return Ok(C::default());
    }
    // First as an object: a derived type would also take a list of its fields' values.
    let keys: Map<String, Value> =
        serde_json::from_str(text).map_err(|error| Error::InvalidConfig(format!("is not a JSON object: {error}")))?;
    let whole = match serde_json::from_str(text) {
        Ok(config) => return Ok(config),
        Err(error) => error,
    };
    // Each key alone: the one that fails alone is the one to name.
    for (key, value) in keys {
        let alone = Value::Object(Map::from_iter([(key.clone(), value)]));
        if let Err(error) = serde_json::from_value::<C>(alone) {
            return Err(Error::InvalidConfig(format!("`{key}`: {error}")));
        }
    }
    Err(Error::InvalidConfig(whole.to_string()))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::{NoConfig, at_least_one, not_negative, parse, positive};
    use crate::Error;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Knobs {
        k: Option<u32>,
        beta: f64,
    }

    #[test]
    fn an_empty_text_is_the_default() {
        assert_eq!(parse::<Knobs>(""), Ok(Knobs::default()));
        assert_eq!(parse::<Knobs>(" \n"), Ok(Knobs::default()));
        assert_eq!(parse::<NoConfig>("{}"), Ok(NoConfig {}));
    }

    #[test]
    fn a_value_out_of_range_is_named_with_its_key() {
        assert_eq!(
            (at_least_one("k", 1), not_negative("beta", 0.0), positive("rate", 0.1_f32)),
            (Ok(()), Ok(()), Ok(()))
        );
        let cases = [
            (at_least_one("k", 0), "`k` must be at least 1: 0"),
            (not_negative("beta", -0.1_f32), "`beta` must be finite and not negative: -0.1"),
            (not_negative("beta", f64::INFINITY), "`beta` must be finite and not negative: inf"),
            (positive("rate", 0.0), "`rate` must be finite and positive: 0"),
            (positive("rate", f32::NAN), "`rate` must be finite and positive: NaN"),
        ];
        for (found, expected) in cases {
            assert_eq!(found, Err(Error::InvalidConfig(expected.into())));
        }
    }

    #[test]
    fn known_keys_are_read() {
        assert_eq!(parse::<Knobs>(r#"{"k": 3, "beta": 0.5}"#), Ok(Knobs { k: Some(3), beta: 0.5 }));
    }

    #[test]
    fn the_error_names_the_key() {
        let cases = [
            (r#"{"kk": 3}"#, "`kk`: unknown field `kk`, expected `k` or `beta`"),
            (r#"{"beta": 1, "k": "three"}"#, "`k`: invalid type: string \"three\", expected u32"),
            (r#"{"k": -1}"#, "`k`: invalid value: integer `-1`, expected u32"),
            ("[1]", "is not a JSON object: invalid type: sequence, expected a map at line 1 column 0"),
            ("{", "is not a JSON object: EOF while parsing an object at line 1 column 1"),
        ];
        for (text, expected) in cases {
            assert_eq!(parse::<Knobs>(text), Err(Error::InvalidConfig(expected.into())), "{text}");
        }
    }
}
