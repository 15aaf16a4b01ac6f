//! A router's whole range of preferences as one curve: area, accuracy at a budget, cost to reach an accuracy.
//!
//! Between two operating points a router can toss a coin, which mixes accuracy and cost in proportion. The curve is
//! therefore the upper convex hull of the points; right of its most accurate point it is flat, left of its cheapest
//! point the router cannot work at all.

use crate::{OperatingPoint, pareto};

/// Shares of Best Single's cost at which accuracy is reported.
pub const BUDGETS: [f64; 5] = [0.10, 0.25, 0.50, 0.75, 1.00];

/// Shares of Best Single's accuracy for which [`Curve::qnc`] is reported.
pub const QNC_SHARES: [f64; 2] = [0.95, 1.00];

/// What mixing a router's operating points can reach, cheapest vertex first.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    vertices: Vec<OperatingPoint>,
}

impl Curve {
    /// The upper convex hull of the points. Points that are not finite are left out.
    pub fn new(points: &[OperatingPoint]) -> Self {
        let mut vertices: Vec<OperatingPoint> = Vec::new();
        for index in pareto::frontier(points) {
            let next = points[index];
            if vertices.last() == Some(&next) {
                continue;
            }
            // A vertex under the line from the one before it to the next one is reached better by mixing those two.
            while let [.., before, last] = vertices[..]
                && (last.avg_acc - before.avg_acc) * (next.cost_usd - before.cost_usd)
                    <= (next.avg_acc - before.avg_acc) * (last.cost_usd - before.cost_usd)
            {
                vertices.pop();
            }
            vertices.push(next);
        }
        Self { vertices }
    }

    /// The vertices, cheapest first; accuracy rises with cost.
    pub fn vertices(&self) -> &[OperatingPoint] {
        &self.vertices
    }

    /// AvgAcc in percent that an expected total of `cost_usd` buys. `None` below the cheapest point.
    pub fn accuracy_at(&self, cost_usd: f64) -> Option<f64> {
        let after = self.vertices.partition_point(|vertex| vertex.cost_usd <= cost_usd);
        let before = self.vertices.get(after.checked_sub(1)?)?;
        Some(
            self.vertices
                .get(after)
                .map_or(before.avg_acc, |next| before.avg_acc + slope(before, next) * (cost_usd - before.cost_usd)),
        )
    }

    /// Expected total in USD at which AvgAcc reaches `avg_acc` percent. `None` when no mixture does.
    pub fn cost_to_reach(&self, avg_acc: f64) -> Option<f64> {
        let after = self.vertices.partition_point(|vertex| vertex.avg_acc < avg_acc);
        let next = self.vertices.get(after)?;
        let before = after.checked_sub(1).and_then(|index| self.vertices.get(index));
        Some(before.map_or(next.cost_usd, |before| before.cost_usd + (avg_acc - before.avg_acc) / slope(before, next)))
    }

    /// AvgAcc in percent at each of [`BUDGETS`], as shares of Best Single's total cost. `None` where the router cannot work
    /// for so little.
    pub fn accuracy_at_budgets(&self, best_single: OperatingPoint) -> [Option<f64>; BUDGETS.len()] {
        BUDGETS.map(|share| self.accuracy_at(share * best_single.cost_usd))
    }

    /// The cost to keep quality, after the QNC of "Universal Model Routing for Efficient LLM Inference" (arXiv 2502.08773): the
    /// cost at which the router reaches `share` of Best Single's AvgAcc, as a share of Best Single's cost. 1 saves
    /// nothing. `share` is usually one of [`QNC_SHARES`]. `None` when no mixture reaches it or Best Single's cost is
    /// unknown or 0.
    pub fn qnc(&self, best_single: OperatingPoint, share: f64) -> Option<f64> {
        let priced = best_single.cost_usd.is_finite() && best_single.cost_usd > 0.0;
        self.cost_to_reach(share * best_single.avg_acc).filter(|_| priced).map(|usd| usd / best_single.cost_usd)
    }

    /// [`Self::area`] between the totals of the cheapest and the dearest single model, whichever order they come in. `None`
    /// where there is no area: fewer than two totals that are known, or the cheapest is free.
    pub fn area_over(&self, single_models: &[OperatingPoint]) -> Option<f64> {
        let totals = || single_models.iter().map(|point| point.cost_usd).filter(|cost_usd| cost_usd.is_finite());
        self.area(totals().reduce(f64::min)?, totals().reduce(f64::max)?)
    }

