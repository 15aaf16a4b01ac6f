//! The compat partition and the controls on three real sets and five seeds, against results that were computed
//! independently.
//!
//! Needs the records and the expected results in `../shared`, beside the checkout; skips by name without them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use routerlab_bench::partition::{self, Partition, Rows};
use routerlab_metrics::hard::RightModels;
use routerlab_metrics::{Accuracy, Answers, CORRECT, Missing, Observed, controls, cost};
use routerlab_records::import::{OutcomeFormat, import_outcomes};
use routerlab_records::{OutcomeRow, Outcomes, QueryRow, read_table};
use serde_json::Value;

mod support;

const TOLERANCE: f64 = 1e-6;

#[test]
fn med_agents_bench_has_the_expected_controls() {
    compare("med_agents_bench");
}

#[test]
fn mmlu_pro_has_the_expected_controls() {
    compare("mmlu_pro");
}

#[test]
fn zero_eval_has_the_expected_controls() {
    compare("zero_eval");
}

/// Compares every seed of one set.
fn compare(set: &str) {
    let Some(shared) = support::shared("spec/expected_controls.json") else {
        #[allow(clippy::print_stderr, reason = "a test that is skipped says so")]
        {
            eprintln!("skipped `{set}`: there is no `../shared` beside the checkout");
        }
        return;
    };
    let expected = std::fs::read_to_string(shared.join("spec/expected_controls.json")).unwrap();
    let expected: Value = serde_json::from_str(&expected).unwrap();
    let expected = &expected["sets"][set];
    let records = Records::read(&shared.join("data").join(set).join("outcomes.parquet"), expected);
    assert_eq!(records.queries.len() as u64, expected["queries_used"].as_u64().unwrap(), "queries of {set}");
    let seeds = expected["seeds"].as_object().unwrap();
    assert_eq!(seeds.len(), 5, "seeds of {set}");
    for (seed, expected) in seeds {
        records.compare(&format!("{set}, seed {seed}"), seed.parse().unwrap(), expected);
    }
}

/// The queries that every model of the expected pool answered, in file order.
struct Records {
    models: Vec<String>,
    datasets: Vec<String>,
    queries: Vec<QueryRow>,
    observed: Observed<'static>,
}

impl Records {
    fn read(file: &Path, expected: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("imported");
        import_outcomes(file, OutcomeFormat::Parquet, None, None, &out, &mut |_| ()).unwrap();
        let queries = read_table::<QueryRow>(&out.join("queries.parquet")).unwrap().rows;
        let outcomes = read_table::<OutcomeRow>(&out.join("outcomes.parquet")).unwrap();
        let outcomes = Outcomes::join(queries, &outcomes).unwrap();

        let wanted: Vec<&str> = expected["models"].as_array().unwrap().iter().map(|m| m.as_str().unwrap()).collect();
        let position = |name: &&str| outcomes.models().iter().position(|model| **model == **name).unwrap();
        let pool: Vec<usize> = wanted.iter().map(position).collect();
        assert!(pool.is_sorted(), "models are expected in byte order");

        let answered = |query: usize| pool.iter().all(|model| !outcomes.scores()[outcomes.at(query, *model)].is_nan());
        let mut rows: Vec<usize> = (0..outcomes.queries().len()).filter(|query| answered(*query)).collect();
        // The table is sorted by the text of the id; the order of the file is that of the numbers in it.
        let key = |row: &usize| {
            let query = &outcomes.queries()[*row];
            (query.dataset.clone(), query.query_id.split().to_owned(), query.query_id.record_index())
        };
        rows.sort_by_key(key);
        let take = |block: &[f64]| -> Vec<f64> {
            rows.iter().flat_map(|row| pool.iter().map(|model| block[outcomes.at(*row, *model)])).collect()
        };
        let dataset: Vec<u32> = rows.iter().map(|row| outcomes.dataset_of()[*row]).collect();
        let (score, cost_usd) = (take(outcomes.scores()), take(outcomes.costs_usd()));
        Self {
            models: wanted.into_iter().map(str::to_owned).collect(),
            datasets: outcomes.datasets().iter().map(|name| name.to_string()).collect(),
            queries: rows.iter().map(|row| outcomes.queries()[*row].clone()).collect(),
            observed: Observed::new(dataset, outcomes.datasets().len(), pool.len(), score, cost_usd).unwrap(),
        }
    }

