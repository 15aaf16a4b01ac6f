//! The best that any router over a pool could do at every budget: a frontier that does not depend on who is compared.

use crate::curve::Curve;
use crate::{Accuracy, Missing, Observed, OperatingPoint, controls, cost, pareto};

/// The curve of the Oracle over all budgets, and the fixed scale on which distances to it are measured.
#[derive(Debug, Clone, PartialEq)]
pub struct OracleFrontier {
    curve: Curve,
    unpriced: usize,
    box_width: OperatingPoint,
}

impl OracleFrontier {
    /// The frontier over these rows.
    ///
    /// Each row starts with its cheapest model; dollars then go where they buy most AvgAcc, along the convex hull of each
    /// row's models, so between vertices the curve tosses a coin like [`Curve`] does. This is the exact upper bound of
    /// what decisions by row can reach on average. Records without a known cost cannot be priced and are left out, see
    /// [`Self::unpriced`]. `None` when there is no row or a row has no priced record.
    pub fn new(observed: &Observed<'_>) -> Option<Self> {
        let mut rows_of = vec![0usize; observed.datasets()];
        observed.dataset().iter().for_each(|dataset| rows_of[*dataset as usize] += 1);
        let datasets = rows_of.iter().filter(|rows| **rows > 0).count() as f64;
        let mut start = OperatingPoint { avg_acc: 0.0, cost_usd: 0.0 };
        let mut steps: Vec<OperatingPoint> = Vec::new();
        let mut unpriced = 0;
        for (row, dataset) in observed.dataset().iter().enumerate() {
            let weight = 100.0 / (datasets * rows_of[*dataset as usize] as f64);
            let cells = observed.scores(row).iter().zip(observed.costs_usd(row));
            let cells = cells.map(|(score, cost_usd)| OperatingPoint { avg_acc: weight * score, cost_usd: *cost_usd });
            let cells: Vec<OperatingPoint> = cells.collect();
            unpriced += cells.iter().filter(|cell| !cell.avg_acc.is_nan() && cell.cost_usd.is_nan()).count();
            let hull = Curve::new(&cells);
            let first = hull.vertices().first()?;
            start.avg_acc += first.avg_acc;
            start.cost_usd += first.cost_usd;
            steps.extend(hull.vertices().windows(2).map(|pair| OperatingPoint {
                avg_acc: pair[1].avg_acc - pair[0].avg_acc,
                cost_usd: pair[1].cost_usd - pair[0].cost_usd,
            }));
        }
        // Steepest first; within a row slopes fall, so its steps come in their order. Ties by size, so that the order of
        // rows does not matter.
        let slope = |step: &OperatingPoint| step.avg_acc / step.cost_usd;
        steps.sort_unstable_by(|a, b| slope(b).total_cmp(&slope(a)).then(a.cost_usd.total_cmp(&b.cost_usd)));
        let mut points = vec![start];
        for step in &steps {
            let last = points[points.len() - 1];
            points
                .push(OperatingPoint { avg_acc: last.avg_acc + step.avg_acc, cost_usd: last.cost_usd + step.cost_usd });
        }
        let best = points[points.len() - 1];
        // The box of the single models and the frontier itself: it holds every sensible router and knows none.
        let (mut least, mut dearest) = (start.avg_acc, best.cost_usd);
        for model in 0..observed.models() as u32 {
            let judged = observed.judge(&controls::always(observed, model), Missing::Fallback(model)).ok()?;
            let accuracy = Accuracy::new(&judged.answers.score, observed.dataset(), observed.datasets());
            least = least.min(accuracy.avg_acc());
            dearest = dearest.max(cost::total_usd(&judged.answers).unwrap_or(0.0));
        }
        // What is left by rounding is no width.
        let width = |low: f64, high: f64| if high - low > 1e-9 * high { high - low } else { 0.0 };
        let box_width =
            OperatingPoint { avg_acc: width(least, best.avg_acc), cost_usd: width(start.cost_usd, dearest) };
        (!observed.dataset().is_empty()).then(|| Self { curve: Curve::new(&points), unpriced, box_width })
    }

    /// AvgAcc against total cost in USD, with budgets and targets to read off.
    pub fn curve(&self) -> &Curve {
        &self.curve
    }

    /// Records that were left out because their cost is not known; with any, the frontier may be too low.
    pub fn unpriced(&self) -> usize {
        self.unpriced
    }

    /// Mean L1 distance of a router's points to the frontier's line, flat beyond its dear end, on axes scaled by the box
    /// that holds the frontier and all single models; no unit, 0 is best. Unlike ParetoDist it does not change with the
    /// other routers, and a router that is its own frontier is not at 0. `None` without points or when one is not finite.
    pub fn distance(&self, own: &[OperatingPoint]) -> Option<f64> {
        let finite = own.iter().all(|point| point.avg_acc.is_finite() && point.cost_usd.is_finite());
        (finite && !own.is_empty())
            .then(|| own.iter().map(|point| self.distance_of(point)).sum::<f64>() / own.len() as f64)
    }

