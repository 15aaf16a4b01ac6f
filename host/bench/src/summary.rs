//! From tables to numbers: reads what the cells decided and computes every metric of the report.
//!
//! Nothing here is remembered from the run: `summarise` of a run's tables, today or in a year, gives the same numbers.
//!
//! `n` of every number is how many distinct queries it is about: those of the seed's test part, or for a number over
//! seeds those that some of its seeds test; on the hard slice only the hard ones among them, for a dataset only its own.

mod band;
mod diagnosis;
mod over_seeds;
mod per_seed;
mod significance;
mod sweep;
mod table;

use std::collections::HashMap;
use std::num::NonZeroUsize;

use routerlab_metrics::{Answers, Missing, Observed, controls};
use routerlab_records::{CellRow, CellStatus, DecisionRow, MetricRow, read_table, write_table};

use crate::data::Data;
use crate::error::BenchError;
use crate::experiment::{Experiment, Track, Weighs};
use crate::known::Known;
use crate::partition::Partition;
use crate::results::Results;

/// How reports call the controls, in the order of the strategies. Dataset Expert is the best model of each dataset on
/// train (what there is to learn for a router that can tell datasets apart and nothing else), Dataset Oracle that on test.
pub const CONTROLS: [&str; 5] = ["Random", "Best Single", "Dataset Expert", "Dataset Oracle", "Oracle"];
const RANDOM: usize = 0;
const BEST_SINGLE: usize = 1;
const ORACLE: usize = 4;
/// Queries that at most this many models answer are hard (LLMRouterBench, arXiv 2601.07206).
const HARD: u32 = 3;
/// The most memory that bootstrap replicates may take, in bytes. Intervals by dataset are left out where they would take
/// more; without them no experiment that [`Experiment::check`] passes does.
pub(crate) const MAX_BOOTSTRAP_BYTES: usize = 1 << 30;

/// How many strategies a bootstrap of so many routers has: the controls, and for each router quality alone and its two
/// operating points.
pub(crate) fn strategies_of(routers: usize) -> usize {
    CONTROLS.len() + 3 * routers
}

/// The choice of a reference model, which is beside the pool.
pub(crate) const OUTSIDE: u32 = u32::MAX;

/// A router that answered under every seed, and what it did under each.
pub(crate) struct Routed {
    pub(crate) name: String,
    /// Whether it is compared with others: one that stands outside has metrics of its own, no rank, and no part in the
    /// common frontier.
    pub(crate) ranked: bool,
    pub(crate) decided: Vec<Decided>,
    /// How long its training took under each seed, in seconds, as measured.
    pub(crate) train_s: Vec<f64>,
}

/// What one router did on one seed, at one preference after another.
pub(crate) struct Decided {
    /// Ascending preferences; the first is 0.
    pub(crate) preferences: Vec<f64>,
    /// For each preference what was earned on the test part, in its row order.
    pub(crate) test: Vec<Answers>,
    /// The same on the validation part.
    pub(crate) validation: Vec<Answers>,
    /// The model of each test row at quality alone; [`OUTSIDE`] for one that is not in the pool.
    pub(crate) choices: Vec<u32>,
    /// test rows x models at quality alone, where the router says what it thinks of each model.
    pub(crate) utilities: Option<Vec<f64>>,
    /// How long each test row waits for its answer at quality alone, in seconds; NaN where that is not known.
    pub(crate) seconds: Vec<f64>,
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
    /// What costs are: dollars, or seconds.
    pub(crate) weighs: Weighs,
    /// The model that Best Single always chooses.
    pub(crate) best_single: u32,
    controls: Vec<Answers>,
    /// How long each control waits for an answer, in seconds; none where that is not known or not defined.
    waits: Vec<Option<f64>>,
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
        let own = || cells.iter().filter(|cell| cell.router.as_str() == name);
        if own().all(|cell| cell.status == CellStatus::Ok) {
            let ranked = own().all(|cell| cell.unranked.is_none());
            let decided = seeds.iter().map(|seed| Decided::read(data, results, &name, seed, experiment));
            let train_s = own().map(|cell| cell.train_ms / 1e3).collect();
            routers.push(Routed { decided: decided.collect::<Result<_, _>>()?, name, ranked, train_s });
        }
    }
    let points = sweep::points(experiment, &seeds, &routers);
    let mut table = table::Table::new(results.run_id());
    per_seed::add(&mut table, data, &seeds, &routers);
    let bootstrap = over_seeds::add(&mut table, experiment, data, &seeds, &routers, &points, threads)?;
    let units = over_seeds::units(data, &seeds);
    sweep::add(&mut table, experiment, (&seeds, &units), &routers, &points, &bootstrap);
    diagnosis::add(&mut table, &seeds, &routers, &points);
    Ok(table.rows)
}

