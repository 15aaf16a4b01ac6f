//! Anthropic's batches: requests in one body, results as lines.

use std::sync::PoisonError;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Batch, ItemEnd, Line, Stage, refused};
use crate::connection::Parts;
use crate::endpoint::Shared;
use crate::protocol::Protocol;
use crate::reply::{Reply, quoted};
use crate::route::Route;

#[derive(Deserialize)]
struct Request {
    requests: Vec<Question>,
}

#[derive(Deserialize)]
struct Question {
    custom_id: String,
    params: Value,
}

/// What comes back to a request about batches.
pub(super) fn respond(shared: &Shared, parts: &Parts<'_>, rest: &[&str]) -> Reply {
    let route = Route::MessageBatches;
    let mut store = shared.batches.lock().unwrap_or_else(PoisonError::into_inner);
    let unknown = || refused(route, 404, "There is no such batch.");
    let (_, query) = parts.target.split_once('?').unwrap_or_default();
    match (parts.method, rest) {
        ("POST", []) => {
            let request: Request = match serde_json::from_slice(parts.body) {
                Ok(request) => request,
                Err(error) => return refused(route, 400, &error.to_string()),
            };
            let lines = request.requests.into_iter().map(|Question { custom_id, params }| -> Line {
                Ok((custom_id, Protocol::Messages, params.to_string().into_bytes()))
            });
            let at = store.take_on(shared, route, lines.collect(), Value::Null);
            // Theirs looks at everything before it takes a batch on.
            if let Some((number, message)) = store.batches[at].errors.first() {
                let message = format!("requests.{}: {message}", number - 1);
                store.batches.pop();
                shared.seen.batches.fetch_sub(1, SeqCst);
                return refused(route, 400, &message);
            }
            json_reply(&object(shared, &store.batches[at]))
        }
        ("GET", []) => {
            let (page, has_more) = store.page(route, query);
            let data: Vec<_> = page.into_iter().map(|batch| object(shared, batch)).collect();
            let (first, last) = (data.first().map(|batch| &batch["id"]), data.last().map(|batch| &batch["id"]));
            json_reply(&json!({ "first_id": first, "last_id": last, "has_more": has_more, "data": data }))
        }
        ("GET", [id]) => match store.find(route, id) {
            Some(at) => {
                store.poll(shared, at);
                json_reply(&object(shared, &store.batches[at]))
            }
            None => unknown(),
        },
        ("GET", [id, "results"]) => match store.find(route, id).map(|at| &store.batches[at]) {
            Some(batch) if batch.stage() == Stage::Ended => {
                let body = results(batch);
                Reply { content_type: "application/x-jsonl", owed: Some((0, 0)), ..Reply::json(200, body) }
            }
            Some(_) => refused(route, 404, "The batch has no results yet."),
            None => unknown(),
        },
        ("POST", [id, "cancel"]) => match store.find(route, id) {
            Some(at) if store.cancel(at) => json_reply(&object(shared, &store.batches[at])),
            Some(_) => refused(route, 400, "The batch has ended and cannot be cancelled."),
            None => unknown(),
        },
        _ => unknown(),
    }
}

/// A line for each request, last first: nobody may rely on their order.
fn results(batch: &Batch) -> String {
    let lines = batch.items.iter().rev().map(|item| {
        let result = match &item.end {
            ItemEnd::Answered(reply) => {
                let body = String::from_utf8_lossy(&reply.body);
                let (kind, key) = if reply.status == 200 { ("succeeded", "message") } else { ("errored", "error") };
                format!(r#"{{"type":"{kind}","{key}":{body}}}"#)
            }
            ItemEnd::Expired => r#"{"type":"expired"}"#.to_owned(),
            ItemEnd::Cancelled => r#"{"type":"canceled"}"#.to_owned(),
        };
        format!("{{\"custom_id\":{},\"result\":{result}}}\n", quoted(&item.custom_id))
    });
    lines.collect()
}

fn object(shared: &Shared, batch: &Batch) -> Value {
    let is_ended = batch.stage() == Stage::Ended;
    let status = match batch.stage() {
        Stage::New | Stage::Working => "in_progress",
        Stage::Cancelling => "canceling",
        Stage::Ended => "ended",
    };
    let id = &batch.id;
    let address = shared.address;
    let created = humantime::format_rfc3339_seconds(batch.created_at).to_string();
    let expires = humantime::format_rfc3339_seconds(batch.created_at + Duration::from_secs(86_400)).to_string();
    json!({
        "id": id, "type": "message_batch", "processing_status": status,
        "request_counts": {
            "processing": if is_ended { 0 } else { batch.items.len() },
            "succeeded": batch.count(Batch::has_succeeded), "errored": batch.count(Batch::has_erred),
            "canceled": batch.count(|end| matches!(end, ItemEnd::Cancelled)),
            "expired": batch.count(|end| matches!(end, ItemEnd::Expired)),
        },
        "created_at": created, "expires_at": expires, "archived_at": null,
        "ended_at": is_ended.then_some(&created), "cancel_initiated_at": batch.is_cancelled.then_some(&created),
        "results_url": is_ended.then(|| format!("http://{address}/v1/messages/batches/{id}/results")),
    })
}

fn json_reply(value: &Value) -> Reply {
    Reply { owed: Some((0, 0)), ..Reply::json(200, value.to_string()) }
}
