//! Which evaluator scores which completion.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use routerlab_plugin::{
    CallError, CallOptions, EvaluatorDescription, EvaluatorPlugin, Limits, Refusal, Sandbox, on_plugin_thread,
};
use routerlab_records::definition::{DatasetDefinition, Mode};
use routerlab_records::import::{QuestionKey, read_judgements};
use routerlab_records::{
    CompletionRow, CompletionStatus, ContentDigest, JudgementRow, PluginName, Provenance, QueryId, QueryRow,
    digest_completions, read_completions, read_table,
};

use super::ScoreOptions;
use crate::error::BenchError;
use crate::results::TOOL;

/// Everything that scoring reads.
pub(super) struct Tables {
    /// None when one evaluator scores everything.
    definition: Option<DatasetDefinition>,
    definition_path: PathBuf,
    queries: Vec<QueryRow>,
    completions: Vec<CompletionRow>,
    judgements: BTreeMap<QuestionKey, JudgementRow>,
    provenance: Provenance,
}

impl Tables {
    pub(super) fn read(options: &ScoreOptions) -> Result<Self, BenchError> {
        let definition_path = options.definition.clone().unwrap_or_else(|| options.dir.join("dataset.toml"));
        let definition = match &options.only {
            Some(_) => None,
            None => Some(DatasetDefinition::read(&definition_path)?),
        };
        let queries = options.dir.join("queries.parquet");
        Ok(Self {
            definition,
            definition_path,
            queries: read_table::<QueryRow>(&queries)?.rows,
            completions: read_completions(&options.dir)?.rows,
            judgements: read_judgements(&options.dir)?,
            provenance: Provenance::by(TOOL)
                .input_file("queries", &queries)?
                .input("completions", digest_completions(&options.dir)?),
        })
    }
}

/// One evaluator with one configuration, and the completions it scores.
pub(super) struct Job<'a> {
    pub(super) evaluator: PluginName,
    pub(super) config: String,
    /// Whether it follows the reference's rules: then a failed call of a judge is text for the evaluator.
    pub(super) compat: bool,
    pub(super) plugin: Arc<EvaluatorPlugin>,
    pub(super) description: EvaluatorDescription,
    /// How it is called: the limits of the run, and what the definition grants programs that models wrote.
    pub(super) call: CallOptions,
    pub(super) rows: Vec<(&'a QueryRow, &'a CompletionRow)>,
}

/// What is to be scored, by whom.
pub(super) struct Plan<'a> {
    pub(super) label: String,
    pub(super) jobs: Vec<Job<'a>>,
    pub(super) judgements: &'a BTreeMap<QuestionKey, JudgementRow>,
    pub(super) provenance: Provenance,
    /// Completions that failed when they were collected.
    pub(super) not_ok: usize,
    /// Completions for whose query there is no evaluator.
    pub(super) no_evaluator: usize,
}

/// Who scores a query.
struct Chosen {
    component: PathBuf,
    name: PluginName,
    config: String,
    mode: Option<Mode>,
    run_fuel: Option<u64>,
}

/// What tells one job from another: the component and the settings.
type JobKey = (PathBuf, String);

impl Chosen {
    fn key(&self) -> JobKey {
        (self.component.clone(), self.config.clone())
    }
}

impl<'a> Plan<'a> {
    pub(super) fn of(
        options: &ScoreOptions,
        tables: &'a Tables,
        sandbox: &Sandbox,
        call: &CallOptions,
    ) -> Result<Self, BenchError> {
        let by_id: BTreeMap<&QueryId, &QueryRow> =
            tables.queries.iter().map(|query| (&query.query_id, query)).collect();
        let (mut not_ok, mut no_evaluator) = (0, 0);
        let mut wanted: BTreeMap<JobKey, (Chosen, Vec<_>)> = BTreeMap::new();
        // Once for each query and not for each of its completions: its metadata may be long.
        let mut key_of: BTreeMap<&QueryId, Option<JobKey>> = BTreeMap::new();
        for completion in &tables.completions {
            let Some(query) = by_id.get(&completion.query_id).copied() else {
                let reason =
                    format!("the completions name `{}`, which is not in `queries.parquet`", completion.query_id);
                return Err(BenchError::Data { path: options.dir.clone(), reason });
            };
            if completion.status != CompletionStatus::Ok {
                not_ok += 1;
                continue;
            }
            if !key_of.contains_key(&query.query_id) {
                let chosen = choose(options, tables, query)?;
                key_of.insert(&query.query_id, chosen.as_ref().map(Chosen::key));
                if let Some(chosen) = chosen {
                    wanted.entry(chosen.key()).or_insert((chosen, Vec::new()));
                }
            }
            match key_of.get(&query.query_id).and_then(Option::as_ref).and_then(|key| wanted.get_mut(key)) {
                Some((_, rows)) => rows.push((query, completion)),
                None => no_evaluator += 1,
            }
        }
        let mut provenance = tables.provenance.clone();
        let mut jobs = Vec::new();
        // One component may have several jobs, one for each of its settings.
        let mut loaded: BTreeMap<PathBuf, (Arc<EvaluatorPlugin>, EvaluatorDescription)> = BTreeMap::new();
        for (Chosen { component, name, config, mode, run_fuel }, rows) in wanted.into_values() {
            if !loaded.contains_key(&component) {
                let (plugin, description) = ready(sandbox, &component, call)?;
                provenance = provenance.input(format!("evaluator {name}"), plugin.digest());
                loaded.insert(component.clone(), (Arc::new(plugin), description));
            }
            let Some((plugin, description)) = loaded.get(&component).cloned() else { continue };
            let mut call = call.clone();
            // Limits that somebody chose outweigh the definition's.
            if let Some(fuel) = run_fuel.filter(|_| call.limits.run_fuel == Limits::default().run_fuel) {
                call.limits.run_fuel = fuel;
            }
            let compat = mode == Some(Mode::Compat);
            let job = Job { evaluator: name, config, compat, plugin, description, call, rows };
            check_config(&job, &component)?;
            jobs.push(job);
        }
        let label = label(options, tables.definition.as_ref());
        Ok(Self { label, jobs, judgements: &tables.judgements, provenance, not_ok, no_evaluator })
    }

