//! Cascades: which models are asked, in which order, and how sure an answer must look to be taken.

use std::collections::BTreeSet;

use routerlab_sdk::{Error, ModelIndex, StateReader, StateWriter, Unavailable};

/// Budgets for which the best cascade is looked for, from what the cheapest model costs to what the dearest does.
const BUDGETS: usize = 24;

/// Cascades of each budget that are compared again with validation.
const SHORTLIST: usize = 5;

/// Models that cascades are made of, at most.
const MOST_MODELS: usize = 8;

/// Models in their order, and for each but the last the probability from which its answer is taken.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cascade {
    pub(crate) order: Vec<ModelIndex>,
    pub(crate) thresholds: Vec<f64>,
}

/// What a cascade is expected to be worth on one query.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Worth {
    pub(crate) score: f64,
    pub(crate) cost_usd: f64,
    pub(crate) latency_s: f64,
}

/// A cascade to choose from, with its worth.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Point {
    pub(crate) cascade: Cascade,
    pub(crate) worth: Worth,
}

/// What asking each model would come to in some rows; all tables are rows x models and have no gaps.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outlook {
    pub(crate) models: usize,
    /// How likely the answer looks right; 0 where it can be seen that there is none.
    pub(crate) probability: Vec<f64>,
    /// 0 where there is no record.
    pub(crate) score: Vec<f64>,
    pub(crate) cost_usd: Vec<f64>,
    pub(crate) latency_s: Vec<f64>,
    /// What each row's score counts; they add up to 1.
    pub(crate) weight: Vec<f64>,
}

impl Outlook {
    fn rows(&self) -> usize {
        self.weight.len()
    }

    /// Mean score (by weight), cost and latency of a cascade. Every model that is asked is paid and waited for.
    pub(crate) fn worth(&self, cascade: &Cascade) -> Worth {
        let mut sum = Worth::default();
        for (row, weight) in self.weight.iter().enumerate() {
            let first = row * self.models;
            for (stage, model) in cascade.order.iter().enumerate() {
                let at = first + *model as usize;
                sum.cost_usd += self.cost_usd[at];
                sum.latency_s += self.latency_s[at];
                if cascade.thresholds.get(stage).is_none_or(|threshold| self.probability[at] >= *threshold) {
                    sum.score += weight * self.score[at];
                    break;
                }
            }
        }
        let rows = self.rows().max(1) as f64;
        Worth { score: sum.score, cost_usd: sum.cost_usd / rows, latency_s: sum.latency_s / rows }
    }

    /// Probabilities of a model's answers at evenly spaced ranks, each once.
    fn thresholds(&self, model: ModelIndex, count: usize) -> Vec<f64> {
        let mut sorted: Vec<f64> = self.probability.iter().skip(model as usize).step_by(self.models).copied().collect();
        sorted.sort_by(f64::total_cmp);
        // The least of all would take every answer, which is another cascade without the models behind.
        let at = |i: usize| sorted.get(i * sorted.len() / (count + 1)).copied();
        let mut chosen: Vec<f64> =
            (1..=count).filter_map(at).filter(|value| sorted.first().is_some_and(|least| value > least)).collect();
        chosen.dedup();
        chosen
    }

    /// Every model alone, and every pair and triple of models that no other beats in both score and cost, from cheap to
    /// dear, with thresholds from a grid.
    fn candidates(&self, allowed: &[ModelIndex], grid: usize) -> Vec<Point> {
        let point = |order: Vec<ModelIndex>, thresholds: Vec<f64>| {
            let cascade = Cascade { order, thresholds };
            Point { worth: self.worth(&cascade), cascade }
        };
        let alone: Vec<Point> = allowed.iter().map(|model| point(vec![*model], Vec::new())).collect();
        let ladder = ladder(&alone);
        let thresholds: Vec<Vec<f64>> = ladder.iter().map(|model| self.thresholds(*model, grid)).collect();
        let mut points = alone;
        for (a, first) in ladder.iter().enumerate() {
            for (b, second) in ladder.iter().enumerate().skip(a + 1) {
                for at_first in &thresholds[a] {
                    points.push(point(vec![*first, *second], vec![*at_first]));
                    for third in &ladder[b + 1..] {
                        for at_second in &thresholds[b] {
                            points.push(point(vec![*first, *second, *third], vec![*at_first, *at_second]));
                        }
                    }
                }
            }
        }
        points
    }
}

