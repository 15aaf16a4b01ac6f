//! Never comes back from `describe`. The SDK answers that by itself, so this guest is written against the contract.

#[cfg(target_arch = "wasm32")]
mod guest {
    use routerlab_sdk::bindings::router::exports::routerlab::plugin::router::{
        Decisions, Guest, GuestTrained, Trained,
    };
    use routerlab_sdk::bindings::router::routerlab::plugin::data::{QuerySet, TrainingSet};
    use routerlab_sdk::bindings::router::routerlab::plugin::routing::{Description, Preference, State};
    use routerlab_sdk::bindings::router::routerlab::plugin::types::Error;
    use routerlab_test_guests::spin;

    struct Loops;

    impl Guest for Loops {
        type Trained = Loops;

        fn describe() -> Description {
            spin()
        }

        fn train(_: &TrainingSet, _: &TrainingSet, _: String, _: u64) -> Result<State, Error> {
            spin()
        }
    }

    impl GuestTrained for Loops {
        fn load(_: State) -> Result<Trained, Error> {
            spin()
        }

        fn route(&self, _: &QuerySet, _: Vec<Preference>, _: Vec<u32>) -> Result<Vec<Decisions>, Error> {
            spin()
        }
    }

    #[allow(unsafe_code, reason = "the names under which the host finds the plugin")]
    mod exports {
        use super::Loops;
        routerlab_sdk::bindings::router::export!(Loops);
    }
}
