//! An evaluator that some completions can trip: it does what the completion says.

use routerlab_sdk::{Item, Outcome};
use routerlab_test_guests::{BadEvaluator, bad_evaluator, spin};

/// What spoils one step.
pub struct Guest;

impl BadEvaluator for Guest {
    fn score(item: &Item) -> Outcome {
        match item.raw_output.as_str() {
            "loop" => spin(),
            "panic" => panic!("tripped"),
            "nan" => Outcome { score: Some(f64::NAN), ..Outcome::default() },
            "two" => Outcome { score: Some(2.0), ..Outcome::default() },
            "none" => Outcome::unknown("nothing to go by"),
            _ => Outcome::right_if(true),
        }
    }
}

bad_evaluator!(Guest, "trips-over-outputs");
