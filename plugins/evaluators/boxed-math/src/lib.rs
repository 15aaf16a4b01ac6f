//! Compares the boxed answer with the ground truth as mathematics.

mod amount;
mod reference;
mod repaired;

use routerlab_answers::Mode;
use routerlab_sdk::{Error, Evaluator, Item, Outcome, export_evaluator};
use serde::Deserialize;

/// Where the answer is looked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Extract {
    /// In the last box, or, where there is none, behind "Final Answer".
    #[default]
    Boxed,
    /// In the last box, or, where there is none, on the line "Answer: ...".
    AnswerLine,
    /// In the last box.
    Box,
}

/// What may be set.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whose rules count.
    pub mode: Mode,
    /// Where the answer is looked for.
    pub extract: Extract,
    /// Without a box, the last number of the output is the answer.
    pub integer_fallback: bool,
    /// The answer is an amount, which may be rounded.
    pub rounded: bool,
}

/// The evaluator.
pub struct BoxedMath {
    config: Config,
}

impl Evaluator for BoxedMath {
    const NAME: &'static str = "boxed-math";
    const CONFIG_SCHEMA: &'static str = r#"{"type":"object","additionalProperties":false,"properties":{"mode":{"enum":["fixed","compat"],"default":"fixed"},"extract":{"enum":["boxed","answer-line","box"],"default":"boxed"},"integer_fallback":{"type":"boolean","default":false},"rounded":{"type":"boolean","default":false}}}"#;
    type Config = Config;

    fn new(config: Config) -> Result<Self, Error> {
        Ok(Self { config })
    }

    fn score(&self, item: &Item, _: &[String]) -> Outcome {
        // Nobody can be right or wrong about an answer that is not known.
        if item.ground_truth.trim().is_empty() {
            return Outcome::unknown("there is no reference answer");
        }
        match self.config.mode {
            Mode::Compat => reference::score(&self.config, &item.raw_output, &item.ground_truth),
            Mode::Fixed => repaired::score(&self.config, &item.raw_output, &item.ground_truth),
        }
    }
}

export_evaluator!(BoxedMath);

#[cfg(test)]
mod tests {
    use super::{BoxedMath, Config, Extract};
    use routerlab_answers::Mode;
    use routerlab_sdk::{Evaluator, Item};

    fn score(config: Config, output: &str, truth: &str) -> Option<f64> {
        let item = Item { raw_output: output.into(), ground_truth: truth.into(), ..Item::default() };
        BoxedMath::new(config).unwrap().score(&item, &[]).score
    }

    #[test]
    fn the_two_modes_differ_where_the_reference_errs() {
        let fallback = || Config { integer_fallback: true, ..Config::default() };
        let amounts = || Config { extract: Extract::Box, rounded: true, ..Config::default() };
        let line = || Config { extract: Extract::AnswerLine, ..Config::default() };
        let cases = [
            (Config::default(), "so \\boxed{12}", "12", 1.0, 1.0),
            (Config::default(), "\\boxed{1/(y+2)}", "\\frac{1}{y+2}", 0.0, 1.0),
            (Config::default(), "\\boxed{\\frac{1}{y+2}}", "\\frac{1}{y}+2", 1.0, 0.0),
            (Config::default(), "<think>\\boxed{4}</think> no idea", "4", 1.0, 0.0),
            (Config::default(), "It is \\fbox{9}", "9", 0.0, 1.0),
            (fallback(), "the sum is -8", "-8", 0.0, 1.0),
            (fallback(), "so we get 12 in all", "12", 1.0, 1.0),
            (amounts(), "\\boxed{3.4}", "3", 1.0, 0.0),
            (amounts(), "\\boxed{14.31\\%}", "14.3%", 1.0, 1.0),
            (amounts(), "\\boxed{0.143}", "14.3%", 0.0, 1.0),
            (line(), "Let us see. **Answer:** (C)", "(C)", 0.0, 1.0),
            (line(), "Let us think.\nAnswer: No", "no", 1.0, 1.0),
        ];
        for (config, output, truth, compat, fixed) in cases {
            let of = |mode| score(Config { mode, ..config.clone() }, output, truth);
            assert_eq!((of(Mode::Compat), of(Mode::Fixed)), (Some(compat), Some(fixed)), "{output:?} {truth:?}");
        }
    }

    #[test]
    fn without_a_reference_answer_there_is_no_score() {
        for mode in [Mode::Compat, Mode::Fixed] {
            assert_eq!(score(Config { mode, ..Config::default() }, "\\boxed{1}", " "), None);
        }
    }
}
