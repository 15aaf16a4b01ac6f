//! The comparison as text, in the manner of the grader of the MATH dataset (Hendrycks et al. 2021).

use super::trimmed;

/// The form in which two texts are compared.
pub(super) fn normal(text: &str) -> String {
    let text = trimmed(text);
    let text = inside_text(text).map_or(text, trimmed);
    rewritten(text).unwrap_or_else(|| text.to_owned())
}

/// What one `\text{...}` encloses, from its first brace to the last character.
pub(super) fn inside_text(text: &str) -> Option<&str> {
    let inner = text.strip_suffix('\n').unwrap_or(text).strip_prefix("\\text{")?.strip_suffix('}')?;
    (!inner.is_empty() && !inner.contains('\n')).then_some(inner)
}

/// All rules in their order; none where the reference gives up.
fn rewritten(text: &str) -> Option<String> {
    const RULES: [(&str, &str); 10] = [
        ("\n", ""),
        ("\\!", ""),
        ("\\\\", "\\"),
        ("tfrac", "frac"),
        ("dfrac", "frac"),
        ("\\left", ""),
        ("\\right", ""),
        ("^{\\circ}", ""),
        ("^\\circ", ""),
        ("\\$", ""),
    ];
    let mut text = RULES.iter().fold(text.to_owned(), |text, (from, to)| replaced(text, from, to));
    if let Some((before, after)) = text.split_once("\\text{ ") {
        if after.contains("\\text{ ") {
            return None;
        }
        text = before.to_owned();
    }
    let text = replaced(text, "\\%", "");
    let text = replaced(replaced(text, " .", " 0."), "{.", "{0.");
    if text.is_empty() {
        return Some(text);
    }
    let text = if text.starts_with('.') { format!("0{text}") } else { text };
    let text = match text.split_once('=') {
        Some((name, value)) if !value.contains('=') && name.chars().count() <= 2 => value.to_owned(),
        _ => text,
    };
    let text = replaced(braced_roots(text)?, " ", "");
    let text = braced_fractions(text)?;
    Some(if text == "0.5" { "\\frac{1}{2}".to_owned() } else { stroke_to_fraction(text) })
}

/// Like `str::replace`, without a copy when there is nothing to replace.
pub(super) fn replaced(text: String, from: &str, to: &str) -> String {
    if text.contains(from) { text.replace(from, to) } else { text }
}

/// A brace round the single character after a square root.
fn braced_roots(text: String) -> Option<String> {
    braced_after(text, "\\sqrt", |rest| {
        let argument = rest.chars().next()?;
        Some((format!("{{{argument}}}"), argument.len_utf8()))
    })
}

/// Braces round the two characters after `\frac`, or round one before a group.
fn braced_fractions(text: String) -> Option<String> {
    let short = text.split("\\frac").skip(1).any(|rest| !rest.starts_with('{') && rest.chars().nth(1).is_none());
    if short {
        // The reference stops here and keeps the text, unless nothing at all follows, which it cannot bear. The first
        // of the two decides.
        let first = text.split("\\frac").skip(1).find(|rest| !rest.starts_with('{') && rest.chars().nth(1).is_none());
        return first.is_some_and(|rest| !rest.is_empty()).then_some(text);
    }
    braced_after(text, "\\frac", |rest| {
        let mut chars = rest.chars();
        let (above, below) = (chars.next()?, chars.next()?);
        Some(match below {
            '{' => (format!("{{{above}}}"), above.len_utf8()),
            _ => (format!("{{{above}}}{{{below}}}"), above.len_utf8() + below.len_utf8()),
        })
    })
}

/// Rewrites what follows each `command` that no brace follows; none where that cannot be done.
fn braced_after(text: String, command: &str, rewrite: impl Fn(&str) -> Option<(String, usize)>) -> Option<String> {
    if !text.contains(command) {
        return Some(text);
    }
    let mut pieces = text.split(command);
    let mut result = pieces.next()?.to_owned();
    for rest in pieces {
        result.push_str(command);
        if rest.starts_with('{') {
            result.push_str(rest);
        } else {
            let (arguments, taken) = rewrite(rest)?;
            result.push_str(&arguments);
            result.push_str(&rest[taken..]);
        }
    }
    Some(result)
}

/// `3/4` as a fraction, when both numbers are written as a computer would.
fn stroke_to_fraction(text: String) -> String {
    let canonical = |number: &str| {
        let digits = number.strip_prefix('-').unwrap_or(number);
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        plain && (number == "0" || !digits.starts_with('0'))
    };
    match text.split_once('/') {
        Some((above, below)) if canonical(above) && canonical(below) => format!("\\frac{{{above}}}{{{below}}}"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::normal;

    #[test]
    fn texts_get_their_normal_form() {
        let cases = [
            (" \\text{ Ada } ", "Ada"),
            ("\\dfrac34", "\\frac{3}{4}"),
            ("\\frac9{10}", "\\frac{9}{10}"),
            ("2\\sqrt7", "2\\sqrt{7}"),
            ("y=\\frac", "y=\\frac"),
            ("y=\\frac3", "\\frac3"),
            (".5", "\\frac{1}{2}"),
            ("-3/4", "\\frac{-3}{4}"),
            ("03/4", "03/4"),
            ("ab=3", "3"),
            ("abc=3", "abc=3"),
            ("9\\text{ m}", "9"),
            ("9\\text{ m}\\text{ s}", "9\\text{ m}\\text{ s}"),
            ("45^{\\circ}", "45"),
        ];
        for (text, expected) in cases {
            assert_eq!(normal(text), expected, "{text}");
        }
    }
}
