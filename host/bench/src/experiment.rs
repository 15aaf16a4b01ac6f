//! The experiment file: one TOML file that describes a whole sweep.

mod check;
mod controls;

use std::path::{Path, PathBuf};

use routerlab_plugin::Limits;
use serde::{Deserialize, Serialize};

pub use controls::{ColdStart, Input, Labels};

use crate::error::BenchError;

/// A sweep: which data, which protocol, which routers. Paths are relative to the experiment file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// Name of the experiment: 1 to 64 of a-z, 0-9 and `-`. Results go to a folder of this name and the run's id.
    pub name: String,
    /// The records.
    pub data: DataChoice,
    /// Partition, seeds and what routers may know.
    #[serde(default)]
    pub protocol: Protocol,
    /// The sweep over preferences.
    #[serde(default)]
    pub preferences: PreferenceGrid,
    /// The routers, in the order of the report's ties.
    #[serde(default)]
    pub router: Vec<RouterEntry>,
    /// Limits of every plugin.
    #[serde(default)]
    pub limits: Limits,
    /// How intervals are computed.
    #[serde(default)]
    pub statistics: Statistics,
}

/// Which records an experiment runs on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataChoice {
    /// Folder with `queries.parquet`, `outcomes.parquet`, `pool.toml` and possibly `embeddings.parquet`.
    pub dir: PathBuf,
    /// Only these datasets; all when empty.
    #[serde(default)]
    pub datasets: Vec<String>,
    /// Only these models; all when empty.
    #[serde(default)]
    pub models: Vec<String>,
    /// Models that stay out of the pool (other routers, systems from outside): no router sees or chooses them, but a
    /// `[[router]]` with `reference` stands for one of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reference_models: Vec<String>,
    /// Only models that have a score for at least this share of the queries of every chosen dataset, 0 to 1. A model with
    /// few records on a dataset looks good from the others, and scores 0 where it is chosen and has none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub coverage: f64,
    /// Only queries that every model of the pool has a score for.
    #[serde(default)]
    pub complete_only: bool,
    /// Whether routers get embeddings (if the data has any).
    #[serde(default = "yes")]
    pub embeddings: bool,
    /// The table of embeddings, a file or the folder of an encoder, relative to `dir`. Default: `embeddings.parquet`, or
    /// the one encoder of `embeddings/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embeddings_file: Option<PathBuf>,
}

impl DataChoice {
    /// Everything that a folder holds.
    #[must_use]
    pub fn all_of(dir: PathBuf) -> Self {
        Self {
            dir,
            datasets: Vec::new(),
            models: Vec::new(),
            reference_models: Vec::new(),
            coverage: 0.0,
            complete_only: false,
            embeddings: true,
            embeddings_file: None,
        }
    }
}

/// Which protocol the numbers follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Track {
    /// Train, validation and test by keyed hash; a missing record is unavailable; choices are made on validation.
    Fair,
    /// The reference's protocol: MT19937 partition, no validation part, missing records are wrong and free.
    Compat,
}

impl Track {
    /// `fair` or `compat`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fair => "fair",
            Self::Compat => "compat",
        }
    }
}

