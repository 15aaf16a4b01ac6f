//! What is missing in a data folder, and everything that asking for it needs.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use routerlab_records::pool::{Pool, PoolModel};
use routerlab_records::{CompletionRow, CompletionStatus, ModelName, Provenance, QueryId, import::Manifest};

use super::known::{self, Spent, Standing};
use super::{CollectOptions, Collected, Watch, coverage, forecast};
use crate::ask::Image;
use crate::asking::Asking;
use crate::cache::Cache;
use crate::engine::{Plan, run};
use crate::error::CollectError;
use crate::office::{Lanes, Office};
use crate::pool::Model;
use crate::questions::Questions;
use crate::serve::ServerAbout;
use crate::settle::{Recovered, settle};
use crate::spend::Account;
use crate::transport::Transport;
use crate::wire::Api;

/// A collection that can begin.
pub struct Prepared {
    options: CollectOptions,
    questions: Questions,
    /// The queries that were chosen.
    pub(super) chosen: Vec<u32>,
    pub(super) models: Vec<Model>,
    /// Items of each model.
    pub(super) wanted: Vec<Vec<u32>>,
    spent: Spent,
    tried: HashMap<(usize, u32), u32>,
    recovered: Recovered,
    provenance: Provenance,
    office: Office,
    images: BTreeMap<String, Image>,
}

/// Finds out what is missing. Brings what a run that was killed has left behind into tables first.
///
/// # Errors
/// When another run collects into the folder, the pool or the choice is wrong, or a table cannot be read or written.
pub fn prepare(options: CollectOptions, env: &dyn Fn(&str) -> Option<String>) -> Result<Prepared, CollectError> {
    let folder = &options.folder;
    if !folder.is_dir() {
        let reason = "there is no such folder; make one with `routerlab import dataset`";
        return Err(CollectError::data(folder, reason));
    }
    if options.samples == 0 || options.samples > 10_000 {
        return Err(CollectError::data(folder, format!("`samples` is {}, expected 1 to 10000", options.samples)));
    }
    let mut models = options
        .pool
        .models(options.models.as_deref(), env)
        .map_err(|reason| CollectError::pool(&options.pool_name, reason))?;
    models.sort_by(|a, b| a.name.cmp(&b.name));
    if options.caps.usd.is_some_and(|usd| !usd.is_finite() || usd < 0.0) {
        return Err(CollectError::data(folder, "a cap in US dollars must be 0 or more"));
    }
    let questions = read_questions(&options)?;
    check_sight(&options, &questions, &models)?;
    let images = questions.read_images(folder)?;
    let office = Office::open(folder)?;
    let provenance = Provenance::by(concat!("routerlab ", env!("CARGO_PKG_VERSION"))).value("pool", &options.pool.name);
    let recovered = settle::<CompletionRow>(&office.journal("completions"), folder, &provenance)?;

    let chosen = choose(&questions, options.limit);
    let names: Vec<ModelName> = models.iter().map(|model| model.name.clone()).collect();
    let standing = known::standing(folder, &names, &questions, options.samples)?;
    let wanted = missing(&options, &chosen, &standing);
    let lane_of: HashMap<&str, usize> =
        models.iter().enumerate().map(|(at, model)| (model.name.as_str(), at)).collect();
    let item_of = |id: &QueryId, model: &str, sample: u32| {
        let (at, query) = (*lane_of.get(model)?, questions.find(id)?);
        (sample < options.samples).then(|| (at, query * options.samples + sample))
    };
    let (spent, tried) = known::attempts(folder, &|row| {
        let item = item_of(&row.query_id, &row.model, row.sample_index);
        item.is_some_and(|(lane, item)| is_open(&options, standing[lane][item as usize]))
    })?;
    let tried = tried
        .into_iter()
        .filter_map(|((id, model, sample, _), count)| Some((item_of(&id, &model, sample)?, count)))
        .collect();
    Ok(Prepared { chosen, models, wanted, spent, tried, recovered, provenance, office, images, questions, options })
}

