//! What an endpoint saw.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;

use crate::draw::Digest;
use crate::fault::Fault;
use crate::route::Route;

/// What an endpoint saw until now. Requests are those of [`Route`]; health, lists of models and this are not counted.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Seen {
    /// Connections that were opened.
    pub connections: u64,
    /// Requests that arrived whole.
    pub requests: u64,
    /// Those under way.
    pub in_flight: u64,
    /// The most that were under way at a time.
    pub max_in_flight: u64,
    /// Those whose response was sent whole, whatever its status.
    pub answered: u64,
    /// Those whose response was sent whole and is what [`crate::Script::expected`] says: what a client pays for.
    pub delivered: u64,
    /// Tokens of the prompts of those.
    pub prompt_tokens: u64,
    /// Tokens of the answers of those.
    pub completion_tokens: u64,
    /// Those that came beyond a limit of the script and got a 429.
    pub over_limit: u64,
    /// Those that were not understood, of any path.
    pub not_understood: u64,
    /// Batches that were taken on.
    pub batches: u64,
    /// Items of them.
    pub batch_items: u64,
    /// Items that got the expected answer, of batches that ended; their tokens are in the sums above.
    pub batch_items_delivered: u64,
    /// Attempts that failed, by how.
    pub faults: BTreeMap<Fault, u64>,
    /// Requests by what they were for.
    pub routes: BTreeMap<Route, u64>,
    /// Requests by the model they name; where the script records.
    pub models: BTreeMap<String, u64>,
    /// Keys that were shown, as the header says them; where the script records.
    pub keys: BTreeSet<String>,
    /// Questions by the SHA-256 of their body; where the script records.
    pub bodies: BTreeMap<String, Body>,
    /// The last requests in full, oldest first; where the script records.
    pub last: Vec<Request>,
}

/// How often a body came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Body {
    /// How often it arrived.
    pub seen: u64,
    /// How often the expected answer was sent whole.
    pub delivered: u64,
}

/// A request in full.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Request {
    /// `POST` and the like.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Names in lower case and values, in their order.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
}

impl Request {
    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(this, _)| this == name).map(|(_, value)| &**value)
    }
}

/// How long nothing may happen while somebody waits for requests.
const PATIENCE: Duration = Duration::from_secs(120);

/// Counts, without locks where nothing is remembered.
#[derive(Debug)]
pub(crate) struct Counters {
    pub(crate) connections: AtomicU64,
    pub(crate) over_limit: AtomicU64,
    pub(crate) not_understood: AtomicU64,
    pub(crate) batches: AtomicU64,
    pub(crate) batch_items: AtomicU64,
    batch_items_delivered: AtomicU64,
    requests: AtomicU64,
    in_flight: AtomicU64,
    max_in_flight: AtomicU64,
    answered: AtomicU64,
    delivered: AtomicU64,
    prompt_tokens: AtomicU64,
    completion_tokens: AtomicU64,
    faults: [AtomicU64; Fault::ALL.len()],
    routes: [AtomicU64; Route::ALL.len()],
    /// The least number of requests that somebody waits for.
    wake_at: AtomicU64,
    /// How many wait for nothing to be under way.
    idle_waiters: AtomicU64,
    waiting: Mutex<()>,
    woken: Condvar,
    log: Option<Mutex<Log>>,
}

#[derive(Debug, Default)]
struct Log {
    records: bool,
    keep_requests: usize,
    bodies: HashMap<Digest, History>,
    models: BTreeMap<String, u64>,
    keys: BTreeSet<String>,
    last: VecDeque<Request>,
}

/// What happened to a body so far.
#[derive(Debug, Clone, Copy, Default)]
struct History {
    body: Body,
    is_question: bool,
    /// Failed attempts right before the next.
    failed: u64,
}

/// What is to be remembered of a request that arrived.
#[derive(Debug)]
pub(crate) struct Arrival<'a> {
    pub(crate) route: Route,
    pub(crate) digest: Option<Digest>,
    pub(crate) model: &'a str,
    pub(crate) key: Option<&'a str>,
}

