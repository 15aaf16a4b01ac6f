//! A research idea and its six fields.

use routerlab_answers::json::embedded;
use routerlab_answers::strip;
use serde::Deserialize;
use serde_json::{Map, Value};

/// The fields of a reply, and what the ground truth calls them.
pub(crate) const FIELDS: [(&str, &str); 6] = [
    ("Idea", "core_idea"),
    ("ImplementationSteps", "implementation_steps"),
    ("ImplementationOrder", "implementation_order"),
    ("Dataset", "data"),
    ("EvaluationMetrics", "evaluation_metrics"),
    ("ExpectedOutcome", "expected_outcome"),
];

/// The values of the fields, in the order of [`FIELDS`]; null where there is none.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub(crate) struct Idea([Value; 6]);

/// The names of a reply, in any spelling: "implementation_steps" and "Implementation Steps" are ImplementationSteps.
impl TryFrom<Map<String, Value>> for Idea {
    type Error = &'static str;

    fn try_from(map: Map<String, Value>) -> Result<Self, Self::Error> {
        let mut idea = Self::default();
        for (name, value) in map {
            if let Some(place) = FIELDS.iter().position(|(field, _)| same_name(field, &name)) {
                idea.0[place] = value;
            }
        }
        if idea.0.iter().all(Value::is_null) { Err("none of the six fields") } else { Ok(idea) }
    }
}

impl Idea {
    /// The idea of a reply: the first JSON object with one of the fields, wherever it stands, or else what follows the
    /// names of the fields at the beginning of lines.
    pub(crate) fn of_reply(reply: &str) -> Option<Self> {
        embedded(reply, '{').or_else(|| Self::of_lines(reply))
    }

    /// The idea of the ground truth; none where it is no object with a core idea.
    pub(crate) fn of_key(key: &str) -> Option<Self> {
        let mut map: Map<String, Value> = serde_json::from_str(key).ok()?;
        let idea = Self(FIELDS.map(|(_, name)| map.remove(name).unwrap_or_default()));
        (!idea.text().trim().is_empty()).then_some(idea)
    }

    fn of_lines(reply: &str) -> Option<Self> {
        let mut idea = Self::default();
        let mut open: Option<(usize, usize)> = None;
        let mut at = 0;
        for line in reply.split_inclusive('\n') {
            if let Some((place, length)) = label(line) {
                idea.close(reply, open, at);
                open = Some((place, at + length));
            }
            at += line.len();
        }
        idea.close(reply, open, reply.len());
        (!idea.0.iter().all(Value::is_null)).then_some(idea)
    }

    /// Takes what stands between a label and the next for the value of the field; the first one counts.
    fn close(&mut self, reply: &str, open: Option<(usize, usize)>, end: usize) {
        let Some((place, start)) = open else { return };
        let is_mark = |char: char| char.is_whitespace() || matches!(char, '*' | '`' | ',');
        let text = reply[start..end].trim_matches(is_mark);
        if text.is_empty() || !self.0[place].is_null() {
            return;
        }
        // A value that is JSON is read as such; otherwise it is the text.
        let first = serde_json::Deserializer::from_str(text).into_iter::<Value>().next();
        let json = first.and_then(Result::ok).filter(|value| !value.is_number());
        self.0[place] = json.unwrap_or_else(|| Value::String(text.trim_matches('"').to_owned()));
    }

    /// The idea itself.
    pub(crate) fn text(&self) -> String {
        plain(&self.0[0])
    }

    /// The steps: each with its name, where they have names.
    pub(crate) fn steps(&self) -> &Value {
        &self.0[1]
    }

    /// Which step follows which.
    pub(crate) fn order(&self) -> &Value {
        &self.0[2]
    }

    /// How many of the six fields say something.
    pub(crate) fn filled(&self) -> usize {
        self.0.iter().filter(|value| !strip(&plain(value)).is_empty()).count()
    }

