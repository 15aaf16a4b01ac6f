//! The forms of providers.

pub(crate) mod anthropic;
pub(crate) mod embeddings;
pub(crate) mod google;
pub(crate) mod openai;

use crate::answer::{Expected, Verdict};
use crate::reply::{Reply, quoted};

/// When everything was made, in seconds: the same in every run.
pub(crate) const CREATED: u64 = 1_735_689_600;

/// Whose form a request has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// OpenAI's chat completions.
    Chat,
    /// OpenAI's completions of bare texts.
    Text,
    /// Anthropic's messages.
    Messages,
    /// Google's contents.
    Contents,
    /// OpenAI's embeddings.
    Embeddings,
}

/// How an answer is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    pub(crate) stream: bool,
    pub(crate) include_usage: bool,
}

/// An error before it has a provider's form.
#[derive(Debug, Clone)]
pub(crate) struct Problem<'a> {
    pub(crate) status: u16,
    /// OpenAI's word for it.
    pub(crate) code: &'static str,
    pub(crate) message: &'a str,
}

impl Protocol {
    /// An answer in this form.
    pub(crate) fn reply(self, expected: &Expected, manner: Manner) -> Reply {
        let mut reply = match self {
            Self::Chat | Self::Text => openai::reply(self, expected, manner),
            Self::Messages => anthropic::reply(expected, manner.stream),
            Self::Contents => google::reply(expected, manner.stream),
            Self::Embeddings => unreachable!("embeddings are not answers"),
        };
        let is_answer = reply.status == 200;
        reply.owed = Some(if is_answer { (expected.prompt_tokens, expected.completion_tokens) } else { (0, 0) });
        reply
    }

    /// An error in this form.
    pub(crate) fn problem(self, problem: &Problem<'_>) -> Reply {
        Reply::json(problem.status, self.problem_body(problem))
    }

    /// The body of an error in this form.
    pub(crate) fn problem_body(self, problem: &Problem<'_>) -> String {
        let Problem { status, code, message } = problem;
        let message = quoted(message);
        match self {
            Self::Messages => {
                let kind = match status {
                    401 => "authentication_error",
                    402 => "billing_error",
                    404 => "not_found_error",
                    429 => "rate_limit_error",
                    529 => "overloaded_error",
                    400..=499 => "invalid_request_error",
                    _ => "api_error",
                };
                format!(r#"{{"type":"error","error":{{"type":"{kind}","message":{message}}}}}"#)
            }
            Self::Contents => {
                let kind = match status {
                    401 => "UNAUTHENTICATED",
                    402 => "FAILED_PRECONDITION",
                    404 => "NOT_FOUND",
                    429 => "RESOURCE_EXHAUSTED",
                    503 | 529 => "UNAVAILABLE",
                    400..=499 => "INVALID_ARGUMENT",
                    _ => "INTERNAL",
                };
                format!(r#"{{"error":{{"code":{status},"message":{message},"status":"{kind}"}}}}"#)
            }
            Self::Chat | Self::Text | Self::Embeddings => {
                let kind = if *status < 500 { "invalid_request_error" } else { "server_error" };
                format!(r#"{{"error":{{"message":{message},"type":"{kind}","param":null,"code":"{code}"}}}}"#)
            }
        }
    }
}

/// The pieces in which a text is streamed: words with the blank after each.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive([' ', '\n'])
}

/// The error of a question whose prompt, or answer, was filtered.
fn filtered(verdict: Verdict) -> Problem<'static> {
    let message = match verdict {
        Verdict::PromptFiltered => "The prompt was filtered by the content management policy.",
        _ => "Output blocked by content filtering policy",
    };
    Problem { status: 400, code: "content_filter", message }
}
