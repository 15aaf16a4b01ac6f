//! How many tokens a text has, by the tokenizer that a model's makers publish with it.

use std::path::{Path, PathBuf};

use tokenizers::Tokenizer;

/// Why a text's tokens cannot be counted.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The file is not there or not readable.
    #[error("cannot read tokenizer `{}`", path.display())]
    Read {
        /// The tokenizer's file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is no tokenizer, or one that this version does not know.
    #[error("`{}` is no tokenizer: {reason}", path.display())]
    Form {
        /// The tokenizer's file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The tokenizer has no tokens for the text.
    #[error("tokenizer `{}` cannot take the text apart: {reason}", path.display())]
    Text {
        /// The tokenizer's file.
        path: PathBuf,
        /// What it says.
        reason: String,
    },
}

/// The tokenizer in a `tokenizer.json`, for whole texts: such files carry the limits and the padding of training.
///
/// # Errors
/// [`TokenError::Read`] and [`TokenError::Form`].
pub(crate) fn open_tokenizer(path: &Path) -> Result<Tokenizer, TokenError> {
    let form = |error: tokenizers::Error| TokenError::Form { path: path.to_owned(), reason: error.to_string() };
    let bytes = std::fs::read(path).map_err(|source| TokenError::Read { path: path.to_owned(), source })?;
    let mut tokenizer = Tokenizer::from_bytes(bytes).map_err(form)?;
    tokenizer.with_padding(None);
    tokenizer.with_truncation(None).map_err(form)?;
    Ok(tokenizer)
}

/// Counts tokens of texts.
#[derive(Debug, Clone)]
pub struct TokenCounter {
    path: PathBuf,
    tokenizer: Tokenizer,
}

impl TokenCounter {
    /// The tokenizer in a `tokenizer.json`.
    ///
    /// # Errors
    /// [`TokenError::Read`] and [`TokenError::Form`].
    pub fn open(path: &Path) -> Result<Self, TokenError> {
        Ok(Self { path: path.to_owned(), tokenizer: open_tokenizer(path)? })
    }

    /// Tokens of a text, without those that a model puts around one.
    ///
    /// # Errors
    /// [`TokenError::Text`].
    pub fn count(&self, text: &str) -> Result<u64, TokenError> {
        let encoding = self.tokenizer.encode_fast(text, false);
        let encoding =
            encoding.map_err(|error| TokenError::Text { path: self.path.clone(), reason: error.to_string() })?;
        Ok(encoding.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words by white space; a special token before each text, texts cut after two tokens and padded to four, as in
    /// training.
    const WORDS: &str = r#"{
        "version": "1.0",
        "truncation": {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0},
        "padding": {"strategy": {"Fixed": 4}, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0, "pad_type_id": 0, "pad_token": "<s>"},
        "added_tokens": [{"id": 0, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
        "normalizer": null,
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}], "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}], "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]}}},
        "decoder": null,
        "model": {"type": "WordLevel", "vocab": {"<s>": 0, "?": 1, "the": 2, "cat": 3}, "unk_token": "?"}
    }"#;

    fn counter(text: &str) -> Result<TokenCounter, TokenError> {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("tokenizer.json");
        std::fs::write(&path, text).unwrap();
        TokenCounter::open(&path)
    }

    #[test]
    fn a_count_is_of_the_whole_text_and_of_nothing_else() {
        let words = counter(WORDS).unwrap();
        assert_eq!(words.count("the cat saw the dog").unwrap(), 5);
        assert_eq!(words.count("the").unwrap(), 1);
        assert_eq!(words.count("").unwrap(), 0);
    }

    #[test]
    fn errors_name_the_file() {
        let missing = TokenCounter::open(Path::new("no/tokenizer.json")).unwrap_err().to_string();
        assert_eq!(missing, "cannot read tokenizer `no/tokenizer.json`");
        let malformed = counter("{}").unwrap_err().to_string();
        assert!(malformed.contains("tokenizer.json` is no tokenizer: "), "{malformed}");
    }

    #[test]
    fn a_text_without_tokens_is_an_error() {
        let strict = counter(&WORDS.replace(r#""unk_token": "?""#, r#""unk_token": "!""#)).unwrap();
        let message = strict.count("the dog").unwrap_err().to_string();
        assert!(message.contains("tokenizer.json` cannot take the text apart: "), "{message}");
    }
}
