//! A run from its first request to its last table.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use routerlab_records::Provenance;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::batches;
use super::call::Left;
use super::flights::Flights;
use super::lane::Lane;
use crate::answer::Answer;
use crate::batch::Ledger;
use crate::cache::Cache;
use crate::control::Control;
use crate::error::CollectError;
use crate::journal::Journal;
use crate::servers::Servers;
use crate::shelves::{Shelves, Tag};
use crate::spend::Account;
use crate::stats::Snapshot;
use crate::stop::{Phase, Stop};
use crate::work::Work;

/// How often whoever waits is told.
const TELL_EVERY: Duration = Duration::from_millis(200);
/// Items that wait between two attempts, of one model: beyond it, no new ones are begun.
const WAITING_AT_MOST: usize = 1024;

/// What a run is made of.
pub(crate) struct Plan<W: Work> {
    pub(crate) work: Arc<W>,
    pub(crate) lanes: Vec<Arc<Lane>>,
    /// The items to do, of each lane in order.
    pub(crate) wanted: Vec<Vec<u32>>,
    pub(crate) journal: PathBuf,
    pub(crate) batches: Ledger,
    pub(crate) provenance: Provenance,
    pub(crate) cache: Option<Arc<Cache>>,
    /// Whether answers of the cache are passed over.
    pub(crate) fresh: bool,
    pub(crate) account: Account,
    pub(crate) control: Control,
    pub(crate) servers: Arc<Servers>,
    pub(crate) stop: Stop,
    /// How long what is on its way may take once the run is asked to end.
    pub(crate) grace: Duration,
    pub(crate) deadline: Option<Duration>,
}

/// What all items share.
pub(crate) struct Run<W: Work> {
    pub(super) work: Arc<W>,
    pub(super) journal: Journal<Tag>,
    pub(super) cache: Option<Arc<Cache>>,
    pub(super) fresh: bool,
    pub(super) flights: Flights,
    pub(super) batches: Ledger,
    /// The last attempts at items that a batch of this run has failed at.
    pub(super) tried: Mutex<HashMap<(usize, u32), u32>>,
    pub(super) account: Account,
    pub(super) servers: Arc<Servers>,
    pub(super) stop: Stop,
    paused: watch::Sender<bool>,
    jitter: Mutex<Xoshiro256PlusPlus>,
    kept: Arc<Mutex<Vec<(String, Answer)>>>,
    failure: Arc<Mutex<Option<CollectError>>>,
}

impl<W: Work> Run<W> {
    /// From 0 to 1. Only how long somebody waits depends on it.
    pub(super) fn jitter(&self) -> f64 {
        let bits = self.jitter.lock().unwrap_or_else(PoisonError::into_inner).next_u64();
        #[allow(clippy::cast_precision_loss, reason = "53 bits fit")]
        let unit = (bits >> 11) as f64 / (1_u64 << 53) as f64;
        unit
    }

    /// Waits while the control file says so.
    pub(super) async fn unpaused(&self) {
        // The sender is a part of `self`.
        let _ = self.paused.subscribe().wait_for(|paused| !paused).await;
    }

    /// Ends the run with an error.
    pub(super) fn fail(&self, error: CollectError) -> Result<(), Left> {
        fail(&self.failure, &self.stop, error);
        Err(Left)
    }

    pub(super) fn journal_failed(&self) -> bool {
        // Its own error is told when it is joined.
        self.stop.abandon("the journal cannot be written");
        false
    }

    /// The number of the attempt that a batch of this run has failed at; 0 where none has.
    pub(super) fn tried_by_batch(&self, at: usize, item: u32) -> u32 {
        let tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        tried.get(&(at, item)).copied().unwrap_or(0)
    }

    /// Gives an answer to the cache, together with the next group of the journal.
    pub(super) fn keep(&self, answer: &Answer) {
        if let Some(digest) = &answer.request_digest {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.push((digest.clone(), answer.clone()));
        }
    }
}

fn fail(failure: &Mutex<Option<CollectError>>, stop: &Stop, error: CollectError) {
    failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    stop.abandon("an error");
}

