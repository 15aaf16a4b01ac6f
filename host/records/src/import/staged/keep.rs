//! Parts: written, replaced, and found again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::atomic::WrittenFile;
use crate::completions::{CompletionStatus, SHARD_RECORDS, shard_file};
use crate::error::{Place, TableError};
use crate::ids::{ModelName, PluginName, QueryId};
use crate::import::output::ManifestFile;
use crate::import::staged::run::{Answer, Light, Run};
use crate::import::staged::tables::{NumbersRow, QuestionRow, TextsRow};
use crate::import::staged::{Part, Source, Staged, Subject};
use crate::outcomes::check_number;
use crate::provenance::{Provenance, own_tool};
use crate::scores::{ScoreRow, ScoreStatus};
use crate::scoring::Scoring;
use crate::table::{TableWriter, about_table, partition_file, read_table, table_files, write_table};

/// The scoring that an import makes: the folder's own.
pub(super) const LABEL: &str = "own";

impl Staged {
    /// Makes a part of the records of a source. One that is there about the same subject is replaced; whether it should be
    /// is for the importer to decide, by [`Staged::part`] and ranks.
    ///
    /// # Errors
    /// When a number of a record cannot be, names make no query id, or a file cannot be written.
    pub(crate) fn keep(
        &mut self,
        mut run: Run,
        subject: Subject,
        source: Source,
        rank: &str,
    ) -> Result<(), TableError> {
        let of = |index: u64| QueryId::new(&subject.dataset, &subject.split, index);
        // A wrong name is found even where there is no record.
        of(1).map_err(|error| TableError::Settings { path: run.path.clone(), reason: error.to_string() })?;
        run.check_numbers()?;
        let mut order: Vec<(QueryId, usize)> = Vec::with_capacity(run.records.len());
        for (at, record) in run.records.iter().enumerate() {
            let wrong = |reason: String| TableError::Row {
                path: run.path.clone(),
                place: Place::Record(at as u64 + 1),
                reason,
            };
            order.push((of(record.record_index).map_err(|error| wrong(error.to_string()))?, at));
        }
        let sample = |at: usize| run.records[at].sample_index;
        order.sort_by(|(a, at), (b, bt)| a.cmp(b).then_with(|| sample(*at).cmp(&sample(*bt))));

        self.parts.remove(&subject);
        let records = self.records_file(&subject);
        remove_if_there(&records)?;
        let mut provenance = Provenance::by(own_tool()).input(&source.name, &source.digest);
        provenance.values.clone_from(&run.values);
        self.write_texts(&mut run, &subject, &provenance)?;

        let mut files = BTreeMap::new();
        self.write_completions(&mut run, &subject, &order, &provenance, &mut files)?;
        self.write_scores(&mut run, &subject, &order, &provenance, &mut files)?;

        let part = Part { source, rank: rank.to_owned(), tally: run.tally.clone(), files };
        let mut numbers: Vec<NumbersRow> = run.records.iter().map(numbers).collect();
        numbers.sort_by_key(|row| (row.record_index, row.sample_index));
        write_table(&records, &numbers, &part.footer(&subject, provenance)?)?;
        self.parts.insert(subject, part);
        Ok(())
    }

    fn write_texts(&mut self, run: &mut Run, subject: &Subject, provenance: &Provenance) -> Result<(), TableError> {
        let known = self.texts.entry((subject.dataset.clone(), subject.split.clone())).or_default();
        let new: Vec<String> = run.questions.keys().filter(|digest| !known.contains(*digest)).cloned().collect();
        if new.is_empty() {
            return Ok(());
        }
        let folder = texts_folder(&self.partial.join("staged"), subject);
        let count = if folder.is_dir() { table_files(&folder)?.len() } else { 0 };
        let path = folder.join(format!("{count:05}.parquet"));
        let mut writer = TableWriter::<TextsRow>::create(&path, provenance)?;
        for digest in &new {
            let Some(question) = run.questions.get(digest) else { continue };
            let mut text = |kept| run.scratch.text(kept);
            writer.push(TextsRow {
                question: digest.clone(),
                origin_query: text(question.origin_query)?,
                prompt: text(question.prompt)?,
                ground_truth: question.ground_truth.map(&mut text).transpose()?,
                metadata: text(question.metadata)?,
            })?;
        }
        writer.finish()?;
        known.extend(new);
        Ok(())
    }

