//! A lane that is asked by batch.
//!
//! Items go into batches that are as large as provider, pool and budget allow. A batch is noted before it is submitted; it is
//! asked after until it has ended, and its answers become attempts and rows like any others. What it leaves open is asked one
//! by one in the end. A run that ends leaves its batches at the provider, and the next one goes on with them.

mod fetch;
mod fill;
mod follow;
mod patience;
mod rows;
mod submit;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use routerlab_records::QueryId;
use tokio::task::JoinSet;

use self::fill::Fill;
use self::patience::Patience;
use self::rows::joined;
use super::call::Left;
use super::lane::Lane;
use super::run::{Run, one_lane};
use crate::batch::{BatchApi, BatchClient, BatchError, Submission, Submitted};
use crate::request::Request;
use crate::spend::Estimate;
use crate::stop::Phase;
use crate::work::Work;

/// Batches of a lane at the provider at a time, unless it takes fewer: what is known of their requests is in memory.
const OPEN_AT_ONCE: usize = 8;

/// What the batches of one lane share.
struct Batching<W: Work> {
    run: Arc<Run<W>>,
    lane: Arc<Lane>,
    at: usize,
    api: BatchApi,
    client: BatchClient,
    /// The requests that are in a batch by their digests, each with further items that ask the same.
    claimed: Mutex<HashMap<String, Vec<u32>>>,
}

/// A batch at the provider.
struct Open {
    token: String,
    /// The provider's id; none where a run was killed before it knew.
    batch: Option<String>,
    /// How many requests it had when it was submitted.
    requests: u64,
    submitted_at: SystemTime,
    /// Requests whose answers are waited for, by their number.
    awaited: HashMap<u64, Awaited>,
    /// What this run does not want of it.
    rest: Vec<Submitted>,
}

/// A request in a batch.
struct Awaited {
    item: u32,
    attempt: u32,
    digest: String,
    estimate: Estimate,
}

/// How far a lane is.
struct Course {
    /// Items to be asked by batch.
    queue: VecDeque<u32>,
    /// Items to be asked one by one.
    single: Vec<u32>,
    /// Batches at the provider at a time.
    at_once: usize,
    patience: Patience,
}

impl Default for Course {
    fn default() -> Self {
        Self { queue: VecDeque::new(), single: Vec::new(), at_once: OPEN_AT_ONCE, patience: Patience::default() }
    }
}

/// How a batch ended for a lane.
enum Ended {
    /// Its answers are durable; these items are to be asked one by one.
    Fetched(Vec<u32>),
    /// The provider did not work on it: these items are to be asked in another one.
    Refused(Vec<u32>, String),
    /// It was not taken on: likewise.
    NotTaken(Vec<u32>, BatchError),
    /// It goes on without this run, or an error has ended the run.
    Left,
}

/// Brings the items of a lane to their rows.
pub(super) async fn lane<W: Work>(run: Arc<Run<W>>, lane: Arc<Lane>, at: usize, items: Vec<u32>) {
    let single = match Batching::new(&run, &lane, at) {
        Ok(batching) => Arc::new(batching).all(items).await,
        Err(reason) => return lane.close(&reason),
    };
    one_lane(run, lane, at, single).await;
}

impl<W: Work> Batching<W> {
    fn new(run: &Arc<Run<W>>, lane: &Arc<Lane>, at: usize) -> Result<Self, String> {
        let model = &lane.model;
        // The pool says so much sooner.
        let api = BatchApi::of(model.api).ok_or("its provider has no batches")?;
        let line = lane.line().ok_or("it has no address")?;
        let secret = model.secret_headers.iter().map(|(name, secret)| (name.clone(), secret.value().to_owned()));
        let headers: Vec<_> = model.headers.iter().cloned().chain(secret).collect();
        let key = model.key.as_ref().map(|key| key.value());
        let client =
            BatchClient::new(api, line.client, &line.base, key, &headers).map_err(|error| error.to_string())?;
        Ok(Self { run: Arc::clone(run), lane: Arc::clone(lane), at, api, client, claimed: Mutex::default() })
    }

    /// Asks by batch as far as that goes; the items that are left for asking one by one.
    async fn all(self: &Arc<Self>, items: Vec<u32>) -> Vec<u32> {
        let mut course = Course { queue: VecDeque::from(items), ..Course::default() };
        let mut open = JoinSet::new();
        let Ok(before) = self.resume(&mut course.queue) else { return Vec::new() };
        for batch in before {
            open.spawn(Arc::clone(self).follow(batch));
        }
        loop {
            let full = open.len() >= course.at_once || (self.must_learn() && !open.is_empty());
            if course.queue.is_empty() || full || self.is_ending() {
                match open.join_next().await {
                    Some(ended) => self.take(joined(ended), open.len(), &mut course).await,
                    None => return course.single,
                }
                continue;
            }
            match self.fill(&mut course).await {
                Ok(Fill::Ready(filled)) => match self.submit(filled).await {
                    Ok(Ok(batch)) => {
                        course.patience = Patience::default();
                        open.spawn(Arc::clone(self).follow(batch));
                    }
                    Ok(Err(ended)) => self.take(ended, open.len(), &mut course).await,
                    Err(Left) => {}
                },
                Ok(Fill::Known) => {}
                // What is at the provider is paid for already: its answers come first.
                Ok(Fill::Capped(cap)) => match open.join_next().await {
                    Some(ended) => self.take(joined(ended), open.len(), &mut course).await,
                    None => self.reached(&cap),
                },
                // The run or the lane ends, which the next round sees.
                Err(Left) => {}
            }
        }
    }