fn read_questions(options: &CollectOptions) -> Result<Questions, CollectError> {
    let folder = &options.folder;
    let seen = std::cell::RefCell::new(std::collections::BTreeSet::new());
    let questions = Questions::read(folder, &|row| {
        seen.borrow_mut().insert(row.dataset.clone());
        options.datasets.as_ref().is_none_or(|wanted| wanted.iter().any(|one| row.dataset == *one.as_str()))
    })?;
    let seen = seen.into_inner();
    if let Some(unknown) = options.datasets.iter().flatten().find(|wanted| !seen.contains(wanted.as_str())) {
        let there: Vec<&str> = seen.iter().map(|dataset| dataset.as_str()).collect();
        let reason = format!("there is no dataset `{unknown}`; there are {}", there.join(", "));
        return Err(CollectError::data(folder, reason));
    }
    if questions.ids().is_empty() {
        return Err(CollectError::data(folder, "`queries.parquet` holds no query"));
    }
    Ok(questions)
}

/// Whether every model can be shown what the queries show.
fn check_sight(options: &CollectOptions, questions: &Questions, models: &[Model]) -> Result<(), CollectError> {
    let blind = models.iter().find(|model| model.api == Api::OpenaiCompletions);
    let Some(blind) = blind.filter(|_| !questions.images.is_empty()) else { return Ok(()) };
    let reason = format!(
        "`models.{}.api`: `{}` has no place for the images of the queries; leave the model out with `--models`, or choose \
         others with `--datasets`",
        blind.name, blind.api
    );
    Err(CollectError::pool(&options.pool_name, reason))
}

/// The first queries of every split, by their index; all without a limit.
fn choose(questions: &Questions, limit: Option<u64>) -> Vec<u32> {
    let all = 0..questions.ids().len() as u32;
    let Some(limit) = limit else { return all.collect() };
    let mut splits: BTreeMap<(&str, &str), Vec<(u64, u32)>> = BTreeMap::new();
    for (at, id) in all.zip(questions.ids()) {
        splits.entry((id.dataset(), id.split())).or_default().push((id.record_index(), at));
    }
    let mut chosen = Vec::new();
    for mut queries in splits.into_values() {
        queries.sort_unstable();
        chosen.extend(queries.into_iter().take(usize::try_from(limit).unwrap_or(usize::MAX)).map(|(_, at)| at));
    }
    chosen.sort_unstable();
    chosen
}

/// Whether an answer is to be asked for: it is not there, or failed and is to be asked for again.
fn is_open(options: &CollectOptions, status: Option<CompletionStatus>) -> bool {
    let again = |status| options.retry.as_ref().is_some_and(|wanted| wanted.contains(&status));
    status.is_none_or(|status| status != CompletionStatus::Ok && again(status))
}

/// The items of each model that are to be asked for.
fn missing(options: &CollectOptions, chosen: &[u32], standing: &Standing) -> Vec<Vec<u32>> {
    let of_query = |query: &u32| (query * options.samples)..((query + 1) * options.samples);
    let items = |standing: &Vec<_>| {
        chosen.iter().flat_map(of_query).filter(|item| is_open(options, standing[*item as usize])).collect()
    };
    standing.iter().map(items).collect()
}

impl Prepared {
    /// How many answers are to be asked for.
    pub fn wanted(&self) -> u64 {
        self.wanted.iter().map(|items| items.len() as u64).sum()
    }

    /// What an earlier run had left behind.
    pub fn recovered(&self) -> Recovered {
        self.recovered
    }

    /// US dollars and tokens of everything that was sent from the folder so far.
    pub fn spent(&self) -> (f64, u64) {
        (self.spent.all().usd, self.spent.all().tokens())
    }

    /// What asking would take.
    ///
    /// # Errors
    /// When a query cannot be read.
    pub fn forecast(&self) -> Result<forecast::Forecast, CollectError> {
        let states = known::completions(&self.options.folder)?;
        forecast::forecast(self, &states, &self.questions, self.options.samples)
            .map_err(|reason| CollectError::data(&self.options.folder, reason))
    }

