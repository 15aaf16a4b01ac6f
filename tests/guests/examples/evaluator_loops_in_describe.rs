//! An evaluator that never comes back from `describe`. The SDK answers that by itself, so this guest is written against
//! the contract.

#[cfg(target_arch = "wasm32")]
mod guest {
    use routerlab_sdk::bindings::evaluator::exports::routerlab::plugin::evaluator::{
        Description, Guest, Item, JudgeRequest, Outcome,
    };
    use routerlab_sdk::bindings::router::routerlab::plugin::types::Error;
    use routerlab_test_guests::spin;

    struct Loops;

    impl Guest for Loops {
        fn describe() -> Description {
            spin()
        }

        fn judge_requests(_: Vec<Item>, _: String) -> Result<Vec<JudgeRequest>, Error> {
            spin()
        }

        fn score(_: Vec<Item>, _: Vec<String>, _: String) -> Result<Vec<Outcome>, Error> {
            spin()
        }
    }

    #[allow(unsafe_code, reason = "the names under which the host finds the plugin")]
    mod exports {
        use super::Loops;
        routerlab_sdk::bindings::evaluator::export!(Loops);
    }
}
