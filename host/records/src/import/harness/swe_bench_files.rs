//! Files of the public SWE-bench harness: a report for each instance, a summary of a run, and the predictions that it
//! ran on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::error::TableError;
use crate::ids::ModelName;
use crate::import::ImportSummary;
use crate::import::harness::results::{HarnessResults, Judged, Questions, Verdict, json_files, read_json, write};
use crate::import::harness::swe_bench::swe_bench_verdict;
use crate::import::output::refuse_full;
use crate::provenance::digest_file;

/// Imports results of the SWE-bench harness into `queries.parquet`, `completions.parquet` (patches), `scores/scoring=own`,
/// `outcomes.parquet`, `pool.toml` and `manifest.json` of `out_dir`.
///
/// Each of `results` is a folder, or one file, with reports (`<instance>/report.json`), a summary of a run (with
/// `resolved_ids`), and predictions (`instance_id`, `model_patch`); any of the three may be missing. With `known`, a folder
/// made by `routerlab import dataset swe-bench`, the queries are its own; otherwise a query is the name of its instance.
///
/// # Errors
/// When a file cannot be read, an instance has two reports or a report contradicts itself, a model has no name, nothing is
/// found, or `out_dir` already holds a table. Nothing is written then.
pub fn import_swe_bench(
    results: &[HarnessResults],
    known: Option<&Path>,
    out_dir: &Path,
) -> Result<ImportSummary, TableError> {
    refuse_full(out_dir)?;
    let mut inputs = BTreeMap::new();
    let mut found = Vec::new();
    for result in results {
        let files = Files::read(&result.path, &mut inputs)?;
        let model = result.model.clone().or_else(|| files.model.clone());
        let no_name = || settings(&result.path, "names no model; give its name with `--model`");
        found.push((model.ok_or_else(no_name)?, files, &result.path));
    }
    let mut questions = Questions::new("swe-bench", known)?;
    // All models first, so that an instance has the same place whoever was asked.
    let all: BTreeSet<String> = found.iter().flat_map(|(_, files, _)| files.instances()).collect();
    let at = found.first().map_or(out_dir, |(_, _, path)| path.as_path());
    for instance in &all {
        questions.query(at, "", instance, instance)?;
    }
    let mut judged = Vec::new();
    let mut seen = BTreeSet::new();
    for (model, files, path) in &found {
        if !seen.insert(model.clone()) {
            return Err(settings(path, &format!("the model `{model}` has results in two places")));
        }
        for instance in files.instances() {
            let verdict =
                files.verdict(&instance).map_err(|reason| settings(path, &format!("`{instance}`: {reason}")))?;
            judged.push(Judged {
                query_id: questions.query(path, "", &instance, &instance)?,
                model: model.clone(),
                sample_index: 0,
                raw_output: files.patches.get(&instance).cloned().unwrap_or_default(),
                finish_reason: None,
                prompt_tokens: None,
                completion_tokens: None,
                cost_usd: None,
                verdict,
            });
        }
    }
    write("swe-bench", questions, judged, inputs, out_dir)
}

fn settings(path: &Path, reason: &str) -> TableError {
    TableError::Settings { path: path.to_owned(), reason: reason.to_owned() }
}

/// What the files of one model say.
#[derive(Default)]
struct Files {
    model: Option<ModelName>,
    reports: BTreeMap<String, (PathBuf, Value)>,
    patches: BTreeMap<String, String>,
    resolved: BTreeSet<String>,
    unresolved: BTreeSet<String>,
    empty: BTreeSet<String>,
    errors: BTreeSet<String>,
    /// Instances whose log says that the patch could not be applied; they have no report.
    unapplied: BTreeSet<String>,
}

impl Files {
    fn read(path: &Path, inputs: &mut BTreeMap<String, String>) -> Result<Self, TableError> {
        let mut files = Self::default();
        let mut known = false;
        for file in json_files(path)? {
            let value = read_json(&file)?;
            if files.add(&file, &value)? {
                known = true;
                let name = file.strip_prefix(path).ok().filter(|name| !name.as_os_str().is_empty());
                let name = name.map_or_else(|| path.to_owned(), |name| path.join(name));
                inputs.insert(name.display().to_string(), digest_file(&file)?);
            }
        }
        if !known {
            return Err(settings(path, "holds neither a report, nor a summary of a run, nor predictions"));
        }
        files.look_for_logs(path);
        Ok(files)
    }

