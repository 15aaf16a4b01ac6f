//! Compares who is a knight and who a knave with the key.

mod claims;
mod compat;
mod fixed;

use routerlab_answers::Mode;
use routerlab_sdk::{Error, Evaluator, Item, Outcome, export_evaluator};
use serde::Deserialize;

/// What may be set.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whose rules are followed.
    pub mode: Mode,
}

/// The evaluator.
pub struct Identities {
    mode: Mode,
}

impl Evaluator for Identities {
    const NAME: &'static str = "identities";
    const CONFIG_SCHEMA: &'static str = r#"{"type":"object","additionalProperties":false,"properties":{"mode":{"enum":["fixed","compat"],"default":"fixed"}}}"#;
    type Config = Config;

    fn new(config: Config) -> Result<Self, Error> {
        Ok(Self { mode: config.mode })
    }

    fn score(&self, item: &Item, _: &[String]) -> Outcome {
        match self.mode {
            Mode::Compat => compat::score(&item.raw_output, &item.ground_truth),
            Mode::Fixed => fixed::score(&item.raw_output, &item.ground_truth),
        }
    }
}

export_evaluator!(Identities);

#[cfg(test)]
mod tests;
