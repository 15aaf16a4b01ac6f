//! Dollars, and what they buy: totals, PerfGain, CostSave and the choice of an operating point.

use crate::Answers;

/// What all rows cost together, in USD. `None` when the cost of any row is unknown: a partial sum would look cheap.
pub fn total_usd(answers: &Answers) -> Option<f64> {
    let total: f64 = answers.cost_usd.iter().sum();
    (!total.is_nan()).then_some(total)
}

/// Mean cost of a row, in USD. `None` when any is unknown or there is no row.
pub fn mean_usd(answers: &Answers) -> Option<f64> {
    total_usd(answers).filter(|_| !answers.cost_usd.is_empty()).map(|total| total / answers.cost_usd.len() as f64)
}

/// The mean over datasets of `Cost(a,d) / Cost(B,d)`: cost weighed as AvgAcc weighs accuracy.
///
/// Total dollars are ruled by the datasets with long answers, accuracy by all alike, so a router can earn on small
/// datasets and save on large ones; this ratio sees through that. `None` when any cost is unknown or no dataset of the
/// reference cost anything. Datasets on which the reference is free are left out.
pub fn matched_ratio(answers: &Answers, reference: &Answers, dataset: &[u32], datasets: usize) -> Option<f64> {
    total_usd(answers).and(total_usd(reference))?;
    let sums = |answers: &Answers| {
        let mut sums = vec![0.0; datasets];
        for (cost_usd, dataset) in answers.cost_usd.iter().zip(dataset) {
            if let Some(sum) = sums.get_mut(*dataset as usize) {
                *sum += cost_usd;
            }
        }
        sums
    };
    let (own, base) = (sums(answers), sums(reference));
    let ratios: Vec<f64> =
        own.iter().zip(&base).filter(|(_, base)| **base > 0.0).map(|(own, base)| own / base).collect();
    (!ratios.is_empty()).then(|| ratios.iter().sum::<f64>() / ratios.len() as f64)
}

/// What a router does at one preference, over a whole part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OperatingPoint {
    /// AvgAcc in percent.
    pub avg_acc: f64,
    /// Total cost in USD.
    pub cost_usd: f64,
}

/// PerfGain of one point in percent: `AvgAcc / AvgAcc(B) - 1`. `None` when Best Single is never right.
///
/// A ratio of macro means, unlike Gain@B. LLMRouterBench takes the point by [`most_accurate`] on the test part itself;
/// the fair value takes it on validation and reads the test value of that point here.
pub fn perf_gain(point: OperatingPoint, best_single: OperatingPoint) -> Option<f64> {
    (best_single.avg_acc > 0.0).then(|| 100.0 * (point.avg_acc / best_single.avg_acc - 1.0))
}

/// What one point saves in percent, whatever its accuracy: `1 - Cost / Cost(B)`; negative when the point is dearer. `None`
/// when a cost is unknown or Best Single is free.
///
/// This is the fair CostSave of a point that was taken by [`cheapest_reaching`] on validation. On test it may miss Best
/// Single's accuracy: leaving it out there would choose by test after all, so its difference in AvgAcc is to be shown
/// beside it.
pub fn saving(point: OperatingPoint, best_single: OperatingPoint) -> Option<f64> {
    let known = point.cost_usd.is_finite() && best_single.cost_usd > 0.0;
    known.then(|| 100.0 * (1.0 - point.cost_usd / best_single.cost_usd))
}

/// CostSave of one point in percent: [`saving`], but `None` (not applicable) when the point does not reach Best Single's
/// accuracy. LLMRouterBench takes the point by [`cheapest_reaching`] on the test part itself.
pub fn cost_save(point: OperatingPoint, best_single: OperatingPoint) -> Option<f64> {
    saving(point, best_single).filter(|_| point.avg_acc >= best_single.avg_acc)
}

/// Position of the most accurate point; ties go to the cheaper one, then to the first.
pub fn most_accurate(points: &[OperatingPoint]) -> Option<usize> {
    first(points, |a, b| b.avg_acc.total_cmp(&a.avg_acc).then(a.cost_usd.total_cmp(&b.cost_usd)))
}

/// Position of the cheapest point that reaches `avg_acc` percent; ties go to the more accurate one, then to the first.
pub fn cheapest_reaching(points: &[OperatingPoint], avg_acc: f64) -> Option<usize> {
    let reaching: Vec<usize> = (0..points.len()).filter(|index| points[*index].avg_acc >= avg_acc).collect();
    let candidates: Vec<OperatingPoint> = reaching.iter().map(|index| points[*index]).collect();
    let order = |a: &OperatingPoint, b: &OperatingPoint| {
        a.cost_usd.total_cmp(&b.cost_usd).then(b.avg_acc.total_cmp(&a.avg_acc))
    };
    first(&candidates, order).map(|position| reaching[position])
}