    fn write_completions(
        &self,
        run: &mut Run,
        subject: &Subject,
        order: &[(QueryId, usize)],
        provenance: &Provenance,
        files: &mut BTreeMap<String, ManifestFile>,
    ) -> Result<(), TableError> {
        let shard = |at: usize, run: &Run| run.records[at].record_index / SHARD_RECORDS;
        let mut shards: BTreeMap<u64, Vec<&(QueryId, usize)>> = BTreeMap::new();
        for entry in order {
            shards.entry(shard(entry.1, run)).or_default().push(entry);
        }
        let tables = self.tables();
        let Subject { dataset, split, model } = subject;
        for (shard, entries) in shards {
            let path = shard_file(&tables, "completions", dataset, split, model, shard);
            let mut writer = TableWriter::create(&path, provenance)?;
            for (query_id, at) in entries {
                let light = &run.records[*at];
                let raw_output = run.scratch.text(light.raw_output)?;
                let answer = Answer { raw_output, ..light.answer.clone() };
                writer.push(answer.row(query_id.clone(), model.clone(), light.sample_index))?;
            }
            let rows = writer.rows();
            note(files, &tables, &path, writer.finish()?, rows);
        }
        Ok(())
    }

    fn write_scores(
        &self,
        run: &mut Run,
        subject: &Subject,
        order: &[(QueryId, usize)],
        provenance: &Provenance,
        files: &mut BTreeMap<String, ManifestFile>,
    ) -> Result<(), TableError> {
        if run.records.iter().all(|record| record.score.is_none()) {
            return remove_if_there(&self.scores_file(subject)?);
        }
        let path = self.scores_file(subject)?;
        let evaluator = PluginName::from(self.identity.format.as_str());
        let evaluator_digest = self.identity.evaluator_digest();
        let mut writer = TableWriter::create(&path, provenance)?;
        for (query_id, at) in order {
            let light = &run.records[*at];
            let Some(score) = light.score else { continue };
            let mut text = |kept| run.scratch.text(kept);
            writer.push(ScoreRow {
                query_id: query_id.clone(),
                model: subject.model.clone(),
                sample_index: light.sample_index,
                evaluator: evaluator.clone(),
                score,
                prediction: light.prediction.map(&mut text).transpose()?,
                explanation: light.explanation.map(&mut text).transpose()?,
                evaluator_digest: evaluator_digest.clone(),
                evaluator_config: "{}".into(),
                item_digest: String::new(),
                status: if score.is_some() { ScoreStatus::Ok } else { ScoreStatus::Failed },
            })?;
        }
        let rows = writer.rows();
        note(files, &self.tables(), &path, writer.finish()?, rows);
        Ok(())
    }

    /// Finds the parts that an import that was killed has left.
    pub(super) fn recover(&mut self) -> Result<(), TableError> {
        let records = self.staged().join("records");
        for path in if records.is_dir() { table_files(&records)? } else { Vec::new() } {
            let footer = about_table(&path)?.provenance;
            let (subject, part) = Part::of_footer(&footer).map_err(|reason| TableError::Damaged { path, reason })?;
            self.parts.insert(subject, part);
        }
        let subjects: Vec<Subject> = self.parts.keys().cloned().collect();
        for subject in subjects {
            let group = (subject.dataset.clone(), subject.split.clone());
            let folder = texts_folder(&self.staged(), &subject);
            if self.texts.contains_key(&group) || !folder.is_dir() {
                continue;
            }
            let known = self.texts.entry(group).or_default();
            for path in table_files(&folder)? {
                known.extend(read_table::<QuestionRow>(&path)?.rows.into_iter().map(|row| row.question));
            }
        }
        Ok(())
    }

    /// Where the numbers of a part lie.
    pub(super) fn records_file(&self, subject: &Subject) -> PathBuf {
        let Subject { dataset, split, model } = subject;
        partition_file(&self.staged(), "records", &[("dataset", dataset), ("split", split)], model)
    }

    /// Where the texts of a part's queries lie.
    pub(super) fn texts_folder(&self, subject: &Subject) -> PathBuf {
        texts_folder(&self.staged(), subject)
    }

