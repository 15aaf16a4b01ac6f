//! Where two scorings of the same completions differ, and what that does to the models' ranking.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use routerlab_metrics::concordance::kendall_tau_b;
use routerlab_records::scoring::Scoring;
use routerlab_records::{DatasetId, ModelName, QueryId, QueryRow, ScoreRow, ScoreStatus, read_table};
use serde::Serialize;

use crate::error::BenchError;

/// How two scorings of the same completions differ. Accuracies are in percent and over the completions that both have a
/// score for, so that a difference is a difference of verdicts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The two scorings.
    pub names: [String; 2],
    /// Completions with a score in both.
    pub both: usize,
    /// Completions with a score in one of them only.
    pub only: [usize; 2],
    /// Completions whose scores differ.
    pub changed: usize,
    /// One line for each model, the best of the first scoring first.
    pub models: Vec<ModelLine>,
    /// One line for each dataset and model.
    pub cells: Vec<CellLine>,
    /// Best Single and Oracle, and the agreement of the two rankings.
    pub pool: PoolLine,
    /// Completions whose scores differ, in the order of queries and models.
    pub changes: Vec<Change>,
}

/// One model over all datasets.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelLine {
    /// The model.
    pub model: ModelName,
    /// AvgAcc (mean over datasets) by each scoring, percent.
    pub avg_acc: [f64; 2],
    /// Its rank by each scoring, from 1; equal accuracies share one.
    pub rank: [usize; 2],
    /// Completions with a score in both.
    pub n: usize,
    /// Completions that the second scoring gives more, and less.
    pub up_down: [usize; 2],
}

/// One model on one dataset.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CellLine {
    /// The dataset.
    pub dataset: DatasetId,
    /// The model.
    pub model: ModelName,
    /// Completions with a score in both.
    pub n: usize,
    /// Mean score by each scoring, percent.
    pub accuracy: [f64; 2],
    /// Completions that the second scoring gives more, and less.
    pub up_down: [usize; 2],
    /// Completions with a score in the first only, and in the second only.
    pub only: [usize; 2],
}

/// What the choice of evaluator does to what routers are measured against.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PoolLine {
    /// Best Single by each scoring (in hindsight, on all queries).
    pub best_single: [ModelName; 2],
    /// Its AvgAcc, percent.
    pub best_single_acc: [f64; 2],
    /// AvgAcc of Oracle, percent.
    pub oracle_acc: [f64; 2],
    /// AvgAcc of Random, percent.
    pub random_acc: [f64; 2],
    /// Queries that no model solves (best score below 0.5).
    pub unsolved: [usize; 2],
    /// Kendall's tau-b of the two rankings of models; none below two models.
    pub kendall_tau: Option<f64>,
}

/// One completion whose scores differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The query.
    pub query_id: QueryId,
    /// The model.
    pub model: ModelName,
    /// Which of its answers, from 0.
    pub sample_index: u32,
    /// The two scores.
    pub score: [f64; 2],
    /// What each took for the answer.
    pub prediction: [Option<String>; 2],
    /// Why, in each evaluator's words.
    pub explanation: [Option<String>; 2],
}

/// Compares two scorings of a data folder. Each is a label (`routerlab score` names what it wrote) or the path of a file
/// or folder of scores.
///
/// # Errors
/// When a scoring is not there or cannot be read, a score belongs to a query that is not in the folder, or the two have
/// not one scored completion in common.
pub fn compare(dir: &Path, names: [&str; 2]) -> Result<Comparison, BenchError> {
    let path = dir.join("queries.parquet");
    let queries = read_table::<QueryRow>(&path)?.rows;
    let dataset_of: BTreeMap<QueryId, DatasetId> =
        queries.into_iter().map(|query| (query.query_id, query.dataset)).collect();
    let [first, second] = [scores(dir, names[0])?, scores(dir, names[1])?];
    let wrong = |reason: String| BenchError::Data { path: dir.to_owned(), reason };
    for (name, rows) in names.iter().zip([&first, &second]) {
        if let Some(row) = rows.values().find(|row| !dataset_of.contains_key(&row.query_id)) {
            return Err(wrong(format!("scoring `{name}` names `{}`, which is not in `queries.parquet`", row.query_id)));
        }
    }
    between(names, &dataset_of, &first, &second)
        .ok_or_else(|| wrong(format!("`{}` and `{}` have no scored completion in common", names[0], names[1])))
}

type Key = (QueryId, ModelName, u32);
type Scores = BTreeMap<Key, ScoreRow>;