/// Partition, seeds and what routers may know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Protocol {
    /// `fair` (default) or `compat`.
    pub track: Track,
    /// One partition and one training of every router for each. Default: the paper's five.
    pub seeds: Vec<u32>,
    /// Shares of train, validation and test on the fair track; they add up to 1.
    pub shares: [f64; 3],
    /// Share of train on the compat track.
    pub train_ratio: f64,
    /// Text mixed into the fair partition, so that nobody can know the test part beforehand.
    pub secret: Option<String>,
    /// Hides the models' names and permutes the pool by seed. Default: on for `fair`, off for `compat`.
    pub mask_models: Option<bool>,
    /// Who is paid when a router chooses a model that has no record for a query, on the fair track. Default: the
    /// train-chosen Best Single.
    pub fallback_model: Option<String>,
    /// Queries per call of `route`. No decision depends on it.
    pub batch_queries: usize,
    /// What a second of a router's own time costs in US dollars. Charged with every choice: the time of the call that
    /// routed the query at all preferences. Default: routers work for nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub router_usd_per_second: Option<f64>,
    /// What a billion units of a router's own fuel cost in US dollars, charged likewise. Fuel is counted, not measured,
    /// so such costs are the same on every machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub router_usd_per_gigafuel: Option<f64>,
    /// Reduces queries' embeddings to so many principal components, fitted on each seed's train part alone. Embeddings of
    /// answers stay as they are. Default: embeddings as the table has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pca_width: Option<usize>,
    /// `true` (default), or `shuffled` as a control: see [`Labels`].
    #[serde(skip_serializing_if = "is_default")]
    pub labels: Labels,
    /// `prompt` (default), `query` or `stripped`: what routers get as text.
    #[serde(skip_serializing_if = "is_default")]
    pub input: Input,
    /// A dataset that is learned from nowhere and tested whole and alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leave_out: Option<String>,
    /// How much of the train part is used, above 0 and up to 1: of each dataset that share of its queries, rounded up,
    /// in a keyed order, so that a smaller share's queries are among a larger one's. Validation and test stay whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_share: Option<f64>,
    /// A model that joins late: see [`ColdStart`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cold_start: Option<ColdStart>,
}

/// Keys that are not given are no part of a run's identity, so new ones change no old run.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Default for Protocol {
    fn default() -> Self {
        Self {
            track: Track::Fair,
            seeds: vec![42, 999, 2024, 2025, 3407],
            shares: [0.6, 0.1, 0.3],
            train_ratio: 0.7,
            secret: None,
            mask_models: None,
            fallback_model: None,
            batch_queries: 1024,
            router_usd_per_second: None,
            router_usd_per_gigafuel: None,
            pca_width: None,
            labels: Labels::True,
            input: Input::Prompt,
            leave_out: None,
            train_share: None,
            cold_start: None,
        }
    }
}

impl Protocol {
    /// Whether routers see masked names and a permuted pool.
    #[must_use]
    pub fn masks_models(&self) -> bool {
        self.mask_models.unwrap_or(self.track == Track::Fair)
    }
}

/// The sweep over preferences: 0 (quality alone), then values evenly spaced on a logarithmic scale.
///
/// A preference p is without dimension: a cost weight of p divided by the mean training cost of the dearest model, so
/// p = 1 gives up a whole score to save one average call of the dearest model. Where latency is weighed, the same of
/// seconds and the slowest model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PreferenceGrid {
    /// How many preferences, 0 included.
    pub count: usize,
    /// The smallest preference above 0.
    pub min: f64,
    /// The largest preference.
    pub max: f64,
    /// What quality is traded for.
    #[serde(skip_serializing_if = "is_default")]
    pub weighs: Weighs,
}

/// What preferences trade quality for. Whatever a report says of cost, saving and frontier is about this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weighs {
    /// US dollars.
    #[default]
    Cost,
    /// Seconds until the answer is there; the time of a router that asks several models is that of all of them.
    Latency,
}

impl Weighs {
    /// The unit in tables: `USD` or `s`.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::Cost => "USD",
            Self::Latency => "s",
        }
    }
}

impl Default for PreferenceGrid {
    fn default() -> Self {
        Self { count: 41, min: 0.001, max: 1000.0, weighs: Weighs::Cost }
    }
}

impl PreferenceGrid {
    /// The preferences in ascending order; the first is 0.
    #[must_use]
    pub fn values(&self) -> Vec<f64> {
        let steps = self.count.saturating_sub(2).max(1) as f64;
        let (low, high) = (self.min.ln(), self.max.ln());
        let value = |i: usize| if i == 0 { 0.0 } else { (low + (high - low) * (i - 1) as f64 / steps).exp() };
        // Seven digits, so that the last bits of a machine's logarithm never reach a table.
        (0..self.count).map(|i| format!("{:.6e}", value(i)).parse().unwrap_or(0.0)).collect()
    }
}

