//! Which functions of a program are left open, and whether a text completes one. Python is scanned, not parsed or run.

use routerlab_answers::Mode;
use serde_json::{Map, Value};

/// The names of the open functions: `incomplete_functions` of the metadata, otherwise every function at the left margin
/// of `incomplete_main_code`.
pub(crate) fn open(metadata: &Map<String, Value>) -> Vec<&str> {
    match metadata.get("incomplete_functions") {
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => {
            let code = metadata.get("incomplete_main_code").and_then(Value::as_str).unwrap_or_default();
            code.lines().filter_map(defined).collect()
        }
    }
}

/// Whether a text defines one of these functions at its left margin. In fixed the margin is where the outermost `def` of
/// the text stands: code may be indented as a whole.
pub(crate) fn any_defined(text: &str, names: &[&str], mode: Mode) -> bool {
    let definitions = || {
        text.lines().filter_map(|line| {
            let code = line.trim_start_matches([' ', '\t']);
            Some((line.len() - code.len(), defined(code)?))
        })
    };
    let margin = match mode {
        Mode::Compat => 0,
        Mode::Fixed => definitions().map(|(indent, _)| indent).min().unwrap_or(0),
    };
    definitions().any(|(indent, name)| indent == margin && names.contains(&name))
}

/// The name of the function that a line begins to define.
fn defined(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("async ").map_or(line, |rest| rest.trim_start_matches([' ', '\t']));
    let name = rest.strip_prefix("def")?;
    let start = name.trim_start_matches([' ', '\t']);
    let (name, _) = start.split_once('(').filter(|_| start.len() < name.len())?;
    Some(name.trim_end_matches([' ', '\t'])).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{any_defined, open};
    use routerlab_answers::Mode;
    use serde_json::json;

    #[test]
    fn functions_stand_at_the_left_margin() {
        let cases = [
            ("def f(x):\n    return x", true, true),
            ("import re\nasync  def  f (x): pass", true, true),
            ("```python\ndef f(x):\n    pass\n```", true, true),
            ("def g():\n    def f(x): pass", false, false),
            ("Sure:\n\n    def f(x):\n        pass", false, true),
            ("deff(x):", false, false),
            ("def ff(x):", false, false),
            ("def f", false, false),
            ("\u{e9}\n\u{e9}\u{e9}\n  def f(", false, true),
            ("", false, false),
        ];
        for (text, compat, fixed) in cases {
            assert_eq!(any_defined(text, &["f"], Mode::Compat), compat, "{text}");
            assert_eq!(any_defined(text, &["f"], Mode::Fixed), fixed, "{text}");
        }
    }

    #[test]
    fn open_functions_are_named_or_those_of_the_program() {
        let cases = [
            (json!({"incomplete_functions": ["f", 1, "g"]}), vec!["f", "g"]),
            (json!({"incomplete_main_code": "def f(x):\n    pass\n\nprint(f(2))\ndef g(): pass"}), vec!["f", "g"]),
            (json!({"incomplete_functions": 3}), vec![]),
            (json!({}), vec![]),
        ];
        for (metadata, expected) in cases {
            assert_eq!(open(metadata.as_object().unwrap()), expected, "{metadata}");
        }
    }
}
