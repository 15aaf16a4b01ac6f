//! One line of a sample log: a document, what a model was asked about it, what it said, and how that was scored.

use std::path::Path;

use serde_json::{Map, Value};

use crate::completions::CompletionStatus;
use crate::error::TableError;
use crate::import::lines::Line;
use crate::import::lm_eval::LmEvalOptions;
use crate::import::logs::{FAILED, UNSCORED, Wanted, scored_by, text_of};
use crate::import::loose::shown;
use crate::import::staged::{Answer, Run, Scored, Staged, StagedRecord, Subject};
use crate::outcomes::check_number;
use crate::provenance::digest_bytes;

/// Fields that are no metrics.
const FIXED: [&str; 11] = [
    "doc_id",
    "doc",
    "target",
    "arguments",
    "resps",
    "filtered_resps",
    "filter",
    "metrics",
    "doc_hash",
    "prompt_hash",
    "target_hash",
];
/// The metrics that are taken where none is chosen, the first that a log has.
const USUAL: [&str; 9] =
    ["exact_match", "acc", "pass@1", "pass_at_1", "prompt_level_strict_acc", "em", "mc2", "f1", "acc_norm"];
/// What a question is called in documents.
const QUESTIONS: [&str; 8] = ["question", "query", "problem", "input", "prompt", "ctx", "sentence", "text"];
/// The filter of a log that says none.
const NO_FILTER: &str = "none";

/// The document of a line.
pub(super) struct Document {
    /// As the log counts, from 0.
    pub(super) id: u64,
    /// As queries count, from 1.
    pub(super) index: u64,
    /// The log's digest of it, or ours where the log has none.
    pub(super) digest: String,
}

impl Document {
    pub(super) fn of(line: &Line<'_>) -> Result<Self, TableError> {
        let id = line.whole("doc_id")?;
        let digest = match line.text_if_given("doc_hash")? {
            Some(digest) => digest.to_owned(),
            None => digest_bytes(line.value("doc")?.to_string().as_bytes()),
        };
        let index = id.checked_add(1).ok_or_else(|| line.wrong_field("doc_id", "too large"))?;
        Ok(Self { id, index, digest })
    }
}

/// Takes the lines of one log.
pub(super) struct Taking<'a> {
    task: &'a str,
    path: &'a Path,
    subject: &'a Subject,
    staged: &'a Staged,
    metrics: Wanted,
    filters: Wanted,
    /// The filter whose rows are taken, and those that there are.
    filter: Option<String>,
    there: Vec<String>,
    metric: Option<String>,
    run: Run,
}

impl<'a> Taking<'a> {
    /// Of the log at `path`, which is about a subject.
    pub(super) fn new(
        options: &LmEvalOptions,
        task: &'a str,
        path: &'a Path,
        subject: &'a Subject,
        staged: &'a Staged,
    ) -> Self {
        let metrics = Wanted::of(&options.metrics, task);
        let filters = Wanted::of(&options.filters, task);
        let run = fresh(staged, path, subject);
        Self { task, path, subject, staged, metrics, filters, filter: None, there: Vec::new(), metric: None, run }
    }

    /// Takes a line in, unless it is of a filter that is not wanted.
    pub(super) fn line(&mut self, line: &Line<'_>, document: &Document) -> Result<(), TableError> {
        let filter = line.text_if_given("filter")?.unwrap_or(NO_FILTER);
        if !self.there.iter().any(|there| there == filter) {
            self.there.push(filter.to_owned());
        }
        match &self.filter {
            Some(taken) if taken == filter => {}
            Some(taken) if self.filters.rank(filter) >= self.filters.rank(taken) => return Ok(()),
            // The rows of a filter stand together, so those of one that is wanted less are all gone.
            _ => {
                self.filter = Some(filter.to_owned());
                self.run = fresh(self.staged, self.path, self.subject);
            }
        }
        let metric = match &self.metric {
            Some(metric) => metric.clone(),
            None => self.metric.insert(self.choose(line)?).clone(),
        };
        let (record, counts) = record(line, document, self.task, &metric, filter)?;
        counts.iter().for_each(|what| self.run.count(what));
        self.run.push(self.staged, record)
    }

