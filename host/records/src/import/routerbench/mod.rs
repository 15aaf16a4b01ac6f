//! RouterBench's table (arXiv 2403.12031): a row for each query, three columns for each model.

mod records;

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::completions::{CompletionStatus, CostSource};
use crate::error::TableError;
use crate::ids::{ModelName, SplitName};
use crate::import::dataset::content::Content;
use crate::import::dataset::rows::{RowsTotal, SourceRow, each_row};
use crate::import::loose::{Fields, shown};
use crate::import::output::refuse_full;
use crate::import::pickle::refuse_pickle;
use crate::import::python_text::listed_texts;
use crate::import::routerbench::records::Records;
use crate::import::staged::Answer;
use crate::import::{ImportSummary, Progress};
use crate::outcomes::check_number;
use crate::provenance::{Provenance, digest_file, own_tool};

/// How the pickle of a release becomes what can be read.
const CONVERSION: [&str; 3] = [
    "import pandas",
    "table = pandas.read_pickle(\"{name}\")",
    "table.to_parquet(\"{stem}.parquet\")  # or table.to_csv(\"{stem}.csv\", index=False)",
];
/// What follows a model's name in the columns that are not its score.
const RESPONSE: &str = "|model_response";
const COST: &str = "|total_cost";
/// What stands where a model did not answer.
const NO_RESPONSE: [&str; 4] = ["not found", "nan", "none", "[]"];
/// Rows between two reports of progress.
const REPORT_EVERY: u64 = 1024;

