//! What the values of an experiment must be, found before anything runs.

use routerlab_metrics::bootstrap::bytes_needed;

use super::{Experiment, Input, PreferenceGrid, Protocol, RouterEntry, Statistics, Track, Weighs};
use crate::summary::{MAX_BOOTSTRAP_BYTES, strategies_of};

impl Experiment {
    /// What is wrong with the values, naming the key, if anything is.
    ///
    /// # Errors
    /// The first key whose value makes no sense.
    pub fn check(&self) -> Result<(), String> {
        if !is_name(&self.name) {
            return Err(format!("`name` must have 1 to 64 of a-z, 0-9 and `-`, found: {:?}", self.name));
        }
        self.protocol.check()?;
        if !(0.0..=1.0).contains(&self.data.coverage) {
            return Err(format!("`data.coverage` must lie between 0 and 1, found: {}", self.data.coverage));
        }
        self.check_embeddings()?;
        self.preferences.check()?;
        self.check_weighs()?;
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
            self.check_entry(router)?;
        }
        Ok(())
    }

    /// A router is a component, or stands for a model outside the pool.
    fn check_entry(&self, router: &RouterEntry) -> Result<(), String> {
        let (name, has_component) = (router.report_name(), !router.component.as_os_str().is_empty());
        match &router.reference {
            None if !has_component => {
                Err(format!("router {name:?} has neither a `component` nor a `reference`; give it one of them"))
            }
            Some(_) if has_component || !router.config.is_empty() => {
                Err(format!("router {name:?} has a `reference`, which always answers; remove `component` and `config`"))
            }
            Some(model) if !self.data.reference_models.contains(model) => Err(format!(
                "router {name:?}: `reference` {model:?} is not among `data.reference_models`; add it there"
            )),
            _ => Ok(()),
        }
    }

    /// The reference has no latencies, and dollars cannot be added to seconds.
    fn check_weighs(&self) -> Result<(), String> {
        if self.preferences.weighs == Weighs::Cost {
            return Ok(());
        }
        let protocol = &self.protocol;
        let clash = [
            ("protocol.track = \"compat\"", protocol.track == Track::Compat),
            ("protocol.router_usd_per_second", protocol.router_usd_per_second.is_some()),
            ("protocol.router_usd_per_gigafuel", protocol.router_usd_per_gigafuel.is_some()),
        ];
        match clash.into_iter().find(|(_, given)| *given) {
            Some((key, _)) => {
                Err(format!("`preferences.weighs = \"latency\"` and `{key}` do not go together; remove one of them"))
            }
            None => Ok(()),
        }
    }

    /// Embeddings are those of one text; a run on another text must say whose it takes.
    fn check_embeddings(&self) -> Result<(), String> {
        let data = &self.data;
        if !data.embeddings && data.embeddings_file.is_some() {
            return Err(
                "`data.embeddings_file` has no meaning with `data.embeddings = false`; remove one of them".into()
            );
        }
        match self.protocol.pca_width {
            Some(0) => return Err("`protocol.pca_width` must be at least 1".into()),
            Some(_) if !data.embeddings => {
                return Err(
                    "`protocol.pca_width` has no meaning with `data.embeddings = false`; remove one of them".into()
                );
            }
            _ => {}
        }
        if self.protocol.input != Input::Prompt && data.embeddings && data.embeddings_file.is_none() {
            return Err(
                "`protocol.input` gives routers another text than embeddings are usually of; name the table of its embeddings with `data.embeddings_file = ...`, or set `data.embeddings = false`".into(),
            );
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
        for (key, price) in [
            ("router_usd_per_second", self.router_usd_per_second),
            ("router_usd_per_gigafuel", self.router_usd_per_gigafuel),
        ] {
            if let Some(price) = price.filter(|price| !(*price >= 0.0 && price.is_finite())) {
                return Err(format!("`protocol.{key}` must be 0 or more, found: {price}"));
            }
        }
        if let Some(share) = self.train_share.filter(|share| !(*share > 0.0 && *share <= 1.0)) {
            return Err(format!("`protocol.train_share` must lie above 0 and be at most 1, found: {share}"));
        }
        // The reference has no secret, pays nobody for a missing record, and its routers work for nothing. It trains on
        // missing records as wrong, so a model whose records are hidden would be one that is always wrong.
        let only_fair = [
            ("secret", self.secret.is_some()),
            ("fallback_model", self.fallback_model.is_some()),
            ("router_usd_per_second", self.router_usd_per_second.is_some()),
            ("router_usd_per_gigafuel", self.router_usd_per_gigafuel.is_some()),
            ("cold_start", self.cold_start.is_some()),
        ];
        if self.track == Track::Compat
            && let Some((key, _)) = only_fair.into_iter().find(|(_, given)| *given)
        {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RouterEntry;

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
            ("[protocol]\ntrack = 'compat'\nrouter_usd_per_gigafuel = 1.0", only_fair("router_usd_per_gigafuel")),
            ("[protocol]\ntrack = 'compat'\ncold_start = { model = 'x', examples = 5 }", only_fair("cold_start")),
            (
                "[preferences]\nweighs = 'latency'\n[protocol]\ntrack = 'compat'",
                "`preferences.weighs = \"latency\"` and `protocol.track = \"compat\"` do not go together; remove one of them"
                    .to_owned(),
            ),
            (
                "[preferences]\nweighs = 'latency'\n[protocol]\nrouter_usd_per_second = 1.0",
                "`preferences.weighs = \"latency\"` and `protocol.router_usd_per_second` do not go together; remove one of them"
                    .to_owned(),
            ),
            (
                "[protocol]\ntrain_share = 0.0",
                "`protocol.train_share` must lie above 0 and be at most 1, found: 0".to_owned(),
            ),
            (
                "[protocol]\ninput = 'query'",
                "`protocol.input` gives routers another text than embeddings are usually of; name the table of its embeddings with `data.embeddings_file = ...`, or set `data.embeddings = false`".to_owned(),
            ),
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
    fn a_router_is_a_component_or_a_reference_and_never_both() {
        let check = |data: &str, router: &str| {
            let text = format!("name = 'a'\n[data]\ndir = '.'\n{data}\n[[router]]\n{router}");
            toml::from_str::<Experiment>(&text).expect("an experiment").check()
        };
        let reference = "reference_models = ['other']";
        assert_eq!(check(reference, "reference = 'other'"), Ok(()));
        let cases = [
            ("", "name = 'x'", "router \"x\" has neither a `component` nor a `reference`; give it one of them"),
            (
                reference,
                "reference = 'other'\ncomponent = 'a.wasm'",
                "router \"other\" has a `reference`, which always answers; remove `component` and `config`",
            ),
            (
                "",
                "reference = 'other'",
                "router \"other\": `reference` \"other\" is not among `data.reference_models`; add it there",
            ),
            ("coverage = 95.0", "component = 'a.wasm'", "`data.coverage` must lie between 0 and 1, found: 95"),
            (
                "embeddings = false\nembeddings_file = 'e.parquet'",
                "component = 'a.wasm'",
                "`data.embeddings_file` has no meaning with `data.embeddings = false`; remove one of them",
            ),
            (
                "embeddings = false\n[protocol]\npca_width = 8",
                "component = 'a.wasm'",
                "`protocol.pca_width` has no meaning with `data.embeddings = false`; remove one of them",
            ),
            ("[protocol]\npca_width = 0", "component = 'a.wasm'", "`protocol.pca_width` must be at least 1"),
        ];
        for (data, router, expected) in cases {
            assert_eq!(check(data, router), Err(expected.to_owned()), "{router}");
        }
    }

    #[test]
    fn replicates_that_do_not_fit_into_memory_are_refused() {
        let mut many = experiment("statistics.replicates = 1000000");
        assert_eq!(many.check(), Ok(()));
        let first = many.router[0].clone();
        many.router = (0..30).map(|i| RouterEntry { name: Some(format!("r{i}")), ..first.clone() }).collect();
        let expected = "`statistics.replicates` of 1000000 with 30 routers would take 8.4 GB of memory; at most 128438 are possible";
        assert_eq!(many.check(), Err(expected.to_owned()));
    }
}
