//! The texts of the options, where the metadata has them.

use std::cell::OnceCell;

use routerlab_answers::markdown::plain;
use routerlab_answers::strip;
use serde::Deserialize;
use serde_json::Value;

/// `options` of the metadata: a list of texts, or an object from letter to text.
pub(crate) struct Options<'a> {
    metadata: &'a str,
    last: char,
    texts: OnceCell<Vec<(char, String)>>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    options: Value,
}

impl<'a> Options<'a> {
    /// They are read only when they are asked for.
    pub(crate) fn of(metadata: &'a str, last: char) -> Self {
        Self { metadata, last, texts: OnceCell::new() }
    }

    /// The letter of the only option with this text, in any case and with or without a full stop. The option's own letter
    /// may stand before the text. A text of one letter is no option's text, but a letter.
    pub(crate) fn with_text(&self, text: &str) -> Option<char> {
        text.chars().filter(|char| char.is_alphanumeric()).nth(1)?;
        let texts = self.texts.get_or_init(|| self.read());
        // Long texts are not normalised in vain: a reply may have many labels on one long line.
        let longest = texts.iter().map(|(_, option)| option.len()).max()?;
        if text.len() > 2 * longest + 16 {
            return None;
        }
        let found = normal(text);
        let mut fits = texts.iter().filter(|(letter, option)| {
            *option == found || without_letter(&found, *letter).is_some_and(|rest| rest == option)
        });
        let (letter, _) = fits.next()?;
        fits.next().is_none().then_some(*letter)
    }

    fn read(&self) -> Vec<(char, String)> {
        let Ok(Metadata { options }) = serde_json::from_str(self.metadata) else { return Vec::new() };
        let text = |value: &Value| match value {
            Value::String(text) => Some(normal(text)),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let texts: Vec<(char, String)> = match options {
            Value::Array(texts) => {
                ('A'..=self.last).zip(&texts).filter_map(|(letter, option)| Some((letter, text(option)?))).collect()
            }
            Value::Object(texts) => {
                let of_letter = |(letter, option): (&String, &Value)| {
                    let letter = letter.chars().next().filter(|_| letter.len() == 1)?;
                    Some((letter.to_ascii_uppercase(), text(option)?))
                };
                texts.iter().filter_map(of_letter).filter(|(letter, _)| ('A'..=self.last).contains(letter)).collect()
            }
            _ => Vec::new(),
        };
        texts.into_iter().filter(|(_, option)| !option.is_empty()).collect()
    }
}

/// Lower case, plain, one blank between words, no full stop at the end.
fn normal(text: &str) -> String {
    let lower = plain(text).to_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    let joined = words.join(" ");
    strip(joined.strip_suffix('.').unwrap_or(&joined)).to_owned()
}

/// What follows this letter and its bracket, full stop or colon.
fn without_letter(text: &str, letter: char) -> Option<&str> {
    let rest = text.strip_prefix('(').unwrap_or(text).strip_prefix(letter.to_ascii_lowercase())?;
    Some(rest.strip_prefix([')', '.', ':'])?.trim_start())
}
