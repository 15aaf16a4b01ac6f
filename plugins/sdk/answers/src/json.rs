//! JSON somewhere in what a model wrote. Nothing is repaired, and nothing is ever evaluated as code.

use serde::de::DeserializeOwned;
use serde_json::Deserializer;

/// How many places are tried: enough for prose with brackets in it, and a bound on the work for a text of brackets.
const MAX_STARTS: usize = 64;

/// The first value that begins with `open` (a brace or a bracket) and reads as a `T`; what stands round it is ignored.
pub fn embedded<T: DeserializeOwned>(text: &str, open: char) -> Option<T> {
    let starts = text.match_indices(open).map(|(start, _)| start).take(MAX_STARTS);
    starts.map(|start| &text[start..]).find_map(|rest| Deserializer::from_str(rest).into_iter().next()?.ok())
}

#[cfg(test)]
mod tests {
    use super::embedded;
    use serde_json::{Map, Value, json};

    #[test]
    fn the_first_value_that_reads_counts() {
        let cases = [
            ("Here: {\"a\": 1} and {\"a\": 2}", Some(json!({"a": 1}))),
            ("```json\n{\"a\": [1]}\n```", Some(json!({"a": [1]}))),
            ("{x} is set; {\"a\": 1}", Some(json!({"a": 1}))),
            ("{'a': 1}", None),
            ("{\"a\": 1", None),
            ("no object", None),
        ];
        for (text, expected) in cases {
            assert_eq!(embedded::<Map<String, Value>>(text, '{').map(Value::Object), expected, "{text}");
        }
    }

    #[test]
    fn deep_and_long_texts_are_no_trouble() {
        assert_eq!(embedded::<Vec<Value>>(&"[".repeat(100_000), '['), None);
        assert_eq!(embedded::<Vec<Value>>(&"[1,".repeat(100_000), '['), None);
    }
}
