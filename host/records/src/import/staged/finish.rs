//! From parts to the folder.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::PathBuf;

use crate::atomic::{place_folder, write_bytes};
use crate::error::TableError;
use crate::ids::{DatasetId, ModelName, QueryId, SplitName};
use crate::import::ImportSummary;
use crate::import::join::{SampleFacts, outcome};
use crate::import::output::{Manifest, ManifestFile};
use crate::import::staged::keep::LABEL;
use crate::import::staged::tables::{NumbersRow, TextsRow};
use crate::import::staged::{Part, Staged, Subject};
use crate::outcomes::OutcomeRow;
use crate::pool::{Pool, PriceList};
use crate::provenance::{ContentDigest, Provenance, own_tool};
use crate::queries::{QueryRow, group_key};
use crate::scoring::{Scoring, ScoringFile};
use crate::table::{TableReader, TableWriter, read_table, table_files};

/// Queries whose texts differ that are named.
const NAMED: usize = 3;

/// What a finished import came to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Finished {
    /// The folder with the tables.
    pub(crate) folder: PathBuf,
    /// Completions.
    pub(crate) rows: u64,
    /// Queries.
    pub(crate) queries: usize,
    /// Models.
    pub(crate) models: usize,
    /// Datasets.
    pub(crate) datasets: usize,
    /// The sums of what was counted in the parts.
    pub(crate) tally: BTreeMap<String, u64>,
    /// What a reader of the tables should know of queries and gaps.
    pub(crate) notes: Vec<String>,
}

impl Finished {
    /// The same for whoever called the importer; what `notes` say comes before what is known of queries and gaps.
    pub(crate) fn summary(self, mut notes: Vec<String>) -> ImportSummary {
        let Self { folder, rows, queries, models, datasets, tally: _, notes: more } = self;
        notes.extend(more);
        ImportSummary { folder, rows, queries, models, datasets, embedding_width: None, notes }
    }
}

/// What was found while queries and outcomes were joined.
#[derive(Default)]
struct Joined {
    rows: u64,
    queries: usize,
    pairs: u64,
    expected: u64,
    differing: Vec<QueryId>,
}

impl Staged {
    /// Writes what is about all parts, and lets the folder appear. `prices` go to the cards of the models; `definition` is
    /// the text of a `dataset.toml`, where there is one.
    ///
    /// # Errors
    /// When there is no part, a part is damaged, or a file cannot be written. The parts stay then.
    pub(crate) fn finish(self, prices: Option<&PriceList>, definition: Option<&str>) -> Result<Finished, TableError> {
        self.remove_strays()?;
        let inputs: BTreeMap<String, String> =
            self.parts.values().map(|part| (part.source.name.clone(), part.source.digest.clone())).collect();
        // Hundreds of digests would be in the way in every footer; the manifest has them all.
        let mut sources = ContentDigest::new();
        for (name, digest) in &inputs {
            sources.text(name).text(digest);
        }
        let mut provenance = Provenance::by(own_tool()).input("sources", sources.hex());
        provenance.values.clone_from(&self.identity.options);

        let tables = self.tables();
        let mut files = BTreeMap::new();
        let joined = self.join(&provenance, &mut files)?;
        for part in self.parts.values() {
            files.extend(part.files.clone());
        }
        let models: BTreeSet<&ModelName> = self.parts.keys().map(|subject| &subject.model).collect();
        let datasets: BTreeSet<&DatasetId> = self.parts.keys().map(|subject| &subject.dataset).collect();
        let pool = Pool::of(models.iter().copied(), prices).write(&tables.join("pool.toml"))?;
        files.insert("pool.toml".to_owned(), ManifestFile { sha256: pool.digest, bytes: pool.bytes, rows: None });
        self.scoring(&inputs)?.write(&tables, LABEL)?;
        if let Some(definition) = definition {
            write_bytes(&tables.join("dataset.toml"), definition)?;
        }
        let schema = "routerlab.manifest/1".to_owned();
        Manifest { schema, tool: own_tool(), inputs, files }.write(&tables)?;

        let mut tally: BTreeMap<String, u64> = BTreeMap::new();
        for (what, count) in self.parts.values().flat_map(|part| &part.tally) {
            *tally.entry(what.clone()).or_default() += count;
        }
        let finished = Finished {
            folder: self.out.clone(),
            rows: joined.rows,
            queries: joined.queries,
            models: models.len(),
            datasets: datasets.len(),
            tally,
            notes: joined.notes(),
        };
        place_folder(&tables, &self.out)?;
        // What is left has done its service, and the folder is whole without its removal.
        let _ = fs::remove_dir_all(&self.partial);
        Ok(finished)
    }

