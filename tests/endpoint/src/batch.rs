//! Batches of questions, answered while the client polls.

pub(crate) mod anthropic;
mod multipart;
pub(crate) mod openai;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::Ordering::SeqCst;
use std::time::SystemTime;

use serde::Serialize;
use serde_json::Value;

use crate::ask::{Ask, EmbeddingAsk};
use crate::connection::Parts;
use crate::draw::{Digest, Draw, Purpose};
use crate::endpoint::Shared;
use crate::exchange::fatal;
use crate::protocol::embeddings::embeddings;
use crate::protocol::{Manner, Problem, Protocol};
use crate::reply::Reply;
use crate::route::{Route, Target, target};
use crate::script::Script;

pub(crate) use multipart::file_of;

/// How an item of a batch fails, although the question itself has an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemFault {
    /// The server erred.
    Errored,
    /// The batch's time was over.
    Expired,
}

impl Script {
    /// How a question fails as an item of the `number`th batch that holds it, the first being 0.
    pub fn item_fault(&self, model: &str, prompt: &str, number: u64) -> Option<ItemFault> {
        self.item_fault_of(&Digest::of_question(model, prompt), number)
    }

    fn item_fault_of(&self, question: &Digest, number: u64) -> Option<ItemFault> {
        if number >= self.max_faults_per_request {
            return None;
        }
        let drawn = Draw::new(self.seed, Purpose::BatchItem, question, number).share();
        if drawn < self.batch_error_share {
            Some(ItemFault::Errored)
        } else {
            (drawn < self.batch_error_share + self.batch_expire_share).then_some(ItemFault::Expired)
        }
    }
}

/// All files and batches.
#[derive(Debug, Default)]
pub(crate) struct Store {
    files: BTreeMap<String, Vec<u8>>,
    file_count: u64,
    batches: Vec<Batch>,
    /// How many batches held a question.
    times: HashMap<Digest, u64>,
}

#[derive(Debug)]
struct Batch {
    id: String,
    route: Route,
    /// Lists go back in time, and whoever looks for a batch of today stops at one of yesterday.
    created_at: SystemTime,
    items: Vec<Item>,
    polls: u64,
    /// How often it has to be polled until it ends.
    polls_needed: u64,
    is_cancelled: bool,
    /// What was wrong with its input, and in which line: it is never worked on.
    errors: Vec<(usize, String)>,
    /// What the client said about it.
    request: Value,
    /// Files of its results, once it ended.
    output_file: Option<String>,
    error_file: Option<String>,
}

#[derive(Debug)]
struct Item {
    custom_id: String,
    end: ItemEnd,
}

#[derive(Debug)]
enum ItemEnd {
    /// An answer, or an error in its place.
    Answered(Reply),
    Expired,
    Cancelled,
}

/// How far a batch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    New,
    Working,
    Cancelling,
    Ended,
}

impl Batch {
    fn stage(&self) -> Stage {
        match self.polls {
            polls if polls >= self.polls_needed => Stage::Ended,
            _ if self.is_cancelled => Stage::Cancelling,
            0 => Stage::New,
            _ => Stage::Working,
        }
    }

    /// Items that ended in one way; none have while it is worked on.
    fn count(&self, is: impl Fn(&ItemEnd) -> bool) -> usize {
        if self.stage() == Stage::Ended { self.items.iter().filter(|item| is(&item.end)).count() } else { 0 }
    }

    fn has_succeeded(end: &ItemEnd) -> bool {
        matches!(end, ItemEnd::Answered(reply) if reply.status == 200)
    }

    fn has_erred(end: &ItemEnd) -> bool {
        matches!(end, ItemEnd::Answered(reply) if reply.status != 200)
    }
}

impl Store {
    /// Answers one question of a batch.
    fn answer(&mut self, script: &Script, protocol: Protocol, body: &[u8]) -> Result<ItemEnd, String> {
        let (question, model, reply) = if protocol == Protocol::Embeddings {
            let ask: EmbeddingAsk = serde_json::from_slice(body).map_err(|error| error.to_string())?;
            (Digest::of_question(&ask.model, &ask.input.join("\n")), ask.model.clone(), embeddings(script, &ask, None))
        } else {
            let ask = Ask::parse(body)?;
            let expected = script.expected(&ask.model, &ask.prompt);
            let reply = protocol.reply(&expected, Manner { stream: false, include_usage: false });
            (expected.digest, ask.model.into_owned(), reply)
        };
        if let Some(reply) = fatal(protocol, &model, "of the batch") {
            return Ok(ItemEnd::Answered(reply));
        }
        let times = self.times.entry(question).or_default();
        let fault = script.item_fault_of(&question, *times);
        *times += 1;
        Ok(match fault {
            None => ItemEnd::Answered(reply),
            Some(ItemFault::Expired) => ItemEnd::Expired,
            Some(ItemFault::Errored) => {
                let problem = Problem { status: 500, code: "server_error", message: "The server had an error." };
                ItemEnd::Answered(protocol.problem(&problem))
            }
        })
    }