    /// The fields as text for a judge.
    pub(crate) fn shown(&self) -> String {
        let filled = FIELDS.iter().zip(&self.0).filter(|(_, value)| !value.is_null());
        filled.map(|((name, _), value)| format!("{name}: {}\n", plain(value))).collect::<String>().trim_end().to_owned()
    }

    /// The fields as a JSON object.
    pub(crate) fn json(&self) -> String {
        let filled = FIELDS.iter().zip(&self.0).filter(|(_, value)| !value.is_null());
        let map: Map<String, Value> = filled.map(|((name, _), value)| ((*name).to_owned(), value.clone())).collect();
        Value::Object(map).to_string()
    }
}

/// A text as it is, anything else as JSON; null, and a list or an object without anything in it, as nothing.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(list) if list.is_empty() => String::new(),
        Value::Object(map) if map.is_empty() => String::new(),
        other => other.to_string(),
    }
}

/// Whether two names differ in letter case, blanks, dashes and underscores only.
fn same_name(one: &str, other: &str) -> bool {
    let letters = |text: &str| -> Vec<u8> {
        // No field has more letters than this.
        text.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase()).take(32).collect()
    };
    letters(one) == letters(other) && other.is_ascii()
}

/// The field whose name a line begins with, behind markup and before a colon, and how many bytes they take.
fn label(line: &str) -> Option<(usize, usize)> {
    let is_mark = |char: char| char.is_whitespace() || matches!(char, '*' | '#' | '`' | '"' | '-' | '_' | '{');
    let start = line.trim_start_matches(is_mark);
    let start = start.trim_start_matches(|char: char| char.is_ascii_digit() || matches!(char, '.' | ')' | ' ' | '*'));
    let (name, rest) = start.split_once(':')?;
    let place = FIELDS.iter().position(|(field, _)| same_name(field, name.trim_matches(is_mark)))?;
    Some((place, line.len() - rest.len()))
}

#[cfg(test)]
mod tests {
    use super::Idea;
    use serde_json::{Value, json};

    fn found(reply: &str) -> Option<Value> {
        Idea::of_reply(reply).map(|idea| serde_json::from_str(&idea.json()).unwrap())
    }

    #[test]
    fn the_fields_are_found_in_json_or_behind_their_names() {
        let cases = [
            ("```json\n{\"Idea\": \"x\"}\n```", Some(json!({"Idea": "x"}))),
            (
                "Use {a}. {\"idea\": \"x\", \"expected_outcome\": 1, \"more\": 2}",
                Some(json!({"Idea": "x", "ExpectedOutcome": 1})),
            ),
            ("**Idea:** x\nand y\n\n## Dataset: D", Some(json!({"Idea": "x\nand y", "Dataset": "D"}))),
            (
                "\"Idea\": \"x\",\n\"ImplementationOrder\": [\"1-2\"],",
                Some(json!({"Idea": "x", "ImplementationOrder": ["1-2"]})),
            ),
            ("1. Idea: 3 days\nidea: second", Some(json!({"Idea": "3 days"}))),
            ("{\"Idea\": \"x\", \"ImplementationSteps\": {\"1\": \"a\"}", Some(json!({"Idea": "x"}))),
            ("{\"other\": \"x\"}", None),
            ("an idea : none", None),
            ("Idea:", None),
            ("", None),
        ];
        for (reply, expected) in cases {
            assert_eq!(found(reply), expected, "{reply}");
        }
    }

    #[test]
    fn a_key_needs_a_core_idea() {
        assert_eq!(Idea::of_key(r#"{"core_idea": "x", "data": "D"}"#).unwrap().shown(), "Idea: x\nDataset: D");
        for key in ["", "[]", "{}", r#"{"core_idea": " "}"#, "x"] {
            assert_eq!(Idea::of_key(key), None, "{key}");
        }
    }

    #[test]
    fn empty_fields_say_nothing() {
        let idea = Idea::of_reply(
            r#"{"Idea": " ", "Dataset": [], "EvaluationMetrics": {"a": 1}, "ImplementationSteps": null}"#,
        );
        assert_eq!(idea.unwrap().filled(), 1);
    }
}