/// Runs to the end, whatever it is; what is known then is in tables.
pub(crate) async fn run<W: Work>(
    plan: Plan<W>,
    watch: &mut (dyn FnMut(&Snapshot) + Send),
) -> Result<Snapshot, CollectError> {
    let Plan { work, lanes, mut wanted, journal: folder, batches, provenance, .. } = plan;
    let Plan { cache, fresh, account, control, servers, stop, .. } = plan;
    let mut open = vec![0_u32; work.shards()];
    for (at, items) in wanted.iter_mut().enumerate() {
        // File after file: the journal, and with it what a start after a kill brings into tables, is never more than what
        // one file of each model waits for.
        items.sort_by_key(|item| work.shard(at, *item));
        for item in items {
            if let Some(open) = open.get_mut(work.shard(at, *item) as usize) {
                *open += 1;
            }
        }
    }
    let files = Arc::clone(&work);
    let shelves =
        Arc::new(Shelves::begin::<W::Row>(&folder, open, Arc::new(move |shard| files.shard_files(shard)), provenance)?);
    let kept: Arc<Mutex<Vec<(String, Answer)>>> = Arc::default();
    let failure: Arc<Mutex<Option<CollectError>>> = Arc::default();
    let journal = begin_journal(&folder, &shelves, &kept, cache.clone(), &failure, &stop)?;
    let seed =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |time| time.as_nanos() as u64);
    let shared = Arc::new(Run {
        work,
        journal,
        cache,
        fresh,
        flights: Flights::default(),
        batches,
        tried: Mutex::default(),
        account,
        servers: Arc::clone(&servers),
        stop: stop.clone(),
        paused: watch::Sender::new(false),
        jitter: Mutex::new(Xoshiro256PlusPlus::seed_from_u64(seed)),
        kept,
        failure: Arc::clone(&failure),
    });

    let begun = Instant::now();
    let snapshot = |lanes: &[Arc<Lane>]| Snapshot {
        seconds: begun.elapsed().as_secs_f64(),
        models: lanes.iter().map(|lane| lane.snapshot()).collect(),
    };
    let mut going = JoinSet::new();
    let queue = Queue { lanes: lanes.clone(), wanted };
    going.spawn(all_lanes(Arc::clone(&shared), queue, servers));
    let grace = grace_over(stop.clone(), plan.grace, plan.deadline);
    tokio::pin!(grace);
    let mut tick = tokio::time::interval(TELL_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut control = control;
    loop {
        tokio::select! {
            ended = going.join_next() => {
                if let Some(Err(error)) = ended && error.is_panic() {
                    std::panic::resume_unwind(error.into_panic());
                }
                break;
            }
            () = &mut grace, if stop.phase() < Phase::Abandoning => {}
            _ = tick.tick() => {
                watch(&snapshot(&lanes));
                control.apply(&lanes, &shared.account, &shared.paused, &stop);
                if !shelves.is_well() {
                    stop.abandon("tables cannot be written");
                }
            }
        }
    }
    let last = snapshot(&lanes);
    watch(&last);
    // Nobody else holds it any more: every lane has ended.
    let journal = Arc::into_inner(shared).map(|run| run.journal);
    let ended = tokio::task::spawn_blocking(move || {
        let written = journal.map_or(Ok(()), Journal::end);
        // What was noted before an error is as good as ever.
        let shelved = shelves.end();
        written.and(shelved)?;
        crate::journal::remove(&folder, crate::journal::segments(&folder)?)
    });
    ended.await.map_err(|error| CollectError::Client(error.to_string()))??;
    match failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
        Some(error) => Err(error),
        None => Ok(last),
    }
}

