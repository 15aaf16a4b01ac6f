//! Whether a router really differs from Best Single: everything that a row of the leaderboard is judged by.

use std::num::NonZeroUsize;

use routerlab_metrics::Accuracy;
use routerlab_metrics::bootstrap::{Bootstrap, Part, Quantity};
use routerlab_metrics::paired::paired_difference;
use routerlab_metrics::significance::{contributions, flips_for, holm, over_seeds, sign_flip};

use super::table::{About, Table};
use super::{BEST_SINGLE, CONTROLS, Routed, SeedView};

/// Within how many points of AvgAcc two strategies count as equivalent (critique.md 1.1, S5).
const MARGIN: f64 = 1.0;

/// Adds for each router, against Best Single at quality alone: the p-value of a paired sign-flip test, the same
/// corrected by Holm, the two one-sided tests of equivalence, and the interval over seeds by Nadeau
/// and Bengio, which alone has the variance of another training and another partition in it.
pub(crate) fn add(
    table: &mut Table,
    about: About<'_>,
    seeds: &[SeedView],
    routers: &[Routed],
    parts: &[Part<'_>],
    bootstrap: &Bootstrap,
    settings: (u64, NonZeroUsize),
) {
    let p_values = p_values(parts, routers.len(), bootstrap, settings);
    let corrected = corrected(&p_values, routers);
    for (index, router) in routers.iter().enumerate() {
        let about = About { router: &router.name, ..about };
        let known = p_values[index].is_some();
        table.add(about, "PVsBestSingle", "1", p_values[index], None);
        table.add(about, "PVsBestSingleHolm", "1", known.then_some(corrected[index]), None);
        let paired = paired_difference(parts, CONTROLS.len() + index, BEST_SINGLE).filter(|_| known);
        let equivalence = paired.and_then(|paired| paired.equivalence(MARGIN));
        table.add(about, "PEquivalent", "1", equivalence.map(|equivalence| equivalence.p_value), None);
        let of_seeds = seeds.iter().zip(&router.decided);
        let differences: Vec<f64> = of_seeds.map(|(seed, decided)| difference(seed, &decided.test[0].score)).collect();
        let rows = |of: fn(&SeedView) -> usize| seeds.iter().map(of).sum::<usize>() / seeds.len().max(1);
        let (train, test) = (rows(|seed| seed.parts.train.len()), rows(|seed| seed.parts.test.len()));
        let over = over_seeds(&differences, train, test);
        let ends = over.as_ref().map(|over| over.interval());
        table.add(about, "DiffToBestSingleOverSeeds", "points", over.map(|over| over.mean), ends);
    }
}

/// Holm's correction over the ranked routers. Who stands outside the ranks is corrected with them and counts in nobody
/// else's correction.
fn corrected(p_values: &[Option<f64>], routers: &[Routed]) -> Vec<f64> {
    let p_of = |router: usize| p_values[router].unwrap_or(1.0);
    let ranked: Vec<usize> = (0..routers.len()).filter(|router| routers[*router].ranked).collect();
    let of_family = |family: &[usize]| holm(&family.iter().map(|router| p_of(*router)).collect::<Vec<f64>>());
    let mut corrected = vec![1.0; routers.len()];
    ranked.iter().zip(of_family(&ranked)).for_each(|(router, p)| corrected[*router] = p);
    for router in (0..routers.len()).filter(|router| !routers[*router].ranked) {
        let family: Vec<usize> = ranked.iter().copied().chain([router]).collect();
        corrected[router] = of_family(&family).pop().unwrap_or(1.0);
    }
    corrected
}

/// AvgAcc less that of Best Single on one seed, in points.
fn difference(seed: &SeedView, score: &[f64]) -> f64 {
    let of = |score: &[f64]| Accuracy::new(score, seed.test.dataset(), seed.test.datasets()).avg_acc();
    of(score) - of(&seed.controls[BEST_SINGLE].score)
}

/// One test for each router, on as many threads as there are; each has a stream of its own. None without intervals:
/// there is no evidence of any difference.
fn p_values(
    parts: &[Part<'_>],
    routers: usize,
    bootstrap: &Bootstrap,
    (seed, threads): (u64, NonZeroUsize),
) -> Vec<Option<f64>> {
    let mut p_values = vec![None; routers];
    if !bootstrap.is_sure(Quantity::AvgAcc) {
        return p_values;
    }
    let flips = flips_for(routers);
    let per_thread = routers.div_ceil(threads.get()).max(1);
    std::thread::scope(|scope| {
        for (first, p_values) in (0..).step_by(per_thread).zip(p_values.chunks_mut(per_thread)) {
            scope.spawn(move || {
                for (router, p_value) in (first..).zip(p_values) {
                    let contributions = contributions(parts, CONTROLS.len() + router, BEST_SINGLE);
                    *p_value = Some(sign_flip(&contributions, flips, seed.wrapping_add(router as u64)));
                }
            });
        }
    });
    p_values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_stands_outside_the_ranks_counts_in_nobody_elses_correction() {
        let router = |name: &str, ranked| Routed { name: name.into(), ranked, decided: vec![], train_s: vec![] };
        let p_values = [Some(0.01), Some(0.02), Some(0.015), None];
        let alone = corrected(&p_values[..2], &[router("a", true), router("b", true)]);
        assert_eq!(alone, [0.02, 0.02]);
        let routers = [router("a", true), router("b", true), router("outside", false), router("unsure", false)];
        assert_eq!(corrected(&p_values, &routers), [0.02, 0.02, 0.03, 1.0]);
    }
}
