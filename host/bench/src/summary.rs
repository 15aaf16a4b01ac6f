//! From tables to numbers: reads what the cells decided and computes every metric of the report.
//!
//! Nothing here is remembered from the run: `summarise` of a run's tables, today or in a year, gives the same numbers.

mod sweep;

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroUsize;

use routerlab_metrics::bootstrap::{Bootstrap, Part, Quantity, References, Settings};
use routerlab_metrics::hard::RightModels;
use routerlab_metrics::{Accuracy, Answers, Missing, Observed, controls, cost};
use routerlab_records::{CellRow, CellStatus, DecisionRow, MetricRow, read_table, write_table};

use crate::data::Data;
use crate::error::BenchError;
use crate::experiment::{Experiment, Track};
use crate::partition::Partition;
use crate::results::Results;

/// How reports call the controls, in the order of the strategies.
pub const CONTROLS: [&str; 4] = ["Random", "Best Single", "Dataset Oracle", "Oracle"];
const RANDOM: usize = 0;
const BEST_SINGLE: usize = 1;
const ORACLE: usize = 3;
/// Queries that at most this many models answer are hard (LLMRouterBench, arXiv 2601.07206).
const HARD: u32 = 3;

/// What one router did on one seed, at one preference after another.
pub(crate) struct Decided {
    /// Ascending preferences; the first is 0.
    pub(crate) preferences: Vec<f64>,
    /// For each preference what was earned on the test part, in its row order.
    pub(crate) test: Vec<Answers>,
    /// The same on the validation part.
    pub(crate) validation: Vec<Answers>,
    unavailable: u64,
    route_ns: Vec<f64>,
    fuel: f64,
}

/// One seed: its parts, what was observed on them, and what each control earned.
pub(crate) struct SeedView {
    pub(crate) seed: u32,
    pub(crate) parts: Partition,
    pub(crate) test: Observed<'static>,
    pub(crate) validation: Observed<'static>,
    pub(crate) missing: Missing,
    /// The model that Best Single always chooses.
    pub(crate) best_single: u32,
    controls: Vec<Answers>,
}

/// Computes all metrics of a run and writes its `metrics` table.
pub(crate) fn write(
    experiment: &Experiment,
    data: &Data,
    results: &Results,
    cells: &[CellRow],
    threads: NonZeroUsize,
) -> Result<(), BenchError> {
    let rows = summarise(experiment, data, results, cells, threads)?;
    write_table(&results.dir().join("metrics.parquet"), &rows, results.provenance())?;
    Ok(())
}

/// Computes all metrics from the tables of a run.
///
/// # Errors
/// Tables that are missing, damaged, or do not belong to the data.
pub fn summarise(
    experiment: &Experiment,
    data: &Data,
    results: &Results,
    cells: &[CellRow],
    threads: NonZeroUsize,
) -> Result<Vec<MetricRow>, BenchError> {
    let seeds = experiment.protocol.seeds.iter().map(|seed| SeedView::new(experiment, data, *seed));
    let seeds = seeds.collect::<Result<Vec<_>, _>>()?;
    let mut routers = Vec::new();
    for entry in &experiment.router {
        let name = entry.report_name();
        // A router is compared only where it answered under every seed.
        let whole = cells.iter().filter(|cell| cell.router.as_str() == name).all(|cell| cell.status == CellStatus::Ok);
        if whole {
            let decided =
                seeds.iter().map(|seed| Decided::read(data, results, &name, seed)).collect::<Result<Vec<_>, _>>()?;
            routers.push((name, decided));
        }
    }
    let mut table = Table { run_id: results.run_id().to_owned(), rows: Vec::new() };
    table.per_seed(data, &seeds, &routers);
    table.over_seeds(experiment, data, &seeds, &routers, threads)?;
    sweep::add(&mut table, experiment, &seeds, &routers);
    Ok(table.rows)
}

