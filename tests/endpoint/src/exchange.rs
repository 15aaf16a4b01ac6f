//! What comes back to a request.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use crate::answer::word_count;
use crate::ask::{Ask, EmbeddingAsk};
use crate::batch;
use crate::connection::Parts;
use crate::delivery::{Flight, instead};
use crate::draw::{Digest, Draw, Purpose};
use crate::endpoint::Shared;
use crate::fault::Fault;
use crate::http;
use crate::protocol::embeddings::embeddings;
use crate::protocol::{Manner, Problem, Protocol, openai};
use crate::reply::Reply;
use crate::route::{Named, Route, Target, target};
use crate::seen::{Arrival, Request};

/// What comes back to a request, and how.
pub(crate) struct Exchange {
    pub(crate) reply: Reply,
    /// None for what is not counted, which is sent as it is.
    pub(crate) counted: Option<Counted>,
}

/// How a request that is counted goes on.
pub(crate) struct Counted {
    pub(crate) flight: Flight,
    pub(crate) fault: Option<Fault>,
    pub(crate) draw: Draw,
    pub(crate) delay_ms: u64,
    /// Whether it waits to be released.
    pub(crate) is_held: bool,
}

/// A request of which little is understood so far.
struct Counting<'a> {
    shared: &'a Arc<Shared>,
    parts: &'a Parts<'a>,
    route: Route,
    /// The key that was shown.
    key: Option<Cow<'a, str>>,
}

/// Finds out what comes back to a request, and counts it.
pub(crate) fn exchange(shared: &Arc<Shared>, parts: &Parts<'_>) -> Exchange {
    let (path, query) = parts.target.split_once('?').unwrap_or((parts.target, ""));
    let uncounted = |reply| Exchange { reply, counted: None };
    let counting = |route| Counting { shared, parts, route, key: key(parts, query) };
    match target(parts.method == "POST", path) {
        Target::Ask { route, protocol, named } => counting(route).ask(protocol, named),
        Target::Health => {
            let left = shared.unhealthy_polls.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1));
            uncounted(match left {
                Ok(_) => {
                    Reply::json(503, r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#)
                }
                Err(_) => Reply::json(200, r#"{"status":"ok"}"#),
            })
        }
        Target::Models => uncounted(openai::models(&shared.script)),
        Target::Seen => {
            let seen = shared.seen.seen(query == "all");
            uncounted(Reply::json(200, serde_json::to_vec(&seen).expect("counts are JSON")))
        }
        Target::Batch { route, rest } => counting(route).batch(&rest),
        Target::Unknown => {
            shared.seen.not_understood.fetch_add(1, SeqCst);
            let problem = Problem { status: 404, code: "unknown_path", message: "There is nothing at this path." };
            uncounted(Protocol::Chat.problem(&problem))
        }
    }
}

/// The key that a request shows, wherever its provider wants it.
fn key<'a>(parts: &Parts<'a>, query: &'a str) -> Option<Cow<'a, str>> {
    let names = ["authorization", "x-api-key", "x-goog-api-key"];
    let mut headers = http::headers(parts.headers);
    let shown = headers.find(|(name, _)| names.iter().any(|known| name.eq_ignore_ascii_case(known)));
    let in_query = || query.split('&').find_map(|pair| pair.strip_prefix("key="));
    shown.map(|(_, value)| value).or_else(in_query).map(Cow::Borrowed)
}

/// What counting has to know of a request.
struct Kind<'a> {
    protocol: Protocol,
    /// Empty for what is not a question.
    model: &'a str,
    digest: Option<Digest>,
    /// Tokens that it takes out of a window.
    tokens: u64,
    /// Share of such requests that fail.
    share: f64,
}

/// A question that is answered, or an error.
enum Outcome {
    Answer { reply: Reply, tokens: u64 },
    Embeddings { ask: EmbeddingAsk, tokens: u64 },
    Failure(Reply),
}