    /// Mean AvgAcc in percent over the logarithm of cost between `low_usd` and `high_usd`, usually the totals of the
    /// cheapest and the dearest single model. Budgets below the router's cheapest point count 0: with so little money
    /// it answers nothing. `None` unless `0 < low_usd < high_usd`.
    pub fn area(&self, low_usd: f64, high_usd: f64) -> Option<f64> {
        if !(low_usd > 0.0 && low_usd < high_usd && high_usd.is_finite()) {
            return None;
        }
        let mut sum = 0.0;
        for (index, vertex) in self.vertices.iter().enumerate() {
            let next = self.vertices.get(index + 1);
            let from = vertex.cost_usd.max(low_usd);
            let to = next.map_or(high_usd, |next| next.cost_usd.min(high_usd));
            if from >= to {
                continue;
            }
            // Accuracy is a + b * cost here, and the integral of (a + b c) over ln c is a ln c + b c.
            let b = next.map_or(0.0, |next| slope(vertex, next));
            let a = vertex.avg_acc - b * vertex.cost_usd;
            sum += a * (to / from).ln() + b * (to - from);
        }
        Some(sum / (high_usd / low_usd).ln())
    }
}

fn slope(a: &OperatingPoint, b: &OperatingPoint) -> f64 {
    (b.avg_acc - a.avg_acc) / (b.cost_usd - a.cost_usd)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(avg_acc: f64, cost_usd: f64) -> OperatingPoint {
        OperatingPoint { avg_acc, cost_usd }
    }

    fn curve() -> Curve {
        // The point at 3 dollars lies under the line from 1 to 5 dollars, the one at 9 under the flat end.
        Curve::new(&[at(80.0, 5.0), at(50.0, 3.0), at(40.0, 1.0), at(70.0, 9.0), at(90.0, 7.0)])
    }

    #[test]
    fn the_curve_is_the_upper_hull() {
        assert_eq!(curve().vertices(), [at(40.0, 1.0), at(80.0, 5.0), at(90.0, 7.0)]);
        // Three points on a line need only its ends.
        assert_eq!(Curve::new(&[at(1.0, 1.0), at(2.0, 2.0), at(3.0, 3.0)]).vertices(), [at(1.0, 1.0), at(3.0, 3.0)]);
    }

    #[test]
    fn budgets_and_targets_are_read_off_the_curve() {
        for (cost_usd, expected) in [
            (0.5, None),
            (1.0, Some(40.0)),
            (3.0, Some(60.0)),
            (6.0, Some(85.0)),
            (7.0, Some(90.0)),
            (99.0, Some(90.0)),
        ] {
            assert_eq!(curve().accuracy_at(cost_usd), expected, "{cost_usd} USD");
        }
        for (avg_acc, expected) in [(10.0, Some(1.0)), (60.0, Some(3.0)), (85.0, Some(6.0)), (90.1, None)] {
            assert_eq!(curve().cost_to_reach(avg_acc), expected, "{avg_acc} %");
        }
        assert_eq!((Curve::new(&[]).accuracy_at(1.0), Curve::new(&[]).cost_to_reach(0.0)), (None, None));
    }

    #[test]
    fn budgets_and_normalised_costs_refer_to_best_single() {
        let best_single = at(80.0, 10.0);
        // 1, 2.5, 5, 7.5 and 10 dollars.
        let expected = [40.0, 55.0, 80.0, 90.0, 90.0].map(Some);
        assert_eq!(curve().accuracy_at_budgets(best_single), expected);
        assert_eq!(curve().accuracy_at_budgets(at(80.0, 4.0))[..2], [None, Some(40.0)]);
        // 76 % at 4.6 dollars, 80 % at 5.
        for (share, expected) in QNC_SHARES.into_iter().zip([0.46, 0.5]) {
            assert!((curve().qnc(best_single, share).unwrap() - expected).abs() < 1e-12);
        }
        assert_eq!(curve().qnc(at(91.0, 10.0), 1.0), None);
        assert_eq!(curve().qnc(at(80.0, 0.0), 1.0), None);
        assert_eq!(curve().qnc(at(80.0, f64::NAN), 1.0), None);
        assert_eq!(curve().area_over(&[at(1.0, 8.0), at(1.0, 2.0), at(1.0, f64::NAN)]), curve().area(2.0, 8.0));
        assert_eq!((curve().area_over(&[]), curve().area_over(&[at(1.0, 2.0)])), (None, None));
    }

    #[test]
    fn the_area_equals_a_fine_sum() {
        let (low, high, steps) = (0.5_f64, 20.0_f64, 200_000);
        let mid = |i: u32| (low.ln() + (f64::from(i) + 0.5) / f64::from(steps) * (high / low).ln()).exp();
        let sum: f64 = (0..steps).map(|i| curve().accuracy_at(mid(i)).unwrap_or(0.0)).sum();
        let area = curve().area(low, high).unwrap();
        assert!((area - sum / f64::from(steps)).abs() < 1e-3, "{area} and {}", sum / f64::from(steps));
        // One point at the low end is a flat line.
        assert_eq!(Curve::new(&[at(70.0, 1.0)]).area(1.0, 8.0), Some(70.0));
        for (low, high) in [(0.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (1.0, f64::INFINITY)] {
            assert_eq!(curve().area(low, high), None);
        }
    }
}
