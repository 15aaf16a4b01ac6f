//! A document of RouterEval: which of the two forms it has, and what of it is wanted.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::error::{Place, TableError};
use crate::import::dataset::content::Content;
use crate::import::lines::without_line;
use crate::import::pickle::refuse_pickle;
use crate::import::python_json::PlainJson;
use crate::import::routereval::RouterEvalOptions;
use crate::import::routereval::seeds::{FoundPool, PartScores, Places, PoolSeed, Prompts, Scores, TasksSeed, Vectors};

/// How a pickle of the release becomes what can be read.
const CONVERSION: [&str; 3] = [
    "import json, pickle",
    "content = pickle.load(open(\"{name}\", \"rb\"))",
    "json.dump(content, open(\"{stem}.json\", \"w\"), default=lambda array: array.tolist())",
];
/// Pools that a message names.
const NAMED: usize = 30;

/// What was found.
pub(super) enum Document {
    RouterDataset(Box<RouterDataset>),
    Leaderboard(Leaderboard),
}

/// One pool of a router dataset with what belongs to its queries.
pub(super) struct RouterDataset {
    /// Its name; none where the file has no other.
    pub(super) pool: Option<String>,
    pub(super) scores: FoundPool,
    pub(super) prompts: Prompts,
    pub(super) vectors: Vectors,
    pub(super) places: Places,
}

/// Tasks of a leaderboard.
pub(super) struct Leaderboard {
    /// The file with the scores.
    pub(super) path: PathBuf,
    /// The models, in the order of the scores.
    pub(super) models: Vec<String>,
    pub(super) tasks: Vec<Task>,
}

/// One task.
pub(super) struct Task {
    pub(super) name: String,
    pub(super) prompts: Vec<String>,
    pub(super) scores: Scores,
}

impl Document {
    pub(super) fn read(path: &Path, options: &RouterEvalOptions) -> Result<Self, TableError> {
        let outline: Outline = with_decoder(path, |decoder| Outline::deserialize(decoder))?;
        let wrong = |reason: String| TableError::Settings { path: path.to_owned(), reason };
        if outline.has("prompt") {
            return Self::router_dataset(path, options, &outline).map(|found| Self::RouterDataset(Box::new(found)));
        }
        if !outline.has("data") || outline.models.is_none() {
            return Err(wrong(
                "neither a router dataset (`prompt`, `easy`, `hard`) nor a leaderboard (`data`, `model`)".to_owned(),
            ));
        }
        let Some(prompts) = &options.prompts else {
            return Err(wrong(
                "a leaderboard without its prompts; give `leaderboard_prompt` as JSON with `--prompts`".to_owned(),
            ));
        };
        let models = outline.models.unwrap_or_default();
        Self::leaderboard(path, prompts, options, models).map(Self::Leaderboard)
    }

    fn router_dataset(
        path: &Path,
        options: &RouterEvalOptions,
        outline: &Outline,
    ) -> Result<RouterDataset, TableError> {
        let wrong = |reason: String| TableError::Settings { path: path.to_owned(), reason };
        let mut names = Vec::new();
        let mut found = None;
        let mut parts = Parts::default();
        let wanted = options.pool.as_deref();
        let seed = PartsSeed { wanted, names: &mut names, found: &mut found, parts: &mut parts };
        with_decoder(path, |decoder| seed.deserialize(decoder))?;
        let (pool, mut scores) = match (found, outline.models.clone(), parts.scores.take()) {
            (Some((name, scores)), _, _) => (Some(name), scores),
            // One pool that has no name.
            (None, Some(model), Some(data)) if names.is_empty() && wanted.is_none() => {
                (None, FoundPool { data, model })
            }
            _ => {
                let there = if names.is_empty() { "it has none".to_owned() } else { listed(&names) };
                return Err(wrong(format!("there is no pool `{}`; {there}", wanted.unwrap_or_default())));
            }
        };
        if wanted.is_none() && names.len() > 1 {
            return Err(wrong(format!("has several pools; choose one with `--pool`; {}", listed(&names))));
        }
        if !options.models.is_empty() {
            let columns = chosen(path, &scores.model, &options.models)?;
            let keep = |rows: &mut Option<Scores>| {
                for row in rows.iter_mut().flatten() {
                    *row = columns.iter().filter_map(|at| row.get(*at).copied()).collect();
                }
            };
            keep(&mut scores.data.train_score);
            keep(&mut scores.data.val_score);
            keep(&mut scores.data.test_score);
            scores.model = columns.iter().map(|at| scores.model[*at].clone()).collect();
        }
        Ok(RouterDataset { pool, scores, prompts: parts.prompts, vectors: parts.vectors, places: parts.places })
    }

