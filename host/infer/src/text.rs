//! Texts to tokens: what a model reads of a text, and what is cut off.

use std::path::Path;

use tokenizers::utils::truncation::TruncationDirection;
use tokenizers::{PostProcessor, Tokenizer};

use crate::error::{EncoderError, TextError};
use crate::tokens::open_tokenizer;

/// Which part of a text that is too long is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truncation {
    /// Its end.
    End,
    /// Its beginning.
    Start,
}

/// The tokens of one text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tokens {
    /// What the model reads.
    pub(crate) ids: Vec<u32>,
    /// Tokens of the whole text with those that the model puts around it.
    pub(crate) whole: u64,
}

/// A model's tokenizer with what the model makes of it.
#[derive(Debug, Clone)]
pub(crate) struct TextReader {
    tokenizer: Tokenizer,
    prefix: String,
    lower_case: bool,
    /// A token that ends every text though the tokenizer does not say so.
    end: Option<u32>,
    max_tokens: usize,
    truncation: Truncation,
}

impl TextReader {
    /// The tokenizer in `tokenizer.json`, for texts of at most `max_tokens`.
    ///
    /// # Errors
    /// When it cannot be read, or `max_tokens` leaves no room for the text itself.
    pub(crate) fn open(path: &Path, max_tokens: usize, truncation: Truncation) -> Result<Self, EncoderError> {
        let tokenizer = open_tokenizer(path)?;
        let reader = Self { tokenizer, prefix: String::new(), lower_case: false, end: None, max_tokens, truncation };
        if max_tokens <= reader.around() {
            let around = reader.around();
            let reason =
                format!("a limit of {max_tokens} tokens leaves none for the text: the model puts {around} around it");
            return Err(EncoderError::Setting { reason });
        }
        Ok(reader)
    }

    /// Puts a prefix before every text.
    pub(crate) fn with_prefix(mut self, prefix: &str) -> Self {
        prefix.clone_into(&mut self.prefix);
        self
    }

    /// Reads every text in lower case.
    pub(crate) fn in_lower_case(mut self, lower_case: bool) -> Self {
        self.lower_case = lower_case;
        self
    }

    /// Ends every text with this token, if the tokenizer does not do so itself.
    pub(crate) fn ending_with(mut self, token: &str) -> Self {
        let Some(end) = self.tokenizer.token_to_id(token) else { return self };
        let ends = self.tokenizer.encode_fast("", true).is_ok_and(|empty| empty.get_ids().last() == Some(&end));
        self.end = (!ends).then_some(end);
        self
    }

    /// All numbers of tokens are below this.
    pub(crate) fn vocabulary(&self) -> usize {
        self.tokenizer.get_vocab(true).into_values().max().map_or(0, |highest| highest as usize + 1)
    }

    /// How many tokens stand around every text.
    fn around(&self) -> usize {
        let by_tokenizer = self.tokenizer.get_post_processor().map_or(0, |processor| processor.added_tokens(false));
        by_tokenizer + usize::from(self.end.is_some())
    }

    /// Reads a text.
    ///
    /// # Errors
    /// When the tokenizer cannot take it apart, or there is nothing to read.
    pub(crate) fn read(&self, text: &str) -> Result<Tokens, TextError> {
        let failed = |error: tokenizers::Error| TextError::Tokenizer(error.to_string());
        let mut text = format!("{}{text}", self.prefix);
        if self.lower_case {
            text = text.to_lowercase();
        }
        let mut encoding = self.tokenizer.encode_fast(text, false).map_err(failed)?;
        let around = self.around();
        let whole = (encoding.len() + around) as u64;
        let room = self.max_tokens - around;
        if encoding.len() > room {
            let direction = match self.truncation {
                Truncation::End => TruncationDirection::Right,
                Truncation::Start => TruncationDirection::Left,
            };
            encoding.truncate(room, 0, direction);
        }
        let encoding = self.tokenizer.post_process(encoding, None, true).map_err(failed)?;
        let ids: Vec<u32> = encoding.get_ids().iter().copied().chain(self.end).collect();
        if ids.is_empty() { Err(TextError::NoTokens) } else { Ok(Tokens { ids, whole }) }
    }
}
