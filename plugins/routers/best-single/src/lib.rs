//! Always chooses the model that was best in training.

use routerlab_sdk::{
    Decisions, Error, Measure, NoConfig, Preference, QuerySet, Router, State, StateWriter, TrainingSet, Unavailable,
    Utilities, export_router,
};

/// What the state begins with.
const TAG: &str = "best-single/1";

/// Every model's mean score; the largest available one is chosen for every query.
pub struct BestSingle {
    means: Vec<f32>,
}

impl Router for BestSingle {
    const NAME: &'static str = "best-single";
    type Config = NoConfig;

    fn train(train: &TrainingSet<'_>, _: &TrainingSet<'_>, _: NoConfig, _seed: u64) -> Result<State, Error> {
        let means = train.macro_means(Measure::Score)?;
        if means.iter().all(|mean| mean.is_nan()) {
            return Err(Error::unsupported("no model has a score in training"));
        }
        // A model that was never scored is worse than any that was: better to stay with what is known.
        let means: Vec<f32> = means.into_iter().map(|mean| if mean.is_nan() { -1.0 } else { mean as f32 }).collect();
        Ok(StateWriter::new(TAG).f32s(&means).finish(vec![]))
    }

    fn load(state: State) -> Result<Self, Error> {
        let mut reader = state.reader(TAG)?;
        let means = reader.f32s()?;
        reader.end()?;
        Ok(Self { means })
    }

    fn route(
        &self,
        queries: &QuerySet<'_>,
        _: &[Preference],
        unavailable: &Unavailable,
    ) -> Result<Vec<Decisions>, Error> {
        let mut utilities = Utilities::new(queries.rows(), self.means.len());
        for query in 0..queries.rows() {
            utilities.row_mut(query).copy_from_slice(&self.means);
        }
        Ok(vec![utilities.decide(unavailable)?])
    }
}

export_router!(BestSingle);

#[cfg(test)]
mod tests {
    use super::BestSingle;
    use routerlab_sdk::{Decisions, Error, InMemory, NoConfig, Preference, Router, State};

    const NONE: f32 = f32::NAN;

    fn route(train: InMemory, unavailable: &[u32]) -> Result<Decisions, Error> {
        let train = train.build()?;
        let router = BestSingle::load(BestSingle::train(&train, &train, NoConfig {}, 0)?)?;
        let queries = InMemory::new(0).rows(2).queries()?;
        let decided = router.route(&queries, &[Preference::QUALITY], &unavailable.iter().copied().collect())?;
        Ok(decided[0].clone())
    }

    #[test]
    fn a_large_group_counts_no_more_than_a_small_one() {
        // Model 0 is right three times in the large group, model 1 once in each.
        let scores = vec![1.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0];
        let set = InMemory::new(2).groups(vec![1, 1, 1, 0]).scores(scores);
        assert_eq!(route(set, &[]).unwrap().choices(), [1, 1]);
    }

    #[test]
    fn missing_cells_are_not_wrong_answers() {
        let set = InMemory::new(2).scores(vec![0.5, NONE, 0.5, 0.6, 0.5, NONE]);
        assert_eq!(route(set, &[]).unwrap().choices(), [1, 1]);
    }

    #[test]
    fn ties_go_to_the_lower_index_and_the_unavailable_are_passed_over() {
        let set = || InMemory::new(3).scores(vec![0.5, 0.5, NONE]);
        assert_eq!(route(set(), &[]).unwrap().choices(), [0, 0]);
        assert_eq!(route(set(), &[0]).unwrap().choices(), [1, 1]);
        assert_eq!(route(set(), &[0, 1]).unwrap().choices(), [2, 2]);
        assert_eq!(route(set(), &[0, 1, 2]).err(), Some(Error::unsupported("no model is available")));
    }

    #[test]
    fn one_model_and_one_row_are_enough_but_no_score_at_all_is_not() {
        assert_eq!(route(InMemory::new(1).scores(vec![0.0]), &[]).unwrap().choices(), [0, 0]);
        let refused = route(InMemory::new(1).scores(vec![NONE]), &[]).err();
        assert_eq!(refused, Some(Error::unsupported("no model has a score in training")));
    }

    #[test]
    fn a_state_of_another_router_is_refused() {
        assert!(BestSingle::load(State::default()).is_err());
    }

    #[test]
    fn it_withstands_every_edge() {
        routerlab_sdk::testing::withstands_every_edge::<BestSingle>(|| NoConfig {});
    }
}