    /// Takes a batch on; its place.
    fn take_on(&mut self, shared: &Shared, route: Route, lines: Vec<Line>, request: Value) -> usize {
        let number = self.batches.len() + 1;
        let prefix = if route == Route::Batches { "batch" } else { "msgbatch" };
        let mut batch = Batch {
            id: format!("{prefix}_{number:06}"),
            route,
            created_at: SystemTime::now(),
            items: Vec::with_capacity(lines.len()),
            polls: 0,
            polls_needed: shared.script.batch_polls,
            is_cancelled: false,
            errors: Vec::new(),
            request,
            output_file: None,
            error_file: None,
        };
        let mut ids = BTreeSet::new();
        for (number, line) in lines.into_iter().enumerate() {
            let item = line.and_then(|(custom_id, protocol, body)| {
                if !ids.insert(custom_id.clone()) {
                    return Err(format!("the custom_id `{custom_id}` stands twice"));
                }
                Ok(Item { end: self.answer(&shared.script, protocol, &body)?, custom_id })
            });
            match item {
                Ok(item) => batch.items.push(item),
                Err(message) => batch.errors.push((number + 1, message)),
            }
        }
        if !batch.errors.is_empty() {
            batch.items.clear();
        }
        shared.seen.batches.fetch_add(1, SeqCst);
        shared.seen.batch_items.fetch_add(batch.items.len() as u64, SeqCst);
        self.batches.push(batch);
        if shared.script.batch_polls == 0 {
            self.end(shared, number - 1);
        }
        number - 1
    }

    /// Goes on with a batch that is polled.
    fn poll(&mut self, shared: &Shared, at: usize) {
        let batch = &mut self.batches[at];
        if batch.stage() != Stage::Ended {
            batch.polls += 1;
            if batch.stage() == Stage::Ended {
                self.end(shared, at);
            }
        }
    }

    /// Cancels a batch that has not ended: half of it is done, and the next poll sees its end. Whether it could be.
    fn cancel(&mut self, at: usize) -> bool {
        let batch = &mut self.batches[at];
        if batch.stage() == Stage::Ended {
            return false;
        }
        if !batch.is_cancelled {
            batch.is_cancelled = true;
            batch.polls_needed = batch.polls + 1;
            let done = batch.items.len() / 2;
            batch.items[done..].iter_mut().for_each(|item| item.end = ItemEnd::Cancelled);
        }
        true
    }

    /// What comes with the end of a batch.
    fn end(&mut self, shared: &Shared, at: usize) {
        let batch = &self.batches[at];
        for item in &batch.items {
            if let ItemEnd::Answered(Reply { owed: Some((prompt, completion)), .. }) = &item.end {
                shared.seen.charge_item(*prompt, *completion);
            }
        }
        if batch.route == Route::Batches {
            let (output, errors) = openai::results(batch);
            let output = self.keep(output);
            let errors = self.keep(errors);
            (self.batches[at].output_file, self.batches[at].error_file) = (output, errors);
        }
    }

    /// Keeps a file, if anything is in it; its id.
    fn keep(&mut self, bytes: Vec<u8>) -> Option<String> {
        if bytes.is_empty() {
            return None;
        }
        self.file_count += 1;
        let id = format!("file-{:06}", self.file_count);
        self.files.insert(id.clone(), bytes);
        Some(id)
    }

    fn find(&self, route: Route, id: &str) -> Option<usize> {
        self.batches.iter().position(|batch| batch.route == route && batch.id == id)
    }

    /// A page of the list of batches, newest first: those after one, and whether there are more.
    fn page(&self, route: Route, query: &str) -> (Vec<&Batch>, bool) {
        let value = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        let limit = value("limit").and_then(|limit| limit.parse().ok()).unwrap_or(20);
        let after = value("after").or_else(|| value("after_id"));
        let all = self.batches.iter().rev().filter(|batch| batch.route == route);
        let mut rest =
            all.skip_while(|batch| after.is_some_and(|after| batch.id != after)).skip(usize::from(after.is_some()));
        let page = rest.by_ref().take(limit).collect();
        (page, rest.next().is_some())
    }
}

/// A question of a batch: its id, form and body; or what is wrong with it.
type Line = Result<(String, Protocol, Vec<u8>), String>;

/// Whose question a batch's path is for.
fn protocol_of(path: &str) -> Result<Protocol, String> {
    match target(true, path) {
        Target::Ask { protocol, .. } => Ok(protocol),
        _ => Err(format!("`{path}` is no endpoint of batches")),
    }
}

/// What comes back to a request about batches.
pub(crate) fn respond(shared: &Shared, route: Route, parts: &Parts<'_>, rest: &[&str]) -> Reply {
    match route {
        Route::MessageBatches => anthropic::respond(shared, parts, rest),
        _ => openai::respond(shared, route, parts, rest),
    }
}

/// In whose form a request about batches is refused.
pub(crate) fn protocol(route: Route) -> Protocol {
    if route == Route::MessageBatches { Protocol::Messages } else { Protocol::Chat }
}

/// A request about batches that makes no sense.
fn refused(route: Route, status: u16, message: &str) -> Reply {
    let code = if status == 404 { "not_found" } else { "invalid_request" };
    protocol(route).problem(&Problem { status, code, message })
}
