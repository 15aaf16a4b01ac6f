//! OpenAI's batches: files of lines in, files of lines out.

use std::sync::PoisonError;
use std::time::UNIX_EPOCH;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Batch, ItemEnd, Line, Stage, Store, file_of, protocol_of, refused};
use crate::connection::Parts;
use crate::endpoint::Shared;
use crate::protocol::CREATED;
use crate::reply::{Reply, quoted};
use crate::route::Route;

#[derive(Deserialize)]
struct Request {
    input_file_id: String,
    endpoint: String,
    completion_window: String,
}

#[derive(Deserialize)]
struct Question {
    custom_id: String,
    method: String,
    url: String,
    body: Value,
}

/// What comes back to a request about files or batches.
pub(super) fn respond(shared: &Shared, route: Route, parts: &Parts<'_>, rest: &[&str]) -> Reply {
    let mut store = shared.batches.lock().unwrap_or_else(PoisonError::into_inner);
    let unknown = || refused(route, 404, "There is no such file or batch.");
    let (_, query) = parts.target.split_once('?').unwrap_or_default();
    match (route, parts.method, rest) {
        (Route::Files, "POST", []) => match file_of(parts.headers, parts.body) {
            Some((bytes, "batch")) => match store.keep(bytes.to_vec()) {
                Some(id) => json_reply(&file(&id, bytes.len(), "batch")),
                None => refused(route, 400, "The file is empty."),
            },
            Some(_) => refused(route, 400, "The purpose is not `batch`."),
            None => refused(route, 400, "There is no form with `file` and `purpose`."),
        },
        (Route::Files, "GET", [id]) => store.files.get(*id).map_or_else(unknown, |bytes| {
            let is_input = store.batches.iter().any(|batch| batch.request["input_file_id"] == **id);
            json_reply(&file(id, bytes.len(), if is_input { "batch" } else { "batch_output" }))
        }),
        (Route::Files, "GET", [id, "content"]) => store.files.get(*id).map_or_else(unknown, |bytes| Reply {
            content_type: "application/octet-stream",
            ..answered(Reply::json(200, bytes.clone()))
        }),
        (Route::Files, "DELETE", [id]) => match store.files.remove(*id) {
            Some(_) => json_reply(&json!({ "id": id, "object": "file", "deleted": true })),
            None => unknown(),
        },
        (Route::Batches, "POST", []) => create(shared, &mut store, parts.body),
        (Route::Batches, "GET", []) => {
            let (page, has_more) = store.page(route, query);
            let data: Vec<_> = page.into_iter().map(object).collect();
            let (first, last) = (data.first().map(|batch| &batch["id"]), data.last().map(|batch| &batch["id"]));
            let list =
                json!({ "object": "list", "first_id": first, "last_id": last, "has_more": has_more, "data": data });
            json_reply(&list)
        }
        (Route::Batches, "GET", [id]) => match store.find(route, id) {
            Some(at) => {
                store.poll(shared, at);
                json_reply(&object(&store.batches[at]))
            }
            None => unknown(),
        },
        (Route::Batches, "POST", [id, "cancel"]) => match store.find(route, id) {
            Some(at) if store.cancel(at) => json_reply(&object(&store.batches[at])),
            Some(_) => refused(route, 409, "The batch has ended and cannot be cancelled."),
            None => unknown(),
        },
        _ => unknown(),
    }
}

fn create(shared: &Shared, store: &mut Store, body: &[u8]) -> Reply {
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let said = match Request::deserialize(&request) {
        Ok(said) if said.completion_window == "24h" => said,
        Ok(_) => return refused(Route::Batches, 400, "The only `completion_window` is `24h`."),
        Err(error) => return refused(Route::Batches, 400, &error.to_string()),
    };
    let Some(bytes) = store.files.get(&said.input_file_id) else {
        return refused(Route::Batches, 400, "There is no file `input_file_id`.");
    };
    let lines = bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    let questions = lines.map(|line| question(line, &said.endpoint)).collect();
    let at = store.take_on(shared, Route::Batches, questions, request);
    json_reply(&object(&store.batches[at]))
}

