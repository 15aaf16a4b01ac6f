//! The trait that a router implements.

use serde::de::DeserializeOwned;

use crate::{Decisions, Error, QuerySet, State, TrainingSet, Unavailable};

/// Position of a model in the pool.
pub type ModelIndex = u32;

/// What a router wants to see. What it does not name it does not get.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Needs {
    /// The text of the prompts.
    pub prompts: bool,
    /// The embeddings of the prompts.
    pub embeddings: bool,
    /// What the models answered, in training and in each attempt.
    pub answers: bool,
    /// The dataset of each query, when the router routes too.
    pub groups: bool,
}

impl Needs {
    /// Nothing.
    pub const NONE: Self = Self { prompts: false, embeddings: false, answers: false, groups: false };
    /// The text of the prompts.
    pub const PROMPTS: Self = Self { prompts: true, ..Self::NONE };
    /// The embeddings of the prompts. A run without embeddings refuses such a router before it trains.
    pub const EMBEDDINGS: Self = Self { embeddings: true, ..Self::NONE };
    /// What the models answered; for sequential routers only. In a run without the texts they are empty.
    pub const ANSWERS: Self = Self { answers: true, ..Self::NONE };
    /// The dataset of each query. Such a router knows more than one in service would, so it is not ranked.
    pub const GROUPS: Self = Self { groups: true, ..Self::NONE };
    /// Prompts and embeddings: all that a router which answers at once may see and still be ranked.
    pub const ALL: Self = Self { prompts: true, ..Self::EMBEDDINGS };

    /// What either needs.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            prompts: self.prompts || other.prompts,
            embeddings: self.embeddings || other.embeddings,
            answers: self.answers || other.answers,
            groups: self.groups || other.groups,
        }
    }
}

/// How much quality is worth against money and time. All zero means quality alone. A router chooses the model with the
/// largest `score - cost_weight x cost in US dollars - latency_weight x latency in seconds`, as it estimates them.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Preference {
    /// Score given up per US dollar saved on one query (1 / USD); finite, at least 0.
    pub cost_weight: f32,
    /// Score given up per second saved on one query (1 / s); finite, at least 0.
    pub latency_weight: f32,
}

impl Preference {
    /// Quality alone.
    pub const QUALITY: Self = Self { cost_weight: 0.0, latency_weight: 0.0 };
}

/// A router that answers at once.
///
/// Its life: `train` once per configuration and seed; `load` and then `route` any number of times, in a place of their
/// own. Nothing survives from training but the [`State`]. There is no clock, no randomness but the seed, no file and no
/// network.
pub trait Router: Sized + 'static {
    /// A short name in lower case with dashes. The version is the package's own.
    const NAME: &'static str;

    /// Whether the router follows the preference. One that does not is asked once, not once per preference.
    const COST_AWARE: bool = false;

    /// What the router wants to see.
    const NEEDS: Needs = Needs::NONE;

    /// JSON Schema of the configuration.
    const CONFIG_SCHEMA: &'static str = "{}";

    /// The configuration, read from a JSON object. Derive `Deserialize` with
    /// `#[serde(default, deny_unknown_fields)]`, or use [`crate::NoConfig`].
    type Config: DeserializeOwned + Default;

    /// Learns from `train` and may use `validation` (same pool, other queries; possibly no rows) to choose its own
    /// settings. All randomness comes from `seed`.
    ///
    /// # Errors
    /// A refusal, reported in the router's own words.
    fn train(
        train: &TrainingSet<'_>,
        validation: &TrainingSet<'_>,
        config: Self::Config,
        seed: u64,
    ) -> Result<State, Error>;

    /// Makes a router from what `train` left behind.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the state cannot be read: it may not be trusted.
    fn load(state: State) -> Result<Self, Error>;

    /// Chooses a model for every query: one [`Decisions`] per preference, in their order, so that what they share is
    /// computed once. A router that is not cost-aware gives just one. The answer for a query may depend neither on the
    /// batch it comes in nor on earlier calls.
    ///
    /// # Errors
    /// A refusal, reported in the router's own words.
    fn route(
        &self,
        queries: &QuerySet<'_>,
        preferences: &[Preference],
        unavailable: &Unavailable,
    ) -> Result<Vec<Decisions>, Error>;
}