    /// What the end of a batch means for those to come; so many others are open.
    async fn take(&self, ended: Ended, others: usize, course: &mut Course) {
        match ended {
            Ended::Fetched(items) => course.single.extend(items),
            // A provider takes on so much at a time and no more; when it has nothing else to do, that is not the reason.
            Ended::Refused(items, reason) => {
                course.queue.extend(items);
                course.at_once = others.max(1);
                if others == 0 {
                    self.lane.close(&format!("its batch was refused: {reason}"));
                }
            }
            Ended::NotTaken(items, error) => {
                course.queue.extend(items);
                match course.patience.after(&self.run, &self.lane, &error) {
                    Some(wait) => self.pause(wait).await,
                    None => self.lane.close(&format!("its batches cannot be submitted: {error}")),
                }
            }
            Ended::Left => {}
        }
    }

    /// What earlier runs left at the provider, as far as this one wants it. It is taken out of the queue.
    fn resume(&self, queue: &mut VecDeque<u32>) -> Result<Vec<Open>, Left> {
        let submissions = match self.run.batches.read(&self.lane.model.name) {
            Ok(submissions) => submissions,
            Err(error) => return self.run.fail(error).map(|()| Vec::new()),
        };
        if submissions.is_empty() {
            return Ok(Vec::new());
        }
        let mut wanted: HashMap<(QueryId, u32, String), u32> = HashMap::new();
        for item in &*queue {
            let about = self.run.work.about(self.at, *item);
            wanted.insert((about.query_id, about.sample_index, about.about), *item);
        }
        let (mut taken, mut all) = (HashSet::new(), Vec::new());
        for submission in submissions {
            let submitted_at = submission.at();
            let Submission { token, batch, requests, items, .. } = submission;
            let mut open = Open { token, batch, requests, submitted_at, awaited: HashMap::new(), rest: Vec::new() };
            let mut changed = 0;
            for submitted in items {
                let key = (submitted.query_id.clone(), submitted.sample_index, submitted.about.clone());
                let item = wanted.get(&key).copied().filter(|item| !taken.contains(item));
                let request = item.and_then(|item| self.request(item));
                match item.zip(request).filter(|(_, request)| request.digest == submitted.request) {
                    Some((item, request)) => {
                        taken.insert(item);
                        let estimate = self.lane.batch_estimate(&request);
                        self.lane.account.on_its_way(estimate);
                        self.run.account.on_its_way(estimate);
                        self.claimed().insert(request.digest.clone(), Vec::new());
                        let awaited = Awaited { item, attempt: submitted.attempt, digest: request.digest, estimate };
                        open.awaited.insert(submitted.number, awaited);
                    }
                    None => {
                        changed += usize::from(item.is_some());
                        open.rest.push(submitted);
                    }
                }
            }
            let name = open.batch.as_deref().unwrap_or("submitted last").to_owned();
            if changed > 0 {
                self.say(&format!("{changed} requests of the batch {name} were others: they are asked anew"));
            }
            if !open.awaited.is_empty() {
                self.say(&format!("goes on with the batch {name} and {} of its requests", open.awaited.len()));
                all.push(open);
            }
        }
        queue.retain(|item| !taken.contains(item));
        Ok(all)
    }

    fn request(&self, item: u32) -> Option<Request> {
        let messages = self.run.work.ask(self.at, item).ok()?;
        Some(Request::new(&self.lane.model, &self.run.work.about(self.at, item), &messages, &self.lane.place))
    }

    /// Items of a batch that has no answers, with those that ask the same; nothing was spent on them.
    fn give_back(&self, awaited: HashMap<u64, Awaited>) -> Vec<u32> {
        let mut items = Vec::with_capacity(awaited.len());
        for awaited in awaited.into_values() {
            self.run.settle(&self.lane, awaited.estimate, None, 0);
            items.push(awaited.item);
            items.extend(self.claimed().remove(&awaited.digest).unwrap_or_default());
        }
        items.sort_unstable();
        items
    }

    /// Counts what a batch that is left at the provider may take as spent: it will be, and nobody is to wait for it.
    fn leave(&self, awaited: &HashMap<u64, Awaited>) {
        for Awaited { estimate, .. } in awaited.values() {
            self.run.settle(&self.lane, *estimate, Some(estimate.usd), estimate.tokens);
        }
    }

    fn claimed(&self) -> MutexGuard<'_, HashMap<String, Vec<u32>>> {
        self.claimed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_ending(&self) -> bool {
        self.run.stop.phase() > Phase::Running || self.lane.is_closed()
    }

    /// Waits, but not beyond the end of the run or the lane.
    async fn pause(&self, wait: std::time::Duration) {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = self.run.stop.reached(Phase::Draining) => {}
            () = self.lane.closes() => {}
        }
    }

    fn say(&self, words: &str) {
        self.run.batches.say(format!("{}: {words}", self.lane.model.name));
    }
}
