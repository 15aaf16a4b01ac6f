//! Who is a knight and who is a knave: every identity of the key must be claimed.

mod claims;
mod compat;

use routerlab_answers::Mode;
use routerlab_sdk::{Error, Evaluator, Item, Outcome, export_evaluator};
use serde::Deserialize;

/// What can be set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whose rules are followed.
    pub mode: Mode,
}

/// The evaluator.
#[derive(Debug)]
pub struct Identities(Mode);

impl Evaluator for Identities {
    const NAME: &'static str = "identities";
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
        match self.0 {
            Mode::Compat => compat::score(&item.raw_output, &item.ground_truth),
            Mode::Fixed => claims::score(&item.raw_output, &item.ground_truth),
        }
    }
}

export_evaluator!(Identities);

#[cfg(test)]
mod tests {
    use super::{Config, Identities};
    use routerlab_answers::Mode;
    use routerlab_sdk::{Evaluator, Item};

    fn score(mode: Mode, output: &str) -> Option<f64> {
        let truth = "(1) Ada is a knight\n(2) Clifford is a knave\n(3) Ben is a knave";
        let item = Item { raw_output: output.into(), ground_truth: truth.into(), ..Item::default() };
        Identities::new(Config { mode }).unwrap().score(&item, &[]).score
    }

    #[test]
    fn compat_keeps_the_quirks_and_fixed_does_not_have_them() {
        // Reply, score in compat, score in fixed.
        let cases = [
            // The letters "if" in a name reject a conclusion in compat.
            ("CONCLUSION:\n(1) Ada is a knight\n(2) Clifford is a knave\n(3) Ben is a knave", 0.0, 1.0),
            ("So: Ada: knight, Clifford - knave, Ben is the **knave**", 0.0, 1.0),
            ("Conclusion: Ada and Ben are knaves, Clifford is a knave.", 0.0, 0.0),
            ("Ada is a knight, Ben is a knave", 0.0, 0.0),
            ("Say Ada is a knave. No.\nCONCLUSION:\nAda is a knight, Clifford is a knave, Ben is a knave.", 0.0, 1.0),
            ("Ada is a knight. Ada is a knave. Clifford is a knave. Ben is a knave.", 0.0, 0.0),
            ("Ada is not a knave, Clifford is not a knight, Ben is a knave", 0.0, 1.0),
            ("", 0.0, 0.0),
        ];
        for (output, compat, fixed) in cases {
            assert_eq!(score(Mode::Compat, output), Some(compat), "{output:?}");
            assert_eq!(score(Mode::Fixed, output), Some(fixed), "{output:?}");
        }
    }

    #[test]
    fn a_key_that_names_nobody_gives_no_score() {
        for truth in ["", "(1) nobody knows"] {
            let item = Item { raw_output: "Ada is a knight".into(), ground_truth: truth.into(), ..Item::default() };
            assert_eq!(Identities::new(Config::default()).unwrap().score(&item, &[]).score, None, "{truth:?}");
        }
    }
}