/// Imports RouterBench's table into `queries`, `completions`, `scores/scoring=own`, `outcomes`, `pool.toml` and
/// `manifest.json` of `out_dir`.
///
/// A row has `sample_id`, `eval_name`, `prompt`, and for each model its score under the model's name, its answer under
/// `<model>|model_response` and its dollars under `<model>|total_cost`; other columns are passed over. `eval_name` is the
/// dataset. Scores may be texts or truth values; prompts and answers may be lists in Python's writing, whose parts are then
/// joined by an empty line. A model without an answer (`Not found`, no value, an empty list) has failed: no score, and no
/// cost, since there was nothing to pay for.
///
/// # Errors
/// When a file is a pickle or cannot be read, a column is missing, a score is no number from 0 to 1, a cost is negative or
/// no number, or `out_dir` already holds a table. The message names file, place and column. Nothing is written then.
pub fn import_routerbench(
    files: &[PathBuf],
    split: &SplitName,
    out_dir: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<ImportSummary, TableError> {
    refuse_full(out_dir)?;
    let mut provenance = Provenance::by(own_tool());
    let mut table = Table { records: Records::new(split.clone(), out_dir), repeated: 0, reworded: 0 };
    for path in files {
        let mut content = Content::of(path)?;
        refuse_pickle(&mut content, &CONVERSION)?;
        provenance = provenance.input(path.display().to_string(), digest_file(path)?);
        let mut models = None;
        let mut rows_done = 0;
        let mut total = RowsTotal::of(&mut content)?;
        each_row(&mut content, None, &mut |row| {
            rows_done += 1;
            if rows_done % REPORT_EVERY == 0 {
                progress(Progress { rows_done, rows_total: total.after(rows_done) });
            }
            let models = match &mut models {
                Some(models) => models,
                none => none.insert(models_of(path, &row)?),
            };
            table.row(path, models, row)
        })?;
    }
    let notes = table.notes();
    table.records.write(provenance, notes, out_dir)
}

/// The models of a table, in the order of their names.
fn models_of(path: &Path, row: &SourceRow) -> Result<Vec<ModelName>, TableError> {
    let named = |column: &String| column.strip_suffix(RESPONSE).or(column.strip_suffix(COST)).map(str::to_owned);
    let mut models: Vec<String> = row.object.keys().filter_map(named).collect();
    models.sort();
    models.dedup();
    let missing = |column: &str, expected: &str| TableError::NoColumn {
        path: path.to_owned(),
        column: column.to_owned(),
        expected: expected.to_owned(),
    };
    for column in ["sample_id", "eval_name", "prompt"] {
        if !row.object.contains_key(column) {
            return Err(missing(column, "string"));
        }
    }
    if models.is_empty() {
        return Err(missing("<model>|model_response", "string"));
    }
    for model in &models {
        if !row.object.contains_key(model) {
            return Err(missing(model, "double"));
        }
        let response = format!("{model}{RESPONSE}");
        if !row.object.contains_key(&response) {
            return Err(missing(&response, "string"));
        }
    }
    Ok(models.into_iter().map(ModelName::from).collect())
}

/// What the rows read so far come to.
struct Table {
    records: Records,
    /// Rows whose sample and models were there already.
    repeated: u64,
    /// Rows whose sample was there already with another prompt.
    reworded: u64,
}

impl Table {
    fn row(&mut self, path: &Path, models: &[ModelName], row: SourceRow) -> Result<(), TableError> {
        let fields = Fields::of(path, &row);
        let (dataset, sample) = (fields.text("eval_name")?, fields.text("sample_id")?);
        let prompt = fields.text("prompt")?;
        let turns = listed_texts(&prompt).filter(|turns| !turns.is_empty());
        let (prompt, turns) = turns.map_or((prompt, 1), |turns| (turns.join("\n\n"), turns.len()));
        let known = self.records.known(&dataset, &sample);
        let query = match known {
            Some(query) if self.records.row(query).prompt != prompt => {
                self.reworded += 1;
                return Ok(());
            }
            Some(query) => query,
            None => {
                let mut metadata = Map::new();
                if turns > 1 {
                    metadata.insert("turns".to_owned(), Value::from(turns));
                }
                let query = self.records.query(dataset, sample, prompt, metadata);
                query.map_err(|reason| fields.wrong("eval_name", reason))?
            }
        };
        let mut news = false;
        for model in models {
            if let Some((answer, score)) = answer(&fields, &row, model)? {
                news |= self.records.answer(query, model, answer, score)?;
            }
        }
        self.repeated += u64::from(known.is_some() && !news);
        Ok(())
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.repeated > 0 {
            notes.push(format!("{} rows repeat a sample and were dropped; the first of each was kept", self.repeated));
        }
        if self.reworded > 0 {
            notes.push(format!("{} rows name a sample again with another prompt and were dropped", self.reworded));
        }
        notes
    }
}

/// The answer of a model in a row with its score; none where the row says nothing of it.
fn answer(
    fields: &Fields<'_>,
    row: &SourceRow,
    model: &ModelName,
) -> Result<Option<(Answer, Option<f64>)>, TableError> {
    let (response, cost) = (format!("{model}{RESPONSE}"), format!("{model}{COST}"));
    let number = |column: &str, most: f64| {
        let number = loose_number(row.object.get(column)).map_err(|reason| fields.wrong(column, reason))?;
        number.map_or(Ok(()), |number| check_number(number, most)).map_err(|reason| fields.wrong(column, reason))?;
        Ok::<_, TableError>(number)
    };
    let (score, cost_usd) = (number(model, 1.0)?, number(&cost, f64::MAX)?);
    let text = fields.text_if_given(&response)?;
    let text = text.filter(|text| !NO_RESPONSE.contains(&text.trim().to_ascii_lowercase().as_str()));
    if text.is_none() && score.is_none() && cost_usd.is_none() {
        return Ok(None);
    }
    let answer = match text {
        None => Answer {
            status: CompletionStatus::ModelError,
            error: Some("the source has no answer of this model".to_owned()),
            ..Answer::of(String::new())
        },
        Some(text) => Answer {
            cost_usd,
            cost_source: cost_usd.map(|_| CostSource::Imported),
            ..Answer::of(listed_texts(&text).map_or(text, |parts| parts.join("\n\n")))
        },
    };
    Ok(Some((answer, score)))
}

/// A number that may be written as a text or a truth value; none where there is none.
fn loose_number(value: Option<&Value>) -> Result<Option<f64>, String> {
    Ok(match value {
        None | Some(Value::Null) => None,
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::Bool(truth)) => Some(f64::from(u8::from(*truth))),
        Some(Value::String(text)) => match text.trim().to_ascii_lowercase().as_str() {
            "" | "nan" | "none" | "null" => None,
            "true" => Some(1.0),
            "false" => Some(0.0),
            number => Some(number.parse().map_err(|_| format!("expected a number, found the text `{text}`"))?),
        },
        Some(other) => return Err(format!("expected a number, found {}", shown(other))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_score_may_be_a_text_or_a_truth_value() {
        for (value, expected) in [
            (json!(0.5), Some(0.5)),
            (json!(true), Some(1.0)),
            (json!("0.25"), Some(0.25)),
            (json!("False"), Some(0.0)),
            (json!(" NaN "), None),
            (json!(""), None),
            (json!(null), None),
        ] {
            assert_eq!(loose_number(Some(&value)), Ok(expected), "{value}");
        }
        assert_eq!(loose_number(Some(&json!("half"))), Err("expected a number, found the text `half`".to_owned()));
        assert_eq!(loose_number(Some(&json!([1]))), Err("expected a number, found a list".to_owned()));
    }
}
