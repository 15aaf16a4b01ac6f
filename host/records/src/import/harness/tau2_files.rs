//! Result files of tau2-bench: the tasks of a domain and the simulations of one agent.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::error::TableError;
use crate::ids::ModelName;
use crate::import::ImportSummary;
use crate::import::harness::results::{HarnessResults, Judged, Questions, json_files, read_json, write};
use crate::import::harness::tau2::tau2_verdict;
use crate::import::output::refuse_full;
use crate::provenance::digest_file;

/// Imports result files of tau2-bench into `queries.parquet`, `completions.parquet` (whole conversations, as JSON),
/// `scores/scoring=own`, `outcomes.parquet`, `pool.toml` and `manifest.json` of `out_dir`.
///
/// Each of `results` is a file with `simulations`, or a folder of such files. A trial is a sample; the cost is that of all
/// calls of the agent, without those of the simulated user. With `known`, a folder made by `routerlab import dataset tau2`,
/// the queries are its own.
///
/// # Errors
/// When a file cannot be read or has no simulations, a simulation has no task, reward or end, a model or domain has no name,
/// a task and trial come twice, or `out_dir` already holds a table. Nothing is written then.
pub fn import_tau2(
    results: &[HarnessResults],
    known: Option<&Path>,
    out_dir: &Path,
) -> Result<ImportSummary, TableError> {
    refuse_full(out_dir)?;
    let mut inputs = BTreeMap::new();
    let mut questions = Questions::new("tau2", known)?;
    let mut judged = Vec::new();
    let mut seen = BTreeSet::new();
    for result in results {
        let mut found = false;
        for path in json_files(&result.path)? {
            let value = read_json(&path)?;
            let Some(simulations) = value.get("simulations").and_then(Value::as_array) else { continue };
            found = true;
            inputs.insert(path.display().to_string(), digest_file(&path)?);
            let file = ResultFile { path: &path, value: &value, model: result.model.as_ref() };
            file.tasks(&mut questions, known.is_none())?;
            for (at, simulation) in simulations.iter().enumerate() {
                let one = file.simulation(at, simulation, &mut questions)?;
                if !seen.insert((one.query_id.clone(), one.model.clone(), one.sample_index)) {
                    let reason =
                        format!("trial {} of `{}` and `{}` came before", one.sample_index, one.query_id, one.model);
                    return Err(file.wrong(at, &reason));
                }
                judged.push(one);
            }
        }
        if !found {
            let reason = "holds no results: there is no `simulations`".to_owned();
            return Err(TableError::Settings { path: result.path.clone(), reason });
        }
    }
    write("tau2", questions, judged, inputs, out_dir)
}

struct ResultFile<'a> {
    path: &'a Path,
    value: &'a Value,
    model: Option<&'a ModelName>,
}

impl ResultFile<'_> {
    /// Makes a query of every task, in the file's order, whether it was simulated or not.
    fn tasks(&self, questions: &mut Questions, make: bool) -> Result<(), TableError> {
        let Some(domain) = self.domain(&Value::Null).filter(|_| make) else { return Ok(()) };
        for task in self.value.get("tasks").and_then(Value::as_array).into_iter().flatten() {
            if let Some(id) = task.get("id").and_then(plain) {
                let text = asked(task).unwrap_or_else(|| id.clone());
                questions.query(self.path, &domain, &id, &text)?;
            }
        }
        Ok(())
    }

    fn simulation(&self, at: usize, simulation: &Value, questions: &mut Questions) -> Result<Judged, TableError> {
        let missing = |name: &str| self.wrong(at, &format!("`{name}`: missing"));
        let domain = self.domain(simulation).ok_or_else(|| missing("domain"))?;
        let task = simulation.get("task_id").and_then(plain).ok_or_else(|| missing("task_id"))?;
        let own = || self.value.pointer("/info/agent_info/llm").and_then(Value::as_str).map(ModelName::from);
        let model = self.model.cloned().or_else(own);
        let model = model.ok_or_else(|| self.wrong(at, "names no model; give its name with `--model`"))?;
        let trial = simulation.get("trial").and_then(Value::as_u64).unwrap_or_default();
        let messages = simulation.get("messages").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let calls: Vec<&Value> = messages.iter().filter(|message| message["role"] == "assistant").collect();
        let tokens = |name: &str| {
            let counts: Vec<u64> = calls.iter().filter_map(|call| call.get("usage")?.get(name)?.as_u64()).collect();
            (!counts.is_empty()).then(|| counts.iter().fold(0, |sum: u64, count| sum.saturating_add(*count)))
        };
        let costs: Vec<f64> = calls.iter().filter_map(|call| call.get("cost")?.as_f64()).collect();
        let summed = (!costs.is_empty()).then(|| costs.iter().sum());
        let cost_usd = simulation.get("agent_cost").and_then(Value::as_f64).or(summed);
        if let Some(cost) = cost_usd.filter(|cost| !cost.is_finite() || *cost < 0.0) {
            return Err(self.wrong(at, &format!("`agent_cost`: {cost} is no cost")));
        }
        let ended = simulation.get("termination_reason").and_then(Value::as_str);
        Ok(Judged {
            query_id: questions.query(self.path, &domain, &task, &task)?,
            model,
            sample_index: u32::try_from(trial).map_err(|_| self.wrong(at, "`trial`: too large"))?,
            raw_output: if messages.is_empty() { String::new() } else { Value::from(messages).to_string() },
            finish_reason: ended.map(str::to_owned),
            prompt_tokens: tokens("prompt_tokens"),
            completion_tokens: tokens("completion_tokens"),
            cost_usd,
            verdict: tau2_verdict(simulation).map_err(|reason| self.wrong(at, &reason))?,
        })
    }

    fn domain(&self, simulation: &Value) -> Option<String> {
        let own = simulation.get("domain").and_then(Value::as_str);
        own.or_else(|| self.value.pointer("/info/environment_info/domain_name")?.as_str()).map(str::to_owned)
    }

    fn wrong(&self, at: usize, reason: &str) -> TableError {
        TableError::Settings { path: self.path.to_owned(), reason: format!("simulation {}: {reason}", at + 1) }
    }
}

/// What the simulated customer wants, in a task's words.
fn asked(task: &Value) -> Option<String> {
    let told = task.get("user_scenario")?.get("instructions")?;
    told.get("reason_for_call").unwrap_or(told).as_str().map(str::to_owned)
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
