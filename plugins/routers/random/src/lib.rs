//! Chooses a model at random.

use routerlab_sdk::{
    Decisions, Error, Needs, NoConfig, Preference, QuerySet, Random, Router, State, StateWriter, TrainingSet,
    Unavailable, export_router,
};

/// What the state begins with.
const TAG: &str = "random/1";

/// How many prompts are read at once.
const BLOCK: usize = 256;

/// Draws one of the available models for every query, from the seed and the words of the prompt. The answer for a
/// query may not depend on its place in a batch, so the prompt is all that can tell one query from another.
pub struct RandomRouter {
    seed: u64,
    models: u32,
}

impl Router for RandomRouter {
    const NAME: &'static str = "random";
    const NEEDS: Needs = Needs::PROMPTS;
    type Config = NoConfig;

    fn train(train: &TrainingSet<'_>, _: &TrainingSet<'_>, _: NoConfig, seed: u64) -> Result<State, Error> {
        Ok(StateWriter::new(TAG).u64(seed).u32(train.models().len() as u32).finish(vec![]))
    }

    fn load(state: State) -> Result<Self, Error> {
        let mut reader = state.reader(TAG)?;
        let (seed, models) = (reader.u64()?, reader.u32()?);
        reader.end()?;
        Ok(Self { seed, models })
    }

    fn route(
        &self,
        queries: &QuerySet<'_>,
        _: &[Preference],
        unavailable: &Unavailable,
    ) -> Result<Vec<Decisions>, Error> {
        let available = unavailable.rest(self.models as usize)?;
        let mut choices = Vec::with_capacity(queries.rows());
        for start in (0..queries.rows()).step_by(BLOCK) {
            for prompt in queries.prompts(start, BLOCK.min(queries.rows() - start))? {
                let drawn = Random::for_content(self.seed, prompt.as_bytes()).below(available.len() as u32);
                choices.push(available[drawn as usize]);
            }
        }
        Ok(vec![Decisions::from_choices(choices)])
    }
}

export_router!(RandomRouter);

#[cfg(test)]
mod tests {
    use super::RandomRouter;
    use routerlab_sdk::{InMemory, NoConfig, Preference, Router, Unavailable};

    fn choices(seed: u64, prompts: &[String], unavailable: &[u32]) -> Vec<u32> {
        let train = InMemory::new(4).scores(vec![0.0; 4]).build().unwrap();
        let router = RandomRouter::load(RandomRouter::train(&train, &train, NoConfig {}, seed).unwrap()).unwrap();
        let queries = InMemory::new(4).prompts(prompts.to_vec()).queries().unwrap();
        let unavailable: Unavailable = unavailable.iter().copied().collect();
        router.route(&queries, &[Preference::QUALITY], &unavailable).unwrap()[0].choices().to_vec()
    }

    fn prompts(count: usize) -> Vec<String> {
        (0..count).map(|number| format!("What is {number} + 1?")).collect()
    }

    #[test]
    fn all_models_are_equally_likely() {
        let chosen = choices(3, &prompts(8_000), &[]);
        for model in 0..4 {
            let count = chosen.iter().filter(|&&choice| choice == model).count();
            assert!((1_850..2_150).contains(&count), "{model}: {count}");
        }
    }

    #[test]
    fn a_choice_depends_on_seed_and_prompt_but_not_on_the_batch() {
        let all = prompts(600);
        let whole = choices(3, &all, &[]);
        assert_eq!(whole[590..], choices(3, &all[590..], &[]));
        assert_ne!(whole, choices(4, &all, &[]));
    }

    #[test]
    fn an_unavailable_model_is_never_drawn() {
        let chosen = choices(3, &prompts(500), &[0, 3]);
        assert!(chosen.iter().all(|choice| [1, 2].contains(choice)));
        assert!(chosen.contains(&1) && chosen.contains(&2));
    }

    #[test]
    fn it_withstands_every_edge() {
        routerlab_sdk::testing::withstands_every_edge::<RandomRouter>(|| NoConfig {});
    }
}