    /// The records of the filter that was wanted most.
    pub(super) fn finish(self) -> Result<Run, TableError> {
        if let Some(must) = self.filters.must.filter(|must| !self.there.contains(must)) {
            let there = self.there.join("`, `");
            let reason = format!("there is no filter `{must}`; there are `{there}`");
            return Err(TableError::Settings { path: self.path.to_owned(), reason });
        }
        Ok(self.run)
    }

    fn choose(&self, line: &Line<'_>) -> Result<String, TableError> {
        let named = line.object().get("metrics").and_then(Value::as_array);
        let named = named.map(|names| names.iter().filter_map(Value::as_str).collect::<Vec<_>>());
        let names: Vec<&str> = match named {
            Some(names) => names,
            // Older logs do not say which fields are metrics.
            None => {
                let is_score = |value: &Value| value.is_number() || value.is_boolean() || value.is_null();
                let fields =
                    line.object().iter().filter(|(name, value)| !FIXED.contains(&name.as_str()) && is_score(value));
                fields.map(|(name, _)| name.as_str()).collect()
            }
        };
        if let Some(must) = self.metrics.must.as_deref().filter(|must| !names.contains(must)) {
            return Err(
                line.wrong_field("metrics", format!("there is no metric `{must}`; there are `{}`", names.join("`, `")))
            );
        }
        if let Some(wanted) = self.metrics.among(names.iter().copied()) {
            return Ok(wanted.to_owned());
        }
        if let Some(usual) = USUAL.iter().find(|usual| names.contains(usual)) {
            return Ok((*usual).to_owned());
        }
        match names.as_slice() {
            [only] => Ok((*only).to_owned()),
            [] => Err(line.wrong_field("metrics", "there is no metric")),
            several => Err(line.wrong_field(
                "metrics",
                format!("which of `{}` is the score? choose with `--metric {}=NAME`", several.join("`, `"), self.task),
            )),
        }
    }
}

/// A run without records.
fn fresh(staged: &Staged, path: &Path, subject: &Subject) -> Run {
    let mut run = Run::new(staged, path);
    run.about(subject.clone());
    run
}

fn record(
    line: &Line<'_>,
    document: &Document,
    task: &str,
    metric: &str,
    filter: &str,
) -> Result<(StagedRecord, Vec<String>), TableError> {
    let requests = requests(line)?;
    let said = Said::of(line, &requests)?;
    let score = score(line, metric)?;
    let prompt = requests.first().map(|request| request.prompt.clone()).unwrap_or_default();
    let doc = line.value("doc")?;
    let question = QUESTIONS.iter().find_map(|name| doc.get(*name)?.as_str().filter(|text| !text.is_empty()));
    let target = line.object().get("target").and_then(text_of);
    let mut counts = Vec::new();
    let failed = said.raw_output.is_none();
    match (failed, score) {
        (true, _) => counts.push(FAILED.to_owned()),
        (false, None) => counts.push(UNSCORED.to_owned()),
        (false, Some(_)) => counts.push(scored_by(&format!("`{metric}` of the filter `{filter}`"))),
    }
    let mut answer = Answer::of(said.raw_output.unwrap_or_default());
    answer.finish_reason = said.finish_reason.map(str::to_owned);
    if failed {
        answer.status = CompletionStatus::ModelError;
        answer.error = Some("the harness logged no reply".to_owned());
    }
    let scored = Scored { score, prediction: said.prediction, explanation: Some(format!("{metric}, filter {filter}")) };
    let metadata =
        serde_json::json!({ "source_id": document.id.to_string(), "task": task, "doc_hash": document.digest });
    let record = StagedRecord {
        record_index: document.index,
        sample_index: 0,
        origin_query: question.map_or_else(|| prompt.clone(), str::to_owned),
        prompt,
        ground_truth: target,
        metadata: metadata.to_string(),
        answer,
        scored: (!failed).then_some(scored),
    };
    Ok((record, counts))
}

/// One request that was made about a document.
struct Request {
    prompt: String,
    /// What the model was to find likely, where it was asked that.
    continuation: Option<String>,
}

