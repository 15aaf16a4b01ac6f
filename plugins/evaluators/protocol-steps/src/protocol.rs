//! Steps of the form `name = <action>( key=value ... )`.

use std::collections::BTreeMap;

/// One step.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Step<'a> {
    /// What later steps call its results.
    pub(crate) outputs: Vec<&'a str>,
    pub(crate) action: &'a str,
    /// Values by their names.
    pub(crate) parameters: BTreeMap<&'a str, &'a str>,
}

/// The steps of a text, in their order; what stands between them is passed over. A step that is never closed ends where
/// the next one begins, or the text ends. A step begins with its line.
pub(crate) fn steps(text: &str) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let line = line_from(text, at);
        let Some((outputs, action, body)) = header(line) else {
            at += line.len() + 1;
            continue;
        };
        let start = at + body;
        let (end, next) = closing(text, start);
        steps.push(Step { outputs, action, parameters: parameters(&text[start..end]) });
        at = next;
    }
    steps
}

/// The line that begins at `at`, without its end.
fn line_from(text: &str, at: usize) -> &str {
    let rest = &text[at..];
    rest.find('\n').map_or(rest, |end| &rest[..end])
}

/// Outputs, action, and where the parameters begin.
fn header(line: &str) -> Option<(Vec<&str>, &str, usize)> {
    let (names, rest) = line.split_once('=')?;
    let outputs: Vec<&str> = names.split(',').map(str::trim).collect();
    if !outputs.iter().all(|name| is_name(name)) {
        return None;
    }
    let (action, rest) = rest.trim_start().strip_prefix('<')?.split_once('>')?;
    let body = rest.trim_start().strip_prefix('(')?;
    Some((outputs, action.trim(), line.len() - body.len()))
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|char| char.is_alphanumeric() || char == '_')
}

/// Where the parameters end that begin at `start`, and where to go on.
fn closing(text: &str, start: usize) -> (usize, usize) {
    let mut depth = 1_usize;
    let mut quote = None;
    let mut before = '(';
    for (offset, char) in text[start..].char_indices() {
        let at = start + offset;
        match (quote, char) {
            (_, '\n') => {
                // A quotation ends with its line, and a new step ends an unclosed one.
                quote = None;
                if header(line_from(text, at + 1)).is_some() {
                    return (at, at + 1);
                }
            }
            (Some(open), char) if char == open && before != '\\' => quote = None,
            (Some(_), _) => {}
            // Inside a word it is an apostrophe.
            (None, '"' | '\'') if !before.is_alphanumeric() => quote = Some(char),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => {
                depth -= 1;
                if depth == 0 {
                    return (at, at + line_from(text, at).len());
                }
            }
            (None, _) => {}
        }
        before = char;
    }
    (text.len(), text.len())
}

/// `key=value`, separated by line ends and by commas outside brackets and quotation marks.
fn parameters(body: &str) -> BTreeMap<&str, &str> {
    let mut parameters = BTreeMap::new();
    let mut from = 0;
    let mut depth = 0_usize;
    let mut quote = None;
    let mut before = '\n';
    let ends = body.char_indices().chain([(body.len(), '\n')]);
    for (at, char) in ends {
        match (quote, char) {
            (None, ',') if depth > 0 => {}
            (_, '\n') | (None, ',') => {
                (quote, depth) = (None, if char == '\n' { 0 } else { depth });
                let part = &body[from..at];
                if let Some((name, value)) = part.split_once('=')
                    && is_parameter(name.trim())
                {
                    parameters.insert(name.trim(), value.trim());
                }
                from = (at + 1).min(body.len());
            }
            (Some(open), char) if char == open && before != '\\' => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') if !before.is_alphanumeric() => quote = Some(char),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, _) => {}
        }
        before = char;
    }
    parameters
}

/// Names of parameters may have blanks and dashes in them, quotation marks not.
fn is_parameter(name: &str) -> bool {
    !name.is_empty() && !name.contains(['"', '\'', '('])
}

/// The names in a value that `known` knows, outside quotation marks.
pub(crate) fn references<'a, T>(value: &'a str, known: impl Fn(&'a str) -> Option<T>) -> Vec<T> {
    let mut found = Vec::new();
    let mut quote = None;
    let mut rest = value;
    let mut before = ' ';
    while let Some(char) = rest.chars().next() {
        let is_word = |char: char| char.is_alphanumeric() || char == '_';
        let length = match quote {
            None if is_word(char) => {
                let end = rest.find(|char| !is_word(char)).unwrap_or(rest.len());
                found.extend(known(&rest[..end]));
                end
            }
            None if matches!(char, '"' | '\'') && !before.is_alphanumeric() => {
                quote = Some(char);
                1
            }
            Some(open) if char == open && before != '\\' => {
                quote = None;
                1
            }
            _ => char.len_utf8(),
        };
        before = rest[..length].chars().next_back().unwrap_or(' ');
        rest = &rest[length..];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{references, steps};

    /// Steps as "outputs: action(name=value; ...)".
    fn shown(text: &str) -> Vec<String> {
        let step = |step: &super::Step| {
            let parameters: Vec<_> = step.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!("{}: {}({})", step.outputs.join("+"), step.action, parameters.join("; "))
        };
        steps(text).iter().map(step).collect()
    }

    #[test]
    fn steps_are_found_among_other_lines() {
        let cases: [(&str, &[&str]); 8] = [
            (
                "a = <Weigh>(\n    mass=\"5 g\",\n    of=x\n)\n\nb = <Heat>()",
                &["a: Weigh(mass=\"5 g\"; of=x)", "b: Heat()"],
            ),
            ("Plan:\n a, b=<Split it>( of = c, into=[a, 2] ) done", &["a+b: Split it(into=[a, 2]; of=c)"]),
            ("a = <Mix>(\n  note=\"stir (well), then wait\"\n)", &["a: Mix(note=\"stir (well), then wait\")"]),
            ("a = <Mix>(\n  x=1\nb = <Heat>(\n  y=2", &["a: Mix(x=1)", "b: Heat(y=2)"]),
            ("a = <Mix>(\n  x=it's 5\n  y=\"open\n)\nb = <Heat>()", &["a: Mix(x=it's 5; y=\"open)", "b: Heat()"]),
            ("a = <Mix> with b\n= <Heat>()\na b = <Heat>()", &[]),
            ("a = <Mix>(x)", &["a: Mix()"]),
            ("", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn references_stand_outside_quotation_marks() {
        let known = |name: &'static str| ["a", "b1"].contains(&name).then_some(name);
        assert_eq!(references("[a, \"a b1\", b1.x, ab]", known), ["a", "b1"]);
        assert_eq!(references("a's \u{e9}b1 'a", known), ["a"]);
    }

    #[test]
    fn long_texts_are_no_trouble() {
        assert_eq!(steps(&"a=<b>(\n".repeat(20_000)).len(), 20_000);
        assert_eq!(steps(&"a=<b>(".repeat(20_000)).len(), 1);
        assert_eq!(steps(&"a=<b>()".repeat(20_000)).len(), 1);
    }
}
