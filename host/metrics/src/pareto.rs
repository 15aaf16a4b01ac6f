//! The frontier of accuracy and cost, distances to it, and the area it dominates.

use crate::OperatingPoint;

/// How costs are laid out before distances are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CostAxis {
    /// Dollars as they are. The published ParetoDist figures follow from this one.
    Linear,
    /// Logarithm of the dollars, so that halving the cost of a cheap model counts as much as that of a dear one.
    Log,
}

/// Positions of the points that no other point beats: none is at least as accurate and at most as dear with one of the
/// two strict. Cheapest first, then by position. Points that are not finite are left out.
pub fn frontier(points: &[OperatingPoint]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..points.len()).filter(|index| is_finite(&points[*index])).collect();
    order.sort_by(|a, b| {
        let (a, b) = (&points[*a], &points[*b]);
        a.cost_usd.total_cmp(&b.cost_usd).then(b.avg_acc.total_cmp(&a.avg_acc))
    });
    let mut kept: Vec<usize> = Vec::new();
    for index in order {
        // Costs rise from here on, so only the last point kept can beat this one. Equal points do not beat each other.
        let stays = kept
            .last()
            .is_none_or(|last| points[index].avg_acc > points[*last].avg_acc || points[index] == points[*last]);
        if stays {
            kept.push(index);
        }
    }
    kept
}

/// ParetoDist of LLMRouterBench (arXiv 2601.07206): the mean over a router's own points of the L1 distance to the
/// nearest *vertex* of the frontier, after AvgAcc and cost are each scaled to 0..1 by their least and greatest value
/// over `everything` (the points of all routers, of the frontier, and all single models). 0 when every own point is on
/// the frontier.
///
/// It says nothing about coverage: one lucky point on the frontier scores 0. An axis on which all points agree adds 0.
/// `None` when there is no own point, no vertex, a point that is not finite, or a cost of 0 on a logarithmic axis.
pub fn pareto_dist(
    own: &[OperatingPoint],
    frontier: &[OperatingPoint],
    everything: &[OperatingPoint],
    axis: CostAxis,
) -> Option<f64> {
    let cost = |point: &OperatingPoint| match axis {
        CostAxis::Linear => point.cost_usd,
        CostAxis::Log => point.cost_usd.ln(),
    };
    let all = || own.iter().chain(frontier).chain(everything);
    if own.is_empty() || frontier.is_empty() || all().any(|point| !is_finite(point) || !cost(point).is_finite()) {
        return None;
    }
    let accuracy = Scale::over(all().map(|point| point.avg_acc));
    let dollars = Scale::over(all().map(cost));
    let distance = |a: &OperatingPoint, b: &OperatingPoint| {
        accuracy.distance(a.avg_acc, b.avg_acc) + dollars.distance(cost(a), cost(b))
    };
    let nearest = |point| frontier.iter().map(|vertex| distance(point, vertex)).fold(f64::INFINITY, f64::min);
    Some(own.iter().map(nearest).sum::<f64>() / own.len() as f64)
}

/// The area that the points dominate, in dollars times points of percent, against a fixed `reference` that is worse
/// than all of them (dearer and less accurate); points that are not better than it on both axes add nothing. Unlike
/// ParetoDist it rewards coverage and does not depend on who else is compared.
pub fn hypervolume(points: &[OperatingPoint], reference: OperatingPoint) -> f64 {
    let inside: Vec<OperatingPoint> = points
        .iter()
        .copied()
        .filter(|point| point.cost_usd < reference.cost_usd && point.avg_acc > reference.avg_acc)
        .collect();
    let vertices: Vec<OperatingPoint> = frontier(&inside).into_iter().map(|index| inside[index]).collect();
    let ends = vertices.iter().skip(1).map(|next| next.cost_usd).chain([reference.cost_usd]);
    vertices.iter().zip(ends).map(|(vertex, end)| (end - vertex.cost_usd) * (vertex.avg_acc - reference.avg_acc)).sum()
}

fn is_finite(point: &OperatingPoint) -> bool {
    point.avg_acc.is_finite() && point.cost_usd.is_finite()
}

/// Least and greatest value of an axis.
struct Scale {
    width: f64,
}

impl Scale {
    fn over(values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        Self { width: high - low }
    }

    fn distance(&self, a: f64, b: f64) -> f64 {
        if self.width > 0.0 { (a - b).abs() / self.width } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(avg_acc: f64, cost_usd: f64) -> OperatingPoint {
        OperatingPoint { avg_acc, cost_usd }
    }

    #[test]
    fn the_frontier_keeps_what_nothing_beats() {
        let points = [at(50.0, 5.0), at(40.0, 1.0), at(50.0, 4.0), at(60.0, 9.0), at(39.0, 2.0), at(60.0, 9.0)];
        assert_eq!(frontier(&points), [1, 2, 3, 5]);
        assert_eq!(frontier(&[at(f64::NAN, 1.0), at(1.0, f64::INFINITY)]), Vec::<usize>::new());
        // Equally dear, less accurate: beaten.
        assert_eq!(frontier(&[at(40.0, 1.0), at(41.0, 1.0)]), [1]);
    }

    #[test]
    fn distances_equal_those_worked_by_hand() {
        let frontier = [at(40.0, 1.0), at(60.0, 100.0)];
        let everything = [at(20.0, 50.0)];
        let own = [at(40.0, 1.0), at(50.0, 100.0)];
        // Accuracy spans 40 points and cost 99 dollars: 0 and 10 / 40.
        assert_eq!(pareto_dist(&own, &frontier, &everything, CostAxis::Linear), Some(0.125));
        let one = [at(40.0, 10.0)];
        let log = pareto_dist(&one, &frontier, &everything, CostAxis::Log).unwrap();
        assert!((log - 0.5).abs() < 1e-12);
        assert_eq!(pareto_dist(&[at(1.0, 0.0)], &frontier, &[], CostAxis::Log), None);
        assert_eq!(pareto_dist(&[], &frontier, &[], CostAxis::Linear), None);
        // One point alone has no scale and no distance.
        assert_eq!(pareto_dist(&one, &one, &one, CostAxis::Linear), Some(0.0));
    }

    #[test]
    fn hypervolume_equals_the_area_of_the_steps() {
        let points = [at(40.0, 2.0), at(60.0, 6.0), at(30.0, 3.0), at(90.0, 11.0)];
        // From 2 to 6 dollars 30 points above the reference, from 6 to 10 dollars 50.
        assert_eq!(hypervolume(&points, at(10.0, 10.0)), 4.0 * 30.0 + 4.0 * 50.0);
        assert_eq!(hypervolume(&[], at(0.0, 10.0)), 0.0);
        assert_eq!(hypervolume(&points[..1], at(50.0, 10.0)), 0.0);
    }
}
