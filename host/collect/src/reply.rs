//! What a model answered, read out of a provider's form.

use crate::vectors::Vectors;

/// What the provider says that a request took. What it does not say is none.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Usage {
    /// Tokens of the prompt, those it had cached included.
    pub prompt_tokens: Option<u64>,
    /// Tokens of the answer, reasoning included.
    pub completion_tokens: Option<u64>,
    /// Tokens of the answer that were reasoning.
    pub reasoning_tokens: Option<u64>,
    /// Tokens of the prompt that the provider had cached.
    pub cached_tokens: Option<u64>,
    /// What it charged in US dollars.
    pub cost_usd: Option<f64>,
}

/// Why there is no whole answer although the request was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withheld {
    /// The provider's filter.
    Filtered,
    /// The model declined.
    Refused,
}

/// One answer: words, or the vectors of texts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reply {
    /// The text, unedited, without reasoning. Of a model that declined and said nothing else, how it declined.
    pub text: String,
    /// Vectors, one for each text, where those were asked for.
    pub vectors: Option<Vectors>,
    /// Why the model stopped, in the provider's words.
    pub finish_reason: Option<String>,
    /// Whether somebody kept the answer back.
    pub withheld: Option<Withheld>,
    /// What it took.
    pub usage: Usage,
    /// The model's name as the provider reports it.
    pub provider_model: Option<String>,
}

impl Reply {
    /// Whether there is nothing in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty() && self.vectors.is_none()
    }

    /// Whether the answer ended at a limit of tokens.
    pub fn at_limit(&self) -> bool {
        let limits = ["length", "max_tokens", "model_context_window_exceeded"];
        let reason = self.finish_reason.as_deref().unwrap_or_default();
        limits.iter().any(|limit| reason.eq_ignore_ascii_case(limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_ended_at_a_limit_says_so_in_its_provider_s_words() {
        let at_limit = |reason: &str| Reply { finish_reason: Some(reason.into()), ..Reply::default() }.at_limit();
        for reason in ["length", "max_tokens", "MAX_TOKENS", "model_context_window_exceeded"] {
            assert!(at_limit(reason), "{reason}");
        }
        for reason in ["stop", "end_turn", "STOP", "content_filter", ""] {
            assert!(!at_limit(reason), "{reason}");
        }
        assert!(!Reply::default().at_limit());
    }
}