    fn compare(&self, case: &str, seed: u32, expected: &Value) {
        let datasets: Vec<&str> = self.queries.iter().map(|query| &*query.dataset).collect();
        let texts: Vec<&str> = self.queries.iter().map(|query| &*query.prompt).collect();
        let rows = Rows::new(&datasets, &texts).unwrap();
        let parts = partition::compat(rows, seed, 0.7, &[]).unwrap();
        assert_eq!(parts.train.len() as u64, expected["n_train"].as_u64().unwrap(), "train rows of {case}");
        assert_eq!(parts.test.len() as u64, expected["n_test"].as_u64().unwrap(), "test rows of {case}");
        self.compare_first(case, &parts, &expected["first_train"]);

        let (train, test) = (self.observed.select(&parts.train).unwrap(), self.observed.select(&parts.test).unwrap());
        let best_single = controls::best_single(&train);
        let in_hindsight = controls::best_single(&test);
        assert_eq!(self.models[best_single as usize], expected["best_single_model"], "Best Single of {case}");
        assert_eq!(self.models[in_hindsight as usize], expected["best_single_hindsight_model"], "hindsight of {case}");

        let judge = |choices: &[u32]| test.judge(choices, Missing::Fallback(best_single)).unwrap().answers;
        let experts = controls::dataset_experts(&test);
        let strategies = BTreeMap::from([
            ("random", controls::random(&test)),
            ("best_single", judge(&controls::always(&test, best_single))),
            ("best_single_hindsight", judge(&controls::always(&test, in_hindsight))),
            ("dataset_oracle", judge(&controls::by_dataset(&test, &experts))),
            ("oracle", judge(&controls::oracle(&test))),
        ]);
        let named: BTreeSet<&str> = expected["controls"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(named, strategies.keys().copied().collect(), "controls of {case}");
        let accuracy = |answers: &Answers| Accuracy::new(&answers.score, test.dataset(), test.datasets());
        let reference = |name: &str| accuracy(&strategies[name]);
        let (random, best, oracle) = (reference("random"), reference("best_single"), reference("oracle"));
        for (name, answers) in &strategies {
            let own = accuracy(answers);
            let values = [
                ("avg_acc", Some(own.avg_acc())),
                ("cost_usd", cost::total_usd(answers)),
                ("gain_at_r", own.gain_over(&random).percent),
                ("gain_at_b", own.gain_over(&best).percent),
                ("gap_at_o", own.gap_to(&oracle).percent),
            ];
            for (metric, value) in values {
                close(value, &expected["controls"][name][metric], &format!("{metric} of {name}, {case}"));
            }
        }

        let right = RightModels::new(&test);
        let hard = &expected["hard_1_to_3"];
        close(right.share(3), &hard["share_of_test"], &format!("hard share of {case}"));
        let accuracy = right.accuracy(&strategies["best_single"], 3).map(|hard| hard.correct);
        close(accuracy, &hard["best_single_acc"], &format!("Best Single on hard queries of {case}, from {CORRECT}"));
    }

    /// The first train queries of the datasets that are listed, by the ids of the source.
    fn compare_first(&self, case: &str, parts: &Partition, expected: &Value) {
        for (dataset, expected) in expected.as_object().unwrap() {
            assert!(self.datasets.contains(dataset), "{case} has no dataset {dataset}");
            let expected: Vec<&str> = expected.as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
            let first: Vec<String> = parts
                .train
                .iter()
                .map(|row| &self.queries[*row as usize])
                .filter(|query| *query.dataset == **dataset)
                .take(expected.len())
                .map(|query| query.metadata_text("source_id").unwrap())
                .collect();
            assert_eq!(first, expected, "first train queries of {dataset}, {case}");
        }
    }
}

/// Equal up to the tolerance; null means unknown.
fn close(value: Option<f64>, expected: &Value, what: &str) {
    match (value, expected.as_f64()) {
        (Some(value), Some(expected)) => {
            assert!((value - expected).abs() <= TOLERANCE, "{what}: {value}, expected {expected}");
        }
        (value, expected) => assert_eq!(value, expected, "{what}"),
    }
}