    /// Queries and outcomes, one dataset's split after the other.
    fn join(&self, provenance: &Provenance, files: &mut BTreeMap<String, ManifestFile>) -> Result<Joined, TableError> {
        let tables = self.tables();
        let mut joined = Joined::default();
        let mut queries = TableWriter::create(&tables.join("queries.parquet"), provenance)?;
        let mut outcomes = TableWriter::create(&tables.join("outcomes.parquet"), provenance)?;
        for (subjects, (dataset, split)) in self.groups() {
            let mut group = Group::default();
            for subject in &subjects {
                group.add(&subject.model, read_table::<NumbersRow>(&self.records_file(subject))?.rows);
            }
            joined.expected += (group.questions.len() * subjects.len()) as u64;
            let mut ids: Vec<(QueryId, u64)> = Vec::with_capacity(group.questions.len());
            for index in group.questions.keys() {
                let id = QueryId::new(dataset, split, *index)
                    .map_err(|error| TableError::Settings { path: tables.clone(), reason: error.to_string() })?;
                ids.push((id, *index));
            }
            ids.sort();
            joined
                .differing
                .extend(ids.iter().filter(|(_, at)| group.differing.contains(at)).map(|(id, _)| id.clone()));
            let texts = self.texts_of(subjects[0], &group)?;
            for (query_id, index) in &ids {
                let text = group.questions.get(index).and_then(|digest| texts.get(digest)).cloned();
                let text = text.ok_or_else(|| TableError::Damaged {
                    path: self.texts_folder(subjects[0]),
                    reason: format!("the texts of `{query_id}` are not there"),
                })?;
                queries.push(QueryRow {
                    query_id: query_id.clone(),
                    dataset: dataset.clone(),
                    split: split.clone(),
                    record_index: *index,
                    group_key: group_key(&text.prompt),
                    origin_query: text.origin_query,
                    prompt: text.prompt,
                    ground_truth: text.ground_truth,
                    metadata: text.metadata,
                })?;
                for (model, facts) in group.facts.get(index).into_iter().flatten() {
                    outcomes.push(outcome(query_id.clone(), model.clone(), dataset.clone(), facts))?;
                    joined.pairs += 1;
                    joined.rows += facts.len() as u64;
                }
            }
        }
        joined.queries = usize::try_from(queries.rows()).unwrap_or(usize::MAX);
        if joined.rows == 0 {
            return Err(TableError::NoRows { path: self.out.clone() });
        }
        let rows = queries.rows();
        let written = queries.finish()?;
        let file = |sha256, bytes, rows| ManifestFile { sha256, bytes, rows: Some(rows) };
        files.insert("queries.parquet".to_owned(), file(written.digest, written.bytes, rows));
        let rows = outcomes.rows();
        let written = TableWriter::<OutcomeRow>::finish(outcomes)?;
        files.insert("outcomes.parquet".to_owned(), file(written.digest, written.bytes, rows));
        Ok(joined)
    }

    /// The parts of each dataset and split, models in byte order, in the order of their query ids.
    fn groups(&self) -> Vec<(Vec<&Subject>, (&DatasetId, &SplitName))> {
        let mut groups: BTreeMap<String, Vec<&Subject>> = BTreeMap::new();
        for subject in self.parts.keys() {
            groups.entry(format!("{}/{}/", subject.dataset, subject.split)).or_default().push(subject);
        }
        let mut named = Vec::with_capacity(groups.len());
        for subjects in groups.into_values() {
            let first = subjects[0];
            named.push((subjects, (&first.dataset, &first.split)));
        }
        named
    }