fn scores(dir: &Path, name: &str) -> Result<Scores, BenchError> {
    let path = Path::new(name);
    let tables = if path.exists() && (path.is_file() || !dir.join(format!("scores/scoring={name}")).is_dir()) {
        routerlab_records::read_folder::<ScoreRow>(path)?
    } else {
        Scoring::read(dir, name)?.tables(dir, name)?
    };
    let mut found = Scores::new();
    for row in tables.into_iter().flat_map(|table| table.rows) {
        if row.status != ScoreStatus::Ok || row.score.is_none() {
            continue;
        }
        let key = (row.query_id.clone(), row.model.clone(), row.sample_index);
        if let Some(other) = found.insert(key, row) {
            let reason = format!(
                "two evaluators scored `{}` of `{}`; name one file of scores instead of a folder",
                other.model, other.query_id
            );
            return Err(BenchError::Data { path: path.to_owned(), reason });
        }
    }
    Ok(found)
}

#[derive(Default)]
struct Sums {
    n: usize,
    sum: [f64; 2],
    up_down: [usize; 2],
    only: [usize; 2],
}

impl Sums {
    fn accuracy(&self) -> [f64; 2] {
        self.sum.map(|sum| 100.0 * sum / self.n as f64)
    }
}

fn between(
    names: [&str; 2],
    dataset_of: &BTreeMap<QueryId, DatasetId>,
    first: &Scores,
    second: &Scores,
) -> Option<Comparison> {
    let mut cells: BTreeMap<(&DatasetId, &ModelName), Sums> = BTreeMap::new();
    let mut by_query: BTreeMap<&QueryId, Vec<[f64; 2]>> = BTreeMap::new();
    let mut changes = Vec::new();
    for key in first.keys().chain(second.keys()).collect::<BTreeSet<_>>() {
        let Some(dataset) = dataset_of.get(&key.0) else { continue };
        let sums = cells.entry((dataset, &key.1)).or_default();
        match (first.get(key), second.get(key)) {
            (Some(a), Some(b)) => {
                let score = [a, b].map(|row| row.score.unwrap_or_default());
                sums.n += 1;
                sums.sum = [sums.sum[0] + score[0], sums.sum[1] + score[1]];
                by_query.entry(&key.0).or_default().push(score);
                if score[0] != score[1] {
                    sums.up_down[usize::from(score[1] < score[0])] += 1;
                    changes.push(Change {
                        query_id: key.0.clone(),
                        model: key.1.clone(),
                        sample_index: key.2,
                        score,
                        prediction: [a.prediction.clone(), b.prediction.clone()],
                        explanation: [a.explanation.clone(), b.explanation.clone()],
                    });
                }
            }
            (a, _) => sums.only[usize::from(a.is_none())] += 1,
        }
    }
    let both: usize = cells.values().map(|sums| sums.n).sum();
    if both == 0 {
        return None;
    }
    let mut only = [0, 0];
    cells.values().for_each(|sums| only = [only[0] + sums.only[0], only[1] + sums.only[1]]);
    let models = model_lines(&cells);
    let pool = pool_line(&models, dataset_of, &by_query);
    let cells = cells.into_iter().map(|((dataset, model), sums)| CellLine {
        dataset: dataset.clone(),
        model: model.clone(),
        n: sums.n,
        accuracy: sums.accuracy(),
        up_down: sums.up_down,
        only: sums.only,
    });
    let cells = cells.collect();
    Some(Comparison {
        names: names.map(str::to_owned),
        both,
        only,
        changed: changes.len(),
        models,
        cells,
        pool,
        changes,
    })
}

fn model_lines(cells: &BTreeMap<(&DatasetId, &ModelName), Sums>) -> Vec<ModelLine> {
    let mut of_model: BTreeMap<&ModelName, Vec<&Sums>> = BTreeMap::new();
    for ((_, model), sums) in cells.iter().filter(|(_, sums)| sums.n > 0) {
        of_model.entry(model).or_default().push(sums);
    }
    let line = |(model, cells): (&&ModelName, &Vec<&Sums>)| {
        let mean = |side: usize| cells.iter().map(|sums| sums.accuracy()[side]).sum::<f64>() / cells.len() as f64;
        let sum = |of: fn(&Sums) -> usize| cells.iter().map(|sums| of(sums)).sum();
        ModelLine {
            model: (*model).clone(),
            avg_acc: [mean(0), mean(1)],
            rank: [0, 0],
            n: sum(|sums| sums.n),
            up_down: [sum(|sums| sums.up_down[0]), sum(|sums| sums.up_down[1])],
        }
    };
    let mut lines: Vec<ModelLine> = of_model.iter().map(line).collect();
    let ranks = [0, 1].map(|side| {
        let better = |than: f64| lines.iter().filter(|line| line.avg_acc[side] > than).count();
        lines.iter().map(|line| 1 + better(line.avg_acc[side])).collect::<Vec<_>>()
    });
    for (at, line) in lines.iter_mut().enumerate() {
        line.rank = [ranks[0][at], ranks[1][at]];
    }
    lines.sort_by(|a, b| a.rank.cmp(&b.rank).then_with(|| a.model.cmp(&b.model)));
    lines
}

