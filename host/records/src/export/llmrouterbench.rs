//! Completions and scores as LLMRouterBench keeps its results, so that its analysis reads them: one JSON file for each
//! dataset, split and model.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use crate::atomic::{WholeFolder, write_whole};
use crate::completions::{CompletionRow, CompletionStatus, completion_files};
use crate::error::TableError;
use crate::export::ExportSummary;
use crate::export::groups::GroupedFiles;
use crate::ids::ModelName;
use crate::import::Progress;
use crate::import::llmrouterbench::FAILURES;
use crate::import::output::refuse_filled;
use crate::provenance::Provenance;
use crate::queries::QueryRow;
use crate::scores::ScoreRow;
use crate::scoring::Scoring;
use crate::scratch::{Kept, Scratch};
use crate::table::{about_table, escaped};

/// The time in the name of a file of which no time is known.
const NO_STAMP: &str = "19700101_000000";

/// Writes the completions of `data` and their scores of the scoring `scoring` into
/// `out_dir/bench/<dataset>/<split>/<model>/<dataset>-<split>-<model>-<YYYYMMDD_HHMMSS>.json`.
///
/// The form has no word for what is unknown. A call that failed is a record with a null score whose reply says
/// `Generation failed: ...`; an answer without a score has a null score: the reference leaves both out of `performance` and
/// takes them for 0 in its analysis, as it does with its own. An unknown cost or number of tokens is written as 0. Of several
/// answers to a query the first is written. The time in a file's name is that of the file it was imported from, else that
/// of the newest answer. What the evaluator said of a score becomes `extra_fields`.
///
/// # Errors
/// When a table cannot be read, there is no such scoring, a completion belongs to no query, or `out_dir` holds something.
/// Nothing is at `out_dir` then.
pub fn export_llmrouterbench(
    data: &Path,
    scoring: &str,
    out_dir: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<ExportSummary, TableError> {
    refuse_filled(out_dir)?;
    let files = completion_files(data)?;
    let times = times_of(&files)?;
    let mut completions = GroupedFiles::<CompletionRow>::open(files)?;
    let mut scores = GroupedFiles::<ScoreRow>::open(Scoring::read(data, scoring)?.paths(data, scoring)?)?;
    let mut queries = GroupedFiles::<QueryRow>::open(vec![data.join("queries.parquet")])?;
    let whole = WholeFolder::create(out_dir)?;
    let mut summary = ExportSummary { folder: out_dir.to_owned(), files: 0, records: 0, notes: Vec::new() };
    let mut counts = Counts::default();
    let groups = completions.groups();
    let rows_total = groups.values().sum();
    let mut rows_done = 0;
    for group in groups.into_keys() {
        let mut gathered = Gathered::new(whole.path());
        queries.take(&group, |row| &row.query_id, &mut |_, row| {
            gathered.queries.insert(row.record_index, row);
            Ok(())
        })?;
        completions.take(&group, |row| &row.query_id, &mut |path, row| {
            rows_done += 1;
            progress(Progress { rows_done, rows_total });
            gathered.completion(path, row, &times)
        })?;
        scores.take(&group, |row| &row.query_id, &mut |_, row| gathered.score(row))?;
        for (model, run) in std::mem::take(&mut gathered.runs) {
            summary.records += gathered.write(&whole.path().join("bench"), &model, &run, &mut counts)?;
            summary.files += 1;
        }
    }
    if summary.files == 0 {
        return Err(TableError::NoRows { path: data.to_owned() });
    }
    summary.notes = counts.notes();
    whole.finish()?;
    Ok(summary)
}

/// What the footer of a file of completions says of the run it was imported from.
#[derive(Debug, Clone, Default)]
struct RunTimes {
    stamp: Option<String>,
    time_taken: f64,
    data_fingerprint: String,
}

fn times_of(files: &[PathBuf]) -> Result<HashMap<PathBuf, RunTimes>, TableError> {
    let times = |footer: Provenance| RunTimes {
        stamp: footer.values.get("stamp").filter(|stamp| !stamp.is_empty()).cloned(),
        time_taken: footer.values.get("time_taken").and_then(|text| text.parse().ok()).unwrap_or_default(),
        data_fingerprint: footer.values.get("data_fingerprint").cloned().unwrap_or_default(),
    };
    files.iter().map(|path| Ok((path.clone(), times(about_table(path)?.provenance)))).collect()
}

/// What the form cannot say.
#[derive(Debug, Default)]
struct Counts {
    failed: u64,
    unscored: u64,
    unknown_cost: u64,
    more_samples: u64,
}

impl Counts {
    fn notes(&self) -> Vec<String> {
        let notes = [
            (self.failed, "failed calls are records with a null score"),
            (self.unscored, "answers without a score are records with a null score"),
            (self.unknown_cost, "unknown costs were written as 0"),
            (self.more_samples, "further answers to a query were left out"),
        ];
        notes.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect()
    }
}

/// One dataset's split: queries in memory, answers in scratch room.
struct Gathered {
    queries: BTreeMap<u64, QueryRow>,
    runs: BTreeMap<ModelName, RunToWrite>,
    scratch: RefCell<Scratch>,
}

/// The records of one file.
#[derive(Default)]
struct RunToWrite {
    times: RunTimes,
    records: BTreeMap<u64, Light>,
    more_samples: u64,
}

/// A record without its texts.
struct Light {
    /// Without its text.
    completion: CompletionRow,
    raw_output: Kept,
    score: Option<f64>,
    prediction: Option<Kept>,
    explanation: Option<Kept>,
}

impl Gathered {
    fn new(folder: &Path) -> Self {
        Self { queries: BTreeMap::new(), runs: BTreeMap::new(), scratch: RefCell::new(Scratch::new(folder)) }
    }

    fn completion(
        &mut self,
        path: &Path,
        mut row: CompletionRow,
        times: &HashMap<PathBuf, RunTimes>,
    ) -> Result<(), TableError> {
        let index = row.query_id.record_index();
        if !self.queries.contains_key(&index) {
            let reason = format!("there is no query `{}` in `queries.parquet`", row.query_id);
            return Err(TableError::Settings { path: path.to_owned(), reason });
        }
        let run = self.runs.entry(row.model.clone()).or_default();
        if let Some(times) = times.get(path).filter(|times| times.stamp > run.times.stamp) {
            run.times = times.clone();
        }
        // Of one sample the later file's row counts, which was asked for because the earlier one had failed.
        match run.records.get(&index).map(|known| known.completion.sample_index.cmp(&row.sample_index)) {
            Some(std::cmp::Ordering::Less) => {
                run.more_samples += 1;
                return Ok(());
            }
            Some(std::cmp::Ordering::Greater) => run.more_samples += 1,
            _ => {}
        }
        let raw_output = self.scratch.borrow_mut().keep(&std::mem::take(&mut row.raw_output))?;
        let light = Light { completion: row, raw_output, score: None, prediction: None, explanation: None };
        run.records.insert(index, light);
        Ok(())
    }

    fn score(&mut self, row: ScoreRow) -> Result<(), TableError> {
        let run = self.runs.get_mut(&row.model);
        let light = run.and_then(|run| run.records.get_mut(&row.query_id.record_index()));
        let Some(light) = light.filter(|light| light.completion.sample_index == row.sample_index) else {
            return Ok(());
        };
        let scratch = self.scratch.get_mut();
        light.score = row.score.filter(|_| light.completion.status == CompletionStatus::Ok);
        light.prediction = row.prediction.map(|text| scratch.keep(&text)).transpose()?;
        light.explanation = row.explanation.map(|text| scratch.keep(&text)).transpose()?;
        Ok(())
    }

    /// Writes one file; gives the number of its records.
    fn write(&self, bench: &Path, model: &ModelName, run: &RunToWrite, counts: &mut Counts) -> Result<u64, TableError> {
        counts.more_samples += run.more_samples;
        let Some(first) = run.records.values().next() else { return Ok(0) };
        let id = &first.completion.query_id;
        let [dataset, split, name] = [id.dataset(), id.split(), model.as_str()].map(escaped);
        let stamp = run.times.stamp.clone().or_else(|| newest(run)).unwrap_or_else(|| NO_STAMP.to_owned());
        let file = format!("{dataset}-{split}-{name}-{stamp}.json");
        let path = bench.join(dataset).join(split).join(name).join(file);
        let head = Head::of(self, model, run)?;
        write_whole(&path, |file| {
            let mut file = BufWriter::with_capacity(1 << 16, file);
            let failed = |source| TableError::Write { path: path.clone(), source };
            let text = pretty(&path, &head, "")?;
            let open = text.strip_suffix("\n}").unwrap_or(&text);
            write!(file, "{open},\n  \"records\": [").map_err(failed)?;
            for (at, (index, light)) in run.records.iter().enumerate() {
                let record = self.record(*index, light, counts)?;
                let comma = if at == 0 { "" } else { "," };
                write!(file, "{comma}\n    {}", pretty(&path, &record, "    ")?).map_err(failed)?;
            }
            write!(file, "\n  ]\n}}").and_then(|()| file.flush()).map_err(failed)
        })?;
        Ok(run.records.len() as u64)
    }

    fn record(&self, index: u64, light: &Light, counts: &mut Counts) -> Result<Record<'_>, TableError> {
        let completion = &light.completion;
        let query = self.queries.get(&index).ok_or_else(|| TableError::Missing { path: "queries.parquet".into() })?;
        let mut scratch = self.scratch.borrow_mut();
        let is_ok = completion.status == CompletionStatus::Ok;
        let raw_output = match is_ok {
            true => scratch.text(light.raw_output)?,
            false => failure(completion),
        };
        counts.failed += u64::from(!is_ok);
        counts.unscored += u64::from(is_ok && light.score.is_none());
        counts.unknown_cost += u64::from(is_ok && completion.cost_usd.is_none());
        let prediction = light.prediction.map(|kept| scratch.text(kept)).transpose()?;
        let extra_fields = light.explanation.map(|kept| scratch.text(kept)).transpose()?.map(fields);
        Ok(Record {
            index,
            origin_query: &query.origin_query,
            prompt: &query.prompt,
            prompt_tokens: completion.prompt_tokens.unwrap_or_default(),
            completion_tokens: completion.completion_tokens.unwrap_or_default(),
            cost: completion.cost_usd.unwrap_or_default(),
            score: light.score,
            prediction: prediction.or_else(|| (!is_ok).then(String::new)),
            ground_truth: query.ground_truth.as_deref(),
            raw_output,
            extra_fields: extra_fields.unwrap_or_default(),
        })
    }
}

