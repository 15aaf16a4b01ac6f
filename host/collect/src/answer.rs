//! What is known in the end of one request, however often it was sent.

use std::time::SystemTime;

use routerlab_records::{AttemptOutcome, CompletionStatus, CostSource, UsageSource};
use serde::{Deserialize, Serialize};

use crate::pool::{Model, Prices};
use crate::reply::Reply;
use crate::transport::Sent;
use crate::vectors::Vectors;

/// An answer, or why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) raw_output: String,
    /// In place of words, where vectors were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) vectors: Option<Vectors>,
    /// What came of the last attempt; none where there was no attempt.
    #[serde(skip)]
    pub(crate) outcome: Option<AttemptOutcome>,
    pub(crate) status: CompletionStatus,
    pub(crate) finish_reason: Option<String>,
    pub(crate) prompt_tokens: Option<u64>,
    pub(crate) completion_tokens: Option<u64>,
    pub(crate) reasoning_tokens: Option<u64>,
    pub(crate) cached_tokens: Option<u64>,
    pub(crate) usage_source: Option<UsageSource>,
    pub(crate) cost_usd: Option<f64>,
    pub(crate) cost_source: Option<CostSource>,
    pub(crate) latency_ms: Option<f64>,
    pub(crate) ttft_ms: Option<f64>,
    pub(crate) attempts: u32,
    pub(crate) provider_model: Option<String>,
    pub(crate) request_digest: Option<String>,
    pub(crate) collected_at: String,
    pub(crate) error: Option<String>,
}

/// Milliseconds, to the microsecond.
#[allow(clippy::cast_precision_loss, reason = "durations of requests")]
pub(crate) fn ms(duration: std::time::Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}

/// A time as tables have it: UTC, RFC 3339, milliseconds.
pub(crate) fn time(at: SystemTime) -> String {
    humantime::format_rfc3339_millis(at).to_string()
}

/// The status of a row whose last attempt ended so.
pub(crate) fn status_of(outcome: AttemptOutcome, reply: Option<&Reply>) -> CompletionStatus {
    match outcome {
        AttemptOutcome::Ok if reply.is_some_and(Reply::is_empty) => CompletionStatus::Truncated,
        AttemptOutcome::Ok => CompletionStatus::Ok,
        AttemptOutcome::Timeout => CompletionStatus::Timeout,
        AttemptOutcome::Filtered => CompletionStatus::Filtered,
        AttemptOutcome::Refused => CompletionStatus::Refused,
        _ => CompletionStatus::ModelError,
    }
}

impl Answer {
    /// What the last attempt at a request came to.
    pub(crate) fn of(model: &Model, request_digest: String, sent: Sent, tokens: Tokens, attempts: u32) -> Self {
        let status = status_of(sent.outcome, sent.reply.as_ref());
        let cost = cost_of(model, &tokens);
        let reply = sent.reply.unwrap_or_default();
        let answered = matches!(status, CompletionStatus::Ok | CompletionStatus::Truncated);
        Self {
            raw_output: reply.text,
            vectors: reply.vectors,
            outcome: Some(sent.outcome),
            status,
            finish_reason: reply.finish_reason,
            prompt_tokens: tokens.prompt,
            completion_tokens: tokens.completion,
            reasoning_tokens: reply.usage.reasoning_tokens,
            cached_tokens: reply.usage.cached_tokens,
            usage_source: tokens.source,
            cost_usd: cost.map(|(usd, _)| usd),
            cost_source: cost.map(|(_, source)| source),
            latency_ms: answered.then(|| ms(sent.latency)),
            ttft_ms: sent.ttft.filter(|_| answered).map(ms),
            attempts,
            provider_model: reply.provider_model,
            request_digest: Some(request_digest),
            collected_at: time(sent.started_at + sent.latency),
            error: sent.error,
        }
    }

    /// The same of a request that was answered by batch: how long that took says nothing about the model.
    pub(crate) fn by_batch(model: &Model, digest: String, sent: Sent, tokens: Tokens) -> Self {
        let cost = batch_cost_of(model, &tokens);
        Self {
            cost_usd: cost.map(|(usd, _)| usd),
            cost_source: cost.map(|(_, source)| source),
            latency_ms: None,
            ttft_ms: None,
            ..Self::of(model, digest, sent, tokens, 1)
        }
    }

