//! Sample logs of EleutherAI's lm-evaluation-harness: `samples_<task>_<time>.jsonl` in a folder for each model, with
//! `results_<time>.json` beside it.

mod names;
mod sample;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use serde::Deserialize;

use crate::error::{Place, TableError};
use crate::ids::{ModelName, SplitName};
use crate::import::ImportSummary;
use crate::import::harness::HarnessResults;
use crate::import::lines::{Line, object};
use crate::import::llmrouterbench::BytesProgress;
use crate::import::lm_eval::names::{Models, SampleFile};
use crate::import::lm_eval::sample::{Document, Taking};
use crate::import::logs::{LogChoice, MAX_RECORD_BYTES, choices_text, summary};
use crate::import::python_json::PlainJson;
use crate::import::staged::{ImportIdentity, LeftOut, Source, SourceRead, Staged, Subject, each_source};
use crate::provenance::digest_bytes;

/// How sample logs are taken.
#[derive(Debug, Clone)]
pub struct LmEvalOptions {
    /// The metrics that are the scores.
    pub metrics: Vec<LogChoice>,
    /// The filters whose rows are taken.
    pub filters: Vec<LogChoice>,
    /// What the split of the queries is called.
    pub split: SplitName,
}

/// Brings sample logs of lm-evaluation-harness into the new folder `out_dir`: `queries`, `completions/`, the scores in
/// `scores/scoring=own` under an evaluator named `lm-eval`, `outcomes`, `pool.toml` and `manifest.json`.
///
/// Each of `logs` is a folder with logs at any depth, a tar archive of one (packed with gzip or not), or one log. The model
/// is the one that is given, or as the results beside a log name it, or as its folder is called. The task is the dataset and
/// `doc_id` + 1 the index of a query. Of several logs of one task and model the newest counts. The metric is the one that is
/// chosen, else the first of `exact_match`, `acc`, `pass@1` and a few others that a log has, else its only one; the filter
/// is the one that is chosen, else the first of the log. There are no costs, tokens and latencies. The import works in
/// `<out_dir>.partial`; killed, it goes on there when it is called again.
///
/// # Errors
/// When there is no log, a line is no JSON object, lacks a field or has one of another kind, a score is not from 0 to 1, the
/// metric cannot be told, what was chosen for a task is not there, logs are of different documents, `out_dir` holds
/// something, or another import was begun for it. The message names file, line and field. Nothing is at `out_dir` then.
pub fn import_lm_eval(
    logs: &[HarnessResults],
    options: &LmEvalOptions,
    out_dir: &Path,
    progress: &mut dyn FnMut(BytesProgress),
) -> Result<ImportSummary, TableError> {
    let models = logs.iter().map(Models::of).collect::<Result<Vec<_>, _>>()?;
    let mut staged = Staged::open(out_dir, identity(&models, options))?;
    let older = loop {
        let mut import = Import { options, older: LeftOut::default(), documents: HashMap::new(), records: 0 };
        let mut seen = BTreeSet::new();
        import.all(logs, &models, &mut staged, &mut seen, progress)?;
        // A part of an earlier try whose log is gone may have outranked one that is there, so everything is looked at again.
        if staged.forget(|part| !seen.contains(&part.source.name))? == 0 {
            break import.older;
        }
    };
    if staged.is_empty() {
        let path = logs.first().map_or(out_dir, |log| &log.path).to_owned();
        let reason =
            "holds no sample log, `samples_<task>_<time>.jsonl`; run the harness with `--log_samples`".to_owned();
        return Err(TableError::Settings { path, reason });
    }
    let older = older.note("logs were left out for newer ones of the same task and model");
    let unknown = "costs, tokens and latencies are unknown: such logs do not have them".to_owned();
    Ok(summary(staged.finish(None, None)?, older.into_iter().chain([unknown]).collect()))
}

/// What tells this import from another.
fn identity(models: &[Models], options: &LmEvalOptions) -> ImportIdentity {
    let models: Vec<String> = models.iter().map(Models::told).collect();
    let mut told = BTreeMap::from([
        ("split".to_owned(), options.split.to_string()),
        ("names of models".to_owned(), digest_bytes(models.join("\n").as_bytes())),
    ]);
    for (name, choices) in [("metric", &options.metrics), ("filter", &options.filters)] {
        if !choices.is_empty() {
            told.insert(name.to_owned(), choices_text(choices));
        }
    }
    ImportIdentity::new("lm-eval", told)
}

struct Import<'a> {
    options: &'a LmEvalOptions,
    older: LeftOut,
    /// The document of each dataset and index, and the log that had it first.
    documents: HashMap<(String, u64), (String, String)>,
    records: u64,
}

