//! What a body tells of a failure, whichever provider's or gateway's form it has.

use std::time::Duration;

use serde_json::Value;

use super::{Failure, kind, line};
use crate::wire::limits;

/// What was told.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Codes, types and reasons, in lower case.
    pub(super) tags: Vec<String>,
    /// What is meant for people.
    pub(super) message: String,
    /// The status that the body gives, where that of HTTP says nothing.
    pub(super) status: Option<u16>,
    /// How long to wait.
    pub(super) retry_after: Option<Duration>,
}

impl Told {
    /// JSON, or any text.
    pub(super) fn by_bytes(body: &[u8]) -> Self {
        serde_json::from_slice(body)
            .map_or_else(|_| Self::by_text(&String::from_utf8_lossy(body)), |body| Self::by_body(&body))
    }

    /// `{"error": ..}`, or an object that is the error itself, or a list of either.
    pub(super) fn by_body(body: &Value) -> Self {
        match body {
            Value::Array(list) => list.first().map(Self::by_body).unwrap_or_default(),
            Value::Object(keys) => match keys.get("error") {
                Some(error @ Value::Object(_)) => Self::by_error(error),
                // A message beside it says more than `"error": "Internal Server Error"`.
                Some(Value::String(error)) if !keys.contains_key("message") => {
                    Self { tags: vec![tag(error)], message: error.clone(), ..Self::default() }
                }
                _ => Self::by_error(body),
            },
            Value::String(text) => Self { message: text.clone(), ..Self::default() },
            _ => Self::default(),
        }
    }

    /// The value of an `error` key.
    pub(super) fn by_error(error: &Value) -> Self {
        let mut told = Self::default();
        if let Some(text) = error.as_str() {
            return Self { tags: vec![tag(text)], message: text.to_owned(), ..told };
        }
        for named in [&error["code"], &error["type"], &error["status"], &error["error"], &error["innererror"]["code"]] {
            told.tags.extend(named.as_str().map(tag));
        }
        let statuses = [&error["code"], &error["status"], &error["status_code"], &error["statusCode"]];
        told.status = statuses.into_iter().find_map(as_status);
        told.message = message(error).unwrap_or_else(|| told.tags.join(" "));
        for detail in error["details"].as_array().into_iter().flatten() {
            told.tags.extend(detail["reason"].as_str().map(tag));
            let wait = detail["retryDelay"].as_str().and_then(limits::duration);
            told.retry_after = told.retry_after.or(wait);
        }
        // What the provider behind a gateway said.
        if let Some(raw) = error["metadata"]["raw"].as_str() {
            let behind = Self::by_bytes(raw.as_bytes());
            told.tags.extend(behind.tags);
            told.message = format!("{}: {}", told.message, behind.message);
        }
        told
    }

    /// A body that is not JSON: its text, or the title of a page.
    pub(super) fn by_text(text: &str) -> Self {
        let title = text.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>"));
        let message = title.map_or(text, |(title, _)| title);
        Self { message: message.to_owned(), ..Self::default() }
    }

    /// The failure, with the status of HTTP unless that is one of success.
    pub(super) fn failure(self, status: Option<u16>) -> Failure {
        let kind = kind::kind(status.or(self.status), &self.tags, &self.message.to_lowercase());
        Failure { kind, message: line(&self.message), retry_after: self.retry_after }
    }
}

fn tag(text: &str) -> String {
    text.to_lowercase()
}

/// A number that is a status of failure, also where it is written as a text.
fn as_status(value: &Value) -> Option<u16> {
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
    u16::try_from(number).ok().filter(|status| (400..600).contains(status))
}

fn message(error: &Value) -> Option<String> {
    let texts = ["message", "detail", "text", "msg", "error"].into_iter().filter_map(|key| match &error[key] {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        // What does not hold for the request's fields, as FastAPI lists it.
        Value::Array(faults) => {
            let faults: Vec<_> = faults.iter().filter_map(|fault| fault["msg"].as_str()).collect();
            (!faults.is_empty()).then(|| faults.join("; "))
        }
        Value::Object(inner) => inner.get("message").and_then(Value::as_str).map(str::to_owned),
        _ => None,
    });
    { texts }.next()
}
