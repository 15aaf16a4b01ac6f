//! What stands in brackets, and what is dropped from it before it is compared.

/// The content of every `[[...]]` in order, each as short as possible.
pub(super) fn double(text: &str) -> Vec<&str> {
    between(text, "[[", "]]")
}

/// The content of every `[...]`.
pub(super) fn single(text: &str) -> Vec<&str> {
    between(text, "[", "]")
}

/// The content of every `$\boxed{...}$`.
pub(super) fn dollar_boxed(text: &str) -> Vec<&str> {
    between(text, "$\\boxed{", "}$")
}

fn between<'a>(text: &'a str, open: &str, close: &str) -> Vec<&'a str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(open) {
        let content = &rest[start + open.len()..];
        let Some(end) = content.find(close) else { break };
        found.push(&content[..end]);
        rest = &content[end + close.len()..];
    }
    found
}

/// How much is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// Double quotes, newlines, blanks, square brackets.
    Clean,
    /// Double quotes, newlines, blanks, full stops.
    Logic,
    /// What LaTeX puts round a formula, and everything up to the last equals sign.
    Math,
}

pub(super) fn dropped(text: &str, level: Level) -> String {
    let without = |chars: &[char]| text.chars().filter(|char| !chars.contains(char)).collect::<String>();
    match level {
        Level::Clean => without(&['"', '\n', ' ', '[', ']']),
        Level::Logic => without(&['"', '\n', ' ', '.']),
        Level::Math => {
            let text = without(&['"', '\'', '\n', '[', ']', '$']);
            let text = text.rsplit('=').next().unwrap_or_default().to_owned();
            let text = without_text_commands(&text);
            ["\\(", "\\)", "\\left", "\\right", "\\displaystyle"]
                .iter()
                .fold(text, |text, part| text.replace(part, ""))
                .replace("\\\\", "\\")
        }
    }
}

fn without_text_commands(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("\\text{") {
        let Some(end) = rest[start..].find('}') else { break };
        out.push_str(&rest[..start]);
        rest = &rest[start + end + 1..];
    }
    out + rest
}

/// The reference's reading: the first in double brackets, else in a box between dollars, else in single brackets.
pub(super) fn first(text: &str) -> Option<&str> {
    let all = [double, dollar_boxed, single];
    all.iter().find_map(|read| read(text).first().copied()).map(str::trim)
}
