//! Anthropic's form.

use std::time::UNIX_EPOCH;

use serde_json::Value;

use super::{BatchStatus, Listed, Results, Unreadable, cancelled, expired, id, text};
use crate::reply::Reply;
use crate::wire::{Api, Failure};

pub(super) fn status(batch: &Value) -> Result<BatchStatus, Unreadable> {
    match text(batch, "processing_status")? {
        "in_progress" | "canceling" => {
            Ok(BatchStatus::Running { done: done(batch), total: done(batch) + processing(batch) })
        }
        "ended" => {
            let path = format!("/messages/batches/{}/results", id(batch, "id")?);
            let results = Results { paths: vec![path] };
            let cancelled = !batch["cancel_initiated_at"].is_null();
            Ok(if cancelled { BatchStatus::Cancelled(results) } else { BatchStatus::Ended(results) })
        }
        other => Err(Unreadable::new(format!("unknown status `{}`", other.escape_debug()))),
    }
}

fn done(batch: &Value) -> u64 {
    let counts = ["succeeded", "errored", "canceled", "expired"];
    counts.iter().map(|key| batch["request_counts"][key].as_u64().unwrap_or(0)).sum()
}

fn processing(batch: &Value) -> u64 {
    batch["request_counts"]["processing"].as_u64().unwrap_or(0)
}

pub(super) fn answer(line: &Value) -> Result<Reply, Failure> {
    let result = &line["result"];
    match result["type"].as_str() {
        Some("succeeded") => Api::Anthropic.reply_of(&result["message"]),
        // An error in the usual form, in a key of that name.
        Some("errored") => Err(Failure::inside(&result["error"])
            .or_else(|| Failure::of_error(&result["error"]))
            .unwrap_or_else(|| Failure::unreadable("a request of the batch failed without a reason"))),
        Some("expired") => Err(expired()),
        Some("canceled") => Err(cancelled()),
        _ => Err(Failure::unreadable("a line of the batch has no known `result`")),
    }
}

pub(super) fn listed(batch: &Value) -> Result<Listed, Unreadable> {
    let created_at = batch["created_at"].as_str().and_then(|text| humantime::parse_rfc3339(text).ok());
    let since_1970 = created_at.and_then(|moment| moment.duration_since(UNIX_EPOCH).ok());
    Ok(Listed {
        id: id(batch, "id")?.to_owned(),
        token: None,
        created_at_s: since_1970.map(|time| time.as_secs()),
        requests: done(batch) + processing(batch),
        ended: text(batch, "processing_status")? == "ended",
    })
}