    fn distance_of(&self, point: &OperatingPoint) -> f64 {
        let scaled = |distance: f64, width: f64| if width > 0.0 { distance.abs() / width } else { 0.0 };
        let up = |avg_acc: f64| scaled(avg_acc - point.avg_acc, self.box_width.avg_acc);
        let along = |cost_usd: f64| scaled(cost_usd - point.cost_usd, self.box_width.cost_usd);
        // On a straight line the L1 distance is least straight up, straight along, or at an end.
        let above = self.curve.accuracy_at(point.cost_usd).map(up);
        // Below its cheap end the line has no point beside.
        let reached = self.curve.vertices().first().is_some_and(|first| first.avg_acc <= point.avg_acc);
        let beside = self.curve.cost_to_reach(point.avg_acc).filter(|_| reached).map(along);
        let vertices = self.curve.vertices().iter().map(|vertex| up(vertex.avg_acc) + along(vertex.cost_usd));
        above.into_iter().chain(beside).chain(vertices).fold(f64::INFINITY, f64::min)
    }
}

/// The point against which [`pareto::hypervolume`] is measured for a pool: no accuracy at the total cost of the dearest
/// single model, which every sensible point beats. It depends on the pool and not on who is compared. `None` when no
/// single model's cost is known.
pub fn reference_point(single_models: &[OperatingPoint]) -> Option<OperatingPoint> {
    let dearest =
        single_models.iter().map(|point| point.cost_usd).filter(|cost_usd| cost_usd.is_finite()).reduce(f64::max);
    dearest.map(|cost_usd| OperatingPoint { avg_acc: 0.0, cost_usd })
}

/// [`pareto::hypervolume`] against [`reference_point`] as a share of the whole rectangle from nothing to it, 0 to 1: the
/// mean over budgets of the accuracy that is reached without mixing. `None` without a reference point or when it is free.
pub fn relative_hypervolume(points: &[OperatingPoint], single_models: &[OperatingPoint]) -> Option<f64> {
    let reference = reference_point(single_models).filter(|reference| reference.cost_usd > 0.0)?;
    Some(pareto::hypervolume(points, reference) / (100.0 * reference.cost_usd))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAN: f64 = f64::NAN;

    fn at(avg_acc: f64, cost_usd: f64) -> OperatingPoint {
        OperatingPoint { avg_acc, cost_usd }
    }

    /// Two datasets of one row each, so a right answer is worth 50 points. Row 0: half right for 1, right for 5. Row 1:
    /// wrong for 1, right for 2.
    fn frontier() -> OracleFrontier {
        let observed = Observed::new(vec![0, 1], 2, 2, vec![0.5, 1.0, 0.0, 1.0], vec![1.0, 5.0, 1.0, 2.0]).unwrap();
        OracleFrontier::new(&observed).unwrap()
    }

    #[test]
    fn dollars_go_where_they_buy_most() {
        // 25 points for 2 dollars; then 50 for one; then 25 for four.
        assert_eq!(frontier().curve().vertices(), [at(25.0, 2.0), at(75.0, 3.0), at(100.0, 7.0)]);
        assert_eq!(frontier().unpriced(), 0);
    }

    #[test]
    fn distances_are_on_the_scale_of_the_pool() {
        // Accuracy from 25 (the first model) to 100, cost from 2 to 7.
        let frontier = frontier();
        for (point, expected) in [
            (at(75.0, 3.0), 0.0),
            (at(50.0, 2.5), 0.0),
            // Straight up: 87.5 - 75 of 75. Along: 2 of 5.
            (at(75.0, 5.0), 12.5 / 75.0),
            // Beyond the dear end the frontier is flat.
            (at(90.0, 9.0), 10.0 / 75.0),
            // Below the first vertex: 25 of 75 up.
            (at(0.0, 2.0), 25.0 / 75.0),
        ] {
            assert!((frontier.distance(&[point]).unwrap() - expected).abs() < 1e-12, "{point:?}");
        }
        assert!((frontier.distance(&[at(75.0, 3.0), at(75.0, 5.0)]).unwrap() - 12.5 / 150.0).abs() < 1e-12);
        assert_eq!((frontier.distance(&[]), frontier.distance(&[at(1.0, NAN)])), (None, None));
    }

    #[test]
    fn records_without_a_price_are_counted_and_left_out() {
        let observed = Observed::new(vec![0], 1, 3, vec![0.5, 1.0, NAN], vec![1.0, NAN, 1.0]).unwrap();
        let frontier = OracleFrontier::new(&observed).unwrap();
        assert_eq!((frontier.unpriced(), frontier.curve().vertices()), (1, &[at(50.0, 1.0)][..]));
        let none = Observed::new(vec![0], 1, 1, vec![1.0], vec![NAN]).unwrap();
        assert_eq!(OracleFrontier::new(&none), None);
        assert_eq!(OracleFrontier::new(&Observed::new(vec![], 1, 1, vec![], vec![]).unwrap()), None);
    }

    #[test]
    fn the_hypervolume_has_a_reference_of_the_pool() {
        let single_models = [at(40.0, 2.0), at(60.0, 10.0), at(50.0, NAN)];
        assert_eq!(reference_point(&single_models), Some(at(0.0, 10.0)));
        // From 2 to 6 dollars 40 %, from 6 to 10 dollars 80 %.
        let found = relative_hypervolume(&[at(40.0, 2.0), at(80.0, 6.0)], &single_models).unwrap();
        assert!((found - 0.48).abs() < 1e-12);
        assert_eq!((reference_point(&single_models[2..]), relative_hypervolume(&[], &[at(1.0, 0.0)])), (None, None));
    }
}
