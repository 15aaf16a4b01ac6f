//! Compares grids of integers with the key.

mod compat;
mod fixed;
mod grid;

use routerlab_answers::Mode;
use routerlab_sdk::{Error, Evaluator, Item, Outcome, export_evaluator};
use serde::Deserialize;

use crate::grid::{Grid, as_json};

/// What may be set.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whose rules are followed.
    pub mode: Mode,
}

/// The evaluator.
pub struct Grids {
    mode: Mode,
}

impl Evaluator for Grids {
    const NAME: &'static str = "grids";
    const CONFIG_SCHEMA: &'static str = r#"{"type":"object","additionalProperties":false,"properties":{"mode":{"enum":["fixed","compat"],"default":"fixed"}}}"#;
    type Config = Config;

    fn new(config: Config) -> Result<Self, Error> {
        Ok(Self { mode: config.mode })
    }

    fn score(&self, item: &Item, _: &[String]) -> Outcome {
        let Some(key) = key(&item.ground_truth) else {
            return Outcome::unknown("the key is not a JSON list of grids of integers");
        };
        let found = match self.mode {
            Mode::Compat => compat::grids(&item.raw_output, key.len()),
            Mode::Fixed => fixed::grids(&item.raw_output, key.len()),
        };
        let right = key.iter().zip(&found).filter(|(key, found)| found.as_ref() == Some(*key)).count();
        let missing = found.iter().filter(|found| found.is_none()).count();
        let outcome = Outcome::right_if(right == key.len());
        let outcome = if missing == found.len() { outcome } else { outcome.predicted(as_json(&found)) };
        match missing {
            0 => outcome,
            missing => outcome.because(format!("no grid found for {missing} of {}", key.len())),
        }
    }
}

/// The grids of the key, at least one: a list of grids, or a grid alone. What a key's grid looks like is its own affair.
fn key(text: &str) -> Option<Vec<Grid>> {
    let grids = serde_json::from_str(text).or_else(|_| serde_json::from_str(text).map(|grid| vec![grid])).ok()?;
    Some(grids).filter(|grids: &Vec<Grid>| !grids.is_empty())
}

export_evaluator!(Grids);

#[cfg(test)]
mod tests;