impl SeedView {
    fn new(experiment: &Experiment, data: &Data, seed: u32) -> Result<Self, BenchError> {
        let parts = crate::prepare::parts_of(data, &experiment.protocol, seed)?;
        let (train, test, validation) =
            (data.part(&parts.train)?, data.part(&parts.test)?, data.part(&parts.validation)?);
        let missing = crate::prepare::missing_rule(data, &experiment.protocol, &train)?;
        let compat = experiment.protocol.track == Track::Compat;
        // The reference chooses Best Single by the records it is judged on (routers.md 1.2).
        let best_single = controls::best_single(if compat { &test } else { &train });
        let judged = |choices: &[u32]| test.judge(choices, missing).map(|judged| judged.answers).unwrap_or_default();
        let oracle = match compat {
            true => controls::oracle_any_credit(&test),
            false => judged(&controls::oracle(&test)),
        };
        let controls = vec![
            controls::random(&test),
            judged(&controls::always(&test, best_single)),
            judged(&controls::by_dataset(&test, &controls::dataset_experts(&test))),
            oracle,
        ];
        Ok(Self { seed, parts, test, validation, missing, best_single, controls })
    }
}

impl Decided {
    /// Reads one cell's decisions and puts them into the row order of the parts.
    fn read(data: &Data, results: &Results, router: &str, seed: &SeedView) -> Result<Self, BenchError> {
        let path = results.decisions_file(router, seed.seed);
        let table = read_table::<DecisionRow>(&path)?;
        let mut place: HashMap<&str, (bool, usize)> = HashMap::new();
        for (is_test, rows) in [(true, &seed.parts.test), (false, &seed.parts.validation)] {
            place.extend(rows.iter().enumerate().map(|(at, row)| (data.ids[*row as usize].as_str(), (is_test, at))));
        }
        let wrong = |reason: String| BenchError::Results { path: path.clone(), reason };
        let empty = |rows: usize| Answers { score: vec![f64::NAN; rows], cost_usd: vec![f64::NAN; rows] };
        let mut decided = Self {
            preferences: Vec::new(),
            test: Vec::new(),
            validation: Vec::new(),
            unavailable: 0,
            route_ns: Vec::new(),
            fuel: 0.0,
        };
        for row in &table.rows {
            let index = row.preference_index as usize;
            if index == decided.preferences.len() {
                decided.preferences.push(row.preference);
                decided.test.push(empty(seed.parts.test.len()));
                decided.validation.push(empty(seed.parts.validation.len()));
            }
            let (is_test, at) = *place
                .get(row.query_id.as_str())
                .ok_or_else(|| wrong(format!("`{}` is in no part of seed {}", row.query_id, seed.seed)))?;
            let part = if is_test { &mut decided.test } else { &mut decided.validation };
            let answers = part.get_mut(index).ok_or_else(|| wrong(format!("preference {index} comes out of order")))?;
            answers.score[at] = row.score.unwrap_or(f64::NAN);
            answers.cost_usd[at] = row.cost_usd.unwrap_or(f64::NAN);
            if is_test && index == 0 {
                decided.unavailable += u64::from(!row.available);
                decided.route_ns.push(row.route_ns as f64);
                decided.fuel += row.fuel as f64;
            }
        }
        let complete =
            !decided.test.is_empty() && decided.test.iter().all(|part| part.score.iter().all(|s| !s.is_nan()));
        if complete { Ok(decided) } else { Err(wrong("some queries of the test part have no decision".into())) }
    }
}

/// Metric rows as they are computed.
pub(crate) struct Table {
    run_id: String,
    rows: Vec<MetricRow>,
}

/// What a metric row is about, besides its value.
#[derive(Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) router: &'a str,
    /// A seed, or `all`.
    pub(crate) seed: &'a str,
    pub(crate) dataset: &'a str,
    pub(crate) preference: f64,
    /// How many queries.
    pub(crate) n: usize,
}

impl Table {
    pub(crate) fn add(
        &mut self,
        about: About<'_>,
        metric: &str,
        unit: &str,
        value: Option<f64>,
        ends: Option<(f64, f64)>,
    ) {
        self.rows.push(MetricRow {
            run_id: self.run_id.as_str().into(),
            router: about.router.into(),
            seed: about.seed.into(),
            metric: metric.into(),
            dataset: about.dataset.into(),
            preference: about.preference,
            value: value.filter(|value| value.is_finite()),
            low: ends.map(|ends| ends.0),
            high: ends.map(|ends| ends.1),
            unit: unit.into(),
            n: about.n as u64,
        });
    }