/// One router of the sweep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouterEntry {
    /// Name in the report: 1 to 64 of a-z, 0-9 and `-`. Default: the component's file name, or the reference's name.
    #[serde(default)]
    pub name: Option<String>,
    /// The component, as made by `routerlab build`. Empty for a reference.
    #[serde(default)]
    pub component: PathBuf,
    /// Instead of a component: one of `data.reference_models`, which then answers every query. Such an entry is shown
    /// beside the routers as `external` and never ranked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The router's own configuration.
    #[serde(default)]
    pub config: toml::Table,
}

impl RouterEntry {
    /// The name in the report.
    #[must_use]
    pub fn report_name(&self) -> String {
        let stem = || self.component.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        self.name.clone().or_else(|| self.reference.clone()).or_else(stem).unwrap_or_default()
    }

    /// The configuration as the router gets it: a JSON object with sorted keys.
    #[must_use]
    pub fn config_json(&self) -> String {
        serde_json::to_string(&self.config).unwrap_or_else(|_| "{}".into())
    }
}

/// How intervals are computed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Statistics {
    /// Bootstrap replicates.
    pub replicates: usize,
    /// Seed of the bootstrap.
    pub seed: u64,
}

impl Default for Statistics {
    fn default() -> Self {
        Self { replicates: 10_000, seed: 1 }
    }
}

fn yes() -> bool {
    true
}

impl Experiment {
    /// Reads and checks an experiment file; paths in it become absolute or relative to the current folder.
    ///
    /// # Errors
    /// A file that cannot be read, is no TOML, has an unknown key, or a value that makes no sense; the key is named.
    pub fn read(path: &Path) -> Result<Self, BenchError> {
        Self::read_changed(path, |_| ())
    }

    /// The same with changes, such as those of the command line, made before the check. Paths that a change names are
    /// still relative to the file.
    ///
    /// # Errors
    /// As [`Experiment::read`].
    pub fn read_changed(path: &Path, change: impl FnOnce(&mut Self)) -> Result<Self, BenchError> {
        let text =
            std::fs::read_to_string(path).map_err(|reason| BenchError::Unreadable { path: path.to_owned(), reason })?;
        let mut experiment: Self = routerlab_records::settings::parse_toml(&text)
            .map_err(|reason| BenchError::Syntax { path: path.to_owned(), reason })?;
        change(&mut experiment);
        experiment.check().map_err(|reason| BenchError::Value { path: path.to_owned(), reason })?;
        let base = path.parent().unwrap_or(Path::new(""));
        experiment.data.dir = base.join(&experiment.data.dir);
        for router in experiment.router.iter_mut().filter(|router| router.reference.is_none()) {
            router.component = base.join(&router.component);
        }
        Ok(experiment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_begins_with_quality_alone_and_spans_its_range() {
        let values = PreferenceGrid::default().values();
        assert_eq!(values.len(), 41);
        assert_eq!((values[0], values[1], values[40]), (0.0, 0.001, 1000.0));
        assert!(values.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(PreferenceGrid { count: 1, ..PreferenceGrid::default() }.values(), [0.0]);
        assert_eq!(PreferenceGrid { count: 2, ..PreferenceGrid::default() }.values(), [0.0, 0.001]);
    }

    #[test]
    fn a_router_is_called_like_its_file_unless_named() {
        let entry = |text: &str| toml::from_str::<RouterEntry>(text).expect("a router entry");
        assert_eq!(entry("component = 'a/knn.wasm'").report_name(), "knn");
        assert_eq!(entry("component = 'a/knn.wasm'\nname = 'knn-5'").report_name(), "knn-5");
        assert_eq!(entry("component = 'a.wasm'\nconfig = { k = 5, a = 'x' }").config_json(), r#"{"a":"x","k":5}"#);
    }
}
