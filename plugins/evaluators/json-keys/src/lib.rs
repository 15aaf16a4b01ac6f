//! Compares the keys of the JSON object in the answer with the required ones.

use std::collections::BTreeSet;

use routerlab_sdk::answer::labelled_rest;
use routerlab_sdk::{Error, Evaluator, Item, NoConfig, Outcome, export_evaluator};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// The evaluator.
pub struct JsonKeys;

impl Evaluator for JsonKeys {
    const NAME: &'static str = "json-keys";
    type Config = NoConfig;

    fn new(_: NoConfig) -> Result<Self, Error> {
        Ok(Self)
    }

    fn score(&self, item: &Item, _: &[String]) -> Outcome {
        let Ok(wanted) = serde_json::from_str::<BTreeSet<String>>(&item.ground_truth) else {
            return Outcome::unknown("the ground truth is not a JSON list of strings");
        };
        let in_rest = labelled_rest(&item.raw_output).and_then(keys);
        match in_rest.or_else(|| keys(&item.raw_output)) {
            Some(found) => {
                let named: Vec<&str> = found.iter().map(String::as_str).collect();
                Outcome::right_if(found == wanted).predicted(named.join(", "))
            }
            None => Outcome::right_if(false).because("no JSON object in the output"),
        }
    }
}

/// The keys of the object that begins at the first brace; what follows the object is ignored.
fn keys(text: &str) -> Option<BTreeSet<String>> {
    let object = &text[text.find('{')?..];
    let mut reader = serde_json::Deserializer::from_str(object);
    let object = std::collections::BTreeMap::<String, IgnoredAny>::deserialize(&mut reader).ok()?;
    Some(object.into_keys().collect())
}

export_evaluator!(JsonKeys);

#[cfg(test)]
mod tests {
    use super::JsonKeys;
    use routerlab_sdk::{Evaluator, Item};

    fn score(output: &str, truth: &str) -> Option<f64> {
        let item = Item { raw_output: output.into(), ground_truth: truth.into(), ..Item::default() };
        JsonKeys.score(&item, &[]).score
    }

    #[test]
    fn the_set_of_keys_must_be_the_required_one() {
        let cases = [
            (r#"{"name": "x", "age": 3}"#, 1.0),
            (r#"Answer: {"age": null, "name": {"first": []}} as asked"#, 1.0),
            ("```json\n{\n  \"age\": 1,\n  \"name\": 2\n}\n```", 1.0),
            ("Here:\n{\"age\": 1,\n\"name\": 2}\nAnswer: done {", 1.0),
            (r#"{"name": "x"}"#, 0.0),
            (r#"{"name": "x", "age": 3, "more": 1}"#, 0.0),
            (r#"{"name": "x", "age": 3"#, 0.0),
            (r#"{'name': 'x', 'age': 3}"#, 0.0),
            ("nothing", 0.0),
        ];
        for (output, expected) in cases {
            assert_eq!(score(output, r#"["age", "name"]"#), Some(expected), "{output}");
        }
    }

    #[test]
    fn a_ground_truth_that_is_no_list_gives_no_score() {
        assert_eq!(score("{}", "age"), None);
        assert_eq!(score("{}", ""), None);
        assert_eq!(score("{}", "[]"), Some(1.0));
    }
}