/// PerfGain at the most accurate of the points, in hindsight. `None` without points.
pub fn perf_gain_in_hindsight(points: &[OperatingPoint], best_single: OperatingPoint) -> Option<f64> {
    most_accurate(points).and_then(|index| perf_gain(points[index], best_single))
}

/// CostSave at the cheapest of the points that reaches Best Single's accuracy, in hindsight. `None` (not applicable)
/// when none does.
pub fn cost_save_in_hindsight(points: &[OperatingPoint], best_single: OperatingPoint) -> Option<f64> {
    cheapest_reaching(points, best_single.avg_acc).and_then(|index| cost_save(points[index], best_single))
}

/// Position of the first of the least points under an order.
fn first(
    points: &[OperatingPoint],
    order: impl Fn(&OperatingPoint, &OperatingPoint) -> std::cmp::Ordering,
) -> Option<usize> {
    // `min_by` keeps the first of equals.
    (0..points.len()).min_by(|a, b| order(&points[*a], &points[*b]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(avg_acc: f64, cost_usd: f64) -> OperatingPoint {
        OperatingPoint { avg_acc, cost_usd }
    }

    fn paid(cost_usd: &[f64]) -> Answers {
        Answers { score: vec![0.0; cost_usd.len()], cost_usd: cost_usd.to_vec() }
    }

    #[test]
    fn an_unknown_cost_makes_the_total_unknown_and_not_cheap() {
        assert_eq!(total_usd(&paid(&[1.0, 2.0])), Some(3.0));
        assert_eq!(mean_usd(&paid(&[1.0, 2.0])), Some(1.5));
        assert_eq!(total_usd(&paid(&[1.0, f64::NAN])), None);
        assert_eq!(mean_usd(&paid(&[1.0, f64::NAN])), None);
        assert_eq!((total_usd(&paid(&[])), mean_usd(&paid(&[]))), (Some(0.0), None));
    }

    #[test]
    fn matched_ratio_weighs_datasets_alike() {
        let (own, base) = (paid(&[1.0, 1.0, 50.0]), paid(&[1.0, 3.0, 100.0]));
        assert_eq!(matched_ratio(&own, &base, &[0, 0, 1], 3), Some(0.5));
        let own = paid(&[4.0, 4.0, 50.0]);
        assert_eq!(matched_ratio(&own, &base, &[0, 0, 1], 3), Some(1.25));
        assert_eq!(matched_ratio(&own, &paid(&[f64::NAN, 1.0, 1.0]), &[0, 0, 1], 3), None);
        assert_eq!(matched_ratio(&own, &paid(&[0.0; 3]), &[0, 0, 1], 3), None);
    }

    #[test]
    fn operating_points_are_chosen_with_stated_ties() {
        let points = [at(60.0, 3.0), at(70.0, 9.0), at(70.0, 8.0), at(65.0, 5.0), at(66.0, 5.0), at(66.0, 5.0)];
        assert_eq!(most_accurate(&points), Some(2));
        assert_eq!(cheapest_reaching(&points, 65.0), Some(4));
        assert_eq!(cheapest_reaching(&points, 60.0), Some(0));
        assert_eq!(cheapest_reaching(&points, 70.1), None);
        assert_eq!((most_accurate(&[]), cheapest_reaching(&[], 0.0)), (None, None));
    }

    #[test]
    fn cost_save_does_not_apply_below_best_singles_accuracy() {
        let best_single = at(66.0, 100.0);
        assert_eq!(cost_save(at(65.9, 1.0), best_single), None);
        assert_eq!(cost_save(at(66.0, 25.0), best_single), Some(75.0));
        assert_eq!(cost_save(at(70.0, 120.0), best_single), Some(100.0 * (1.0 - 1.2)));
        assert_eq!(cost_save(at(70.0, 1.0), at(66.0, 0.0)), None);
        // What a point chosen elsewhere saves is known all the same.
        assert_eq!(saving(at(65.9, 1.0), best_single), Some(99.0));
        assert_eq!((saving(at(66.0, f64::NAN), best_single), saving(at(66.0, 1.0), at(66.0, f64::NAN))), (None, None));
        assert_eq!(perf_gain(at(33.0, 1.0), best_single), Some(-50.0));
        assert_eq!(perf_gain(at(33.0, 1.0), at(0.0, 1.0)), None);
        assert_eq!(cost_save_in_hindsight(&[at(90.0, 90.0), at(66.0, 50.0), at(10.0, 1.0)], best_single), Some(50.0));
    }
}
