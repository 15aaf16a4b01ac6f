//! The sweep: every router under every seed, in parallel, each cell on its own; results on disk as they come.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use routerlab_plugin::{
    CallOptions, ComponentFile, OnPluginThread, Role, RouterPlugin, Sandbox, Threads, on_plugin_thread,
};
use routerlab_records::{CellRow, CellStatus};

use crate::answers::{RecordedAnswers, Shown};
use crate::cell::{CellOptions, CellResult, ReadyRouter, Status, run_cell};
use crate::data::Data;
use crate::error::BenchError;
use crate::experiment::{Experiment, RouterEntry};
use crate::prepare::Prepared;
use crate::reference::Reference;
use crate::results::{Author, Results, RunIdentity};

/// Where results go and what may be used. None of it changes a result.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Folder of results; the run gets a folder of its own in it.
    pub out: PathBuf,
    /// Cells at a time, and threads for kernels where there are fewer cells.
    pub threads: NonZeroUsize,
}

/// Is told how a run comes along. Calls come from several threads, one at a time.
pub trait Observer: Send {
    /// A cell ended: how many have, of how many, and the cell's row. `taken` when it was found done on disk.
    fn cell(&mut self, done: usize, total: usize, cell: &CellRow, taken: bool);
}

/// What a finished run was.
#[derive(Debug)]
pub struct FinishedRun {
    /// The folder of its tables.
    pub dir: PathBuf,
    /// All cells, by router in the experiment's order, then by seed.
    pub cells: Vec<CellRow>,
}

/// Runs an experiment, or the rest of one that was stopped: cells that are on disk are taken as they are.
///
/// # Errors
/// Data or components that cannot be read, or a disk that cannot be written. What goes wrong inside a cell is a status
/// of that cell and costs no other cell anything.
pub fn run(
    experiment: &Experiment,
    sandbox: &Sandbox,
    options: &RunOptions,
    observer: &mut dyn Observer,
) -> Result<FinishedRun, BenchError> {
    for router in experiment.router.iter().filter(|router| router.reference.is_none()) {
        if !router.component.is_file() {
            let reason = format!(
                "router `{}`: component `{}` does not exist; build it with `routerlab build`",
                router.report_name(),
                router.component.display()
            );
            return Err(BenchError::Data { path: experiment.data.dir.clone(), reason });
        }
    }
    let mut data = Data::load(&experiment.data)?;
    if experiment.router.iter().any(|router| is_sequential(router, sandbox)) {
        data.digest_answers()?;
    }
    let identity = RunIdentity::of(experiment, &data)?;
    let results = Results::open(&options.out, &identity, experiment)?;
    if let Some(cells) = results.complete(experiment) {
        for (done, cell) in (1..).zip(&cells) {
            observer.cell(done, cells.len(), cell, true);
        }
        return Ok(FinishedRun { dir: results.dir().to_owned(), cells });
    }
    // Every seed is prepared once before anything runs, so that a wrong protocol is found early.
    for seed in &experiment.protocol.seeds {
        crate::prepare::parts_of(&data, &experiment.protocol, *seed)?;
    }
    let sweep = Sweep::new(experiment, sandbox, &data, &results, options.threads, observer);
    sweep.work()?;
    let cells = results.cells(experiment)?;
    crate::summary::write(experiment, &data, &results, &cells, options.threads)?;
    results.finish(&cells)?;
    Ok(FinishedRun { dir: results.dir().to_owned(), cells })
}

/// Whether a component is a sequential router, as far as its file says. What is wrong with it is for its cells to say.
fn is_sequential(router: &RouterEntry, sandbox: &Sandbox) -> bool {
    let file = ComponentFile::read(&router.component, sandbox.limits());
    file.is_ok_and(|file| file.role == Role::SequentialRouter)
}

