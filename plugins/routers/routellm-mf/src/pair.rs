//! Two models and a threshold between them.

use routerlab_learn::{Expense, best_model};
use routerlab_sdk::{Error, Measure, ModelIndex, Preference, StateReader, StateWriter, TrainingSet, Unavailable};

/// How many shares of traffic the thresholds stand for, beside all and none.
const QUANTILES: usize = 100;

/// The strong model, and the weak one that is asked where the strong is not worth its price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Roles {
    pub(crate) strong: ModelIndex,
    pub(crate) weak: ModelIndex,
}

impl Roles {
    /// What is not set is chosen. Strong: the highest mean score in training. Weak: of the models that cost at most half
    /// as much, the one whose random mixture with the strong model at half its price scores best (on validation, or on
    /// training without any); if there is none, the cheapest; where costs are not known, the second best.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] for a model that does not exist, has no score or takes both roles.
    pub(crate) fn choose(
        (strong, weak): (Option<ModelIndex>, Option<ModelIndex>),
        train: &TrainingSet<'_>,
        validation: &TrainingSet<'_>,
        expense: &Expense,
    ) -> Result<Self, Error> {
        let means = train.means(Measure::Score)?;
        for (key, model) in [("strong", strong), ("weak", weak)] {
            match model.map(|model| (model, means.get(model as usize))) {
                Some((model, None)) => {
                    return Err(Error::config(key, format!("names model {model} of a pool of {}", means.len())));
                }
                Some((model, Some(mean))) if mean.is_nan() => {
                    return Err(Error::config(key, format!("names model {model}, which has no score in training")));
                }
                _ => {}
            }
        }
        let strong = match strong {
            Some(strong) => strong,
            None => best_model(train)? as ModelIndex,
        };
        if weak == Some(strong) {
            return Err(Error::config("weak", format!("is the strong model as well: {strong}")));
        }
        let judged = if validation.rows() > 0 { validation.means(Measure::Score)? } else { means.clone() };
        let others: Vec<usize> =
            (0..means.len()).filter(|&model| model != strong as usize && !means[model].is_nan()).collect();
        let best = |models: &[usize], worth: &dyn Fn(usize) -> f64| {
            let better = |best: Option<usize>, &model: &usize| match best {
                Some(best) if worth(best) >= worth(model) => Some(best),
                _ => Some(model),
            };
            models.iter().fold(None, better)
        };
        let chosen = weak.map(|weak| weak as usize).or_else(|| {
            let Some(costs) = expense.costs_usd() else { return best(&others, &|model| means[model]) };
            let dear = f64::from(costs[strong as usize]);
            let cheap = |model: usize| f64::from(costs[model]);
            let half: Vec<usize> = others.iter().copied().filter(|&model| cheap(model) <= dear / 2.0).collect();
            let mixture = |model: usize| {
                let share = if dear > cheap(model) { (dear / 2.0 - cheap(model)) / (dear - cheap(model)) } else { 0.0 };
                let score = |model: usize| if judged[model].is_nan() { means[model] } else { judged[model] };
                score(model) + share * (score(strong as usize) - score(model))
            };
            best(&half, &mixture).or_else(|| best(&others, &|model| -cheap(model)))
        });
        // A pool with one scored model leaves nothing to choose.
        Ok(Self { strong, weak: chosen.map_or(strong, |weak| weak as ModelIndex) })
    }
}

/// What a threshold does on the queries that it was judged on.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Cut {
    /// The strong model is asked from this lead on.
    lead: f32,
    /// Mean score.
    score: f32,
    /// Share of queries that the strong model gets.
    share: f32,
}

/// Thresholds at quantiles of the lead, from all strong to all weak.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Thresholds {
    pub(crate) roles: Roles,
    cuts: Vec<Cut>,
    /// All models, best first: who is asked when neither of the two is available.
    order: Vec<ModelIndex>,
}