/// What stands in the place of an answer.
fn failure(completion: &CompletionRow) -> String {
    let reason = completion.error.as_deref().unwrap_or(completion.status.as_str());
    match FAILURES.iter().any(|begin| reason.starts_with(begin)) {
        true => reason.to_owned(),
        false => format!("{} {reason}", FAILURES[0]),
    }
}

/// What an evaluator said, as fields: an object is itself, words get a name.
fn fields(explanation: String) -> serde_json::Map<String, Value> {
    match serde_json::from_str(&explanation) {
        Ok(Value::Object(fields)) => fields,
        _ => [("explanation".to_owned(), Value::String(explanation))].into_iter().collect(),
    }
}

/// When the newest answer came, as a file's name has it.
fn newest(run: &RunToWrite) -> Option<String> {
    let times = run.records.values().filter_map(|light| light.completion.collected_at.as_deref());
    let digits: String = times.max()?.chars().filter(char::is_ascii_digit).take(14).collect();
    (digits.len() == 14).then(|| format!("{}_{}", &digits[..8], &digits[8..]))
}

/// Two blanks a level, as the reference writes; `before` stands at the beginning of every line but the first.
fn pretty(path: &Path, value: &impl Serialize, before: &str) -> Result<String, TableError> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| TableError::Encode { path: path.to_owned(), reason: error.to_string() })?;
    // Within a text the end of a line is two other characters.
    Ok(if before.is_empty() { text } else { text.replace('\n', &format!("\n{before}")) })
}

