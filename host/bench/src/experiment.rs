//! The experiment file: one TOML file that describes a whole sweep.

use std::path::{Path, PathBuf};

use routerlab_metrics::bootstrap::bytes_needed;
use routerlab_plugin::Limits;
use serde::{Deserialize, Serialize};

use crate::error::BenchError;
use crate::summary::{MAX_BOOTSTRAP_BYTES, strategies_of};

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
    /// Only queries that every model of the pool has a score for.
    #[serde(default)]
    pub complete_only: bool,
    /// Whether routers get embeddings (if the data has any).
    #[serde(default = "yes")]
    pub embeddings: bool,
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
    /// Who is paid when a router chooses a model that has no record for a query. Default: the train-chosen Best Single.
    pub fallback_model: Option<String>,
    /// Queries per call of `route`. No decision depends on it.
    pub batch_queries: usize,
    /// What a second of a router's own time costs in US dollars. Charged with every choice: the time of the call that
    /// routed the query at all preferences. Default: routers work for nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub router_usd_per_second: Option<f64>,
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
/// p = 1 gives up a whole score to save one average call of the dearest model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PreferenceGrid {
    /// How many preferences, 0 included.
    pub count: usize,
    /// The smallest preference above 0.
    pub min: f64,
    /// The largest preference.
    pub max: f64,
}

impl Default for PreferenceGrid {
    fn default() -> Self {
        Self { count: 41, min: 0.001, max: 1000.0 }
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
    /// Name in the report: 1 to 64 of a-z, 0-9 and `-`. Default: the component's file name.
    #[serde(default)]
    pub name: Option<String>,
    /// The component, as made by `routerlab build`.
    pub component: PathBuf,
    /// The router's own configuration.
    #[serde(default)]
    pub config: toml::Table,
}

impl RouterEntry {
    /// The name in the report.
    #[must_use]
    pub fn report_name(&self) -> String {
        let stem = || self.component.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        self.name.clone().or_else(stem).unwrap_or_default()
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
        let text =
            std::fs::read_to_string(path).map_err(|reason| BenchError::Unreadable { path: path.to_owned(), reason })?;
        let mut experiment: Self = toml::from_str(&text)
            .map_err(|error| BenchError::Syntax { path: path.to_owned(), reason: located(&text, &error) })?;
        experiment.check().map_err(|reason| BenchError::Value { path: path.to_owned(), reason })?;
        let base = path.parent().unwrap_or(Path::new(""));
        experiment.data.dir = base.join(&experiment.data.dir);
        for router in &mut experiment.router {
            router.component = base.join(&router.component);
        }
        Ok(experiment)
    }

    /// What is wrong with the values, naming the key, if anything is.
    ///
    /// # Errors
    /// The first key whose value makes no sense.
    pub fn check(&self) -> Result<(), String> {
        if !is_name(&self.name) {
            return Err(format!("`name` must have 1 to 64 of a-z, 0-9 and `-`, found: {:?}", self.name));
        }
        self.protocol.check()?;
        self.preferences.check()?;
        self.limits.check()?;
        if !(100..=1_000_000).contains(&self.statistics.replicates) {
            return Err(format!(
                "`statistics.replicates` must lie between 100 and 1000000, found: {}",
                self.statistics.replicates
            ));
        }
        if self.router.is_empty() {
            return Err("no router; add a `[[router]]` with a `component`".into());
        }
        self.statistics.check(self.router.len())?;
        let mut names = std::collections::BTreeSet::new();
        for router in &self.router {
            let name = router.report_name();
            if !is_name(&name) {
                return Err(format!("`router.name` must have 1 to 64 of a-z, 0-9 and `-`, found: {name:?}"));
            }
            if !names.insert(name.clone()) {
                return Err(format!("two routers are called {name:?}; give one of them another `name`"));
            }
        }
        Ok(())
    }
}

impl Protocol {
    fn check(&self) -> Result<(), String> {
        if self.seeds.is_empty() {
            return Err("`protocol.seeds` must name at least one seed".into());
        }
        let mut seen = std::collections::BTreeSet::new();
        if let Some(seed) = self.seeds.iter().find(|seed| !seen.insert(**seed)) {
            return Err(format!("`protocol.seeds` names {seed} twice"));
        }
        let sum: f64 = self.shares.iter().sum();
        if self.shares.iter().any(|share| !(0.0..=1.0).contains(share)) || (sum - 1.0).abs() > 1e-9 {
            return Err(format!(
                "`protocol.shares` must be three numbers from 0 to 1 that add up to 1, found: {:?}",
                self.shares
            ));
        }
        if self.shares[0] == 0.0 || self.shares[2] == 0.0 {
            return Err("`protocol.shares` must leave something for train and for test".into());
        }
        if !(self.train_ratio > 0.0 && self.train_ratio < 1.0) {
            return Err(format!("`protocol.train_ratio` must lie between 0 and 1, found: {}", self.train_ratio));
        }
        if !(1..=100_000).contains(&self.batch_queries) {
            return Err(format!(
                "`protocol.batch_queries` must lie between 1 and 100000, found: {}",
                self.batch_queries
            ));
        }
        if let Some(price) = self.router_usd_per_second
            && !(price >= 0.0 && price.is_finite())
        {
            return Err(format!("`protocol.router_usd_per_second` must be 0 or more, found: {price}"));
        }
        // The reference has no secret, pays nobody for a missing record, and its routers work for nothing.
        let only_fair = [
            ("secret", self.secret.is_some()),
            ("fallback_model", self.fallback_model.is_some()),
            ("router_usd_per_second", self.router_usd_per_second.is_some()),
        ];
        for (key, _) in only_fair.into_iter().filter(|(_, given)| self.track == Track::Compat && *given) {
            return Err(format!(
                "`protocol.{key}` has no meaning on the compat track; remove it or use `track = \"fair\"`"
            ));
        }
        Ok(())
    }
}

impl PreferenceGrid {
    /// The largest preference of any grid: as a cost weight it is finite for every call above 1e-12 US dollars.
    const MAX: f64 = 1e24;