    /// What each strategy earned on each seed, quality alone.
    fn per_seed(&mut self, data: &Data, seeds: &[SeedView], routers: &[(String, Vec<Decided>)]) {
        for (at, seed) in seeds.iter().enumerate() {
            let label = seed.seed.to_string();
            let accuracy = |answers: &Answers| Accuracy::new(&answers.score, seed.test.dataset(), seed.test.datasets());
            let [random, best, oracle] = [RANDOM, BEST_SINGLE, ORACLE].map(|control| accuracy(&seed.controls[control]));
            let right = RightModels::new(&seed.test);
            for (name, answers) in strategies(seed, at, routers) {
                let own = accuracy(answers);
                let n = seed.test.rows();
                let about = About { router: name, seed: &label, dataset: "macro", preference: 0.0, n };
                self.add(about, "AvgAcc", "percent", Some(own.avg_acc()), None);
                self.add(about, "Gain@R", "percent", own.gain_over(&random).percent, None);
                self.add(about, "Gain@B", "percent", own.gain_over(&best).percent, None);
                self.add(about, "Gap@O", "percent", own.gap_to(&oracle).percent, None);
                let micro = About { dataset: "micro", ..about };
                self.add(micro, "MicroAcc", "percent", Some(own.micro()), None);
                self.add(micro, "Cost", "USD", cost::total_usd(answers), None);
                let hard = right.accuracy(answers, HARD);
                // Random answers in expectation: on it only the graded value has a meaning.
                let hard_acc = hard.map(|hard| if name == CONTROLS[RANDOM] { hard.graded } else { hard.correct });
                let about_hard = About { n: right.slice(HARD).len(), ..micro };
                self.add(about_hard, "HardAcc@3", "percent", hard_acc, None);
                for (dataset, (accuracy, rows)) in own.per_dataset().iter().zip(own.rows()).enumerate() {
                    let about = About { dataset: data.datasets[dataset].as_str(), n: *rows, ..about };
                    self.add(about, "Accuracy", "percent", (*rows > 0).then_some(100.0 * accuracy), None);
                }
            }
            for (name, decided) in routers {
                let decided = &decided[at];
                let about =
                    About { router: name, seed: &label, dataset: "micro", preference: 0.0, n: seed.test.rows() };
                self.add(about, "Unavailable", "queries", Some(decided.unavailable as f64), None);
                self.add(about, "FuelPerQuery", "fuel", Some(decided.fuel / seed.test.rows() as f64), None);
                let ns = decided.route_ns.iter().sum::<f64>() / decided.route_ns.len() as f64;
                self.add(about, "RouteTime", "us", Some(ns / 1e3), None);
            }
            let about = About { router: "", seed: &label, dataset: "micro", preference: 0.0, n: seed.test.rows() };
            self.add(about, "HardShare@3", "percent", right.share(HARD), None);
        }
    }

