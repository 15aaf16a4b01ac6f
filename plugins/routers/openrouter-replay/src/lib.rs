//! Always one model: replays a recorded outside router.

use routerlab_sdk::{
    Decisions, Error, Preference, QuerySet, Router, State, StateWriter, TrainingSet, Unavailable, export_router,
};
use serde::Deserialize;

/// What the state begins with.
const TAG: &str = "openrouter-replay/1";

/// What may be set.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Name of the recorded router; may be left out where it is alone in the pool.
    pub model: Option<String>,
}

/// The position of the recorded router among the models.
pub struct Replay(u32);

impl Router for Replay {
    const NAME: &'static str = "openrouter-replay";
    const CONFIG_SCHEMA: &'static str =
        r#"{"type":"object","additionalProperties":false,"properties":{"model":{"type":"string"}}}"#;
    type Config = Config;

    fn train(train: &TrainingSet<'_>, _: &TrainingSet<'_>, config: Config, _: u64) -> Result<State, Error> {
        let models = train.models();
        let place = match &config.model {
            None if models.len() == 1 => 0,
            None => {
                return Err(Error::config("model", format!("must name one of the {} models", models.len())));
            }
            Some(name) => models.iter().position(|model| model.name == *name).ok_or_else(|| {
                let names: Vec<&str> = models.iter().map(|model| model.name.as_str()).collect();
                Error::config("model", format!("names {name:?}, which is none of: {}", names.join(", ")))
            })?,
        };
        Ok(StateWriter::new(TAG).u32(place as u32).finish(vec![]))
    }

    fn load(state: State) -> Result<Self, Error> {
        let mut reader = state.reader(TAG)?;
        let place = reader.u32()?;
        reader.end()?;
        Ok(Self(place))
    }

    fn route(
        &self,
        queries: &QuerySet<'_>,
        _: &[Preference],
        unavailable: &Unavailable,
    ) -> Result<Vec<Decisions>, Error> {
        if unavailable.contains(self.0) {
            return Err(Error::unsupported("the recorded router is not available, and nothing else is its choice"));
        }
        Ok(vec![Decisions::always(self.0, queries.rows())])
    }
}

export_router!(Replay);

#[cfg(test)]
mod tests;
