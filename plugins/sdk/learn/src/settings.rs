//! What every learned router can be told about its training.

use routerlab_sdk::{Error, config};
use serde::Deserialize;

use crate::{Adam, Schedule};

/// The key `training` of a learned router's configuration.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Width that embeddings are reduced to.
    pub width: u32,
    /// The most epochs.
    pub epochs: u32,
    /// Epochs when there is no validation to stop by.
    pub unvalidated_epochs: u32,
    /// Rows a step.
    pub batch: u32,
    /// Epochs without a better validation after which learning ends.
    pub patience: u32,
    /// Step size of Adam.
    pub rate: f32,
    /// Decoupled weight decay; the router's own default when not set.
    pub weight_decay: Option<f32>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { width: 64, epochs: 60, unvalidated_epochs: 10, batch: 64, patience: 6, rate: 5e-3, weight_decay: None }
    }
}

/// JSON Schema of [`Settings`], to be put into that of a router with `concat!`.
#[macro_export]
macro_rules! training_schema {
    () => {
        r#"{"type":"object","additionalProperties":false,"properties":{"width":{"type":"integer","minimum":1,"default":64},"epochs":{"type":"integer","minimum":1,"default":60},"unvalidated_epochs":{"type":"integer","minimum":1,"default":10},"batch":{"type":"integer","minimum":1,"default":64},"patience":{"type":"integer","minimum":1,"default":6},"rate":{"type":"number","exclusiveMinimum":0,"default":0.005},"weight_decay":{"type":"number","minimum":0}}}"#
    };
}

impl Settings {
    /// Refuses values that make no sense.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`], naming the key.
    pub fn check(&self) -> Result<(), Error> {
        let counts = [
            ("width", self.width),
            ("epochs", self.epochs),
            ("unvalidated_epochs", self.unvalidated_epochs),
            ("batch", self.batch),
            ("patience", self.patience),
        ];
        for (key, count) in counts {
            config::at_least_one(&format!("training.{key}"), count)?;
        }
        config::positive("training.rate", self.rate)?;
        config::not_negative("training.weight_decay", self.weight_decay.unwrap_or_default())
    }

    /// The same with this weight decay, unless another is set.
    #[must_use]
    pub fn weight_decay_or(self, decay: f32) -> Self {
        Self { weight_decay: self.weight_decay.or(Some(decay)), ..self }
    }

    /// The schedule that they make; the weight decay is 0.01 when none is set.
    pub fn schedule(&self) -> Schedule {
        let adam = Adam { rate: self.rate, weight_decay: self.weight_decay.unwrap_or(1e-2), ..Adam::default() };
        Schedule {
            epochs: self.epochs,
            unvalidated_epochs: self.unvalidated_epochs,
            batch: self.batch as usize,
            patience: self.patience,
            adam,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Settings;

    #[test]
    fn a_value_that_makes_no_sense_is_named() {
        let cases = [
            (Settings { width: 0, ..Settings::default() }, "training.width"),
            (Settings { rate: f32::NAN, ..Settings::default() }, "training.rate"),
            (Settings { weight_decay: Some(-1.0), ..Settings::default() }, "training.weight_decay"),
        ];
        for (settings, key) in cases {
            assert!(settings.check().unwrap_err().to_string().contains(key), "{key}");
        }
        assert_eq!(Settings::default().check(), Ok(()));
    }

    #[test]
    fn a_routers_own_weight_decay_gives_way_to_one_that_is_set() {
        let set = Settings { weight_decay: Some(0.5), ..Settings::default() };
        assert_eq!(set.weight_decay_or(1.0).schedule().adam.weight_decay, 0.5);
        assert_eq!(Settings::default().weight_decay_or(1.0).schedule().adam.weight_decay, 1.0);
        assert_eq!(Settings::default().schedule().adam.weight_decay, 0.01);
    }
}
