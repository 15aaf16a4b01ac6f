//! An evaluator that asks a judge about long completions and never comes back where it is told so.

use routerlab_sdk::Item;
use routerlab_test_guests::{BadEvaluator, bad_evaluator, spin};

/// What spoils one step.
pub struct Guest;

impl BadEvaluator for Guest {
    const NEEDS_JUDGE: bool = true;

    fn judge(item: &Item) -> Vec<String> {
        match item.raw_output.as_str() {
            "loop" => spin(),
            output if output.len() > 10 => vec!["Is this right?".into()],
            _ => Vec::new(),
        }
    }
}

bad_evaluator!(Guest, "asks-a-judge");
