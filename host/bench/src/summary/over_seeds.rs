//! Means over seeds at quality alone, with intervals, differences and ranks.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use routerlab_metrics::bootstrap::{Bootstrap, Interval, Part, Quantity, References, Settings, bytes_needed};
use routerlab_metrics::hard::RightModels;
use routerlab_metrics::significance::{self, RankSettings};

use super::per_seed::OF_ROUTERS;
use super::sweep::SeedPoints;
use super::table::{About, Table};
use super::{
    BEST_SINGLE, CONTROLS, HARD, MAX_BOOTSTRAP_BYTES, ORACLE, RANDOM, Routed, SeedView, strategies, strategies_of,
};
use crate::data::Data;
use crate::error::BenchError;
use crate::experiment::Experiment;

/// Replicates, at most, in which datasets are drawn too: few datasets make a wide interval, whose ends need no digits.
const REPLICATES_OF_DATASETS: usize = 2_000;

/// Where the two operating points of a router stand among the strategies of the bootstrap: the one for PerfGain, and
/// the one for CostSave.
pub(crate) fn strategies_of_points(router: usize, routers: usize) -> (usize, usize) {
    let first = CONTROLS.len() + routers + 2 * router;
    (first, first + 1)
}

/// Distinct queries that some of these seeds test.
pub(crate) fn tested<'a>(seeds: impl IntoIterator<Item = &'a SeedView>) -> Vec<u32> {
    let mut rows: Vec<u32> = seeds.into_iter().flat_map(|seed| seed.parts.test.iter().copied()).collect();
    rows.sort_unstable();
    rows.dedup();
    rows
}

/// Adds the rows over all seeds and gives the bootstrap that they come from. `points` are those of each router and seed.
pub(crate) fn add(
    table: &mut Table,
    experiment: &Experiment,
    data: &Data,
    seeds: &[SeedView],
    routers: &[Routed],
    points: &[Vec<SeedPoints>],
    threads: NonZeroUsize,
) -> Result<Bootstrap, BenchError> {
    let (units, hard) = (units(data, seeds), seeds.iter().map(hard_rows).collect::<Vec<_>>());
    let mut parts = Vec::new();
    for (at, seed) in seeds.iter().enumerate() {
        let mut answers: Vec<_> = strategies(seed, at, routers).map(|(_, answers)| Some(answers)).collect();
        for (router, points) in routers.iter().zip(points) {
            let chosen = [points[at].most_accurate, points[at].cheapest];
            answers.extend(chosen.map(|index| index.map(|index| &router.decided[at].test[index])));
        }
        parts.push(Part { dataset: seed.test.dataset(), unit: &units[at], hard: &hard[at], answers });
    }
    let statistics = &experiment.statistics;
    let bytes = bytes_needed(statistics.replicates, strategies_of(routers.len()), data.datasets.len());
    let settings = Settings {
        replicates: statistics.replicates,
        seed: statistics.seed,
        threads,
        per_dataset: bytes <= MAX_BOOTSTRAP_BYTES,
    };
    let references = References { random: RANDOM, best_single: BEST_SINGLE, oracle: ORACLE };
    let bootstrap = Bootstrap::new(&parts, references, settings)
        .map_err(|error| BenchError::Data { path: data.dir.clone(), reason: error.to_string() })?;

    let first = CONTROLS.len();
    let ranked: Vec<usize> = (0..routers.len()).filter(|at| routers[*at].ranked).map(|at| first + at).collect();
    // Without intervals there is no evidence of any difference.
    let ranks = match bootstrap.is_sure(Quantity::AvgAcc) {
        true => significance::ranks(&parts, &ranked, RankSettings { seed: statistics.seed, threads }),
        false => vec![1; ranked.len()],
    };
    let tested = tested(seeds);
    let rows_of = Rows::new(data, seeds, &tested);
    let names = CONTROLS.into_iter().chain(routers.iter().map(|router| router.name.as_str()));
    for (strategy, name) in names.enumerate() {
        let about = About { router: name, seed: "all", dataset: "macro", preference: 0.0, n: tested.len() };
        let micro = About { dataset: "micro", ..about };
        for (about, metric, unit, quantity) in [
            (about, "AvgAcc", "percent", Quantity::AvgAcc),
            (about, "Gain@R", "percent", Quantity::GainAtR),
            (about, "Gain@B", "percent", Quantity::GainAtB),
            (about, "Gap@O", "percent", Quantity::GapAtO),
            (about, "NormalisedGain", "percent", Quantity::NormalisedGain),
            (about, "DiffToBestSingle", "points", Quantity::DiffToBestSingle),
            (micro, "MicroAcc", "percent", Quantity::MicroAcc),
            (micro, "Cost", experiment.preferences.weighs.unit(), Quantity::CostUsd),
            (About { n: rows_of.hard, ..micro }, "HardAcc@3", "percent", Quantity::HardAcc),
        ] {
            table.add(about, metric, unit, bootstrap.value(strategy, quantity), ends(&bootstrap, strategy, quantity));
        }
        for (at, dataset) in data.datasets.iter().enumerate() {
            let about = About { dataset: dataset.as_str(), n: rows_of.datasets[at], ..about };
            if settings.per_dataset {
                let quantity = Quantity::Dataset(at as u32);
                let value = bootstrap.value(strategy, quantity);
                table.add(about, "Accuracy", "percent", value, ends(&bootstrap, strategy, quantity));
            } else {
                table.add_mean_of_seeds(about, "Accuracy", "percent");
            }
        }
        let detectable = |interval: Option<Interval>| interval.map(|interval| interval.minimal_detectable());
        let to_best_single = detectable(bootstrap.interval(strategy, Quantity::DiffToBestSingle));
        table.add(about, "MinDetectableDiff", "points", to_best_single, None);
        table.add_mean_of_seeds(micro, "UnknownCost", "queries");
        table.add_mean_of_seeds(micro, "Latency", "s");
        if let Some(at) = ranked.iter().position(|ranked| *ranked == strategy) {
            table.add(about, "Rank", "rank", Some(ranks[at] as f64), None);
            let others = ranked.iter().filter(|other| **other != strategy);
            let to_others = others
                .filter_map(|other| detectable(bootstrap.difference(strategy, *other, Quantity::AvgAcc)))
                .reduce(f64::max);
            table.add(about, "MinDetectableDiffToRouters", "points", to_others, None);
        }
        if strategy >= first {
            for (metric, unit) in OF_ROUTERS {
                table.add_mean_of_seeds(micro, metric, unit);
            }
        } else {
            table.add_mean_of_seeds(micro, "ZeroDatasets", "datasets");
        }
    }
    let about = About { router: "", seed: "all", dataset: "macro", preference: 0.0, n: tested.len() };
    let settings = Settings { replicates: settings.replicates.min(REPLICATES_OF_DATASETS), ..settings };
    let over_datasets = Bootstrap::over_new_datasets(&parts, references, settings)
        .map_err(|error| BenchError::Data { path: data.dir.clone(), reason: error.to_string() })?;
    for (at, router) in routers.iter().enumerate() {
        let (value, ends) = (
            over_datasets.value(first + at, Quantity::DiffToBestSingle),
            ends(&over_datasets, first + at, Quantity::DiffToBestSingle),
        );
        table.add(About { router: &router.name, ..about }, "DiffToBestSingleOverDatasets", "points", value, ends);
    }
    super::significance::add(table, about, seeds, routers, &parts, &bootstrap, (statistics.seed, threads));
    let about = About { dataset: "micro", ..about };
    table.add_mean_of_seeds(about, "HardShare@3", "percent");
    table.add_mean_of_seeds(About { n: rows_of.validation, ..about }, "ValidationQueries", "queries");
    let all = About { n: data.rows() + data.left_out, ..about };
    table.add(all, "LeftOut", "queries", Some(data.left_out as f64), None);
    Ok(bootstrap)
}