impl Import<'_> {
    /// Takes in all logs; `seen` gets their names.
    fn all(
        &mut self,
        logs: &[HarnessResults],
        models: &[Models],
        staged: &mut Staged,
        seen: &mut BTreeSet<String>,
        progress: &mut dyn FnMut(BytesProgress),
    ) -> Result<(), TableError> {
        for (log, models) in logs.iter().zip(models) {
            let prefix = if logs.len() > 1 { format!("{}/", log.path.display()) } else { String::new() };
            each_source(&log.path, &|name| SampleFile::of(name).is_some(), &mut |mut source| {
                let Some(file) = SampleFile::of(&source.name) else {
                    let reason = "is no sample log; their names are `samples_<task>_<time>.jsonl`".to_owned();
                    return Err(TableError::Settings { path: source.path.clone(), reason });
                };
                let model = models.of_log(&source, &file)?;
                source.name.insert_str(0, &prefix);
                seen.insert(source.name.clone());
                self.log(&mut source, &file, model, staged)?;
                let (position, records) = (&source.position, self.records);
                progress(BytesProgress { bytes_done: position.done(), bytes_total: position.total(), records });
                Ok(())
            })?;
        }
        Ok(())
    }

    fn log(
        &mut self,
        source: &mut SourceRead<'_>,
        file: &SampleFile,
        model: ModelName,
        staged: &mut Staged,
    ) -> Result<(), TableError> {
        let dataset = file.task.replace('/', "-");
        let subject = Subject { dataset: dataset.as_str().into(), split: self.options.split.clone(), model };
        let rank = format!("{} {}", file.time, source.name);
        let better = staged.part(&subject).filter(|part| part.source.name != source.name && part.rank > rank);
        if better.is_some() {
            self.older.add(&source.name);
            return Ok(());
        }
        let (path, name) = (source.path.clone(), source.name.clone());
        if staged.known(&name, source.bytes).is_some() {
            // What was checked before the import was stopped is checked again, against the logs that follow.
            each_known_document(source, &path, |index, digest| {
                self.documents.entry((dataset.clone(), index)).or_insert_with(|| (digest, name.clone()));
            })?;
        }
        if staged.is_known(source)? {
            return Ok(());
        }
        let mut taking = Taking::new(self.options, &file.task, &path, &subject, staged);
        each_object(source, &path, |line| {
            let document = Document::of(&line)?;
            let key = (dataset.clone(), document.index);
            match self.documents.get(&key) {
                Some((known, first)) if *known != document.digest => {
                    return Err(line.wrong_field(
                        "doc_hash",
                        format!(
                            "the document {} is another than in `{first}`; are the tasks of two versions?",
                            document.id
                        ),
                    ));
                }
                Some(_) => {}
                None => {
                    self.documents.insert(key, (document.digest.clone(), name.clone()));
                }
            }
            self.records += 1;
            taking.line(&line, &document)
        })?;
        let run = taking.finish()?;
        if let Some(before) = staged.part(&subject).filter(|part| part.source.name != name) {
            self.older.add(&before.source.name);
        }
        let digest = source.digest()?;
        staged.keep(run, subject, Source { name, bytes: source.bytes, digest }, &rank)
    }
}

/// Calls `each` with the index and the digest of every document of a log that was read before.
fn each_known_document(
    source: &mut SourceRead<'_>,
    path: &Path,
    mut each: impl FnMut(u64, String),
) -> Result<(), TableError> {
    #[derive(Deserialize)]
    struct Known {
        doc_id: u64,
        doc_hash: String,
    }
    let failed = |error| TableError::read(path, error);
    let mut reader = BufReader::with_capacity(1 << 16, source);
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        if (&mut reader).take(MAX_RECORD_BYTES).read_until(b'\n', &mut bytes).map_err(failed)? == 0 {
            return Ok(());
        }
        let mut plain = BufReader::new(PlainJson::new(bytes.as_slice()));
        // A log that has changed since is read anew, and then says what is wrong with it.
        if let Ok(Known { doc_id, doc_hash }) = serde_json::from_reader(&mut plain) {
            each(doc_id.saturating_add(1), doc_hash);
        }
    }
}

/// Calls `each` with the object of every line that is not blank.
fn each_object(
    source: &mut SourceRead<'_>,
    path: &Path,
    mut each: impl FnMut(Line<'_>) -> Result<(), TableError>,
) -> Result<(), TableError> {
    let failed = |error| TableError::read(path, error);
    let mut reader = BufReader::with_capacity(1 << 16, source);
    let (mut bytes, mut number, mut found) = (Vec::new(), 0, false);
    loop {
        bytes.clear();
        if (&mut reader).take(MAX_RECORD_BYTES + 1).read_until(b'\n', &mut bytes).map_err(failed)? == 0 {
            return if found { Ok(()) } else { Err(TableError::NoRows { path: path.to_owned() }) };
        }
        number += 1;
        let place = Place::Line(number);
        if bytes.len() as u64 > MAX_RECORD_BYTES {
            let reason = format!("has more than {MAX_RECORD_BYTES} bytes");
            return Err(TableError::Row { path: path.to_owned(), place, reason });
        }
        if bytes.trim_ascii().is_empty() {
            continue;
        }
        found = true;
        let read = object(&bytes).or_else(|error| {
            // Perhaps for Python's words; what else is wrong is wrong without them too.
            let mut plain = Vec::new();
            match PlainJson::new(bytes.as_slice()).read_to_end(&mut plain) {
                Ok(_) if plain != bytes => object(&plain),
                _ => Err(error),
            }
        });
        let object = read.map_err(|(key, reason)| match key {
            Some(column) => TableError::Value { path: path.to_owned(), place, column, reason },
            None => TableError::Row { path: path.to_owned(), place, reason },
        })?;
        each(Line::new(path, number, object))?;
    }
}
