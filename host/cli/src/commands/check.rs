//! `routerlab check`: whether the records of a data folder are fit for an experiment.

use std::path::PathBuf;

use clap::Args;
use routerlab_bench::pool::{PoolRecords, records};
use routerlab_bench::{Data, DataChoice};
use serde_json::{Value, json};

use crate::exit::{Ended, print};
use crate::report::{Rows, StudyFormat, decimals, tables};

/// Show what the records of a data folder are: accuracy and cost of every model on every dataset, missing records, queries
/// that no model solves, repeated texts, and how much models agree.
///
/// A score of at least 0.5 counts as right. Agreement is over the queries that both models have a score for; complement is
/// how many points the better of both would gain if one always knew which of them to ask.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  routerlab check --data my-data")]
pub(crate) struct Check {
    /// Data folder
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Only these models
    #[arg(long, value_name = "MODEL,...", value_delimiter = ',')]
    models: Vec<String>,
    /// How many pairs of models to show, those that agree most first
    #[arg(long, default_value_t = 10, value_name = "N")]
    pairs: usize,
    /// How to write it
    #[arg(long, value_enum, default_value_t = StudyFormat::Terminal)]
    format: StudyFormat,
}

impl Check {
    pub(crate) fn execute(self) -> anyhow::Result<Ended> {
        let choice = DataChoice { models: self.models, embeddings: false, ..DataChoice::all_of(self.data) };
        let data = Data::load(&choice)?;
        let found = records(&data);
        match self.format {
            StudyFormat::Json => print(&(serde_json::to_string_pretty(&as_json(&data, &found))? + "\n"))?,
            format => print(&text(&data, &found, self.pairs, format))?,
        }
        Ok(Ended::Done)
    }
}

/// A table with a row for each model and a column for each dataset.
fn by_model(data: &Data, first: &[&str], cells: impl Fn(usize) -> Vec<String>) -> Rows {
    let names = data.datasets.iter().map(|dataset| dataset.as_str());
    let head = first.iter().copied().chain(names).map(String::from).collect();
    let row = |model: usize| std::iter::once(data.models[model].as_str().to_owned()).chain(cells(model)).collect();
    std::iter::once(head).chain((0..data.models.len()).map(row)).collect()
}

fn text(data: &Data, found: &PoolRecords, pairs: usize, format: StudyFormat) -> String {
    let of = |model: usize| found.cells.iter().filter(move |cell| cell.model == model);
    let accuracy = by_model(data, &["", "mean"], |model| {
        let known: Option<Vec<f64>> = of(model).map(|cell| cell.accuracy).collect();
        let mean = known.map(|values| values.iter().sum::<f64>() / values.len() as f64);
        std::iter::once(mean).chain(of(model).map(|cell| cell.accuracy)).map(|value| decimals(value, 1)).collect()
    });
    let missing = by_model(data, &["", "all"], |model| {
        let all = of(model).map(|cell| cell.missing).sum();
        std::iter::once(all).chain(of(model).map(|cell| cell.missing)).map(|count| count.to_string()).collect()
    });
    let missing: Rows = missing.into_iter().filter(|row| row[1] != "0").collect();
    let cost = by_model(data, &[""], |model| of(model).map(|cell| decimals(cell.cost_usd, 6)).collect::<Vec<String>>());
    let mut queries: Rows = vec![["", "queries", "unsolved"].map(String::from).to_vec()];
    for (at, dataset) in data.datasets.iter().enumerate() {
        let n = data.dataset.iter().filter(|of| **of as usize == at).count();
        queries.push(vec![dataset.as_str().to_owned(), n.to_string(), found.unsolved[at].to_string()]);
    }
    let mut right: Rows = vec![["models right", "queries", "%"].map(String::from).to_vec()];
    for (number, queries) in found.right.iter().enumerate() {
        let share = 100.0 * *queries as f64 / data.rows() as f64;
        right.push(vec![number.to_string(), queries.to_string(), format!("{share:.1}")]);
    }
    let mut agree: Rows = vec![["", "and", "n", "agreement %", "complement"].map(String::from).to_vec()];
    for pair in found.pairs.iter().take(pairs) {
        let name = |model: usize| data.models[model].as_str().to_owned();
        let numbers = [pair.both.to_string(), format!("{:.1}", pair.agreement), format!("{:+.1}", pair.complement)];
        agree.push([name(pair.first), name(pair.second)].into_iter().chain(numbers).collect());
    }
    let title = format!(
        "{}: {} queries, {} models; {} queries without any score are left out, {} repeat the text of another",
        data.dir.display(),
        data.rows(),
        data.models.len(),
        data.left_out,
        found.duplicates
    );
    let mut all = vec![
        ("Queries of each dataset, and those that no model solves", queries),
        ("Accuracy of each model where it has a record, percent; mean over datasets", accuracy),
    ];
    if data.has_costs() {
        all.push(("Cost, USD; - where one is unknown", cost));
    }
    if missing.len() > 1 {
        all.push(("Models with missing records; `data.coverage` says how many are too many for a run", missing));
    }
    all.push(("Queries by number of models that are right", right));
    all.push(("Models that agree most", agree));
    tables(&title, &all, format)
}

fn as_json(data: &Data, found: &PoolRecords) -> Value {
    let model = |at: usize| data.models[at].as_str();
    let cells = found.cells.iter().map(|cell| {
        json!({
            "dataset": data.datasets[cell.dataset].as_str(), "model": model(cell.model), "recorded": cell.recorded,
            "missing": cell.missing, "accuracy_percent": cell.accuracy, "cost_usd": cell.cost_usd,
        })
    });
    let pairs = found.pairs.iter().map(|pair| {
        json!({
            "first": model(pair.first), "second": model(pair.second), "n": pair.both,
            "agreement_percent": pair.agreement, "complement_points": pair.complement,
        })
    });
    let unsolved =
        data.datasets.iter().zip(&found.unsolved).map(|(name, count)| (name.as_str().to_owned(), json!(count)));
    json!({
        "queries": data.rows(), "left_out": data.left_out, "duplicates": found.duplicates,
        "records": cells.collect::<Vec<_>>(), "queries_by_models_right": found.right,
        "unsolved": Value::Object(unsolved.collect()), "pairs": pairs.collect::<Vec<_>>(),
    })
}