/// The 95 % interval of a quantity, if it has one.
pub(crate) fn ends(bootstrap: &Bootstrap, strategy: usize, quantity: Quantity) -> Option<(f64, f64)> {
    bootstrap.interval(strategy, quantity).map(|interval| (interval.low, interval.high))
}

/// The unit of resampling of each test row: queries with one group key have one number.
pub(super) fn units(data: &Data, seeds: &[SeedView]) -> Vec<Vec<u32>> {
    let mut known = BTreeMap::new();
    for key in &data.group_keys {
        let next = known.len() as u32;
        known.entry(&**key).or_insert(next);
    }
    let of_seed = |seed: &SeedView| seed.parts.test.iter().map(|row| known[&*data.group_keys[*row as usize]]).collect();
    seeds.iter().map(of_seed).collect()
}

/// Whether each test row is hard.
fn hard_rows(seed: &SeedView) -> Vec<bool> {
    RightModels::new(&seed.test).counts().iter().map(|right| (1..=HARD).contains(right)).collect()
}

/// How many distinct queries the numbers over seeds are about.
struct Rows {
    hard: usize,
    datasets: Vec<usize>,
    validation: usize,
}

impl Rows {
    fn new(data: &Data, seeds: &[SeedView], tested: &[u32]) -> Self {
        let mut hard: Vec<u32> = Vec::new();
        for seed in seeds {
            let rows = seed.parts.test.iter().zip(hard_rows(seed));
            hard.extend(rows.filter(|(_, hard)| *hard).map(|(row, _)| *row));
        }
        let mut validation: Vec<u32> = seeds.iter().flat_map(|seed| seed.parts.validation.iter().copied()).collect();
        for rows in [&mut hard, &mut validation] {
            rows.sort_unstable();
            rows.dedup();
        }
        let mut datasets = vec![0; data.datasets.len()];
        tested.iter().for_each(|row| datasets[data.dataset[*row as usize] as usize] += 1);
        Self { hard: hard.len(), datasets, validation: validation.len() }
    }
}