    /// A question that could not even be asked.
    pub(crate) fn unasked(reason: String) -> Self {
        Self {
            raw_output: String::new(),
            vectors: None,
            outcome: None,
            status: CompletionStatus::ModelError,
            finish_reason: None,
            prompt_tokens: None,
            completion_tokens: None,
            reasoning_tokens: None,
            cached_tokens: None,
            usage_source: None,
            cost_usd: None,
            cost_source: None,
            latency_ms: None,
            ttft_ms: None,
            attempts: 0,
            provider_model: None,
            request_digest: None,
            collected_at: time(SystemTime::now()),
            error: Some(reason),
        }
    }

    /// The same answer to the same request, without sending it. What it costs follows the prices of today, unless the
    /// provider had said what it charged.
    pub(crate) fn again(&self, model: &Model) -> Self {
        let mut same = Self { attempts: 0, ..self.clone() };
        if same.cost_source != Some(CostSource::ProviderReported) {
            let tokens = Tokens {
                prompt: same.prompt_tokens,
                completion: same.completion_tokens,
                cached: same.cached_tokens,
                source: same.usage_source,
                charged: None,
            };
            let cost = if model.batch { batch_cost_of(model, &tokens) } else { cost_of(model, &tokens) };
            same.cost_usd = cost.map(|(usd, _)| usd);
            same.cost_source = cost.map(|(_, source)| source);
        }
        same
    }

    #[cfg(test)]
    pub(crate) fn example() -> Self {
        Self { status: CompletionStatus::Ok, error: None, ..Self::unasked(String::new()) }
    }
}

/// What an attempt took.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Tokens {
    pub(crate) prompt: Option<u64>,
    pub(crate) completion: Option<u64>,
    pub(crate) cached: Option<u64>,
    pub(crate) source: Option<UsageSource>,
    /// Dollars, as the provider said.
    pub(crate) charged: Option<f64>,
}

impl Tokens {
    /// As reported; where nothing is, counted by the model's own tokenizer, if the pool names one.
    pub(crate) fn of(model: &Model, words: &dyn Fn() -> String, reply: Option<&Reply>) -> Self {
        let Some(reply) = reply else { return Self::default() };
        let usage = &reply.usage;
        let cached = usage.cached_tokens;
        let charged = usage.cost_usd;
        if usage.prompt_tokens.is_some() || usage.completion_tokens.is_some() {
            let source = Some(UsageSource::Reported);
            return Self { prompt: usage.prompt_tokens, completion: usage.completion_tokens, cached, source, charged };
        }
        let Some(counter) = &model.tokenizer else { return Self { charged, ..Self::default() } };
        let (prompt, completion) = (counter.count(&words()).ok(), counter.count(&reply.text).ok());
        let source = prompt.or(completion).map(|_| UsageSource::Counted);
        Self { prompt, completion, cached, source, charged }
    }

    pub(crate) fn total(&self) -> u64 {
        self.prompt.unwrap_or(0).saturating_add(self.completion.unwrap_or(0))
    }
}

/// Dollars, as the provider said or by the prices of the pool; none where nobody knows.
pub(crate) fn cost_of(model: &Model, tokens: &Tokens) -> Option<(f64, CostSource)> {
    cost_at(model.prices, tokens)
}

/// The same of an answer that came by batch.
pub(crate) fn batch_cost_of(model: &Model, tokens: &Tokens) -> Option<(f64, CostSource)> {
    cost_at(model.batch_prices, tokens)
}

fn cost_at(prices: Option<Prices>, tokens: &Tokens) -> Option<(f64, CostSource)> {
    if let Some(charged) = tokens.charged {
        return Some((charged, CostSource::ProviderReported));
    }
    let (prices, prompt, completion) = (prices?, tokens.prompt?, tokens.completion?);
    Some((prices.cost_usd(prompt, tokens.cached.unwrap_or(0), completion), prices.source))
}