    /// Means over seeds with intervals, differences and ranks.
    fn over_seeds(
        &mut self,
        experiment: &Experiment,
        data: &Data,
        seeds: &[SeedView],
        routers: &[(String, Vec<Decided>)],
        threads: NonZeroUsize,
    ) -> Result<(), BenchError> {
        let mut known = BTreeMap::new();
        for key in &data.group_keys {
            let next = known.len() as u32;
            known.entry(&**key).or_insert(next);
        }
        let units: Vec<Vec<u32>> = seeds
            .iter()
            .map(|seed| seed.parts.test.iter().map(|row| known[&*data.group_keys[*row as usize]]).collect())
            .collect();
        let parts: Vec<Part<'_>> = seeds
            .iter()
            .zip(&units)
            .enumerate()
            .map(|(at, (seed, unit))| Part {
                dataset: seed.test.dataset(),
                unit,
                answers: strategies(seed, at, routers).map(|(_, answers)| answers).collect(),
            })
            .collect();
        let references = References { random: RANDOM, best_single: BEST_SINGLE, oracle: ORACLE };
        let settings = Settings {
            replicates: experiment.statistics.replicates,
            seed: experiment.statistics.seed,
            threads,
            per_dataset: true,
        };
        let bootstrap = Bootstrap::new(&parts, references, settings)
            .map_err(|error| BenchError::Data { path: data.dir.clone(), reason: error.to_string() })?;
        let mut tested: Vec<u32> = seeds.iter().flat_map(|seed| seed.parts.test.iter().copied()).collect();
        tested.sort_unstable();
        tested.dedup();
        let names: Vec<&str> = CONTROLS.iter().copied().chain(routers.iter().map(|(name, _)| name.as_str())).collect();
        let ranked: Vec<usize> = (CONTROLS.len()..names.len()).collect();
        let ranks = bootstrap.ranks(&ranked);
        for (strategy, name) in names.iter().enumerate() {
            let about = About { router: name, seed: "all", dataset: "macro", preference: 0.0, n: tested.len() };
            let micro = About { dataset: "micro", ..about };
            for (about, metric, unit, quantity) in [
                (about, "AvgAcc", "percent", Quantity::AvgAcc),
                (about, "Gain@R", "percent", Quantity::GainAtR),
                (about, "Gain@B", "percent", Quantity::GainAtB),
                (about, "Gap@O", "percent", Quantity::GapAtO),
                (about, "NormalisedGain", "percent", Quantity::NormalisedGain),
                (micro, "MicroAcc", "percent", Quantity::MicroAcc),
                (micro, "Cost", "USD", Quantity::CostUsd),
            ] {
                let interval = bootstrap.interval(strategy, quantity);
                self.add(about, metric, unit, bootstrap.value(strategy, quantity), interval.map(|i| (i.low, i.high)));
            }
            for (dataset, dataset_name) in data.datasets.iter().enumerate() {
                let rows = tested.iter().filter(|row| data.dataset[**row as usize] == dataset as u32).count();
                let (about, quantity) =
                    (About { dataset: dataset_name.as_str(), n: rows, ..about }, Quantity::Dataset(dataset as u32));
                let ends = bootstrap.interval(strategy, quantity).map(|i| (i.low, i.high));
                self.add(about, "Accuracy", "percent", bootstrap.value(strategy, quantity), ends);
            }
            if let Some(difference) = bootstrap.difference(strategy, BEST_SINGLE, Quantity::AvgAcc) {
                let ends = Some((difference.low, difference.high));
                self.add(about, "DiffToBestSingle", "points", Some(difference.value), ends);
                self.add(about, "MinDetectableDiff", "points", Some(difference.minimal_detectable()), None);
            }
            if let Some(at) = ranked.iter().position(|ranked| *ranked == strategy) {
                self.add(about, "Rank", "rank", Some(ranks[at] as f64), None);
            }
            self.mean_of_seeds(micro, "HardAcc@3", "percent", seeds);
            if strategy >= CONTROLS.len() {
                for (metric, unit) in [("Unavailable", "queries"), ("FuelPerQuery", "fuel"), ("RouteTime", "us")] {
                    self.mean_of_seeds(micro, metric, unit, seeds);
                }
            }
        }
        let about = About { router: "", seed: "all", dataset: "micro", preference: 0.0, n: tested.len() };
        self.mean_of_seeds(about, "HardShare@3", "percent", seeds);
        Ok(())
    }

    /// The mean of a metric's rows of each seed; undefined when it is undefined for any.
    fn mean_of_seeds(&mut self, about: About<'_>, metric: &str, unit: &str, seeds: &[SeedView]) {
        let values: Option<Vec<f64>> = self
            .rows
            .iter()
            .filter(|row| {
                row.router.as_str() == about.router && row.metric.as_str() == metric && row.seed.as_str() != "all"
            })
            .map(|row| row.value)
            .collect();
        let mean = values
            .filter(|values| values.len() == seeds.len())
            .map(|values| values.iter().sum::<f64>() / values.len() as f64);
        self.add(about, metric, unit, mean, None);
    }
}

/// Controls, then routers at quality alone, with what they earned on one seed.
fn strategies<'a>(
    seed: &'a SeedView,
    at: usize,
    routers: &'a [(String, Vec<Decided>)],
) -> impl Iterator<Item = (&'a str, &'a Answers)> {
    let controls = CONTROLS.into_iter().zip(&seed.controls);
    controls.chain(routers.iter().map(move |(name, decided)| (name.as_str(), &decided[at].test[0])))
}
