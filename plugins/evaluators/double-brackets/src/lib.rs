//! What stands in double brackets, compared by the rule of its task (KOR-Bench).

mod arithmetic;
mod compat;
mod fixed;
mod read;
mod task;

use routerlab_answers::Mode;
use routerlab_sdk::{Error, Evaluator, Item, Outcome, export_evaluator};
use serde::Deserialize;

use task::Task;

/// What can be set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whose rules are followed.
    pub mode: Mode,
}

/// The evaluator.
#[derive(Debug)]
pub struct DoubleBrackets(Mode);

impl Evaluator for DoubleBrackets {
    const NAME: &'static str = "double-brackets";
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
        let task = match Task::read(&item.metadata) {
            Ok(task) => task,
            Err(reason) => return Outcome::unknown(reason),
        };
        if item.ground_truth.trim().is_empty() {
            return Outcome::unknown("the ground truth is empty");
        }
        match self.0 {
            Mode::Compat => compat::score(&item.raw_output, &item.ground_truth, &task),
            Mode::Fixed => fixed::score(&item.raw_output, &item.ground_truth, &task),
        }
    }
}

export_evaluator!(DoubleBrackets);

#[cfg(test)]
mod tests {
    use super::{Config, DoubleBrackets};
    use routerlab_answers::Mode;
    use routerlab_sdk::{Evaluator, Item};

    fn score(mode: Mode, output: &str, truth: &str, (kind, rule, idx): (&str, &str, &str)) -> Option<f64> {
        let metadata = format!("{{\"question_type\":\"{kind}\",\"rule_id\":\"{rule}\",\"idx\":\"{idx}\"}}");
        let item = Item { raw_output: output.into(), ground_truth: truth.into(), metadata, ..Item::default() };
        DoubleBrackets::new(Config { mode }).unwrap().score(&item, &[]).score
    }

    #[test]
    fn compat_keeps_the_quirks_and_fixed_does_not_have_them() {
        let cipher = ("cipher", "2", "60");
        let logic = ("logic", "5", "101");
        // Reply, key, task, score in compat, score in fixed.
        let cases = [
            ("It is [[KEY]]", "[[KEY]]", cipher, 1.0, 1.0),
            ("It is [[ 'KEY' ]]", "[[KEY]]", cipher, 0.0, 1.0),
            ("[[draft]] and then [[KEY]]", "[[KEY]]", cipher, 0.0, 1.0),
            ("\\boxed{KEY}", "[[KEY]]", cipher, 0.0, 1.0),
            ("[[key]]", "[[KEY]]", cipher, 0.0, 0.0),
            ("[[A B]]", "[[A B]]", cipher, 0.0, 1.0),
            ("KEY", "[[KEY]]", cipher, 0.0, 0.0),
            ("[[(b);(a)]]", "[[(a);(b)]]", logic, 0.0, 1.0),
            ("[[2x+1]]", "[[1+2x]]", ("operation", "8", "74"), 0.0, 1.0),
            ("[[2x+2]]", "[[1+2x]]", ("operation", "8", "74"), 0.0, 0.0),
            ("[[1 or 2]]", "[[2or1]]", ("operation", "3", "41"), 1.0, 1.0),
            ("[[x≤3]]", "[[x≥3]]", ("operation", "18", "179"), 0.0, 0.0),
            ("[[stone, moss]]", "[[moss stone]]", ("puzzle", "3", "70"), 1.0, 1.0),
            ("[[stone moss]]", "[[moss stone]]", ("puzzle", "3", "70"), 0.0, 1.0),
            ("[[3*8/1+0]]", "[[0+1*3*8]]", ("puzzle", "10", "281"), 0.0, 0.0),
            ("[[(1+3)*(2+4)]]", "[[(1+3)*(4+2)]]", ("puzzle", "10", "281"), 1.0, 1.0),
            ("[[5-2*2=1]]", "[[6-3*2=0]]", ("puzzle", "9", "251"), 0.0, 0.0),
            ("[[1/0=1]]", "[[2/2=1]]", ("puzzle", "9", "251"), 0.0, 0.0),
        ];
        for (output, truth, task, compat, fixed) in cases {
            assert_eq!(score(Mode::Compat, output, truth, task), Some(compat), "{output:?} {task:?}");
            assert_eq!(score(Mode::Fixed, output, truth, task), Some(fixed), "{output:?} {task:?}");
        }
    }

    #[test]
    fn a_task_that_is_not_named_gives_no_score() {
        let item = Item { raw_output: "[[a]]".into(), ground_truth: "[[a]]".into(), ..Item::default() };
        for metadata in
            ["", "{}", r#"{"question_type":"cipher"}"#, r#"{"question_type":"art","rule_id":"1","idx":"1"}"#]
        {
            let item = Item { metadata: metadata.into(), ..item.clone() };
            assert_eq!(DoubleBrackets::new(Config::default()).unwrap().score(&item, &[]).score, None, "{metadata}");
        }
    }
}