/// The requests of a line: objects `gen_args_0`, `gen_args_1`, ... of `arg_0`, `arg_1`, ..., or lists in older logs.
fn requests(line: &Line<'_>) -> Result<Vec<Request>, TableError> {
    let request = |prompt: Option<&Value>, second: Option<&Value>| Request {
        prompt: prompt.and_then(text_of).unwrap_or_default(),
        continuation: second.and_then(Value::as_str).map(str::to_owned),
    };
    let mut found = Vec::new();
    match line.value("arguments")? {
        Value::Object(arguments) => {
            for at in 0.. {
                let Some(one) = arguments.get(&format!("gen_args_{at}")) else { break };
                found.push(request(one.get("arg_0"), one.get("arg_1")));
            }
        }
        Value::Array(arguments) => {
            for one in arguments {
                let list = one.as_array().map_or(&[][..], Vec::as_slice);
                found.push(request(list.first().or(Some(one)), list.get(1)));
            }
        }
        other => {
            return Err(line.wrong_field("arguments", format!("expected an object or a list, found {}", shown(other))));
        }
    }
    if found.is_empty() {
        return Err(line.wrong_field("arguments", "there is no request"));
    }
    Ok(found)
}

/// What a model said.
struct Said {
    /// None where there is no reply.
    raw_output: Option<String>,
    prediction: Option<String>,
    finish_reason: Option<&'static str>,
}

impl Said {
    fn of(line: &Line<'_>, requests: &[Request]) -> Result<Self, TableError> {
        let list = |field: &str| match line.object().get(field) {
            None | Some(Value::Null) => Ok(&[][..]),
            Some(Value::Array(list)) => Ok(list.as_slice()),
            Some(other) => Err(line.wrong_field(field, format!("expected a list, found {}", shown(other)))),
        };
        let (replies, filtered) = (list("resps")?, list("filtered_resps")?);
        let likelihoods: Vec<f64> = replies.iter().filter_map(likelihood).collect();
        if !replies.is_empty() && likelihoods.len() == replies.len() {
            // The model did not write, it was asked how likely each continuation is.
            let best =
                (0..likelihoods.len()).reduce(|best, at| if likelihoods[at] > likelihoods[best] { at } else { best });
            let chosen = best.and_then(|at| requests.get(at)?.continuation.clone()).unwrap_or_default();
            return Ok(Self {
                prediction: Some(chosen.trim().to_owned()),
                raw_output: Some(chosen),
                finish_reason: Some("loglikelihood"),
            });
        }
        let texts = replies.first().map_or(&Value::Null, |first| first);
        let raw_output = match texts {
            Value::Array(repeats) => match repeats.as_slice() {
                [] => None,
                [only] => text_of(only),
                several if several.iter().all(Value::is_null) => None,
                _ => Some(texts.to_string()),
            },
            other => text_of(other),
        };
        let prediction = filtered.first().and_then(|first| match first {
            Value::Array(list) if list.len() == 1 => text_of(&list[0]),
            other => text_of(other),
        });
        Ok(Self { raw_output, prediction, finish_reason: None })
    }
}

/// The log-likelihood of a reply `[["-1.5", "False"]]`; none where it is something else.
fn likelihood(reply: &Value) -> Option<f64> {
    let pair = reply.as_array()?.first()?.as_array()?;
    let [likelihood, greedy] = pair.as_slice() else { return None };
    let is_greedy = matches!(greedy, Value::Bool(_)) || matches!(greedy.as_str(), Some("True" | "False"));
    let number = likelihood.as_f64().or_else(|| likelihood.as_str()?.parse().ok());
    number.filter(|_| is_greedy)
}

/// The score of a line; none where the metric has no value.
fn score(line: &Line<'_>, metric: &str) -> Result<Option<f64>, TableError> {
    let object: &Map<String, Value> = line.object();
    let score = match object.get(metric) {
        None => return Err(line.wrong_field(metric, "missing")),
        Some(Value::Null) => return Ok(None),
        Some(Value::Bool(truth)) => f64::from(u8::from(*truth)),
        Some(Value::Number(number)) => number.as_f64().unwrap_or(f64::NAN),
        Some(other) => {
            let reason = format!("expected a number, found {}; choose another with `--metric`", shown(other));
            return Err(line.wrong_field(metric, reason));
        }
    };
    match check_number(score, 1.0) {
        Ok(()) => Ok(Some(score)),
        Err(reason) => Err(line.wrong_field(metric, format!("{reason}; choose another with `--metric`"))),
    }
}