    fn check(&self) -> Result<(), String> {
        if !(1..=1001).contains(&self.count) {
            return Err(format!("`preferences.count` must lie between 1 and 1001, found: {}", self.count));
        }
        if !(self.min > 0.0 && self.max >= self.min && self.max.is_finite()) {
            return Err(format!(
                "`preferences.min` must be larger than 0 and at most `preferences.max`, found: {} and {}",
                self.min, self.max
            ));
        }
        // Divided by the cost of a call in dollars it becomes a weight of 32 bits, which must stay finite.
        if self.max > Self::MAX {
            return Err(format!("`preferences.max` must be at most {:e}, found: {:e}", Self::MAX, self.max));
        }
        let values = self.values();
        if let Some(pair) = values.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(format!(
                "`preferences` must give {} different values, and seven digits give {} twice; widen the range from `preferences.min` to `preferences.max` or lower `preferences.count`",
                self.count, pair[1]
            ));
        }
        Ok(())
    }
}

impl Statistics {
    /// Whether the replicates fit into memory; those of single datasets are left out where they do not.
    fn check(&self, routers: usize) -> Result<(), String> {
        let of_one = bytes_needed(1, strategies_of(routers), 0);
        let at_most = MAX_BOOTSTRAP_BYTES / of_one;
        if self.replicates > at_most {
            return Err(format!(
                "`statistics.replicates` of {} with {routers} routers would take {:.1} GB of memory; at most {at_most} are possible",
                self.replicates,
                (self.replicates * of_one) as f64 / 1e9
            ));
        }
        Ok(())
    }
}

fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// The reason in one line, with the line it is about.
fn located(text: &str, error: &toml::de::Error) -> String {
    let reason = error.message().trim_end().replace('\n', "; ");
    match error.span() {
        Some(span) => format!("line {}: {reason}", text[..span.start.min(text.len())].matches('\n').count() + 1),
        None => reason,
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

    /// An experiment with some lines of its own.
    fn experiment(lines: &str) -> Experiment {
        let text = format!("name = 'a'\n{lines}\n[data]\ndir = '.'\n[[router]]\ncomponent = 'knn.wasm'");
        toml::from_str(&text).expect("an experiment")
    }

    #[test]
    fn values_that_would_fail_after_the_sweep_are_refused_before_it() {
        let only_fair = |key: &str| {
            format!("`protocol.{key}` has no meaning on the compat track; remove it or use `track = \"fair\"`")
        };
        let twice = |count: usize, value: &str| {
            format!(
                "`preferences` must give {count} different values, and seven digits give {value} twice; widen the range from `preferences.min` to `preferences.max` or lower `preferences.count`"
            )
        };
        let cases = [
            ("[preferences]\ncount = 3\nmin = 1.0\nmax = 1.0", twice(3, "1")),
            ("[preferences]\ncount = 41\nmin = 1.0\nmax = 1.000001", twice(41, "1")),
            ("[preferences]\nmax = 1e25", "`preferences.max` must be at most 1e24, found: 1e25".to_owned()),
            ("[protocol]\ntrack = 'compat'\nsecret = 'x'", only_fair("secret")),
            ("[protocol]\ntrack = 'compat'\nfallback_model = 'x'", only_fair("fallback_model")),
            ("[protocol]\ntrack = 'compat'\nrouter_usd_per_second = 1.0", only_fair("router_usd_per_second")),
            (
                "[protocol]\nrouter_usd_per_second = -1.0",
                "`protocol.router_usd_per_second` must be 0 or more, found: -1".to_owned(),
            ),
        ];
        for (lines, expected) in cases {
            assert_eq!(experiment(lines).check(), Err(expected), "{lines}");
        }
        for lines in ["", "[preferences]\ncount = 2\nmin = 1.0\nmax = 1.0", "[protocol]\nrouter_usd_per_second = 0.001"]
        {
            assert_eq!(experiment(lines).check(), Ok(()), "{lines}");
        }
    }

    #[test]
    fn replicates_that_do_not_fit_into_memory_are_refused() {
        let mut many = experiment("statistics.replicates = 1000000");
        assert_eq!(many.check(), Ok(()));
        let first = many.router[0].clone();
        many.router = (0..30).map(|i| RouterEntry { name: Some(format!("r{i}")), ..first.clone() }).collect();
        let expected = "`statistics.replicates` of 1000000 with 30 routers would take 8.3 GB of memory; at most 129803 are possible";
        assert_eq!(many.check(), Err(expected.to_owned()));
    }

    #[test]
    fn a_router_is_called_like_its_file_unless_named() {
        let entry = |text: &str| toml::from_str::<RouterEntry>(text).expect("a router entry");
        assert_eq!(entry("component = 'a/knn.wasm'").report_name(), "knn");
        assert_eq!(entry("component = 'a/knn.wasm'\nname = 'knn-5'").report_name(), "knn-5");
        assert_eq!(entry("component = 'a.wasm'\nconfig = { k = 5, a = 'x' }").config_json(), r#"{"a":"x","k":5}"#);
    }
}
