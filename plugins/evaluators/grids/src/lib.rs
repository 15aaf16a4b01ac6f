//! Grids of integers: a puzzle is solved when every one of its test grids is right.

mod read;

use routerlab_answers::{Mode, thinking};
use routerlab_sdk::{Error, Evaluator, Item, Outcome, export_evaluator};
use serde::Deserialize;

use read::Grid;

/// What can be set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whose rules are followed.
    pub mode: Mode,
}

/// The evaluator.
#[derive(Debug)]
pub struct Grids(Mode);

impl Evaluator for Grids {
    const NAME: &'static str = "grids";
    const CONFIG_SCHEMA: &'static str = r#"{
        "type": "object",
        "additionalProperties": false,
        "properties": { "mode": { "enum": ["fixed", "compat"], "default": "fixed" } }
    }"#;
    type Config = Config;

    fn new(config: Config) -> Result<Self, Error> {
        Ok(Self(config.mode))
    }

    fn score(&self, item: &Item, _: &[String]) -> Outcome {
        let wanted: Vec<Grid> = match serde_json::from_str(&item.ground_truth) {
            Ok(grids) => grids,
            Err(error) => return Outcome::unknown(format!("the ground truth is no list of grids: {error}")),
        };
        if wanted.is_empty() {
            return Outcome::unknown("the ground truth has no grid");
        }
        let found = match self.0 {
            Mode::Compat => read::compat(&item.raw_output, wanted.len()),
            Mode::Fixed => read::fixed(thinking::after_thinking(&item.raw_output), wanted.len()),
        };
        let outcome = Outcome::right_if(found.iter().eq(wanted.iter()));
        match found.len() {
            0 => outcome.because("no grid in the output"),
            given if given < wanted.len() => {
                outcome.because(format!("{given} of {} grids in the output", wanted.len()))
            }
            _ => outcome.predicted(serde_json::to_string(&found).unwrap_or_default()),
        }
    }
}

export_evaluator!(Grids);

#[cfg(test)]
mod tests {
    use super::{Config, Grids};
    use routerlab_answers::Mode;
    use routerlab_sdk::{Evaluator, Item};

    fn score(mode: Mode, output: &str, truth: &str) -> Option<f64> {
        let item = Item { raw_output: output.into(), ground_truth: truth.into(), ..Item::default() };
        Grids::new(Config { mode }).unwrap().score(&item, &[]).score
    }

    #[test]
    fn compat_keeps_the_quirks_and_fixed_does_not_have_them() {
        let (one, two) = ("[[[3,0],[0,3]]]", "[[[1]],[[2,2]]]");
        // Reply, key, score in compat, score in fixed.
        let cases = [
            ("So:\n[[3, 0],\n [0, 3]]", one, 1.0, 1.0),
            ("[[3,0],[0,3]] as asked [see above]", one, 1.0, 1.0),
            ("[[0,0],[0,0]] was the input.\n[[3,0],[0,3]]", one, 1.0, 1.0),
            ("3 0\n0 3", one, 0.0, 1.0),
            ("[[3,0],[0]]", one, 0.0, 0.0),
            ("[[1]] and [[2,2]]", two, 1.0, 1.0),
            ("Given [[9]]:\n[[1]]\n\n[[2,2]]", two, 0.0, 1.0),
            ("1\n\n2 2", two, 0.0, 1.0),
            ("[[1]]", two, 0.0, 0.0),
            ("", one, 0.0, 0.0),
        ];
        for (output, truth, compat, fixed) in cases {
            assert_eq!(score(Mode::Compat, output, truth), Some(compat), "{output:?}");
            assert_eq!(score(Mode::Fixed, output, truth), Some(fixed), "{output:?}");
        }
    }

    #[test]
    fn a_key_that_is_no_grid_gives_no_score() {
        for truth in ["", "[]", "[[1]]", "7"] {
            assert_eq!(score(Mode::Fixed, "[[1]]", truth), None, "{truth}");
        }
    }
}