/// What stands before the records, in the reference's order.
#[derive(Debug, Serialize)]
struct Head<'a> {
    performance: f64,
    time_taken: f64,
    prompt_tokens: u64,
    completion_tokens: u64,
    cost: f64,
    counts: usize,
    model_name: &'a str,
    dataset_name: &'a str,
    split: &'a str,
    demo: bool,
    extra_metrics: BTreeMap<String, f64>,
    data_fingerprint: &'a str,
}

impl<'a> Head<'a> {
    fn of(gathered: &Gathered, model: &'a ModelName, run: &'a RunToWrite) -> Result<Self, TableError> {
        let lights = || run.records.values();
        let id = lights().next().map(|light| &light.completion.query_id);
        let mut metrics: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for kept in lights().filter_map(|light| light.explanation) {
            for (name, value) in fields(gathered.scratch.borrow_mut().text(kept)?) {
                if let Some(number) = value.as_f64() {
                    metrics.entry(name).or_default().push(number);
                }
            }
        }
        Ok(Self {
            performance: mean(&lights().filter_map(|light| light.score).collect::<Vec<_>>()),
            time_taken: run.times.time_taken,
            prompt_tokens: lights().filter_map(|light| light.completion.prompt_tokens).sum(),
            completion_tokens: lights().filter_map(|light| light.completion.completion_tokens).sum(),
            cost: lights().filter_map(|light| light.completion.cost_usd).sum(),
            counts: run.records.len(),
            model_name: model,
            dataset_name: id.map_or("", |id| id.dataset()),
            split: id.map_or("", |id| id.split()),
            demo: false,
            extra_metrics: metrics.into_iter().map(|(name, values)| (name, mean(&values))).collect(),
            data_fingerprint: &run.times.data_fingerprint,
        })
    }
}

#[allow(clippy::cast_precision_loss, reason = "no file has 2^53 records")]
fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

/// One record, in the reference's order.
#[derive(Debug, Serialize)]
struct Record<'a> {
    index: u64,
    origin_query: &'a str,
    prompt: &'a str,
    prompt_tokens: u64,
    completion_tokens: u64,
    cost: f64,
    score: Option<f64>,
    prediction: Option<String>,
    ground_truth: Option<&'a str>,
    raw_output: String,
    extra_fields: serde_json::Map<String, Value>,
}