impl Arrival<'_> {
    fn is_question(&self) -> bool {
        !matches!(self.route, Route::Files | Route::Batches | Route::MessageBatches)
    }
}

impl Counters {
    /// With a log that records, or remembers only bodies, which faults need, or without any.
    pub(crate) fn new(records: bool, has_faults: bool, keep_requests: usize) -> Self {
        let zero = || AtomicU64::new(0);
        let log = Log { records, keep_requests, ..Log::default() };
        Self {
            connections: zero(),
            over_limit: zero(),
            not_understood: zero(),
            batches: zero(),
            batch_items: zero(),
            batch_items_delivered: zero(),
            requests: zero(),
            in_flight: zero(),
            max_in_flight: zero(),
            answered: zero(),
            delivered: zero(),
            prompt_tokens: zero(),
            completion_tokens: zero(),
            faults: std::array::from_fn(|_| zero()),
            routes: std::array::from_fn(|_| zero()),
            wake_at: AtomicU64::new(u64::MAX),
            idle_waiters: zero(),
            waiting: Mutex::new(()),
            woken: Condvar::new(),
            log: (records || has_faults).then(|| Mutex::new(log)),
        }
    }

    fn log(&self) -> Option<MutexGuard<'_, Log>> {
        self.log.as_ref().map(|log| log.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether bodies are told apart.
    pub(crate) fn needs_digests(&self) -> bool {
        self.log.is_some()
    }

    /// Counts a request as under way; how many are.
    pub(crate) fn take_off(&self) -> u64 {
        let now = self.in_flight.fetch_add(1, SeqCst) + 1;
        self.max_in_flight.fetch_max(now, SeqCst);
        now
    }

    /// Counts a request as over.
    pub(crate) fn land(&self) {
        if self.in_flight.fetch_sub(1, SeqCst) == 1 && self.idle_waiters.load(SeqCst) > 0 {
            self.wake();
        }
    }

    /// Remembers a request. `fault` is told how often the body came before and how many attempts with it failed last.
    pub(crate) fn remember(
        &self,
        arrival: &Arrival<'_>,
        request: impl FnOnce() -> Request,
        fault: impl FnOnce(u64, u64) -> Option<Fault>,
    ) -> (u64, Option<Fault>) {
        self.routes[arrival.route as usize].fetch_add(1, SeqCst);
        let Some(mut log) = self.log() else { return (0, None) };
        let mut outcome = (0, None);
        if let Some(digest) = arrival.digest {
            let history = log.bodies.entry(digest).or_default();
            outcome = (history.body.seen, fault(history.body.seen, history.failed));
            history.is_question = arrival.is_question();
            history.body.seen += 1;
            history.failed = if outcome.1.is_some() { history.failed + 1 } else { 0 };
        }
        if let Some(fault) = outcome.1 {
            self.faults[fault as usize].fetch_add(1, SeqCst);
        }
        if log.records {
            if !arrival.model.is_empty() {
                *log.models.entry(arrival.model.to_owned()).or_default() += 1;
            }
            if let Some(key) = arrival.key.filter(|key| !log.keys.contains(*key)) {
                log.keys.insert(key.to_owned());
            }
            if log.keep_requests > 0 {
                if log.last.len() == log.keep_requests {
                    log.last.pop_front();
                }
                log.last.push_back(request());
            }
        }
        outcome
    }

    /// Counts a request that was remembered, and wakes who waited for it; its number, from 1.
    pub(crate) fn arrive(&self) -> u64 {
        let number = self.requests.fetch_add(1, SeqCst) + 1;
        if number >= self.wake_at.load(SeqCst) {
            self.wake();
        }
        number
    }

    fn wake(&self) {
        drop(self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        self.woken.notify_all();
    }

    /// Counts a response as sent whole, and with what is owed for it as delivered.
    pub(crate) fn send(&self, owed: Option<(u64, u64)>, digest: Option<Digest>) {
        self.answered.fetch_add(1, SeqCst);
        if let Some((prompt, completion)) = owed {
            self.delivered.fetch_add(1, SeqCst);
            self.prompt_tokens.fetch_add(prompt, SeqCst);
            self.completion_tokens.fetch_add(completion, SeqCst);
            self.deliver_body(digest, 1);
        }
    }

    /// Counts an item of a batch as delivered.
    pub(crate) fn charge_item(&self, prompt: u64, completion: u64) {
        self.batch_items_delivered.fetch_add(1, SeqCst);
        self.prompt_tokens.fetch_add(prompt, SeqCst);
        self.completion_tokens.fetch_add(completion, SeqCst);
    }

    /// Takes back what [`Self::send`] counted.
    pub(crate) fn unsend(&self, owed: Option<(u64, u64)>, digest: Option<Digest>) {
        self.answered.fetch_sub(1, SeqCst);
        if let Some((prompt, completion)) = owed {
            self.delivered.fetch_sub(1, SeqCst);
            self.prompt_tokens.fetch_sub(prompt, SeqCst);
            self.completion_tokens.fetch_sub(completion, SeqCst);
            self.deliver_body(digest, -1);
        }
    }

    fn deliver_body(&self, digest: Option<Digest>, change: i64) {
        if let Some(digest) = digest
            && let Some(mut log) = self.log()
            && let Some(history) = log.bodies.get_mut(&digest)
        {
            history.body.delivered = history.body.delivered.saturating_add_signed(change);
        }
    }

    /// Blocks until so many requests arrived.
    pub(crate) fn wait_for_requests(&self, count: u64) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut last = u64::MAX;
        loop {
            // Told first, looked at second: whoever arrives in between sees that somebody waits.
            self.wake_at.fetch_min(count, SeqCst);
            let now = self.requests.load(SeqCst);
            if now >= count {
                break;
            }
            assert_ne!(now, last, "no request came for {} s: {now} of {count}", PATIENCE.as_secs());
            let (guard, timeout) = self.woken.wait_timeout(waiting, PATIENCE).unwrap_or_else(PoisonError::into_inner);
            waiting = guard;
            last = if timeout.timed_out() { now } else { u64::MAX };
        }
        // Others who wait for more say so again.
        self.wake_at.store(u64::MAX, SeqCst);
        drop(waiting);
        self.woken.notify_all();
    }

    /// Blocks until nothing is under way.
    pub(crate) fn wait_until_idle(&self) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        self.idle_waiters.fetch_add(1, SeqCst);
        while self.in_flight.load(SeqCst) > 0 {
            waiting = self.woken.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        self.idle_waiters.fetch_sub(1, SeqCst);
    }

    /// Everything; bodies and last requests, which may be many, only on demand.
    pub(crate) fn seen(&self, in_full: bool) -> Seen {
        let get = |counter: &AtomicU64| counter.load(SeqCst);
        let mut seen = Seen {
            connections: get(&self.connections),
            requests: get(&self.requests),
            in_flight: get(&self.in_flight),
            max_in_flight: get(&self.max_in_flight),
            answered: get(&self.answered),
            delivered: get(&self.delivered),
            prompt_tokens: get(&self.prompt_tokens),
            completion_tokens: get(&self.completion_tokens),
            over_limit: get(&self.over_limit),
            not_understood: get(&self.not_understood),
            batches: get(&self.batches),
            batch_items: get(&self.batch_items),
            batch_items_delivered: get(&self.batch_items_delivered),
            ..Seen::default()
        };
        let counted = |counter: &AtomicU64| Some(get(counter)).filter(|count| *count > 0);
        seen.faults =
            Fault::ALL.iter().zip(&self.faults).filter_map(|(fault, count)| Some((*fault, counted(count)?))).collect();
        seen.routes =
            Route::ALL.iter().zip(&self.routes).filter_map(|(route, count)| Some((*route, counted(count)?))).collect();
        if let Some(log) = self.log().filter(|log| log.records) {
            seen.models = log.models.clone();
            seen.keys = log.keys.clone();
            if in_full {
                let questions = log.bodies.iter().filter(|(_, history)| history.is_question);
                seen.bodies = questions.map(|(digest, history)| (digest.to_string(), history.body)).collect();
                seen.last = log.last.iter().cloned().collect();
            }
        }
        seen
    }
}
