//! Finding the text in double brackets.

use routerlab_answers::boxed::last_box;
use routerlab_answers::strip;

/// How the reference cleans what it finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// Without quotation marks, line ends, blanks and square brackets.
    Clean,
    /// Without quotation marks, line ends, blanks and full stops.
    Logic,
    /// The bare expression, without what LaTeX adds.
    Math,
}

/// What the reference says when there is nothing.
pub(crate) const NOTHING: &str = "NULL";

/// The first text in double brackets as the reference reads it, else in a box between dollars, else in single brackets;
/// in double brackets, but for an expression.
pub(crate) fn first(text: &str, level: Level) -> String {
    let found =
        between(text, "[[", "]]").or_else(|| between(text, "$\\boxed{", "}$")).or_else(|| between(text, "[", "]"));
    let Some(found) = found.map(strip) else { return NOTHING.to_owned() };
    let without = |drop: &[char]| found.replace(drop, "");
    match level {
        Level::Clean => format!("[[{}]]", without(&['"', '\n', ' ', '[', ']'])),
        Level::Logic => format!("[[{}]]", without(&['"', '\n', ' ', '.'])),
        Level::Math => expression(&without(&['"', '\n', '[', ']', '$'])),
    }
}

/// What the first double brackets hold, or [`NOTHING`].
pub(crate) fn first_inner(text: &str) -> &str {
    between(text, "[[", "]]").unwrap_or(NOTHING)
}

/// The last text in double brackets that is not blank, else in a box, else in single brackets; stripped.
pub(crate) fn last(text: &str) -> Option<&str> {
    let found = last_double(text).or_else(|| last_box(text).map(strip)).or_else(|| last_single(text));
    found.filter(|found| !found.is_empty())
}

fn last_double(text: &str) -> Option<&str> {
    let mut found = None;
    let mut at = 0;
    while let Some(open) = text[at..].find("[[") {
        let from = at + open + 2;
        let Some(length) = text[from..].find("]]") else { break };
        // Of more than two brackets the last two close: the others belong to the text.
        let closing = text[from + length..].bytes().take_while(|&byte| byte == b']').count();
        at = from + length + closing;
        let content = strip(&text[from..at - 2]);
        if !content.is_empty() {
            found = Some(content);
        }
    }
    found
}

fn last_single(text: &str) -> Option<&str> {
    let close = text.rfind(']')?;
    let open = text[..close].rfind('[')?;
    // `\[ ... \]` sets off a formula.
    let content = &text[open + 1..close];
    Some(strip(if text[..open].ends_with('\\') { content.strip_suffix('\\').unwrap_or(content) } else { content }))
}

/// The first text that begins after `open` and ends before the next `close`.
fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    let rest = &text[text.find(open)? + open.len()..];
    Some(&rest[..rest.find(close)?])
}

/// What follows the last equals sign, without delimiters, words and sizes of LaTeX; two backslashes become one. Step after
/// step, as the reference has it: what one step joins the next one sees.
pub(crate) fn expression(text: &str) -> String {
    let right = text.rsplit('=').next().unwrap_or(text);
    let bare = without_commands(right, &["\\(", "\\)", "\\[", "\\]"]);
    let wordless = without_words(&bare);
    without_commands(&wordless, &["\\left", "\\right", "\\displaystyle"]).replace("\\\\", "\\")
}

/// The text without these commands, which begin with a backslash.
fn without_commands(text: &str, commands: &[&str]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        rest = commands.iter().find_map(|command| from.strip_prefix(command)).unwrap_or_else(|| {
            out.push('\\');
            &from[1..]
        });
    }
    out.push_str(rest);
    out
}

/// The text without `\text{...}`, each to its next closing brace.
fn without_words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, word)) = rest.split_once("\\text{") {
        let Some((_, after)) = word.split_once('}') else { break };
        out.push_str(before);
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::{Level, first, first_inner, last};

    #[test]
    fn the_reference_takes_the_first_brackets() {
        let cases = [
            ("so [[ a \"b\".\n c ]] not [[d]]", Level::Clean, "[[ab.c]]"),
            ("so [[ a \"b\".\n c ]] not [[d]]", Level::Logic, "[[abc]]"),
            ("so $\\boxed{a}$ [b]", Level::Clean, "[[a]]"),
            ("so [b] [c]", Level::Clean, "[[b]]"),
            ("[[y = \\left(\\frac{1}{2}\\right) \\text{ or } 3]]", Level::Math, " (\\frac{1}{2})  3"),
            ("nothing", Level::Math, "NULL"),
            ("[[never", Level::Clean, "NULL"),
        ];
        for (text, level, expected) in cases {
            assert_eq!(first(text, level), expected, "{text:?}");
        }
        assert_eq!(first_inner("[[ a ]] [[b]]"), " a ");
    }

    #[test]
    fn the_last_brackets_that_hold_something_count_when_fixed() {
        let cases = [
            ("as [[answer]]:\n[[ a b ]]", Some("a b")),
            ("[[a]] [[ ]]", Some("a")),
            ("[[x[1]]]", Some("x[1]")),
            ("[[[1,2],[3]]]", Some("[1,2],[3]")),
            ("so \\boxed{a} and [b]", Some("a")),
            ("so [a] and [b]", Some("b")),
            ("\\[ a \\]", Some("a")),
            ("a ] b [", None),
            ("nothing", None),
        ];
        for (text, expected) in cases {
            assert_eq!(last(text), expected, "{text:?}");
        }
    }
}
