//! The interval of every point of a sweep. A bootstrap of each would take some forty times the memory of the one that
//! there is, so these come from the same units by linearisation: what each unit adds to AvgAcc beyond its dataset's mean.

use std::collections::BTreeMap;

use super::SeedView;

/// Half the width of a 95 % interval, in standard errors.
const HALF_WIDTH: f64 = 1.959_964;

/// The seeds' test parts, laid out once for all points.
pub(super) struct Parts {
    seeds: Vec<Part>,
    /// Units of each dataset over all seeds.
    units: Vec<f64>,
    /// The dataset of each slot, a slot being a unit in a dataset.
    slots: Vec<usize>,
}

/// One seed's test part.
struct Part {
    /// Dataset and slot of each row.
    rows: Vec<(usize, usize)>,
    /// Rows of each dataset.
    sizes: Vec<f64>,
}

impl Parts {
    /// `units` has a number for each test row of each seed; rows of one unit are drawn together.
    pub(super) fn new(seeds: &[SeedView], units: &[Vec<u32>]) -> Self {
        Self::of(seeds.iter().zip(units).map(|(seed, units)| (seed.test.dataset(), units.as_slice())))
    }

    fn of<'a>(seeds: impl Iterator<Item = (&'a [u32], &'a [u32])>) -> Self {
        let mut slot_of: BTreeMap<(u32, u32), usize> = BTreeMap::new();
        let mut parts = Self { seeds: Vec::new(), units: Vec::new(), slots: Vec::new() };
        for (dataset, unit) in seeds {
            let mut part = Part { rows: Vec::with_capacity(dataset.len()), sizes: Vec::new() };
            for (dataset, unit) in dataset.iter().zip(unit) {
                let at = *dataset as usize;
                let slot = *slot_of.entry((*dataset, *unit)).or_insert_with(|| {
                    parts.slots.push(at);
                    parts.slots.len() - 1
                });
                part.sizes.resize(part.sizes.len().max(at + 1), 0.0);
                part.sizes[at] += 1.0;
                part.rows.push((at, slot));
            }
            parts.seeds.push(part);
        }
        for dataset in &parts.slots {
            parts.units.resize(parts.units.len().max(dataset + 1), 0.0);
            parts.units[*dataset] += 1.0;
        }
        parts
    }

    /// The 95 % interval of the mean over seeds of AvgAcc, in percent, around `value`; `scores` are those of each seed's
    /// rows. None where a dataset has a single unit, from which nothing can be learned about others.
    pub(super) fn interval(&self, value: f64, scores: &[&[f64]]) -> Option<(f64, f64)> {
        if self.units.contains(&1.0) || !value.is_finite() {
            return None;
        }
        let mut of_slot = vec![0.0; self.slots.len()];
        for (part, scores) in self.seeds.iter().zip(scores) {
            let mut means = vec![0.0; part.sizes.len()];
            for ((dataset, _), score) in part.rows.iter().zip(*scores) {
                means[*dataset] += score / part.sizes[*dataset];
            }
            let datasets = part.sizes.iter().filter(|size| **size > 0.0).count();
            let share = 100.0 / (self.seeds.len() * datasets) as f64;
            for ((dataset, slot), score) in part.rows.iter().zip(*scores) {
                of_slot[*slot] += share * (score - means[*dataset]) / part.sizes[*dataset];
            }
        }
        // In each seed the contributions of a dataset add up to 0, so over seeds they do.
        let of_slots = of_slot.iter().zip(&self.slots);
        let variance: f64 =
            of_slots.map(|(own, dataset)| own * own * self.units[*dataset] / (self.units[*dataset] - 1.0)).sum();
        let half = HALF_WIDTH * variance.sqrt();
        Some(((value - half).max(0.0), (value + half).min(100.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(seeds: &[(&[u32], &[u32])]) -> Parts {
        Parts::of(seeds.iter().copied())
    }

    #[test]
    fn one_seed_of_one_dataset_has_the_interval_of_a_mean() {
        let (dataset, unit) = ([0; 5], [0, 1, 2, 3, 4]);
        let scores = [1.0, 0.0, 1.0, 1.0, 0.0];
        let parts = of(&[(&dataset, &unit)]);
        let (low, high) = parts.interval(60.0, &[&scores]).unwrap();
        // s / sqrt(n) of 0/1 scores: sqrt(0.3 / 5).
        let half = 196.0 * (0.3_f64 / 5.0).sqrt();
        assert!((high - low - (100.0_f64.min(60.0 + half) - (60.0 - half))).abs() < 0.01, "{low} {high}");
    }

    #[test]
    fn rows_of_one_unit_count_as_one_and_a_second_look_at_them_adds_nothing() {
        let (dataset, unit) = ([0; 4], [0, 1, 2, 3]);
        let scores = [1.0, 0.0, 1.0, 0.0];
        let once = of(&[(&dataset, &unit)]).interval(50.0, &[&scores]).unwrap();
        let twice = of(&[(&dataset, &unit), (&dataset, &unit)]).interval(50.0, &[&scores, &scores]).unwrap();
        assert_eq!(once, twice);
        let alone = [0; 4];
        assert_eq!(of(&[(&dataset, &alone)]).interval(50.0, &[&scores]), None);
    }
}