impl Thresholds {
    /// Judges every threshold on queries whose lead (strength of the strong model less that of the weak) is given.
    ///
    /// # Errors
    /// None that a caller could cause.
    pub(crate) fn judge(roles: Roles, leads: &[f32], set: &TrainingSet<'_>, means: &[f64]) -> Result<Self, Error> {
        let mut sorted = leads.to_vec();
        sorted.sort_by(f32::total_cmp);
        let inner = (1..QUANTILES).filter_map(|part| sorted.get(part * sorted.len() / QUANTILES).copied());
        let mut candidates: Vec<f32> = [f32::MIN].into_iter().chain(inner).chain([f32::MAX]).collect();
        candidates.dedup();
        let mut cuts = Vec::with_capacity(candidates.len());
        for lead in candidates {
            let choices: Vec<ModelIndex> = leads.iter().map(|&of| choose(roles, of >= lead)).collect();
            let strong = leads.iter().filter(|&&of| of >= lead).count();
            let score = set.score_of(&choices)?;
            // Without any query all thresholds are alike.
            let score = if score.is_nan() { 0.0 } else { score as f32 };
            cuts.push(Cut { lead, score, share: strong as f32 / leads.len().max(1) as f32 });
        }
        let mut order: Vec<ModelIndex> = (0..means.len() as ModelIndex).collect();
        let mean = |model: ModelIndex| if means[model as usize].is_nan() { -1.0 } else { means[model as usize] };
        order.sort_by(|&a, &b| mean(b).total_cmp(&mean(a)));
        Ok(Self { roles, cuts, order })
    }

    /// The lead from which on the strong model is worth its price: the threshold with the largest mean score less mean
    /// cost; of equals the highest, which asks it least.
    pub(crate) fn threshold(&self, expense: &Expense, preference: &Preference) -> f32 {
        let price = |model: ModelIndex| expense.price(model as usize, preference);
        let (strong, weak) = (price(self.roles.strong), price(self.roles.weak));
        let worth = |cut: &Cut| cut.score - cut.share * strong - (1.0 - cut.share) * weak;
        let better = |best: (f32, f32), cut: &Cut| if worth(cut) >= best.0 { (worth(cut), cut.lead) } else { best };
        self.cuts.iter().fold((f32::NEG_INFINITY, f32::MIN), better).1
    }

    /// The model for a query whose lead is known.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when no model is available.
    pub(crate) fn choice(&self, lead: f32, threshold: f32, unavailable: &Unavailable) -> Result<ModelIndex, Error> {
        let strong = lead >= threshold;
        let wanted = [choose(self.roles, strong), choose(self.roles, !strong)];
        let available = wanted.iter().chain(&self.order).find(|&&model| !unavailable.contains(model));
        available.copied().ok_or_else(|| Error::unsupported("no model is available"))
    }

    pub(crate) fn write(&self, writer: StateWriter) -> StateWriter {
        let of = |get: fn(&Cut) -> f32| self.cuts.iter().map(get).collect::<Vec<f32>>();
        let writer = writer.u32(self.roles.strong).u32(self.roles.weak).u32s(&self.order);
        writer.f32s(&of(|cut| cut.lead)).f32s(&of(|cut| cut.score)).f32s(&of(|cut| cut.share))
    }

    pub(crate) fn read(reader: &mut StateReader<'_>, models: usize) -> Result<Self, Error> {
        let roles = Roles { strong: reader.u32()?, weak: reader.u32()? };
        let order = reader.u32s()?;
        let (leads, scores, shares) = (reader.f32s()?, reader.f32s()?, reader.f32s()?);
        let known = order.iter().chain([&roles.strong, &roles.weak]).all(|&model| (model as usize) < models);
        if !known || order.len() != models || scores.len() != leads.len() || shares.len() != leads.len() {
            return Err(Error::malformed("the thresholds do not fit the pool"));
        }
        let cuts = leads.into_iter().zip(scores).zip(shares);
        let cuts = cuts.map(|((lead, score), share)| Cut { lead, score, share }).collect();
        Ok(Self { roles, cuts, order })
    }
}

fn choose(roles: Roles, strong: bool) -> ModelIndex {
    if strong { roles.strong } else { roles.weak }
}

#[cfg(test)]
mod tests {
    use routerlab_learn::Expense;
    use routerlab_sdk::{Error, InMemory, Preference, Unavailable};

