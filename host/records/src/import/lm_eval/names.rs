//! What a log is about, by its name and by the results beside it.

use std::collections::BTreeMap;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::error::TableError;
use crate::ids::ModelName;
use crate::import::harness::HarnessResults;
use crate::import::python_json::PlainJson;
use crate::import::staged::{SourceRead, each_source};

/// Task and time of `samples_<task>_<time>.jsonl`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SampleFile {
    pub(super) task: String,
    pub(super) time: String,
}

impl SampleFile {
    /// By a name with or without folders.
    pub(super) fn of(name: &str) -> Option<Self> {
        let last = name.rsplit('/').next().unwrap_or(name);
        let (task, time) = last.strip_prefix("samples_")?.strip_suffix(".jsonl")?.rsplit_once('_')?;
        (!task.is_empty()).then(|| Self { task: task.to_owned(), time: time.to_owned() })
    }
}

/// The models of the logs of one path.
pub(super) struct Models {
    /// The one that was given.
    given: Option<ModelName>,
    /// By folder and time of the results that name them.
    named: BTreeMap<(String, String), String>,
}

impl Models {
    /// Reads the results that lie among the logs.
    pub(super) fn of(log: &HarnessResults) -> Result<Self, TableError> {
        let mut models = Self { given: log.model.clone(), named: BTreeMap::new() };
        if log.model.is_some() {
            return Ok(models);
        }
        let is_log = log.path.file_name().is_some_and(|name| SampleFile::of(&name.to_string_lossy()).is_some());
        if !is_log {
            each_source(&log.path, &|name| time_of(name).is_some(), &mut |mut source| {
                let name = source.name.clone();
                let path = source.path.clone();
                models.results(&name, &path, &mut source)
            })?;
            return Ok(models);
        }
        // Of one log, what lies in its own folder.
        let folder = log.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let failed = |source| TableError::read(folder, source);
        let mut entries: Vec<PathBuf> = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            entries.push(entry.map_err(failed)?.path());
        }
        entries.sort();
        for path in entries {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if time_of(&name).is_some() && path.is_file() {
                models.results(&name, &path, &mut crate::source::open_file(&path)?)?;
            }
        }
        Ok(models)
    }

    /// All that is known, as a text.
    pub(super) fn told(&self) -> String {
        format!("{:?} {:?}", self.given, self.named)
    }

    fn results(&mut self, name: &str, path: &Path, content: &mut dyn Read) -> Result<(), TableError> {
        let Some(time) = time_of(name) else { return Ok(()) };
        let reader = BufReader::with_capacity(1 << 16, PlainJson::new(content));
        let results: Results = serde_json::from_reader(reader)
            .map_err(|error| TableError::Settings { path: path.to_owned(), reason: format!("not JSON: {error}") })?;
        if let Some(model) = results.model() {
            self.named.insert((folder_of(name).to_owned(), time.to_owned()), model);
        }
        Ok(())
    }

    /// The model of a log: as the results of the same time name it, else as all results of its folder do, else as its folder
    /// is called, in which `__` stands for `/`.
    pub(super) fn of_log(&self, source: &SourceRead<'_>, file: &SampleFile) -> Result<ModelName, TableError> {
        if let Some(given) = &self.given {
            return Ok(given.clone());
        }
        let folder = folder_of(&source.name).to_owned();
        if let Some(model) = self.named.get(&(folder.clone(), file.time.clone())) {
            return Ok(model.as_str().into());
        }
        let mut there: Vec<&String> =
            self.named.iter().filter(|((other, _), _)| *other == folder).map(|(_, model)| model).collect();
        there.dedup();
        if let [only] = there.as_slice() {
            return Ok(only.as_str().into());
        }
        let own = folder.rsplit('/').next().filter(|name| !name.is_empty() && there.is_empty());
        own.map(|name| ModelName::from(name.replace("__", "/"))).ok_or_else(|| TableError::Settings {
            path: source.path.clone(),
            reason: "no results beside it name its model; give it with `--model`".to_owned(),
        })
    }
}

/// The time of `results_<time>.json`.
fn time_of(name: &str) -> Option<&str> {
    let last = name.rsplit('/').next().unwrap_or(name);
    last.strip_suffix(".json")?.strip_prefix("results")?.strip_prefix('_')
}

fn folder_of(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// What is needed of a file of results.
#[derive(Debug, Deserialize)]
struct Results {
    #[serde(default)]
    model_name: Option<Value>,
    #[serde(default)]
    config: Option<Config>,
}

#[derive(Debug, Deserialize)]
struct Config {
    #[serde(default)]
    model_args: Option<Value>,
}

impl Results {
    fn model(&self) -> Option<String> {
        if let Some(Value::String(name)) = &self.model_name {
            return Some(name.clone());
        }
        // Older ones have only what the harness was called with. What is put on a model names it better than the model.
        const KEYS: [&str; 6] = ["peft", "delta", "pretrained", "model", "path", "engine"];
        match self.config.as_ref()?.model_args.as_ref()? {
            Value::Object(args) => KEYS.iter().find_map(|key| args.get(*key)?.as_str().map(str::to_owned)),
            Value::String(args) => {
                let pairs: Vec<(&str, &str)> = args.split(',').filter_map(|pair| pair.split_once('=')).collect();
                let value =
                    |key: &&str| pairs.iter().find(|(name, _)| name.trim() == *key).map(|(_, it)| (*it).to_owned());
                KEYS.iter().find_map(value)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_named_after_its_task_and_time() {
        let of = |name: &str| SampleFile::of(name).map(|file| (file.task, file.time));
        let expected = Some(("mmlu_abstract_algebra".to_owned(), "2024-09-24T15-34-38.012345".to_owned()));
        assert_eq!(of("m/samples_mmlu_abstract_algebra_2024-09-24T15-34-38.012345.jsonl"), expected);
        for name in ["samples_x.jsonl", "results_2024.json", "samples__2024.jsonl", "samples_x_2024.json"] {
            assert_eq!(of(name), None, "{name}");
        }
        assert_eq!(time_of("a/results_2024-09.json"), Some("2024-09"));
        assert_eq!(time_of("a/results.json"), None);
    }

    #[test]
    fn results_name_their_model_in_old_and_new_forms() {
        let model = |text: &str| serde_json::from_str::<Results>(text).unwrap().model();
        assert_eq!(model(r#"{"model_name":"org/m","config":{}}"#), Some("org/m".to_owned()));
        assert_eq!(model(r#"{"config":{"model_args":"pretrained=org/m,dtype=float"}}"#), Some("org/m".to_owned()));
        assert_eq!(model(r#"{"config":{"model_args":"pretrained=a,peft=b"}}"#), Some("b".to_owned()));
        assert_eq!(model(r#"{"config":{"model_args":{"model":"m"}}}"#), Some("m".to_owned()));
        assert_eq!(model(r#"{"results":{}}"#), None);
    }
}