impl Counting<'_> {
    fn ask(self, protocol: Protocol, named: Option<Named<'_>>) -> Exchange {
        let (model, outcome) = match protocol {
            Protocol::Embeddings => self.embed(),
            _ => self.answer(protocol, named),
        };
        let key = self.key.as_deref().unwrap_or("none");
        let outcome = fatal(protocol, &model, key).map_or(outcome, Outcome::Failure);
        let (tokens, may_fail) = match &outcome {
            Outcome::Answer { tokens, .. } | Outcome::Embeddings { tokens, .. } => (*tokens, true),
            Outcome::Failure(_) => (0, false),
        };
        let digest = self.shared.seen.needs_digests().then(|| Digest::of(self.parts.body));
        let share = if may_fail { self.shared.script.fault_share } else { 0.0 };
        let script = &self.shared.script;
        self.count(Kind { protocol, model: &model, digest, tokens, share }, |number| match outcome {
            Outcome::Answer { reply, .. } | Outcome::Failure(reply) => reply,
            Outcome::Embeddings { ask, .. } => {
                embeddings(script, &ask, script.slip(&digest.unwrap_or(Digest::EMPTY), number))
            }
        })
    }

    /// Something about batches, which is done unless it fails before.
    fn batch(self, rest: &[&str]) -> Exchange {
        let Self { shared, parts, route, .. } = self;
        let digest = shared.seen.needs_digests().then(|| {
            // Boundaries of forms are drawn by the client each time.
            let file = batch::file_of(parts.headers, parts.body).map(|(file, _)| file);
            let said = [parts.method.as_bytes(), parts.target.as_bytes(), file.unwrap_or(parts.body)];
            Digest::of(&said.join(&b' '))
        });
        let protocol = batch::protocol(route);
        let share = shared.script.batch_fault_share;
        self.count(Kind { protocol, model: "", digest, tokens: 0, share }, |_| {
            batch::respond(shared, route, parts, rest)
        })
    }

    fn answer(&self, protocol: Protocol, named: Option<Named<'_>>) -> (String, Outcome) {
        let ask = match Ask::parse(self.parts.body) {
            Ok(ask) => ask,
            Err(message) => return (String::new(), self.not_understood(protocol, &message)),
        };
        let stream = named.as_ref().map_or(ask.stream, |named| named.stream);
        let model = named.map_or(ask.model, |named| Cow::Borrowed(named.model));
        let expected = self.shared.script.expected(&model, &ask.prompt);
        let reply = protocol.reply(&expected, Manner { stream, include_usage: ask.include_usage });
        let tokens = expected.prompt_tokens + expected.completion_tokens;
        (model.into_owned(), Outcome::Answer { reply, tokens })
    }

    fn embed(&self) -> (String, Outcome) {
        match serde_json::from_slice::<EmbeddingAsk>(self.parts.body) {
            Ok(ask) => {
                let tokens = ask.input.iter().map(|text| word_count(text)).sum();
                (ask.model.clone(), Outcome::Embeddings { ask, tokens })
            }
            Err(error) => (String::new(), self.not_understood(Protocol::Embeddings, &error.to_string())),
        }
    }

    fn not_understood(&self, protocol: Protocol, message: &str) -> Outcome {
        self.shared.seen.not_understood.fetch_add(1, SeqCst);
        Outcome::Failure(protocol.problem(&Problem { status: 400, code: "invalid_json", message }))
    }

    /// Counts the request and decides how it ends. What it asks for is done only if nothing keeps it.
    fn count(self, kind: Kind<'_>, act: impl FnOnce(u64) -> Reply) -> Exchange {
        let Self { shared, parts, route, key } = self;
        let Kind { protocol, model, digest, tokens, share } = kind;
        let (script, seen) = (&shared.script, &shared.seen);
        let under_way = seen.take_off();
        let mut flight = Flight::new(shared);
        flight.digest = digest;

        let (headers, fits) =
            shared.window.as_ref().map_or((String::new(), true), |limits| limits.take(protocol, tokens));
        let is_over_limit = !fits || script.max_in_flight.is_some_and(|most| under_way > most);
        let arrival = Arrival { route, digest, model, key: key.as_deref() };
        let (number, fault) = seen.remember(
            &arrival,
            || in_full(parts),
            |number, failed| {
                let digest = digest.filter(|_| !is_over_limit)?;
                script.fault_after(share, &digest, number, failed)
            },
        );
        // What is refused is refused at once.
        let is_held = seen.arrive() > script.hold_after.unwrap_or(u64::MAX) && !is_over_limit;

        let drawn = digest.unwrap_or(Digest::EMPTY);
        let mut draw = Draw::new(script.seed, Purpose::Delivery, &drawn, number);
        let mut reply = if is_over_limit {
            seen.over_limit.fetch_add(1, SeqCst);
            let message = "Too many requests at a time.";
            protocol.problem(&Problem { status: 429, code: "rate_limit_exceeded", message })
        } else if let Some(fault) = fault {
            let answer = if fault.has_effect() { act(number) } else { Reply::json(200, "{}") };
            match instead(fault, protocol, &answer, script, &mut draw) {
                Some(other) => Reply { owed: None, ..other },
                None => answer,
            }
        } else {
            act(number)
        };
        reply.headers.push_str(&headers);
        flight.owed = reply.owed;
        let delay_ms = if is_over_limit { 0 } else { script.delay_ms(&drawn, number) };
        Exchange { reply, counted: Some(Counted { flight, fault, draw, delay_ms, is_held }) }
    }
}

/// What a model of this name always says.
pub(crate) fn fatal(protocol: Protocol, model: &str, key: &str) -> Option<Reply> {
    let (status, code, message) = match model {
        "no-such-model" => (404, "model_not_found", "The model `no-such-model` does not exist.".to_owned()),
        "bad-key" => (401, "invalid_api_key", format!("Incorrect API key provided: {key}.")),
        "no-credit" => (402, "insufficient_credits", "Insufficient credits. Add more.".to_owned()),
        _ => return None,
    };
    Some(protocol.problem(&Problem { status, code, message: &message }))
}

fn in_full(parts: &Parts<'_>) -> Request {
    Request {
        method: parts.method.to_owned(),
        target: parts.target.to_owned(),
        headers: http::headers(parts.headers)
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect(),
        body: String::from_utf8_lossy(parts.body).into_owned(),
    }
}
