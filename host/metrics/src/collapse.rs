//! Routing collapse: traffic that goes to the dearest model although a cheaper one suffices.

use crate::{CORRECT, ChoiceError, Missing, Observed};

/// How much of a router's traffic has collapsed onto the dearest model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Collapse {
    /// The routing-collapse index: percent of the rows on which a cheaper model suffices that go to the dearest model all
    /// the same. 0 for the Oracle, 100 for a router that always asks the dearest. `None` where no cheaper model ever
    /// suffices.
    pub index: Option<f64>,
    /// Percent of all rows that go to the dearest model.
    pub traffic: f64,
    /// Rows on which a cheaper model suffices.
    pub rows: usize,
    /// Rows on which nobody can say, because the dearest model's cost is unknown there; in no percentage but `traffic`.
    pub unknown: usize,
}

/// The model with the highest mean cost over the rows where its cost is known; ties go to the lower index. `None` when no
/// cost is known.
pub fn dearest(observed: &Observed<'_>) -> Option<u32> {
    let mean = |model: usize| {
        let costs = (0..observed.rows()).map(|row| observed.costs_usd(row)[model]).filter(|cost| !cost.is_nan());
        let (sum, count) = costs.fold((0.0, 0usize), |(sum, count), cost| (sum + cost, count + 1));
        sum / count as f64
    };
    let mut best: Option<(u32, f64)> = None;
    for (model, mean) in (0u32..).zip((0..observed.models()).map(mean)) {
        // A comparison with NaN does not hold.
        if mean >= 0.0 && best.is_none_or(|(_, dearest)| mean > dearest) {
            best = Some((model, mean));
        }
    }
    best.map(|(model, _)| model)
}

/// The routing-collapse index (critique.md 1.6.3), after the failure that "When Routing Collapses: On the Degenerate
/// Convergence of LLM Routers" (arXiv 2602.03478) describes: routers default to the dearest model although cheaper ones
/// suffice.
///
/// A cheaper model *suffices* on a row when its cost there is known and below that of model `dearest`, it is right (score
/// of at least [`CORRECT`]) and scores no less than `dearest` does; a missing record of `dearest` scores 0. `choices` has
/// one model per row, `dearest` is that of the pool, see [`dearest`].
///
/// # Errors
/// When there is not exactly one choice per row, or a choice or `dearest` is not in the pool.
pub fn collapse(observed: &Observed<'_>, choices: &[u32], dearest: u32) -> Result<Collapse, ChoiceError> {
    // Checks the choices, and `dearest` as it would a fallback.
    observed.judge(choices, Missing::Fallback(dearest))?;
    let (mut rows, mut collapsed, mut unknown, mut traffic) = (0usize, 0usize, 0, 0usize);
    for (row, choice) in choices.iter().enumerate() {
        let (scores, costs) = (observed.scores(row), observed.costs_usd(row));
        let (best, most) = (scores[dearest as usize], costs[dearest as usize]);
        let bar = if best.is_nan() { CORRECT } else { best.max(CORRECT) };
        let suffices = scores.iter().zip(costs).any(|(score, cost)| *cost < most && *score >= bar);
        let to_dearest = *choice == dearest;
        traffic += usize::from(to_dearest);
        unknown += usize::from(most.is_nan());
        rows += usize::from(suffices);
        collapsed += usize::from(suffices && to_dearest);
    }
    let percent = |part: usize, of: usize| 100.0 * part as f64 / of as f64;
    let index = (rows > 0).then(|| percent(collapsed, rows));
    Ok(Collapse { index, traffic: percent(traffic, choices.len()), rows, unknown })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAN: f64 = f64::NAN;

    /// Model 1 is the dearest. Cheaper ones suffice in rows 0 and 4; in row 1 it is better, in row 2 none is right, in row
    /// 3 its cost is unknown; in row 4 it has no record but a failed call's cost, in row 5 the right one is dearer.
    fn observed() -> Observed<'static> {
        let score = vec![1.0, 1.0, 0.5, 1.0, 0.4, 0.4, 1.0, 1.0, 0.5, NAN, 1.0, 0.5];
        let cost_usd = vec![1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, NAN, 1.0, 2.0, 3.0, 2.0];
        Observed::new(vec![0; 6], 1, 2, score, cost_usd).unwrap()
    }

    #[test]
    fn the_index_counts_what_a_cheaper_model_could_have_done() {
        assert_eq!(dearest(&observed()), Some(1));
        let always = collapse(&observed(), &[1; 6], 1).unwrap();
        assert_eq!(always, Collapse { index: Some(100.0), traffic: 100.0, rows: 2, unknown: 1 });
        let half = collapse(&observed(), &[1, 1, 1, 0, 0, 0], 1).unwrap();
        assert_eq!((half.index, half.traffic), (Some(50.0), 50.0));
        let best = collapse(&observed(), &crate::controls::oracle(&observed()), 1).unwrap();
        assert_eq!(best.index, Some(0.0));
        assert!(collapse(&observed(), &[0; 5], 1).is_err() && collapse(&observed(), &[0; 6], 2).is_err());
    }

    #[test]
    fn a_pool_of_unknown_costs_has_no_dearest_model() {
        let unpriced = Observed::new(vec![0], 1, 2, vec![1.0, 1.0], vec![NAN, NAN]).unwrap();
        assert_eq!(dearest(&unpriced), None);
        let partly = Observed::new(vec![0], 1, 2, vec![1.0, 1.0], vec![NAN, 0.0]).unwrap();
        assert_eq!(dearest(&partly), Some(1));
        assert_eq!(collapse(&partly, &[1], 1).unwrap().index, None);
    }
}