    fn scores_file(&self, subject: &Subject) -> Result<PathBuf, TableError> {
        let Subject { dataset, split, model } = subject;
        let folder = Scoring::folder(&self.tables(), LABEL)?;
        // Neither a dataset nor a split has a `/`, so two parts never share a name.
        let name = format!("{}-{dataset}/{split}/{model}", self.identity.format);
        Ok(folder.join(partition_file(Path::new(""), "", &[], &name)))
    }
}

impl Run {
    /// Scores, costs and latencies must be numbers that can be.
    fn check_numbers(&self) -> Result<(), TableError> {
        for (record, number) in self.records.iter().zip(1..) {
            let answer = &record.answer;
            let numbers = [
                ("score", record.score.flatten(), 1.0),
                ("cost", answer.cost_usd, f64::MAX),
                ("latency", answer.latency_ms, f64::MAX),
            ];
            for (column, value, max) in numbers {
                value.map_or(Ok(()), |value| check_number(value, max)).map_err(|reason| TableError::Value {
                    path: self.path.clone(),
                    place: Place::Record(number),
                    column: column.to_owned(),
                    reason,
                })?;
            }
        }
        Ok(())
    }
}

impl Part {
    /// What the footer of its numbers says of it.
    fn footer(&self, subject: &Subject, mut provenance: Provenance) -> Result<Provenance, TableError> {
        provenance = provenance
            .value("dataset", &subject.dataset)
            .value("split", &subject.split)
            .value("model", &subject.model)
            .value("source", &self.source.name)
            .value("source_bytes", self.source.bytes)
            .value("rank", &self.rank);
        for (what, count) in &self.tally {
            provenance = provenance.value(format!("count {what}"), count);
        }
        for (name, file) in &self.files {
            let text = serde_json::to_string(file)
                .map_err(|error| TableError::Encode { path: name.into(), reason: error.to_string() })?;
            provenance = provenance.value(format!("file {name}"), text);
        }
        Ok(provenance)
    }

    fn of_footer(footer: &Provenance) -> Result<(Subject, Self), String> {
        let value = |name: &str| footer.values.get(name).ok_or_else(|| format!("its footer has no `{name}`"));
        let source = value("source")?;
        let digest = footer.inputs.get(source).ok_or("its footer has no digest of its source")?;
        let subject = Subject {
            dataset: value("dataset")?.as_str().into(),
            split: value("split")?.as_str().into(),
            model: ModelName::from(value("model")?.as_str()),
        };
        let bytes = value("source_bytes")?.parse().map_err(|_| "its footer has a source of no length")?;
        let source = Source { name: source.clone(), bytes, digest: digest.clone() };
        let mut part = Self { source, rank: value("rank")?.clone(), tally: BTreeMap::new(), files: BTreeMap::new() };
        for (name, text) in &footer.values {
            if let Some(what) = name.strip_prefix("count ") {
                part.tally.insert(what.to_owned(), text.parse().map_err(|_| format!("its `{name}` is no number"))?);
            } else if let Some(file) = name.strip_prefix("file ") {
                let about = serde_json::from_str(text).map_err(|error| format!("its `{name}`: {error}"))?;
                part.files.insert(file.to_owned(), about);
            }
        }
        Ok((subject, part))
    }
}

fn texts_folder(staged: &Path, subject: &Subject) -> PathBuf {
    let partitions = [("dataset", subject.dataset.as_str()), ("split", subject.split.as_str())];
    let file = partition_file(staged, "texts", &partitions, "any");
    file.parent().map(Path::to_owned).unwrap_or_default()
}

pub(super) fn remove_if_there(path: &Path) -> Result<(), TableError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(TableError::Write { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

fn note(files: &mut BTreeMap<String, ManifestFile>, tables: &Path, path: &Path, written: WrittenFile, rows: u64) {
    let name = path.strip_prefix(tables).unwrap_or(path).to_string_lossy().into_owned();
    files.insert(name, ManifestFile { sha256: written.digest, bytes: written.bytes, rows: Some(rows) });
}

fn numbers(record: &Light) -> NumbersRow {
    let answer = &record.answer;
    NumbersRow {
        record_index: record.record_index,
        sample_index: record.sample_index,
        question: record.question.clone(),
        status: answer.status,
        score: record.score.flatten().filter(|_| answer.status == CompletionStatus::Ok),
        cost_usd: answer.cost_usd,
        cost_source: answer.cost_source,
        latency_ms: answer.latency_ms,
        prompt_tokens: answer.prompt_tokens,
        completion_tokens: answer.completion_tokens,
    }
}
