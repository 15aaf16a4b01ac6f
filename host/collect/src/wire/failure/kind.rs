//! From what was told to the kind of a failure. Codes come first, then phrases where a provider has no code, then the
//! status.

use super::FailureKind;
use FailureKind::{
    Conflict, ContextTooLong, Filtered, KeyRefused, NoCredit, NoSuchModel, Overloaded, RateLimited, Rejected,
    ServerError, Timeout,
};

/// Codes that say more than the status they come with.
const CODES: &[(&str, FailureKind)] = &[
    ("content_filter", Filtered),
    ("content_policy_violation", Filtered),
    ("responsibleaipolicyviolation", Filtered),
    ("sensitive_words_detected", Filtered),
    ("data_inspection_failed", Filtered),
    ("datainspectionfailed", Filtered),
    ("moderation_blocked", Filtered),
    ("invalid_prompt", Filtered), // OpenAI's reasoning models: the prompt was flagged.
    ("prohibited_content", Filtered),
    ("context_length_exceeded", ContextTooLong),
    ("exceed_context_size_error", ContextTooLong),
    ("string_above_max_length", ContextTooLong),
    ("insufficient_quota", NoCredit),
    ("insufficient_balance", NoCredit),
    ("billing_error", NoCredit),
    ("billing_hard_limit_reached", NoCredit),
    ("billing_not_active", NoCredit),
    ("arrearage", NoCredit),
    ("rate_limit_exceeded", RateLimited),
    ("rate_limit_error", RateLimited),
    ("resource_exhausted", RateLimited),
    ("overloaded_error", Overloaded),
    ("engine_overloaded_error", Overloaded),
    ("api_key_invalid", KeyRefused),
    ("invalid_api_key", KeyRefused),
    ("account_deactivated", KeyRefused),
    ("model_not_found", NoSuchModel),
    ("deploymentnotfound", NoSuchModel),
];

/// Codes that stand in for a status where there is none.
const CODES_FOR_STATUS: &[(&str, FailureKind)] = &[
    ("invalid_request_error", Rejected),
    ("invalid_request", Rejected),
    ("badrequesterror", Rejected),
    ("invalid_argument", Rejected),
    ("failed_precondition", Rejected),
    ("request_too_large", Rejected),
    ("authentication_error", KeyRefused),
    ("permission_error", KeyRefused),
    ("unauthenticated", KeyRefused),
    ("permission_denied", KeyRefused),
    ("not_found_error", NoSuchModel),
    ("notfounderror", NoSuchModel),
    ("not_found", NoSuchModel),
    ("timeout_error", Timeout),
    ("deadline_exceeded", Timeout),
    ("unavailable", Overloaded),
    ("unavailable_error", Overloaded),
];

/// Phrases of providers without a code for it, in lower case. None is likely in a question that a message quotes.
const PHRASES: &[(&str, FailureKind)] = &[
    // More tokens at once than the account may have in a minute: waiting does not help.
    ("request too large for", Rejected),
    ("no endpoints found that support", Rejected),
    ("sensitive_words_detected", Filtered),
    ("content management policy", Filtered),  // Azure
    ("content exists risk", Filtered),        // DeepSeek
    ("content filtering policy", Filtered),   // Anthropic
    ("violates usage guidelines", Filtered),  // xAI
    ("violating our usage policy", Filtered), // OpenAI
    ("input was flagged", Filtered),          // OpenRouter
    ("requires moderation", Filtered),        // OpenRouter
    ("rejected by the safety system", Filtered),
    ("may contain inappropriate content", Filtered), // Alibaba
    ("credit balance is too low", NoCredit),         // Anthropic
    ("insufficient balance", NoCredit),              // DeepSeek
    ("insufficient credits", NoCredit),              // OpenRouter
    ("key limit exceeded", NoCredit),                // OpenRouter
    ("api key not valid", KeyRefused),               // Google
    ("is not a valid model id", NoSuchModel),        // OpenRouter
    ("model not exist", NoSuchModel),                // DeepSeek
];

/// Phrases for a question that is too long. Some servers tell it with a status of their own failing.
const TOO_LONG: &[&str] = &[
    "maximum context length",             // OpenAI, vLLM
    "maximum model length",               // vLLM
    "model's context length",             // SGLang
    "exceeds the available context size", // llama.cpp
    "exceed context limit",               // Anthropic
    "prompt is too long",                 // Anthropic
    "maximum number of tokens allowed",   // Google
    "exceeds the context window",         // OpenAI
    "exceed context window",              // llama-cpp-python
    "tokens must be <=",                  // Text Generation Inference
];

/// `message` is in lower case, `status` none where it is one of success.
pub(super) fn kind(status: Option<u16>, tags: &[String], message: &str) -> FailureKind {
    let of_codes = |codes: &[(&str, FailureKind)]| {
        codes.iter().find(|(code, _)| tags.iter().any(|tag| tag == code)).map(|(_, kind)| *kind)
    };
    let servers_own = status.is_some_and(|status| status >= 500);
    let of_phrases = || PHRASES.iter().find(|(phrase, _)| message.contains(phrase)).map(|(_, kind)| *kind);
    // Where all channels of a gateway are filtered it says so in the words of a server's failure.
    let filtered = || message.contains("sensitive_words_detected").then_some(Filtered);
    let too_long = || TOO_LONG.iter().any(|phrase| message.contains(phrase)).then_some(ContextTooLong);
    // Ahead of codes: it comes with that of a rate limit.
    let never_fits = || message.contains("request too large for").then_some(Rejected);

    never_fits()
        .or_else(|| of_codes(CODES))
        .or_else(|| if servers_own { filtered() } else { of_phrases() })
        .or_else(too_long)
        .or_else(|| status.map(of_status))
        .or_else(|| of_codes(CODES_FOR_STATUS))
        .unwrap_or(ServerError)
}

fn of_status(status: u16) -> FailureKind {
    match status {
        401 | 403 | 407 => KeyRefused,
        402 => NoCredit,
        300..=399 | 404 | 405 | 410 => NoSuchModel,
        408 | 504 | 524 => Timeout,
        409 | 425 => Conflict,
        429 => RateLimited,
        503 | 529 => Overloaded,
        // 499: the connection was lost on the way to us.
        400..=498 => Rejected,
        _ => ServerError,
    }
}
