//! The metrics table as it is filled.

use routerlab_records::MetricRow;

/// Metric rows as they are computed.
pub(crate) struct Table {
    run_id: String,
    pub(crate) rows: Vec<MetricRow>,
}

/// What a metric row is about, besides its value.
#[derive(Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) router: &'a str,
    /// A seed, or `all`.
    pub(crate) seed: &'a str,
    pub(crate) dataset: &'a str,
    pub(crate) preference: f64,
    /// How many distinct queries, see the text of [`summary`](super).
    pub(crate) n: usize,
}

impl Table {
    pub(crate) fn new(run_id: &str) -> Self {
        Self { run_id: run_id.to_owned(), rows: Vec::new() }
    }

    pub(crate) fn add(
        &mut self,
        about: About<'_>,
        metric: &str,
        unit: &str,
        value: Option<f64>,
        ends: Option<(f64, f64)>,
    ) {
        self.rows.push(MetricRow {
            run_id: self.run_id.as_str().into(),
            router: about.router.into(),
            seed: about.seed.into(),
            metric: metric.into(),
            dataset: about.dataset.into(),
            preference: about.preference,
            value: value.filter(|value| value.is_finite()),
            low: ends.map(|ends| ends.0),
            high: ends.map(|ends| ends.1),
            unit: unit.into(),
            n: about.n as u64,
        });
    }

    /// Adds the mean of a metric's rows of each seed, over the seeds that have it.
    pub(crate) fn add_mean_of_seeds(&mut self, about: About<'_>, metric: &str, unit: &str) {
        let is_one = |row: &&MetricRow| {
            row.router.as_str() == about.router
                && row.metric.as_str() == metric
                && row.dataset.as_str() == about.dataset
                && row.preference == about.preference
                && row.seed.as_str() != "all"
        };
        let values: Vec<f64> = self.rows.iter().filter(is_one).filter_map(|row| row.value).collect();
        self.add(about, metric, unit, mean(&values), None);
    }
}

/// None of nothing.
pub(crate) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}
