//! Asks for the dataset of each query when it routes, which no ranked run grants. The SDK does not offer it, so this guest
//! is written against the contract.

#[cfg(target_arch = "wasm32")]
mod guest {
    use routerlab_sdk::bindings::router::exports::routerlab::plugin::router::{
        Decisions, Guest, GuestTrained, Trained,
    };
    use routerlab_sdk::bindings::router::routerlab::plugin::data::{QuerySet, TrainingSet};
    use routerlab_sdk::bindings::router::routerlab::plugin::routing::{Description, Needs, Preference, State};
    use routerlab_sdk::bindings::router::routerlab::plugin::types::Error;

    struct Wants;

    impl Guest for Wants {
        type Trained = Wants;

        fn describe() -> Description {
            Description {
                name: "wants-to-know-the-task".into(),
                version: "1.0.0".into(),
                needs: Needs::GROUPS,
                cost_aware: false,
                config_schema: "{}".into(),
            }
        }

        fn train(_: &TrainingSet, _: &TrainingSet, _: String, _: u64) -> Result<State, Error> {
            Ok(State { bytes: vec![], matrices: vec![] })
        }
    }

    impl GuestTrained for Wants {
        fn load(_: State) -> Result<Trained, Error> {
            Ok(Trained::new(Wants))
        }

        fn route(&self, set: &QuerySet, wishes: Vec<Preference>, _: Vec<u32>) -> Result<Vec<Decisions>, Error> {
            let decide = |_: &Preference| Decisions { choices: vec![0; set.rows() as usize], utilities: None };
            Ok(wishes.iter().map(decide).collect())
        }
    }

    #[allow(unsafe_code, reason = "the names under which the host finds the plugin")]
    mod exports {
        use super::Wants;
        routerlab_sdk::bindings::router::export!(Wants);
    }
}