    pub(super) async fn run(mut self, watch: Watch<'_>) -> Result<Collected, CollectError> {
        let folder = self.options.folder.clone();
        let transport = Transport::new()?;
        let mut lanes = Vec::new();
        let (mut cards, mut named) = (BTreeMap::new(), Vec::new());
        let models = std::mem::take(&mut self.models);
        let mut making = Lanes::of(&self.options.pool, &self.options.pool_name, &transport);
        for (model, items) in models.into_iter().zip(&self.wanted) {
            cards.insert(model.name.clone(), card(&model));
            named.push((model.name.clone(), Arc::clone(&model.prompting)));
            let spent = self.spent.of(&model.name);
            lanes.push(Arc::new(making.lane(model, items.len() as u64, spent)?));
        }
        let (shard_of, shard_query) = Asking::shards(&self.questions);
        let work = Arc::new(Asking {
            folder: folder.clone(),
            questions: self.questions,
            models: named,
            samples: self.options.samples,
            images: self.images,
            shard_of,
            shard_query,
            tried: std::mem::take(&mut self.tried),
        });
        let servers = self.office.servers(&self.options.pool, self.options.servers_at_once, &transport, &watch.say);
        let spent = self.spent.all();
        let plan = Plan {
            work: Arc::clone(&work),
            lanes,
            wanted: std::mem::take(&mut self.wanted),
            journal: self.office.journal("completions"),
            batches: self.office.batches("completions", &watch.say),
            provenance: self.provenance.clone(),
            cache: self.options.cache.as_deref().map(Cache::open).transpose()?.map(Arc::new),
            fresh: self.options.fresh,
            account: Account::new(self.options.caps, spent),
            control: self.office.control(&watch.say),
            servers: Arc::clone(&servers),
            stop: watch.stop.clone(),
            grace: self.options.grace,
            deadline: self.options.deadline,
        };
        let ended = run(plan, watch.progress).await;
        servers.stop_all().await;
        let snapshot = ended?;
        let work = Arc::into_inner(work);
        let Some(work) = work else { return Err(CollectError::Client("the run did not end".into())) };
        let names: Vec<_> = work.models.iter().map(|(name, _)| name.clone()).collect();
        let standing = known::standing(&folder, &names, &work.questions, self.options.samples)?;
        let coverage = coverage::coverage(&names, &work.questions, &self.chosen, self.options.samples, &standing);
        let about = servers.about();
        leave(&folder, &cards, &about, &coverage, &self.provenance)?;
        Ok(Collected { snapshot, coverage, recovered: self.recovered, stopped: watch.stop.reason(), servers: about })
    }
}

/// What routers may know of a model.
fn card(model: &Model) -> PoolModel {
    PoolModel {
        input_usd_per_mtok: model.prices.map(|prices| prices.price.input),
        output_usd_per_mtok: model.prices.map(|prices| prices.price.output),
        description: model.description.clone(),
    }
}

/// Which servers of one's own answered: engine, version, command, model.
const SERVERS: &str = "servers.json";

/// What a folder holds besides the answers: the pool's cards, the coverage, and last the manifest.
fn leave(
    folder: &Path,
    cards: &BTreeMap<routerlab_records::ModelName, PoolModel>,
    servers: &BTreeMap<String, ServerAbout>,
    coverage: &[routerlab_records::CoverageRow],
    provenance: &Provenance,
) -> Result<(), CollectError> {
    let path = folder.join("pool.toml");
    let mut pool = if path.exists() { Pool::read(&path)? } else { Pool::default() };
    for (name, card) in cards {
        pool.models.insert(name.clone(), card.clone());
    }
    pool.write(&path)?;
    if !servers.is_empty() {
        let path = folder.join(SERVERS);
        let failed = |error: serde_json::Error| CollectError::data(folder, format!("`{SERVERS}`: {error}"));
        let mut known: BTreeMap<String, serde_json::Value> = match std::fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text).map_err(failed)?,
            Err(_) => BTreeMap::new(),
        };
        for (name, about) in servers {
            known.insert(name.clone(), serde_json::to_value(about).map_err(failed)?);
        }
        let text = serde_json::to_string_pretty(&known).map_err(failed)?;
        routerlab_records::atomic::write_bytes(&path, format!("{text}\n"))?;
    }
    routerlab_records::write_table(&folder.join("coverage.parquet"), coverage, provenance)?;
    Manifest::refresh(folder, &["completions", "attempts", "judgements"], &["pool.toml", "coverage.parquet", SERVERS])?;
    Ok(())
}