    /// Takes a file; false when it is something else.
    fn add(&mut self, path: &Path, value: &Value) -> Result<bool, TableError> {
        if let Some(summary) = value.as_object().filter(|object| object.contains_key("resolved_ids")) {
            for (name, set) in [
                ("resolved_ids", &mut self.resolved),
                ("unresolved_ids", &mut self.unresolved),
                ("empty_patch_ids", &mut self.empty),
                ("error_ids", &mut self.errors),
            ] {
                let ids = summary.get(name).and_then(Value::as_array).into_iter().flatten();
                set.extend(ids.filter_map(Value::as_str).map(str::to_owned));
            }
            return Ok(true);
        }
        if path.file_name().is_some_and(|name| name == "report.json") {
            let reports = value.as_object().ok_or_else(|| settings(path, "is no report: expected a JSON object"))?;
            for (instance, report) in reports {
                let entry = (path.to_owned(), report.clone());
                if let Some((other, _)) = self.reports.insert(instance.clone(), entry) {
                    let reason = format!("`{instance}` already has a report in `{}`", other.display());
                    return Err(settings(path, &reason));
                }
            }
            return Ok(true);
        }
        let entries: Vec<&Value> = match value {
            Value::Array(entries) => entries.iter().collect(),
            Value::Object(object) => object.values().collect(),
            _ => return Ok(false),
        };
        let is_prediction = |entry: &&Value| entry.get("instance_id").is_some() && entry.get("model_patch").is_some();
        if entries.is_empty() || !entries.iter().all(is_prediction) {
            return Ok(false);
        }
        for entry in entries {
            let Some(instance) = entry["instance_id"].as_str() else {
                return Err(settings(path, "an `instance_id` is no text"));
            };
            let patch = entry["model_patch"].as_str().unwrap_or_default();
            if self.patches.insert(instance.to_owned(), patch.to_owned()).is_some() {
                return Err(settings(path, &format!("`{instance}` has two predictions")));
            }
            if let Some(model) = entry.get("model_name_or_path").and_then(Value::as_str) {
                let other = self.model.replace(model.into());
                if let Some(other) = other.filter(|other| *other != model) {
                    return Err(settings(path, &format!("has predictions of two models, `{other}` and `{model}`")));
                }
            }
        }
        Ok(true)
    }

    /// An instance whose patch does not apply ends as an error without a report; only its log tells it from an error of the
    /// harness.
    fn look_for_logs(&mut self, path: &Path) {
        if self.errors.is_empty() || !path.is_dir() {
            return;
        }
        let mut folders = vec![(path.to_owned(), 0)];
        while let Some((folder, depth)) = folders.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let inner = entry.path();
                if !inner.is_dir() {
                    continue;
                }
                let name = entry.file_name().to_string_lossy().into_owned();
                if self.errors.contains(&name) {
                    let log = std::fs::read(inner.join("run_instance.log")).unwrap_or_default();
                    if String::from_utf8_lossy(&log).contains("Patch Apply Failed") {
                        self.unapplied.insert(name);
                    }
                } else if depth < 6 {
                    folders.push((inner, depth + 1));
                }
            }
        }
    }

    fn instances(&self) -> BTreeSet<String> {
        let lists = [&self.resolved, &self.unresolved, &self.empty, &self.errors];
        let named = self.reports.keys().chain(self.patches.keys());
        named.chain(lists.into_iter().flatten()).cloned().collect()
    }

    fn verdict(&self, instance: &str) -> Result<Verdict, String> {
        if let Some((_, report)) = self.reports.get(instance) {
            return swe_bench_verdict(report);
        }
        Ok(if self.resolved.contains(instance) {
            Verdict::new(Some(1.0), "resolved")
        } else if self.unresolved.contains(instance) {
            Verdict::new(Some(0.0), "not resolved")
        } else if self.unapplied.contains(instance) {
            Verdict::new(Some(0.0), "the patch does not apply")
        } else if self.empty.contains(instance) {
            Verdict::new(Some(0.0), "no patch")
        } else if self.errors.contains(instance) {
            Verdict::new(None, "the harness failed")
        } else if self.patches.get(instance).is_some_and(|patch| patch.trim().is_empty()) {
            Verdict::new(Some(0.0), "no patch")
        } else {
            Verdict::new(None, "the harness has no result")
        })
    }
}
