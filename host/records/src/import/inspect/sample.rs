//! One sample of a log: what was asked, what came back, how it was scored.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::Value;

use crate::completions::{CompletionStatus, CostSource};
use crate::import::inspect::log::Head;
use crate::import::inspect::score::{ScoreJson, Scorer};
use crate::import::logs::{FAILED, UNSCORED, scored_by, text_of};
use crate::import::loose::shown;
use crate::import::staged::{Answer, Scored, StagedRecord};

/// What is needed of a sample; the rest (events, store, most messages) is passed over.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SampleJson {
    id: Value,
    epoch: Value,
    input: Value,
    choices: Option<Vec<Value>>,
    target: Value,
    messages: FirstUser,
    output: Option<OutputJson>,
    scores: Option<BTreeMap<String, ScoreJson>>,
    /// What the first logs had in the place of `scores`.
    score: Option<ScoreJson>,
    model_usage: Option<BTreeMap<String, UsageJson>>,
    total_time: Value,
    working_time: Value,
    completed_at: Option<String>,
    error: Option<ErrorJson>,
    limit: Option<LimitJson>,
    attachments: Option<BTreeMap<String, Value>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct OutputJson {
    model: Option<String>,
    choices: Vec<ChoiceJson>,
    completion: Option<String>,
    error: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ChoiceJson {
    message: MessageJson,
    stop_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct MessageJson {
    role: String,
    content: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct UsageJson {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    input_tokens_cache_write: Option<u64>,
    input_tokens_cache_read: Option<u64>,
    reasoning_tokens: Option<u64>,
    total_cost: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ErrorJson {
    message: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct LimitJson {
    #[serde(rename = "type")]
    kind: String,
}

/// The content of the first message of a user. A conversation may be long, and what follows is not kept.
#[derive(Debug, Default)]
struct FirstUser(Value);

impl<'de> Deserialize<'de> for FirstUser {
    fn deserialize<D: Deserializer<'de>>(decoder: D) -> Result<Self, D::Error> {
        struct Messages;
        impl<'de> Visitor<'de> for Messages {
            type Value = FirstUser;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of messages")
            }
            fn visit_unit<E: serde::de::Error>(self) -> Result<FirstUser, E> {
                Ok(FirstUser::default())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut messages: A) -> Result<FirstUser, A::Error> {
                let mut first = None;
                while let Some(message) = messages.next_element::<MessageJson>()? {
                    if first.is_none() && message.role == "user" {
                        first = Some(message.content);
                    }
                }
                Ok(FirstUser(first.unwrap_or_default()))
            }
        }
        decoder.deserialize_any(Messages)
    }
}

impl SampleJson {
    /// The sample's id as a text; none where it is neither a number nor a text.
    pub(super) fn id(&self) -> Option<String> {
        match &self.id {
            Value::String(id) => Some(id.clone()),
            Value::Number(id) => Some(id.to_string()),
            _ => None,
        }
    }

    /// The text of a message: its text parts, what else it has in brackets, reasoning left out.
    fn text(&self, content: &Value) -> String {
        let whole = |text: &str| {
            let name = text.strip_prefix("attachment://");
            let attached = name.and_then(|name| self.attachments.as_ref()?.get(name)?.as_str());
            attached.unwrap_or(text).to_owned()
        };
        match content {
            Value::String(text) => whole(text),
            Value::Array(parts) => {
                let part = |part: &Value| match part.get("type").and_then(Value::as_str) {
                    Some("text") => part.get("text").and_then(Value::as_str).map(whole),
                    Some("reasoning") => None,
                    Some(other) => Some(format!("[{other}]")),
                    None => part.as_str().map(whole),
                };
                parts.iter().filter_map(part).collect::<Vec<_>>().join("\n")
            }
            _ => String::new(),
        }
    }

    /// The question: the input, or the messages that it consists of.
    fn question(&self) -> Result<String, String> {
        match &self.input {
            Value::String(_) => Ok(self.text(&self.input)),
            Value::Array(messages) => {
                let text = |message: &Value| {
                    let role = message.get("role").and_then(Value::as_str).unwrap_or("user").to_owned();
                    (role, self.text(message.get("content").unwrap_or(&Value::Null)))
                };
                let texts: Vec<(String, String)> = messages.iter().map(text).collect();
                Ok(match texts.as_slice() {
                    [(_, only)] => only.clone(),
                    several => {
                        several.iter().map(|(role, text)| format!("{role}: {text}")).collect::<Vec<_>>().join("\n\n")
                    }
                })
            }
            Value::Null => Err("`input`: missing".to_owned()),
            other => Err(format!("`input`: expected a text or a list of messages, found {}", shown(other))),
        }
    }

    /// How the request ended, why the model stopped, and what went wrong.
    fn ended(&self) -> (CompletionStatus, Option<String>, Option<String>) {
        let choice = self.output.as_ref().and_then(|output| output.choices.first());
        let reason = choice.and_then(|choice| choice.stop_reason.clone());
        if let Some(error) = &self.error {
            return (CompletionStatus::ModelError, reason, Some(error.message.clone()));
        }
        let refused = self.output.as_ref().and_then(|output| output.error.clone());
        if reason.as_deref() == Some("content_filter") {
            return (CompletionStatus::Filtered, reason, refused);
        }
        let scored = self.score.is_some() || self.scores.as_ref().is_some_and(|scores| !scores.is_empty());
        match &self.limit {
            // What was scored all the same was judged by the task's own rules.
            Some(limit) if scored => (CompletionStatus::Ok, Some(format!("limit: {}", limit.kind)), refused),
            Some(limit) => {
                let out_of_time = matches!(limit.kind.as_str(), "time" | "working");
                let status = if out_of_time { CompletionStatus::Timeout } else { CompletionStatus::Truncated };
                (status, reason, Some(format!("the sample ran into its limit: {}", limit.kind)))
            }
            None => match refused {
                Some(error) => (CompletionStatus::ModelError, reason, Some(error)),
                None => (CompletionStatus::Ok, reason, None),
            },
        }
    }
}

/// A sample as a record, and what is counted of it. The error is a reason.
pub(super) fn record(
    mut sample: SampleJson,
    id: &str,
    index: u64,
    head: &Head,
    scorer: &mut Scorer,
) -> Result<(StagedRecord, Vec<String>), String> {
    let question = sample.question()?;
    let asked = Some(sample.text(&sample.messages.0)).filter(|text| !text.is_empty());
    let ground_truth = match &sample.target {
        Value::Array(targets) if targets.len() == 1 => text_of(&targets[0]),
        other => text_of(other).filter(|text| !text.is_empty()),
    };
    let mut metadata = serde_json::json!({ "source_id": id, "task": head.task });
    if let Some(choices) = sample.choices.take() {
        metadata["choices"] = Value::from(choices);
    }
    let (status, finish_reason, error) = sample.ended();
    let mut counts = Vec::new();
    let mut scored = None;
    if status == CompletionStatus::Ok {
        let mut scores = sample.scores.take().unwrap_or_default();
        scores.extend(sample.score.take().map(|score| ("score".to_owned(), score)));
        if let Some((how, score)) = scorer.score(&scores)? {
            counts.push(if score.score.is_some() {
                scored_by(&format!("those of `{how}`"))
            } else {
                UNSCORED.to_owned()
            });
            scored = Some(Scored {
                score: score.score,
                prediction: score.prediction,
                explanation: score.explanation.or(Some(how)),
            });
        } else {
            counts.push(UNSCORED.to_owned());
        }
    } else {
        counts.push(FAILED.to_owned());
    }
    let answer = answer(&sample, head, status, finish_reason, error)?;
    let record = StagedRecord {
        record_index: index,
        sample_index: epoch(&sample.epoch)?,
        prompt: asked.unwrap_or_else(|| question.clone()),
        origin_query: question,
        ground_truth,
        metadata: metadata.to_string(),
        answer,
        scored,
    };
    Ok((record, counts))
}

fn answer(
    sample: &SampleJson,
    head: &Head,
    status: CompletionStatus,
    finish_reason: Option<String>,
    error: Option<String>,
) -> Result<Answer, String> {
    let output = sample.output.as_ref();
    let written = output.and_then(|output| output.completion.clone()).filter(|text| !text.is_empty());
    let said = || output.and_then(|output| output.choices.first()).map(|choice| sample.text(&choice.message.content));
    let usage = sample.model_usage.as_ref().and_then(|usage| usage.get(&head.model));
    let prompt_tokens = |usage: &UsageJson| {
        let parts = [usage.input_tokens, usage.input_tokens_cache_read, usage.input_tokens_cache_write];
        usage.input_tokens.map(|_| parts.into_iter().flatten().fold(0, u64::saturating_add))
    };
    let cost_usd = usage.and_then(|usage| usage.total_cost);
    let seconds = match seconds("working_time", &sample.working_time)? {
        Some(seconds) => Some(seconds),
        None => seconds("total_time", &sample.total_time)?,
    };
    Ok(Answer {
        status,
        finish_reason,
        prompt_tokens: usage.and_then(prompt_tokens),
        completion_tokens: usage.and_then(|usage| usage.output_tokens),
        reasoning_tokens: usage.and_then(|usage| usage.reasoning_tokens),
        cost_usd,
        cost_source: cost_usd.map(|_| CostSource::Imported),
        latency_ms: seconds.map(|seconds| seconds * 1000.0),
        provider_model: output.and_then(|output| output.model.clone()).filter(|model| !model.is_empty()),
        collected_at: sample.completed_at.clone(),
        error,
        ..Answer::of(written.or_else(said).unwrap_or_default())
    })
}

/// The place of an epoch, from 0.
fn epoch(epoch: &Value) -> Result<u32, String> {
    let place = match epoch {
        Value::Null => Some(0),
        other => other.as_u64().and_then(|epoch| u32::try_from(epoch.checked_sub(1)?).ok()),
    };
    place.ok_or_else(|| format!("`epoch`: expected a whole number of 1 or more, found {}", shown(epoch)))
}

fn seconds(field: &str, value: &Value) -> Result<Option<f64>, String> {
    match value {
        Value::Null => Ok(None),
        other => match other.as_f64().filter(|seconds| *seconds >= 0.0) {
            Some(seconds) => Ok(Some(seconds)),
            None => Err(format!("`{field}`: expected seconds, found {}", shown(other))),
        },
    }
}