/// The models that no other beats, from cheap to dear.
fn ladder(alone: &[Point]) -> Vec<ModelIndex> {
    let kept = undominated(alone.to_vec());
    let spaced = |at: usize| kept[at * (kept.len() - 1) / (MOST_MODELS - 1)].cascade.order[0];
    match kept.len() {
        0..=MOST_MODELS => kept.iter().map(|point| point.cascade.order[0]).collect(),
        _ => (0..MOST_MODELS).map(spaced).collect(),
    }
}

/// Cheapest first, each better than all before it.
fn undominated(mut points: Vec<Point>) -> Vec<Point> {
    // A stable sort: of equals the one that came first, which is the shorter cascade.
    points.sort_by(|a, b| a.worth.cost_usd.total_cmp(&b.worth.cost_usd).then(b.worth.score.total_cmp(&a.worth.score)));
    let mut best = f64::NEG_INFINITY;
    points.retain(|point| {
        let better = point.worth.score > best;
        best = best.max(point.worth.score);
        better
    });
    points
}

/// Finds a cascade for each of many budgets: thresholds on `train`, whose probabilities come from scorers that have not
/// seen the row; the best few are compared again on `both`, the same rows and those of validation.
pub(crate) fn search(train: &Outlook, both: &Outlook, allowed: &[ModelIndex], grid: usize) -> Vec<Point> {
    let candidates = train.candidates(allowed, grid);
    let costs = || candidates.iter().take(allowed.len()).map(|point| point.worth.cost_usd);
    let (cheapest, dearest) = (costs().fold(f64::INFINITY, f64::min), costs().fold(0.0, f64::max));
    let mut shortlist = BTreeSet::new();
    for budget in budgets(cheapest, dearest) {
        let mut affordable: Vec<usize> =
            (0..candidates.len()).filter(|at| candidates[*at].worth.cost_usd <= budget).collect();
        affordable.sort_by(|a, b| candidates[*b].worth.score.total_cmp(&candidates[*a].worth.score));
        shortlist.extend(affordable.into_iter().take(SHORTLIST));
    }
    // Every model alone stays: with unlucky thresholds nothing else may be worth its cost.
    shortlist.extend(0..allowed.len());
    let again = |at: usize| {
        let cascade = candidates[at].cascade.clone();
        Point { worth: both.worth(&cascade), cascade }
    };
    undominated(shortlist.into_iter().map(again).collect())
}

/// Evenly spaced on a logarithmic scale, and at last any cost.
fn budgets(cheapest: f64, dearest: f64) -> impl Iterator<Item = f64> {
    let low = cheapest.max(dearest * 1e-3).max(f64::MIN_POSITIVE).ln();
    let high = dearest.max(f64::MIN_POSITIVE).ln();
    let step = move |i: usize| (low + (high - low) * i as f64 / (BUDGETS - 1) as f64).exp();
    // The ends come back from their logarithm a little off.
    std::iter::once(cheapest).chain((1..BUDGETS - 1).map(step)).chain([dearest, f64::INFINITY])
}

impl Cascade {
    /// The models that are asked when some are not to be had.
    pub(crate) fn available<'a>(
        &'a self,
        unavailable: &'a Unavailable,
    ) -> impl Iterator<Item = (ModelIndex, Option<f64>)> + 'a {
        let thresholds = self.thresholds.iter().copied().map(Some).chain([None]);
        self.order.iter().copied().zip(thresholds).filter(|(model, _)| !unavailable.contains(*model))
    }
}

impl Point {
    pub(crate) fn write(&self, writer: StateWriter) -> StateWriter {
        let Worth { score, cost_usd, latency_s } = self.worth;
        let writer = writer.u32s(&self.cascade.order).f64(score).f64(cost_usd).f64(latency_s);
        self.cascade.thresholds.iter().fold(writer, |writer, threshold| writer.f64(*threshold))
    }

    /// Reads a cascade of a pool of so many models.
    pub(crate) fn read(reader: &mut StateReader<'_>, models: usize) -> Result<Self, Error> {
        let order = reader.u32s()?;
        if order.is_empty() || order.iter().any(|model| *model as usize >= models) {
            return Err(Error::malformed("the parts of the state do not fit together"));
        }
        let worth = Worth { score: reader.f64()?, cost_usd: reader.f64()?, latency_s: reader.f64()? };
        let thresholds = (1..order.len()).map(|_| reader.f64()).collect::<Result<_, _>>()?;
        Ok(Self { cascade: Cascade { order, thresholds }, worth })
    }
}