fn question(line: &[u8], endpoint: &str) -> Line {
    let question: Question = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    if question.url != endpoint || question.method != "POST" {
        return Err(format!("the request is not a POST to `{endpoint}`"));
    }
    Ok((question.custom_id, protocol_of(endpoint)?, question.body.to_string().into_bytes()))
}

/// The lines of answers and those of errors, last first: nobody may rely on their order.
pub(super) fn results(batch: &Batch) -> (Vec<u8>, Vec<u8>) {
    let (mut output, mut errors) = (String::new(), String::new());
    for (number, item) in batch.items.iter().enumerate().rev() {
        let id = quoted(&item.custom_id);
        let start = format!(r#"{{"id":"batch_req_{number:06}","custom_id":{id},"#);
        match &item.end {
            ItemEnd::Answered(reply) => {
                let body = String::from_utf8_lossy(&reply.body);
                let status = reply.status;
                let file = if status == 200 { &mut output } else { &mut errors };
                *file += &format!(
                    "{start}\"response\":{{\"status_code\":{status},\"request_id\":\"req_{number}\",\"body\":{body}}},\"error\":null}}\n"
                );
            }
            ItemEnd::Expired => {
                let message = "This request could not be executed before the completion window expired.";
                errors += &format!(
                    "{start}\"response\":null,\"error\":{{\"code\":\"batch_expired\",\"message\":\"{message}\"}}}}\n"
                );
            }
            ItemEnd::Cancelled => {}
        }
    }
    (output.into_bytes(), errors.into_bytes())
}

fn object(batch: &Batch) -> Value {
    let is_expired = batch.count(|end| matches!(end, ItemEnd::Expired)) > 0;
    let status = match batch.stage() {
        Stage::New => "validating",
        // Input that is wrong shows at the first look.
        _ if !batch.errors.is_empty() => "failed",
        Stage::Working if batch.polls + 1 == batch.polls_needed && batch.polls > 1 => "finalizing",
        Stage::Working => "in_progress",
        Stage::Cancelling => "cancelling",
        Stage::Ended if batch.is_cancelled => "cancelled",
        Stage::Ended if is_expired => "expired",
        Stage::Ended => "completed",
    };
    let created = batch.created_at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let at = |name: &str| (status == name).then_some(created + 60);
    let errors: Vec<_> = batch
        .errors
        .iter()
        .map(|(line, message)| json!({ "code": "invalid_request", "message": message, "param": null, "line": line }))
        .collect();
    let completed = batch.count(Batch::has_succeeded);
    let failed = batch.count(|end| Batch::has_erred(end) || matches!(end, ItemEnd::Expired));
    json!({
        "id": batch.id, "object": "batch", "status": status,
        "endpoint": batch.request["endpoint"], "input_file_id": batch.request["input_file_id"],
        "completion_window": batch.request["completion_window"], "metadata": batch.request["metadata"],
        "errors": (status == "failed").then(|| json!({ "object": "list", "data": errors })),
        "output_file_id": batch.output_file, "error_file_id": batch.error_file,
        "created_at": created, "in_progress_at": created, "expires_at": created + 86_400,
        "completed_at": at("completed"), "failed_at": at("failed"), "expired_at": at("expired"),
        "cancelled_at": at("cancelled"),
        "request_counts": { "total": batch.items.len(), "completed": completed, "failed": failed },
    })
}

fn file(id: &str, bytes: usize, purpose: &str) -> Value {
    json!({ "id": id, "object": "file", "bytes": bytes, "created_at": CREATED, "filename": format!("{id}.jsonl"),
        "purpose": purpose, "status": "processed" })
}

fn json_reply(value: &Value) -> Reply {
    answered(Reply::json(200, value.to_string()))
}

/// A response that is what the script expects; what it costs is counted when a batch ends.
fn answered(reply: Reply) -> Reply {
    Reply { owed: Some((0, 0)), ..reply }
}