    /// The recorded answer of a judge to one question.
    pub(super) fn judgement(
        &self,
        job: &Job<'_>,
        completion: &CompletionRow,
        index: u32,
        prompt_digest: &str,
    ) -> Option<&'a JudgementRow> {
        let (query_id, model) = (completion.query_id.clone(), completion.model.clone());
        let key = (query_id, model, completion.sample_index, job.evaluator.clone(), index);
        self.judgements.get(&key).filter(|judgement| judgement.prompt_digest == prompt_digest)
    }
}

fn choose(options: &ScoreOptions, tables: &Tables, query: &QueryRow) -> Result<Option<Chosen>, BenchError> {
    if let Some(only) = &options.only {
        let name = only.component.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let wrong = |reason: String| BenchError::Data { path: only.component.clone(), reason };
        let mut config: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&only.config)
            .map_err(|error| wrong(format!("its settings `{}` are no JSON object: {error}", only.config)))?;
        if let Some(mode) = options.mode {
            config.insert("mode".to_owned(), mode.as_str().into());
        }
        let config = serde_json::Value::Object(config).to_string();
        let (component, name, mode) = (only.component.clone(), PluginName::from(name), options.mode);
        return Ok(Some(Chosen { component, name, config, mode, run_fuel: None }));
    }
    let entry = tables.definition.as_ref().and_then(|definition| definition.evaluator_for(query));
    let Some(entry) = entry else { return Ok(None) };
    let mode =
        entry.mode(options.mode).map_err(|reason| BenchError::Data { path: tables.definition_path.clone(), reason })?;
    let component = options.evaluators.join(format!("{}.wasm", entry.name));
    let (name, config) = (entry.name.clone(), entry.config_text(mode));
    Ok(Some(Chosen { component, name, config, mode, run_fuel: entry.run_fuel }))
}

/// What the scoring is called when it was given no name.
fn label(options: &ScoreOptions, definition: Option<&DatasetDefinition>) -> String {
    let entries = definition.map_or(&[][..], |definition| &definition.evaluator);
    let of_definition = || entries.iter().find_map(|entry| entry.modes.first().copied());
    let mode = options.mode.or_else(of_definition).map(Mode::as_str);
    options.label.clone().unwrap_or_else(|| mode.unwrap_or("own").to_owned())
}

/// Loads an evaluator and asks it what it is.
fn ready(
    sandbox: &Sandbox,
    path: &Path,
    call: &CallOptions,
) -> Result<(EvaluatorPlugin, EvaluatorDescription), BenchError> {
    if !path.is_file() {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let reason = format!("there is no `{name}`; build the evaluator with `routerlab build`");
        return Err(BenchError::Data { path: path.parent().unwrap_or(path).to_owned(), reason });
    }
    let plugin = EvaluatorPlugin::load(sandbox, path)?;
    let said = on_plugin_thread(call.limits.stack_bytes, |thread| plugin.describe(call, thread).result);
    match said.map_err(BenchError::Thread)? {
        Ok(description) => Ok((plugin, description)),
        Err(error) => Err(BenchError::Evaluator { path: path.to_owned(), step: "describe", error }),
    }
}

/// Scores nothing, so that a configuration that the evaluator refuses is told once and not for every completion.
fn check_config(job: &Job<'_>, path: &Path) -> Result<(), BenchError> {
    let asked = on_plugin_thread(job.call.limits.stack_bytes, |thread| {
        job.plugin.score(&[], &[], &job.config, &job.call, thread).result
    });
    match asked.map_err(BenchError::Thread)? {
        Err(error @ CallError::Refused(Refusal::InvalidConfig(_))) => {
            Err(BenchError::Evaluator { path: path.to_owned(), step: "`config` in `dataset.toml`", error })
        }
        _ => Ok(()),
    }
}

impl Job<'_> {
    /// What tells its scores from those of another version, other settings or other limits.
    pub(super) fn identity(&self) -> String {
        let limits = &self.call.limits;
        let mut digest = ContentDigest::new();
        digest.text(self.plugin.digest()).text(&self.config);
        digest.number(limits.score_fuel).number(limits.score_fuel_per_item);
        digest.number(limits.memory_bytes as u64).number(limits.stack_bytes as u64).number(limits.answer_bytes as u64);
        if self.description.per_item {
            digest.number(limits.run_fuel);
        }
        digest.hex()
    }
}