/// The work of one run, shared by its threads.
struct Sweep<'a> {
    experiment: &'a Experiment,
    sandbox: &'a Sandbox,
    data: &'a Data,
    results: &'a Results,
    options: CellOptions,
    workers: usize,
    /// Seed after seed, so that only few seeds are held in memory.
    cells: Vec<(usize, u32)>,
    next: AtomicUsize,
    failed: AtomicBool,
    routers: Vec<OnceLock<Result<ReadyRouter, Status>>>,
    /// Read when the first router asks for them: completions are large.
    answers: Mutex<Option<Arc<RecordedAnswers>>>,
    seeds: Mutex<BTreeMap<u32, SeedInUse>>,
    told: Mutex<(usize, &'a mut dyn Observer)>,
}

/// What one seed needs, while cells of it are left.
struct SeedInUse {
    prepared: Arc<OnceLock<Prepared>>,
    left: usize,
}

impl<'a> Sweep<'a> {
    fn new(
        experiment: &'a Experiment,
        sandbox: &'a Sandbox,
        data: &'a Data,
        results: &'a Results,
        threads: NonZeroUsize,
        observer: &'a mut dyn Observer,
    ) -> Self {
        let routers = experiment.router.len();
        let seeds = &experiment.protocol.seeds;
        let cells: Vec<_> = seeds.iter().flat_map(|seed| (0..routers).map(move |router| (router, *seed))).collect();
        let workers = threads.get().min(cells.len()).max(1);
        // A cell that has cores to itself uses them in the kernels; the bits are the same either way.
        let kernel_threads = NonZeroUsize::new(threads.get() / workers).unwrap_or(NonZeroUsize::MIN);
        let in_use = |seed: &u32| (*seed, SeedInUse { prepared: Arc::default(), left: routers });
        Self {
            experiment,
            sandbox,
            data,
            results,
            options: CellOptions {
                call: CallOptions { limits: experiment.limits.clone(), threads: Threads::new(kernel_threads) },
                preferences: experiment.preferences.values(),
                batch_queries: experiment.protocol.batch_queries,
            },
            workers,
            cells,
            next: AtomicUsize::new(0),
            failed: AtomicBool::new(false),
            routers: (0..routers).map(|_| OnceLock::new()).collect(),
            answers: Mutex::new(None),
            seeds: Mutex::new(seeds.iter().map(in_use).collect()),
            told: Mutex::new((0, observer)),
        }
    }