    use super::{Roles, Thresholds};

    /// Mean scores and costs of four models.
    fn pool(scores: [f32; 4], costs: [f32; 4]) -> InMemory {
        InMemory::new(4).scores(scores.to_vec()).costs_usd(costs.to_vec())
    }

    fn roles(set: InMemory, named: (Option<u32>, Option<u32>)) -> Result<(u32, u32), Error> {
        let (train, nothing) = (set.build()?, InMemory::new(4).build()?);
        let roles = Roles::choose(named, &train, &nothing, &Expense::of(&train)?)?;
        Ok((roles.strong, roles.weak))
    }

    #[test]
    fn the_weak_model_makes_the_best_mixture_at_half_the_price() {
        const NONE: f32 = f32::NAN;
        let cases = [
            // Mixtures at 5: 0.5 + 4/9 x 0.4, 0.8, and nothing at 9, which is more than half.
            ([0.5, 0.8, 0.85, 0.9], [1.0, 5.0, 9.0, 10.0], (3, 1)),
            // Nearly as good for nearly nothing.
            ([0.78, 0.8, 0.85, 0.9], [1.0, 5.0, 9.0, 10.0], (3, 0)),
            // None at half the price: the cheapest.
            ([0.1, 0.8, 0.85, 0.9], [8.0, 7.0, 9.0, 10.0], (3, 1)),
            // Costs are not known: the second best.
            ([0.1, 0.8, 0.85, 0.9], [NONE, 7.0, 9.0, 10.0], (3, 2)),
            ([NONE, NONE, NONE, 0.9], [1.0, 1.0, 1.0, 1.0], (3, 3)),
        ];
        for (scores, costs, expected) in cases {
            assert_eq!(roles(pool(scores, costs), (None, None)), Ok(expected), "{scores:?} {costs:?}");
        }
    }

    #[test]
    fn roles_that_are_given_are_kept_and_impossible_ones_refused() {
        let set = || pool([0.5, 0.8, f32::NAN, 0.9], [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(roles(set(), (Some(1), Some(3))), Ok((1, 3)));
        assert_eq!(roles(set(), (None, Some(4))), Err(Error::config("weak", "names model 4 of a pool of 4")));
        let unscored = "names model 2, which has no score in training";
        assert_eq!(roles(set(), (Some(2), None)), Err(Error::config("strong", unscored)));
        assert_eq!(roles(set(), (None, Some(3))), Err(Error::config("weak", "is the strong model as well: 3")));
    }

    #[test]
    fn the_threshold_rises_with_the_price_of_the_strong_model() {
        // The strong model (1) is right always, the weak one where its opponent's lead is small; 0.01 USD lie between.
        let scores: Vec<f32> = (0..10).flat_map(|row| [1.0 - row as f32 / 10.0, 1.0]).collect();
        let set = InMemory::new(2).scores(scores).costs_usd([0.0, 0.01].repeat(10)).build().unwrap();
        let leads: Vec<f32> = (0..10).map(|row| row as f32).collect();
        let expense = Expense::of(&set).unwrap();
        let thresholds = Thresholds::judge(Roles { strong: 1, weak: 0 }, &leads, &set, &[0.55, 1.0]).unwrap();
        // It gains row / 10 and costs 0.01 x the weight; with nothing to gain the weak one is asked.
        for (cost_weight, expected) in [(0.0, 1), (25.0, 3), (65.0, 7), (1000.0, 10)] {
            let threshold = thresholds.threshold(&expense, &Preference { cost_weight, latency_weight: 0.0 });
            let asked = leads.iter().filter(|&&lead| lead >= threshold).count();
            assert_eq!(10 - asked, expected, "{cost_weight}");
        }
        let choice = |unavailable: &[u32]| {
            let unavailable: Unavailable = unavailable.iter().copied().collect();
            thresholds.choice(5.0, 4.0, &unavailable)
        };
        assert_eq!((choice(&[]), choice(&[1])), (Ok(1), Ok(0)));
        assert_eq!(choice(&[0, 1]), Err(Error::unsupported("no model is available")));
    }
}
