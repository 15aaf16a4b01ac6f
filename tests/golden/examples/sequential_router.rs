//! A sequential router: asks the first model, then the second if the first was short, and accepts the last answer.

#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, missing_docs, clippy::all, clippy::allow_attributes_without_reason, reason = "generated code")]
mod contract {
    wit_bindgen::generate!({ world: "sequential-router-plugin", path: "../../wit" });
}

#[cfg(target_arch = "wasm32")]
mod golden {
    use super::contract::exports::routerlab::plugin::sequential_router::{Attempt, Guest, GuestTrained, Step, Trained};
    use super::contract::routerlab::plugin::data::{QuerySet, TrainingSet};
    use super::contract::routerlab::plugin::log::{Level, say};
    use super::contract::routerlab::plugin::routing::{Description, Needs, Preference, State};
    use super::contract::routerlab::plugin::types::Error;

    struct Golden;

    impl Guest for Golden {
        type Trained = Golden;

        fn describe() -> Description {
            Description {
                name: "golden".into(),
                version: "1.0.0".into(),
                needs: Needs::PROMPTS | Needs::ANSWERS,
                cost_aware: false,
                config_schema: "{}".into(),
            }
        }

        fn train(train: &TrainingSet, _: &TrainingSet, _: String, seed: u64) -> Result<State, Error> {
            say(Level::Info, &format!("{} {seed} {:?}", train.queries().rows(), train.answers(0, 0, 1)));
            let matrices = train.answer_matrix(0).into_iter().collect();
            Ok(State { bytes: vec![1], matrices })
        }
    }

    impl GuestTrained for Golden {
        fn load(_: State) -> Result<Trained, Error> {
            Ok(Trained::new(Golden))
        }

        fn next(
            &self,
            query: &QuerySet,
            attempts: Vec<Attempt>,
            preference: Preference,
            unavailable: Vec<u32>,
        ) -> Result<Step, Error> {
            let told = |a: &Attempt| (a.model, a.answer.len(), a.answer_embedding.len(), a.cost_usd, a.latency_ms);
            let told: Vec<_> = attempts.iter().map(told).collect();
            say(Level::Info, &format!("{} {told:?} {} {unavailable:?}", query.rows(), preference.cost_weight));
            match attempts.last() {
                None => Ok(Step::Ask(0)),
                Some(last) if attempts.len() == 1 && last.answer.len() < 3 => Ok(Step::Ask(1)),
                Some(_) => Ok(Step::Accept(attempts.len() as u32 - 1)),
            }
        }
    }

    #[allow(unsafe_code, reason = "the names under which the host finds the plugin")]
    mod exports {
        use super::Golden;
        use crate::contract;
        contract::export!(Golden with_types_in contract);
    }
}