impl SeedView {
    fn new(experiment: &Experiment, data: &Data, seed: u32) -> Result<Self, BenchError> {
        let parts = crate::prepare::parts_of(data, &experiment.protocol, seed)?;
        let known = Known::new(data, &experiment.protocol, seed, &parts)?;
        let weighs = experiment.preferences.weighs;
        let train = known.learned(data, &parts.train)?;
        let (test, validation) = (data.weighed(&parts.test, weighs)?, known.judged(data, &parts.validation, weighs)?);
        let missing = crate::prepare::missing_rule(data, &experiment.protocol, &train)?;
        let compat = experiment.protocol.track == Track::Compat;
        // The reference chooses Best Single by the records it is judged on (routers.md 1.2).
        let best_single = controls::best_single(if compat { &test } else { &train });
        let choices = [
            controls::always(&test, best_single),
            controls::by_dataset(&test, &controls::dataset_experts(&train)),
            controls::by_dataset(&test, &controls::dataset_experts(&test)),
            controls::oracle(&test),
        ];
        let of = |observed: &Observed<'_>| -> Vec<Answers> {
            let judged = |choices: &Vec<u32>| observed.judge(choices, missing).map(|judged| judged.answers);
            let judged = choices.iter().map(|choices| judged(choices).unwrap_or_default());
            std::iter::once(controls::random(observed)).chain(judged).collect()
        };
        let mut controls = of(&test);
        let seconds = of(&data.weighed(&parts.test, Weighs::Latency)?);
        let mut waits: Vec<Option<f64>> = seconds.iter().map(|answers| known_mean(&answers.cost_usd)).collect();
        if compat {
            // Of the models that earn any credit it takes one, and which is not said.
            (controls[ORACLE], waits[ORACLE]) = (controls::oracle_any_credit(&test), None);
        }
        Ok(Self { seed, parts, test, validation, missing, weighs, best_single, controls, waits })
    }
}

impl Decided {
    /// Reads one cell's decisions and puts them into the row order of the parts. Where the router's own time or fuel has a
    /// price, every choice costs that much more.
    fn read(
        data: &Data,
        results: &Results,
        router: &str,
        seed: &SeedView,
        experiment: &Experiment,
    ) -> Result<Self, BenchError> {
        let path = results.decisions_file(router, seed.seed);
        let table = read_table::<DecisionRow>(&path)?;
        let mut place: HashMap<&str, (bool, usize)> = HashMap::new();
        for (is_test, rows) in [(true, &seed.parts.test), (false, &seed.parts.validation)] {
            place.extend(rows.iter().enumerate().map(|(at, row)| (data.ids[*row as usize].as_str(), (is_test, at))));
        }
        let wrong = |reason: String| BenchError::Results { path: path.clone(), reason };
        let empty = |rows: usize| Answers { score: vec![f64::NAN; rows], cost_usd: vec![f64::NAN; rows] };
        let protocol = &experiment.protocol;
        let usd_per_ns = protocol.router_usd_per_second.unwrap_or(0.0) / 1e9;
        let usd_per_fuel = protocol.router_usd_per_gigafuel.unwrap_or(0.0) / 1e9;
        let mut decided = Self {
            preferences: Vec::new(),
            test: Vec::new(),
            validation: Vec::new(),
            choices: vec![0; seed.parts.test.len()],
            utilities: None,
            seconds: Vec::new(),
            unavailable: 0,
            route_ns: Vec::new(),
            fuel: 0.0,
        };
        let models = data.models.len();
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
            let overhead_usd = usd_per_ns * row.route_ns as f64 + usd_per_fuel * row.fuel as f64;
            let seconds = row.latency_ms.map_or(f64::NAN, |ms| ms / 1e3);
            answers.cost_usd[at] = match experiment.preferences.weighs {
                Weighs::Cost => row.cost_usd.map_or(f64::NAN, |cost_usd| cost_usd + overhead_usd),
                Weighs::Latency => seconds,
            };
            if is_test && index == 0 {
                decided.choices[at] = data.model_index(row.model.as_str()).unwrap_or(OUTSIDE);
                if let Some(utilities) = row.utilities.as_ref().filter(|utilities| utilities.len() == models) {
                    let all = decided.utilities.get_or_insert_with(|| vec![f64::NAN; seed.parts.test.len() * models]);
                    let places = &mut all[at * models..(at + 1) * models];
                    places.iter_mut().zip(utilities).for_each(|(place, utility)| *place = f64::from(*utility));
                }
                decided.seconds.push(seconds);
                decided.unavailable += u64::from(!row.available);
                decided.route_ns.push(row.route_ns as f64);
                decided.fuel += row.fuel as f64;
            }
        }
        let mut parts = decided.test.iter().chain(&decided.validation);
        let complete = !decided.test.is_empty() && parts.all(|part| part.score.iter().all(|s| !s.is_nan()));
        if complete { Ok(decided) } else { Err(wrong("some queries have no decision".into())) }
    }
}

/// The mean, where all values are known and there are any.
pub(crate) fn known_mean(values: &[f64]) -> Option<f64> {
    table::mean(values).filter(|mean| mean.is_finite())
}

/// Controls, then routers at quality alone, with what they earned on one seed.
fn strategies<'a>(
    seed: &'a SeedView,
    at: usize,
    routers: &'a [Routed],
) -> impl Iterator<Item = (&'a str, &'a Answers)> {
    let controls = CONTROLS.into_iter().zip(&seed.controls);
    controls.chain(routers.iter().map(move |router| (router.name.as_str(), &router.decided[at].test[0])))
}