fn pool_line(
    models: &[ModelLine],
    dataset_of: &BTreeMap<QueryId, DatasetId>,
    by_query: &BTreeMap<&QueryId, Vec<[f64; 2]>>,
) -> PoolLine {
    // Mean over the queries of a dataset, then over datasets, of one number for each query.
    let avg = |of_query: &dyn Fn(&[[f64; 2]], usize) -> f64, side: usize| {
        let mut datasets: BTreeMap<&DatasetId, (f64, f64)> = BTreeMap::new();
        for (query, scores) in by_query {
            if let Some(dataset) = dataset_of.get(*query) {
                let (sum, n) = datasets.entry(dataset).or_default();
                *sum += of_query(scores, side);
                *n += 1.0;
            }
        }
        100.0 * datasets.values().map(|(sum, n)| sum / n).sum::<f64>() / datasets.len() as f64
    };
    let best = |scores: &[[f64; 2]], side: usize| scores.iter().map(|score| score[side]).fold(0.0, f64::max);
    let mean =
        |scores: &[[f64; 2]], side: usize| scores.iter().map(|score| score[side]).sum::<f64>() / scores.len() as f64;
    let leader = |side: usize| models.iter().find(|line| line.rank[side] == 1);
    let unsolved = |side: usize| by_query.values().filter(|scores| best(scores, side) < 0.5).count();
    let accuracies = [0, 1].map(|side| models.iter().map(|line| line.avg_acc[side]).collect::<Vec<_>>());
    PoolLine {
        best_single: [0, 1].map(|side| leader(side).map_or_else(|| ModelName::from(""), |line| line.model.clone())),
        best_single_acc: [0, 1].map(|side| leader(side).map_or(f64::NAN, |line| line.avg_acc[side])),
        oracle_acc: [0, 1].map(|side| avg(&best, side)),
        random_acc: [0, 1].map(|side| avg(&mean, side)),
        unsolved: [0, 1].map(unsolved),
        kendall_tau: kendall_tau_b(&accuracies[0], &accuracies[1]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use routerlab_records::SharedText;

    fn scored(cells: &[(&str, &str, f64)]) -> Scores {
        let row = |(query, model, score): &(&str, &str, f64)| {
            let query_id: QueryId = query.parse().unwrap();
            let row = ScoreRow {
                query_id: query_id.clone(),
                model: (*model).into(),
                sample_index: 0,
                evaluator: "e".into(),
                score: Some(*score),
                prediction: None,
                explanation: None,
                evaluator_digest: String::new(),
                evaluator_config: SharedText::from("{}"),
                item_digest: String::new(),
                status: ScoreStatus::Ok,
            };
            ((query_id, (*model).into(), 0), row)
        };
        cells.iter().map(row).collect()
    }

    #[test]
    fn verdicts_that_differ_move_models_and_controls() {
        let first = scored(&[("d/t/1", "a", 1.0), ("d/t/2", "a", 1.0), ("d/t/1", "b", 0.0), ("d/t/2", "b", 1.0)]);
        let second = scored(&[
            ("d/t/1", "a", 0.0),
            ("d/t/2", "a", 0.0),
            ("d/t/1", "b", 0.0),
            ("d/t/2", "b", 1.0),
            ("d/t/3", "b", 1.0),
        ]);
        let datasets = ["d/t/1", "d/t/2", "d/t/3"].map(|id| (id.parse().unwrap(), DatasetId::from("d")));
        let found = between(["x", "y"], &datasets.into(), &first, &second).unwrap();
        assert_eq!((found.both, found.only, found.changed), (4, [0, 1], 2));
        let line = |model: &str| found.models.iter().find(|line| line.model.as_str() == model).unwrap();
        assert_eq!((line("a").avg_acc, line("a").rank, line("a").up_down), ([100.0, 0.0], [1, 2], [0, 2]));
        assert_eq!((line("b").avg_acc, line("b").rank, line("b").n), ([50.0, 50.0], [2, 1], 2));
        let pool = &found.pool;
        assert_eq!(pool.best_single.each_ref().map(ModelName::as_str), ["a", "b"]);
        assert_eq!((pool.oracle_acc, pool.random_acc, pool.unsolved), ([100.0, 50.0], [75.0, 25.0], [0, 1]));
        assert_eq!(pool.kendall_tau, Some(-1.0));
        assert_eq!(found.changes[0].score, [1.0, 0.0]);
    }

    #[test]
    fn nothing_in_common_is_no_comparison() {
        let (first, second) = (scored(&[("d/t/1", "a", 1.0)]), scored(&[("d/t/1", "b", 1.0)]));
        let datasets = BTreeMap::from([("d/t/1".parse().unwrap(), DatasetId::from("d"))]);
        assert_eq!(between(["x", "y"], &datasets, &first, &second), None);
    }
}
