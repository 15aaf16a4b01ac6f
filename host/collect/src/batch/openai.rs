//! OpenAI's form.

use serde_json::{Value, json};

use super::input::OPENAI_ENDPOINT;
use super::{BatchStatus, Listed, Results, Token, Unreadable, cancelled, expired, id, text};
use crate::reply::Reply;
use crate::wire::{Api, Failure, FailureKind};

/// The key of a batch's metadata that holds its token.
const TOKEN_KEY: &str = "routerlab";

/// The request that makes a batch of a file.
pub(super) fn creation(file: &str, token: &Token) -> Value {
    json!({
        "input_file_id": file,
        "endpoint": OPENAI_ENDPOINT,
        "completion_window": "24h",
        "metadata": { TOKEN_KEY: token.as_str() },
    })
}

pub(super) fn status(batch: &Value) -> Result<BatchStatus, Unreadable> {
    let count = |key: &str| batch["request_counts"][key].as_u64().unwrap_or(0);
    match text(batch, "status")? {
        "validating" | "in_progress" | "finalizing" | "cancelling" => {
            Ok(BatchStatus::Running { done: count("completed") + count("failed"), total: count("total") })
        }
        "completed" => results(batch).map(BatchStatus::Ended),
        "expired" => results(batch).map(BatchStatus::Expired),
        "cancelled" => results(batch).map(BatchStatus::Cancelled),
        "failed" => Ok(BatchStatus::Failed(reason(batch))),
        other => Err(Unreadable::new(format!("unknown status `{}`", other.escape_debug()))),
    }
}

/// Answers and failures lie in a file each; there is none where there is nothing to put into it.
fn results(batch: &Value) -> Result<Results, Unreadable> {
    let files = ["output_file_id", "error_file_id"].into_iter().filter(|key| !batch[key].is_null());
    let paths = files.map(|key| id(batch, key).map(|file| format!("/files/{file}/content")));
    Ok(Results { paths: paths.collect::<Result<_, _>>()? })
}

fn reason(batch: &Value) -> String {
    let errors = batch["errors"]["data"].as_array().into_iter().flatten();
    // There may be one for every line.
    let errors = errors.take(3).map(|error| {
        let message = error["message"].as_str().unwrap_or("an error without a message");
        match error["line"].as_u64() {
            Some(line) => format!("line {line}: {message}"),
            None => message.to_owned(),
        }
    });
    let errors: Vec<_> = errors.collect();
    if errors.is_empty() {
        return "the provider gives no reason".to_owned();
    }
    Failure::new(FailureKind::Rejected, errors.join("; ")).message
}

pub(super) fn answer(line: &Value) -> Result<Reply, Failure> {
    match line["error"]["code"].as_str() {
        Some("batch_expired") => return Err(expired()),
        Some("batch_cancelled") => return Err(cancelled()),
        _ => {}
    }
    let response = &line["response"];
    let status = response["status_code"].as_u64().and_then(|status| u16::try_from(status).ok());
    match status {
        Some(200..=299) => Api::OpenaiChat.reply_of(&response["body"]),
        Some(status) => Err(Failure::of_body(status, &response["body"])),
        None => Err(Failure::of_error(&line["error"])
            .unwrap_or_else(|| Failure::unreadable("a line of the batch has neither a response nor an error"))),
    }
}

pub(super) fn listed(batch: &Value) -> Result<Listed, Unreadable> {
    let running = ["validating", "in_progress", "finalizing", "cancelling"];
    Ok(Listed {
        id: id(batch, "id")?.to_owned(),
        token: batch["metadata"][TOKEN_KEY].as_str().map(str::to_owned),
        created_at_s: batch["created_at"].as_u64(),
        requests: batch["request_counts"]["total"].as_u64().unwrap_or(0),
        ended: !running.contains(&text(batch, "status")?),
    })
}