    /// Works until no cell is left, or the disk fails.
    fn work(&self) -> Result<(), BenchError> {
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..self.workers)
                .map(|_| std::thread::Builder::new().name("cell".into()).spawn_scoped(scope, || self.one_worker()))
                .collect::<Result<_, _>>()
                .map_err(BenchError::Thread)?;
            let mut result = Ok(());
            for worker in workers {
                let ended = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                result = result.and(ended);
            }
            result
        })
    }

    fn one_worker(&self) -> Result<(), BenchError> {
        while !self.failed.load(Ordering::Relaxed) {
            let Some((router, seed)) = self.cells.get(self.next.fetch_add(1, Ordering::Relaxed)) else { break };
            if let Err(error) = self.one_cell(*router, *seed) {
                // The others end after the cell they are at; what they wrote stays and is taken by the next run.
                self.failed.store(true, Ordering::Relaxed);
                return Err(error);
            }
        }
        Ok(())
    }

    fn one_cell(&self, router: usize, seed: u32) -> Result<(), BenchError> {
        let name = self.experiment.router[router].report_name();
        let (row, taken) = match self.results.done_cell(&name, seed) {
            Some(row) => (row, true),
            None => (self.run_one(router, &name, seed)?, false),
        };
        self.release(seed);
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.0 += 1;
        let done = told.0;
        told.1.cell(done, self.cells.len(), &row, taken);
        Ok(())
    }

    fn run_one(&self, router: usize, name: &str, seed: u32) -> Result<CellRow, BenchError> {
        let prepared = self.prepared(seed)?;
        let prepared =
            prepared.get().ok_or_else(|| BenchError::Thread(std::io::Error::other("a seed was not prepared")))?;
        if let Some(reference) = self.reference(router) {
            let result = crate::reference::always(&reference.name, self.data.models.len() as u32, prepared);
            let author = Author::Reference(reference);
            return self.results.write_cell(name, author, prepared, self.data, &self.options, &result);
        }
        let on_thread = |thread: &OnPluginThread| -> Result<_, BenchError> {
            let ready = match self.ready(router, thread) {
                Ok(ready) => ready,
                Err(status) => return Ok((CellResult::failed(status.clone()), None)),
            };
            let answers = if ready.description.needs_answers { Some(self.answers()?) } else { None };
            let sequential = ready.plugin.role() == Role::SequentialRouter;
            let shown = Shown::new(self.data, prepared, sequential, answers.as_deref())?;
            Ok((run_cell(ready, prepared, &shown, &self.options, thread), Some(ready)))
        };
        let stack_bytes = self.experiment.limits.stack_bytes;
        // A fault of ours that one cell brings to light may not cost the others their work either.
        let ran = catch_unwind(AssertUnwindSafe(|| on_plugin_thread(stack_bytes, on_thread)));
        let (result, ready) = match ran {
            Ok(ran) => ran.map_err(BenchError::Thread).flatten()?,
            Err(panic) => (CellResult::failed(Status::of_panic(&*panic)), None),
        };
        let author = ready.map_or(Author::Nobody, Author::Router);
        self.results.write_cell(name, author, prepared, self.data, &self.options, &result)
    }

    /// The model outside the pool that an entry stands for, if it stands for one.
    fn reference(&self, router: usize) -> Option<&Reference> {
        let name = self.experiment.router[router].reference.as_ref()?;
        self.data.references.iter().find(|reference| reference.name.as_str() == name)
    }

    /// The router, loaded and asked what it is by whoever needs it first.
    fn ready(&self, router: usize, thread: &OnPluginThread) -> &Result<ReadyRouter, Status> {
        self.routers[router].get_or_init(|| {
            let entry = &self.experiment.router[router];
            let plugin = RouterPlugin::load(self.sandbox, &entry.component).map_err(|error| Status::of_load(&error))?;
            if Some(plugin.digest()) != self.results.component_digest(&entry.report_name()) {
                let words = format!(
                    "component `{}` was changed after the run began; give the same command again",
                    entry.component.display()
                );
                return Err(Status::NotLoaded(words));
            }
            let said = plugin.describe(&self.options.call, thread);
            let description = said.result.map_err(|error| Status::of("describe", &error))?;
            let lacks = [
                (
                    description.needs_embeddings && self.data.embeddings.is_none(),
                    "embeddings, and this run has none; import them with `--embeddings`",
                ),
                (
                    description.needs_answers && plugin.role() != Role::SequentialRouter,
                    "what models answered, which only sequential routers are shown",
                ),
            ];
            if let Some((_, what)) = lacks.into_iter().find(|(lacks, _)| *lacks) {
                return Err(Status::Failed(CellStatus::Refused, format!("describe: the router needs {what}")));
            }
            Ok(ReadyRouter { plugin, description, config: entry.config_json() })
        })
    }

    /// What models answered, read by whoever needs it first.
    fn answers(&self) -> Result<Arc<RecordedAnswers>, BenchError> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answers) = &*answers {
            return Ok(Arc::clone(answers));
        }
        Ok(Arc::clone(answers.insert(Arc::new(RecordedAnswers::read(self.data)?))))
    }

    /// What the seed needs, prepared by whoever needs it first.
    fn prepared(&self, seed: u32) -> Result<Arc<OnceLock<Prepared>>, BenchError> {
        let slot = {
            let seeds = self.seeds.lock().unwrap_or_else(PoisonError::into_inner);
            seeds.get(&seed).map(|in_use| Arc::clone(&in_use.prepared)).unwrap_or_default()
        };
        if slot.get().is_none() {
            let prepared =
                Prepared::new(self.data, &self.experiment.protocol, self.experiment.preferences.weighs, seed)?;
            // Two threads may have come here at once; both prepared the same.
            let _ = slot.set(prepared);
        }
        Ok(slot)
    }

    /// One cell of this seed is done; with the last one its tables are freed.
    fn release(&self, seed: u32) {
        let mut seeds = self.seeds.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(in_use) = seeds.get_mut(&seed) {
            in_use.left -= 1;
            if in_use.left == 0 {
                seeds.remove(&seed);
            }
        }
    }
}