    /// The texts that the queries of a group have, by their digests.
    fn texts_of(&self, subject: &Subject, group: &Group) -> Result<HashMap<String, TextsRow>, TableError> {
        let wanted: BTreeSet<&String> = group.questions.values().collect();
        let mut texts = HashMap::with_capacity(wanted.len());
        let folder = self.texts_folder(subject);
        for path in if folder.is_dir() { table_files(&folder)? } else { Vec::new() } {
            let mut reader = TableReader::<TextsRow>::open(&path)?.at_most(256);
            let mut rows = Vec::new();
            while reader.read_into(&mut rows)? {
                let found = rows.drain(..).filter(|row: &TextsRow| wanted.contains(&row.question));
                texts.extend(found.map(|row| (row.question.clone(), row)));
            }
        }
        Ok(texts)
    }

    /// The scoring whose files are those of the parts.
    fn scoring(&self, inputs: &BTreeMap<String, String>) -> Result<Scoring, TableError> {
        let mut scoring = Scoring::new(&own_tool());
        scoring.inputs.clone_from(inputs);
        let prefix = format!("scores/scoring={LABEL}/");
        let about = |file: &ManifestFile| ScoringFile {
            evaluator: self.identity.format.clone(),
            evaluator_digest: self.identity.evaluator_digest(),
            config: "{}".to_owned(),
            sha256: file.sha256.clone(),
            rows: file.rows.unwrap_or_default(),
        };
        for (name, file) in self.parts.values().flat_map(|part| &part.files) {
            if let Some(name) = name.strip_prefix(&prefix) {
                scoring.files.insert(name.to_owned(), about(file));
            }
        }
        Ok(scoring)
    }

    /// Removes tables of parts that were not finished or have been replaced by others.
    fn remove_strays(&self) -> Result<(), TableError> {
        let tables = self.tables();
        let listed: BTreeSet<PathBuf> =
            self.parts.values().flat_map(Part::names).map(|name| tables.join(name)).collect();
        for folder in [tables.join("completions"), tables.join("scores")] {
            for path in if folder.is_dir() { table_files(&folder)? } else { Vec::new() } {
                if !listed.contains(&path) {
                    fs::remove_file(&path).map_err(|source| TableError::Write { path, source })?;
                }
            }
        }
        Ok(())
    }
}

impl Part {
    fn names(&self) -> impl Iterator<Item = &String> {
        self.files.keys()
    }
}

/// The numbers of one dataset's split.
#[derive(Default)]
struct Group {
    /// Digest of the texts of each query: those of the first model by name.
    questions: BTreeMap<u64, String>,
    /// Queries of which another model's file has other texts.
    differing: BTreeSet<u64>,
    /// What each model did on a query, models in byte order.
    facts: HashMap<u64, Vec<(ModelName, Vec<SampleFacts>)>>,
}

impl Group {
    fn add(&mut self, model: &ModelName, rows: Vec<NumbersRow>) {
        for row in rows {
            let known = self.questions.entry(row.record_index).or_insert_with(|| row.question.clone());
            if *known != row.question {
                self.differing.insert(row.record_index);
            }
            let facts = SampleFacts {
                score: row.score,
                cost_usd: row.cost_usd,
                cost_source: row.cost_source,
                latency_ms: row.latency_ms,
                prompt_tokens: row.prompt_tokens,
                completion_tokens: row.completion_tokens,
            };
            let models = self.facts.entry(row.record_index).or_default();
            match models.last_mut().filter(|(last, _)| last == model) {
                Some((_, samples)) => samples.push(facts),
                None => models.push((model.clone(), vec![facts])),
            }
        }
    }
}

impl Joined {
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(first) = self.differing.first() {
            let more = self.differing[1..].iter().take(NAMED - 1).map(|id| format!(", `{id}`")).collect::<String>();
            let count = self.differing.len();
            notes.push(format!(
                "{count} queries have other texts in some models' files; those of the first model by name were kept: `{first}`{more}{}",
                if count > NAMED { ", ..." } else { "" }
            ));
        }
        if self.expected > self.pairs {
            let missing = self.expected - self.pairs;
            notes.push(format!("{missing} of {} pairs of query and model have no record", self.expected));
        }
        notes
    }
}
