//! An evaluator that uses everything its role has.

#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, missing_docs, clippy::all, clippy::allow_attributes_without_reason, reason = "generated code")]
mod contract {
    wit_bindgen::generate!({ world: "evaluator-plugin", path: "../../wit" });
}

#[cfg(target_arch = "wasm32")]
mod golden {
    use super::contract::exports::routerlab::plugin::evaluator::{
        Description, Error, Guest, Isolation, Item, JudgeRequest, Outcome,
    };
    use super::contract::routerlab::plugin::log::{Level, say};

    struct Golden;

    impl Guest for Golden {
        fn describe() -> Description {
            Description {
                name: "golden".into(),
                version: "1.0.0".into(),
                needs_judge: true,
                isolation: Isolation::PerItem,
                config_schema: "{}".into(),
            }
        }

        fn judge_requests(items: Vec<Item>, config: String) -> Result<Vec<JudgeRequest>, Error> {
            if config != "{}" {
                return Err(Error::InvalidConfig("there is nothing to set".into()));
            }
            let doubtful = items.iter().zip(0..).filter(|(item, _)| item.ground_truth.is_empty());
            Ok(doubtful.map(|(item, at)| JudgeRequest { item: at, prompt: item.prompt.clone() }).collect())
        }

        fn score(items: Vec<Item>, replies: Vec<String>, config: String) -> Result<Vec<Outcome>, Error> {
            if config != "{}" {
                return Err(Error::InvalidConfig("there is nothing to set".into()));
            }
            for (level, word) in [(Level::Debug, "d"), (Level::Info, "i"), (Level::Warn, "w"), (Level::Error, "e")] {
                say(level, word);
            }
            let mut replies = replies.into_iter();
            let outcome = |item: Item| match item.ground_truth.is_empty() {
                true => Outcome { score: None, prediction: None, explanation: replies.next() },
                false => Outcome {
                    score: Some(if item.raw_output == item.ground_truth { 1.0 } else { 0.25 }),
                    prediction: Some(item.raw_output),
                    explanation: Some(item.metadata),
                },
            };
            Ok(items.into_iter().map(outcome).collect())
        }
    }

    #[allow(unsafe_code, reason = "the names under which the host finds the plugin")]
    mod exports {
        use super::Golden;
        use crate::contract;
        contract::export!(Golden with_types_in contract);
    }
}
