//! A model in a run: where its requests go, how many at a time, and what is known of it so far.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Instant;

use crate::answer::Tokens;
use crate::bucket::Buckets;
use crate::limit::Limit;
use crate::pool::{Model, Prices};
use crate::request::Request;
use crate::spend::{Account, Caps, Estimate, Taken};
use crate::stats::{Counter, LaneStats};
use crate::transport::Line;

/// One model in a run.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) model: Model,
    /// What stands for its endpoint in digests of requests.
    pub(crate) place: String,
    /// None until its server runs.
    line: RwLock<Option<Line>>,
    pub(crate) limit: Arc<Limit>,
    pub(crate) buckets: Buckets,
    pub(crate) account: Account,
    pub(crate) counter: Counter,
    /// Why nothing more is asked of it.
    closed: tokio::sync::watch::Sender<Option<String>>,
    means: Mutex<Means>,
    /// Items between two attempts.
    waiting: AtomicUsize,
}

/// What answers have taken so far.
#[derive(Debug, Default, Clone, Copy)]
struct Means {
    answers: f64,
    usd: f64,
    completion_tokens: f64,
}

impl Means {
    /// Of what earlier runs got.
    #[allow(clippy::cast_precision_loss, reason = "counts of tokens")]
    fn of(taken: Taken) -> Self {
        let (answers, completion_tokens) = (taken.answers as f64, taken.completion_tokens as f64);
        Self { answers, usd: taken.usd, completion_tokens }
    }
}

impl Lane {
    pub(crate) fn new(
        model: Model,
        limit: Arc<Limit>,
        place: String,
        line: Option<Line>,
        wanted: u64,
        taken: Taken,
    ) -> Self {
        let caps = Caps { usd: model.max_usd, tokens: model.max_total_tokens };
        Self {
            place,
            line: RwLock::new(line),
            limit,
            buckets: Buckets::new(model.requests_per_minute, model.tokens_per_minute, Instant::now()),
            account: Account::new(caps, taken),
            counter: Counter::new(&model.name, wanted),
            closed: tokio::sync::watch::Sender::new(None),
            means: Mutex::new(Means::of(taken)),
            waiting: AtomicUsize::new(0),
            model,
        }
    }

    pub(crate) fn line(&self) -> Option<Line> {
        self.line.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_line(&self, line: Line) {
        *self.line.write().unwrap_or_else(PoisonError::into_inner) = Some(line);
    }

    /// Asks nothing more of it. The first reason stays.
    pub(crate) fn close(&self, reason: &str) {
        self.closed.send_if_modified(|closed| closed.is_none() && closed.replace(reason.to_owned()).is_none());
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.borrow().is_some()
    }

    pub(crate) async fn closes(&self) {
        // The sender is a part of `self`.
        let _ = self.closed.subscribe().wait_for(Option::is_some).await;
    }

    /// What a request is expected to take: as answers so far; before the first, its prompt and as many tokens as it may have.
    pub(crate) fn estimate(&self, request: &Request) -> Estimate {
        self.estimate_at(request, self.model.prices)
    }

    /// The same of a request in a batch.
    pub(crate) fn batch_estimate(&self, request: &Request) -> Estimate {
        self.estimate_at(request, self.model.batch_prices)
    }

    /// Whether an estimate is more than a guess.
    pub(crate) fn can_estimate(&self) -> bool {
        self.model.max_tokens().is_some() || self.means.lock().unwrap_or_else(PoisonError::into_inner).answers > 0.0
    }

    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "estimates"
    )]
    fn estimate_at(&self, request: &Request, prices: Option<Prices>) -> Estimate {
        let means = *self.means.lock().unwrap_or_else(PoisonError::into_inner);
        let prompt = request.tokens_about();
        if means.answers > 0.0 {
            let tokens = prompt + (means.completion_tokens / means.answers) as u64;
            return Estimate { usd: means.usd / means.answers, tokens };
        }
        let completion = u64::from(self.model.max_tokens().unwrap_or(0));
        let usd = prices.map_or(0.0, |prices| prices.cost_usd(prompt, 0, completion));
        Estimate { usd, tokens: prompt + completion }
    }

    /// Notes what an answer took.
    #[allow(clippy::cast_precision_loss, reason = "counts of tokens")]
    pub(crate) fn took(&self, tokens: &Tokens, usd: Option<f64>) {
        let mut means = self.means.lock().unwrap_or_else(PoisonError::into_inner);
        means.answers += 1.0;
        means.usd += usd.unwrap_or(0.0);
        means.completion_tokens += tokens.completion.unwrap_or(0) as f64;
    }

    /// How many items wait between two attempts.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Waits between two attempts.
    pub(crate) async fn wait(&self, pause: impl Future<Output = ()>) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        pause.await;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn snapshot(&self) -> LaneStats {
        LaneStats { limit: self.limit.now(), closed: self.closed.borrow().clone(), ..self.counter.snapshot() }
    }
}
