//! Markup that only this module can make: whatever comes from a table goes in as text.

use std::fmt::Write;

/// Markup that is safe to put into a page. Names, prompts and answers come in by [`text`] or by an [`Element`] alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Html(String);

impl Html {
    /// Appends markup.
    pub(super) fn push(&mut self, more: impl Into<Html>) {
        self.0.push_str(&more.into().0);
    }

    /// Several pieces, one after the other.
    pub(super) fn all<T: Into<Html>>(pieces: impl IntoIterator<Item = T>) -> Self {
        let mut all = Self::default();
        pieces.into_iter().for_each(|piece| all.push(piece));
        all
    }

    /// What this program itself wrote: a style sheet, a script, a drawing whose texts were escaped when they were drawn.
    pub(super) fn own(markup: String) -> Self {
        Self(markup)
    }

    /// How many bytes.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The markup.
    pub(super) fn into_string(self) -> String {
        self.0
    }
}

/// A text as it is to be read: see [`visible`].
pub(super) fn text(words: &str) -> Html {
    let mut out = String::with_capacity(words.len());
    escape_into(&mut out, words);
    Html(out)
}

/// A text with characters that cannot be seen, or that turn the direction of what follows, as the name of the character.
///
/// Line breaks and tabs stay. A page in which they acted could show something else than the table holds.
pub(super) fn visible(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for c in words.chars() {
        match c {
            '\n' | '\t' => out.push(c),
            // The control characters have pictures of their own.
            '\0'..='\u{1f}' => out.extend(char::from_u32(0x2400 + u32::from(c))),
            '\u{7f}' => out.push('\u{2421}'),
            c if c.is_control() || is_invisible(c) => {
                let _ = write!(out, "[U+{:04X}]", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// Marks of direction, joiners and line separators that a reader would not see; non-characters too.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{61c}' | '\u{ad}' | '\u{180e}' | '\u{e0000}'..='\u{e007f}')
        || u32::from(c) & 0xfffe == 0xfffe
}

fn escape_into(out: &mut String, words: &str) {
    for c in visible(words).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}

/// An element that is being put together.
#[derive(Debug, Clone)]
pub(super) struct Element {
    tag: &'static str,
    attributes: String,
    content: Html,
}

/// An element without attributes and content.
pub(super) fn element(tag: &'static str) -> Element {
    Element { tag, attributes: String::new(), content: Html::default() }
}

impl Element {
    /// Adds an attribute; its value is escaped.
    pub(super) fn with(mut self, name: &'static str, value: impl AsRef<str>) -> Self {
        self.attributes.push(' ');
        self.attributes.push_str(name);
        self.attributes.push_str("=\"");
        escape_into(&mut self.attributes, value.as_ref());
        self.attributes.push('"');
        self
    }

    /// Adds a class, if there is one.
    pub(super) fn class(self, class: &str) -> Self {
        if class.is_empty() { self } else { self.with("class", class) }
    }

    /// Adds text.
    pub(super) fn text(mut self, words: impl AsRef<str>) -> Self {
        self.content.push(text(words.as_ref()));
        self
    }

    /// Adds markup.
    pub(super) fn and(mut self, markup: impl Into<Html>) -> Self {
        self.content.push(markup);
        self
    }
}

impl From<Element> for Html {
    fn from(element: Element) -> Self {
        let Element { tag, attributes, content } = element;
        match tag {
            "br" | "hr" | "input" | "link" | "meta" => Self(format!("<{tag}{attributes}>")),
            _ => Self(format!("<{tag}{attributes}>{}</{tag}>", content.0)),
        }
    }
}

/// JSON for a script element: no sequence in it ends the element, opens a comment, or is a line break to a script.
pub(super) fn json(value: &serde_json::Value) -> Html {
    let mut out = String::new();
    for c in value.to_string().chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    Html(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_tables_is_text() {
        let hostile = "</td><script>alert('1')</script>\" onclick=x &amp;";
        let shown: Html = element("td").with("title", hostile).text(hostile).into();
        let shown = shown.into_string();
        assert!(!shown.contains("<script") && !shown.contains("\" onclick"), "{shown}");
        assert!(shown.contains("&lt;script&gt;") && shown.contains("&amp;amp;"), "{shown}");
    }

    #[test]
    fn characters_that_nobody_sees_are_named() {
        assert_eq!(visible("a\u{202e}b\0c\u{1b}[1m\n\td\u{feff}"), "a[U+202E]b\u{2400}c\u{241b}[1m\n\td[U+FEFF]");
        assert_eq!(visible("שלום 你好 é"), "שלום 你好 é", "letters of any direction stay");
    }

    #[test]
    fn json_ends_no_script_and_says_the_same() {
        let value = serde_json::json!({"a": "</script><!-- \u{2028} & \u{2029}"});
        let written = json(&value).into_string();
        assert!(!written.contains('<') && !written.contains('\u{2028}'), "{written}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&written).unwrap(), value);
    }

    #[test]
    fn elements_without_content_are_not_closed() {
        let input: Html = element("input").with("type", "search").into();
        assert_eq!(input.into_string(), "<input type=\"search\">");
    }
}