    fn leaderboard(
        path: &Path,
        prompts_path: &Path,
        options: &RouterEvalOptions,
        models: Vec<String>,
    ) -> Result<Leaderboard, TableError> {
        let columns = if options.models.is_empty() {
            (0..models.len()).collect()
        } else {
            chosen(path, &models, &options.models)?
        };
        let mut found = Vec::new();
        let mut names = BTreeSet::new();
        let seed = TasksSeed { tasks: &options.tasks, columns: &columns, found: &mut found, names: &mut names };
        with_decoder(path, |decoder| DataSeed { tasks: seed }.deserialize(decoder))?;
        if let Some(task) = options.tasks.iter().find(|task| !names.contains(*task)) {
            let names: Vec<String> = names.into_iter().collect();
            let reason = format!("there is no task `{task}`; {}", listed(&names));
            return Err(TableError::Settings { path: path.to_owned(), reason });
        }
        let mut prompts: BTreeMap<String, Vec<String>> =
            with_decoder(prompts_path, |decoder| BTreeMap::deserialize(decoder))?;
        let mut tasks = Vec::with_capacity(found.len());
        for (name, scores) in found {
            let Some(prompts) = prompts.remove(&name) else {
                let reason = format!("has no prompts of the task `{name}`");
                return Err(TableError::Settings { path: prompts_path.to_owned(), reason });
            };
            tasks.push(Task { name, prompts, scores });
        }
        tasks.sort_by(|a, b| a.name.cmp(&b.name));
        let models = columns.iter().map(|at| models[*at].clone()).collect();
        Ok(Leaderboard { path: path.to_owned(), models, tasks })
    }
}

/// The columns of the models that were named, in ascending order.
fn chosen(path: &Path, models: &[String], named: &[String]) -> Result<Vec<usize>, TableError> {
    let mut columns = Vec::with_capacity(named.len());
    for name in named {
        let Some(column) = models.iter().position(|model| model == name) else {
            let reason = format!("there is no model `{name}`; {}", listed(models));
            return Err(TableError::Settings { path: path.to_owned(), reason });
        };
        columns.push(column);
    }
    columns.sort_unstable();
    columns.dedup();
    Ok(columns)
}

fn listed(names: &[String]) -> String {
    let more = if names.len() > NAMED { format!(" and {} more", names.len() - NAMED) } else { String::new() };
    let names: Vec<String> = names.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
    format!("there are {}{more}", names.join(", "))
}

/// Runs a decoder over the whole of a file.
fn with_decoder<T>(
    path: &Path,
    decode: impl FnOnce(
        &mut serde_json::Deserializer<serde_json::de::IoRead<BufReader<PlainJson<std::fs::File>>>>,
    ) -> Result<T, serde_json::Error>,
) -> Result<T, TableError> {
    let mut content = Content::of(path)?;
    refuse_pickle(&mut content, &CONVERSION)?;
    let reader = BufReader::with_capacity(1 << 16, PlainJson::new(content.handle()?));
    let mut decoder = serde_json::Deserializer::from_reader(reader);
    let decoded = decode(&mut decoder).and_then(|value| decoder.end().map(|()| value));
    decoded.map_err(|error| TableError::Row {
        path: path.to_owned(),
        place: Place::Line(error.line() as u64),
        reason: format!("not as RouterEval has it: {}", without_line(&error)),
    })
}

/// The keys of a document, and its list of models where it has one.
#[derive(Default)]
struct Outline {
    keys: BTreeSet<String>,
    models: Option<Vec<String>>,
}

impl Outline {
    fn has(&self, key: &str) -> bool {
        self.keys.contains(key)
    }
}

impl<'de> Deserialize<'de> for Outline {
    fn deserialize<D: Deserializer<'de>>(decoder: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Outline;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Outline, A::Error> {
                let mut outline = Outline::default();
                while let Some(key) = entries.next_key::<String>()? {
                    if key == "model" {
                        outline.models = Some(entries.next_value()?);
                    } else {
                        entries.next_value::<IgnoredAny>()?;
                    }
                    if !outline.keys.insert(key.clone()) {
                        return Err(serde::de::Error::custom(format!("`{key}` is given twice")));
                    }
                }
                Ok(outline)
            }
        }
        decoder.deserialize_map(Keys)
    }
}

/// What belongs to the queries of a router dataset, and its scores where they stand beside.
#[derive(Default)]
struct Parts {
    prompts: Prompts,
    vectors: Vectors,
    places: Places,
    scores: Option<PartScores>,
}

/// A router dataset, of which one pool is kept.
struct PartsSeed<'a> {
    wanted: Option<&'a str>,
    names: &'a mut Vec<String>,
    found: &'a mut Option<(String, FoundPool)>,
    parts: &'a mut Parts,
}

impl<'de> DeserializeSeed<'de> for PartsSeed<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, decoder: D) -> Result<(), D::Error> {
        decoder.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for PartsSeed<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(key) = entries.next_key::<String>()? {
            match key.as_str() {
                "easy" | "hard" => entries.next_value_seed(PoolSeed {
                    above: key,
                    depth: 2,
                    wanted: self.wanted,
                    names: &mut *self.names,
                    found: &mut *self.found,
                })?,
                "prompt" => self.parts.prompts = entries.next_value()?,
                "embedding" => self.parts.vectors = entries.next_value()?,
                "split_index" => self.parts.places = entries.next_value()?,
                "data" => self.parts.scores = entries.next_value()?,
                _ => {
                    entries.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// `data` of a leaderboard.
struct DataSeed<'a> {
    tasks: TasksSeed<'a>,
}

impl<'de> DeserializeSeed<'de> for DataSeed<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, decoder: D) -> Result<(), D::Error> {
        decoder.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for DataSeed<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let mut tasks = Some(self.tasks);
        while let Some(key) = entries.next_key::<String>()? {
            match tasks.take_if(|_| key == "data") {
                Some(tasks) => entries.next_value_seed(tasks)?,
                None => {
                    entries.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}