fn begin_journal(
    folder: &Path,
    shelves: &Arc<Shelves>,
    kept: &Arc<Mutex<Vec<(String, Answer)>>>,
    cache: Option<Arc<Cache>>,
    failure: &Arc<Mutex<Option<CollectError>>>,
    stop: &Stop,
) -> Result<Journal<Tag>, CollectError> {
    let (shelves, kept, failure, stop) = (Arc::clone(shelves), Arc::clone(kept), Arc::clone(failure), stop.clone());
    Journal::begin(folder, 1, move |noted| {
        shelves.noted(&noted);
        let answers = std::mem::take(&mut *kept.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(cache) = cache.as_deref().filter(|_| !answers.is_empty())
            && let Err(error) = cache.put(&answers)
        {
            fail(&failure, &stop, error);
        }
    })
}

/// Gives up what is on its way once it has had its time; begins to end when the run's own time is over.
async fn grace_over(stop: Stop, grace: Duration, deadline: Option<Duration>) {
    tokio::select! {
        () = stop.reached(Phase::Draining) => {}
        () = async {
            match deadline {
                Some(deadline) => tokio::time::sleep(deadline).await,
                None => std::future::pending().await,
            }
        } => stop.drain("the run's time is over"),
    }
    tokio::time::sleep(grace).await;
    stop.abandon("what was on its way took too long");
}

struct Queue {
    lanes: Vec<Arc<Lane>>,
    wanted: Vec<Vec<u32>>,
}

/// A lane, its number and its items.
type Part = (usize, Arc<Lane>, Vec<u32>);

/// Lanes with an address at once; those of servers as their servers run.
async fn all_lanes<W: Work>(run: Arc<Run<W>>, queue: Queue, servers: Arc<Servers>) {
    let mut going = JoinSet::new();
    let mut by_server: BTreeMap<String, Vec<Part>> = BTreeMap::new();
    for (at, (lane, items)) in queue.lanes.into_iter().zip(queue.wanted).enumerate() {
        if items.is_empty() {
            continue;
        }
        match lane.model.endpoint.clone() {
            crate::pool::Endpoint::Url(_) => {
                let run = Arc::clone(&run);
                going.spawn(async move {
                    if lane.model.batch {
                        batches::lane(run, lane, at, items).await;
                    } else {
                        one_lane(run, lane, at, items).await;
                    }
                });
            }
            crate::pool::Endpoint::Server(name) => by_server.entry(name).or_default().push((at, lane, items)),
        }
    }
    for (name, group) in by_server {
        let (run, servers) = (Arc::clone(&run), Arc::clone(&servers));
        going.spawn(async move {
            let lanes: Vec<Arc<Lane>> = group.iter().map(|(_, lane, _)| Arc::clone(lane)).collect();
            let started = tokio::select! {
                started = servers.start(&name, &lanes) => started,
                () = run.stop.reached(Phase::Draining) => return,
            };
            let Some(turn) = started else { return };
            let mut going = JoinSet::new();
            for (at, lane, items) in group {
                let run = Arc::clone(&run);
                going.spawn(async move { one_lane(run, lane, at, items).await });
            }
            while going.join_next().await.is_some() {}
            servers.stop(&name, turn).await;
        });
    }
    while let Some(ended) = going.join_next().await {
        if let Err(error) = ended
            && error.is_panic()
        {
            std::panic::resume_unwind(error.into_panic());
        }
    }
}

/// The items of a lane, twice as many begun as may be on their way, so that none waits for a question to be read.
pub(super) async fn one_lane<W: Work>(run: Arc<Run<W>>, lane: Arc<Lane>, at: usize, items: Vec<u32>) {
    let mut going = JoinSet::new();
    let mut items = items.into_iter();
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let ending = run.stop.phase() > Phase::Running || lane.is_closed();
        let room = (2 * lane.limit.now() as usize + lane.waiting().min(WAITING_AT_MOST)).saturating_sub(going.len());
        if !ending {
            for item in items.by_ref().take(room) {
                let (run, lane) = (Arc::clone(&run), Arc::clone(&lane));
                // An item that is left stays for a later run.
                going.spawn(async move { drop(run.item(&lane, at, item).await) });
            }
        }
        let ended = tokio::select! {
            ended = going.join_next() => ended,
            // So that a lane whose items all wait begins others.
            _ = tick.tick(), if !ending && !going.is_empty() => continue,
        };
        match ended {
            None => return,
            Some(Err(error)) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Some(_) => {}
        }
    }
}
