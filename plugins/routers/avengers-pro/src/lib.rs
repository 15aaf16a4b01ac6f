//! Sends a query to the model with the best balance of accuracy and cost in its nearest clusters.

mod balance;

use routerlab_learn::{Missing, best_clusters, cluster_sums, cluster_weights, tightest};
use routerlab_sdk::{
    Decisions, Error, Matrix, Measure, Needs, Preference, QuerySet, Router, State, StateWriter, TrainingSet,
    Unavailable, Utilities, config, export_router,
};
use serde::Deserialize;

use balance::{Book, Rule, Sums};

/// What the state begins with.
const TAG: &str = "avengers-pro/1";

/// The numbers of clusters to choose from on validation.
const CANDIDATES: [u32; 4] = [10, 25, 40, 60];

/// The number of clusters when it is not set and there is no validation to choose it on: the published one.
const UNCHOSEN: u32 = 25;

/// What may be set.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How many clusters; chosen on validation when not set.
    pub clusters: Option<u32>,
    /// From how many seedings the tightest clusters are taken.
    pub restarts: u32,
    /// Most Lloyd rounds of each.
    pub rounds: u32,
    /// How many of the nearest clusters have a say.
    pub top_k: u32,
    /// How much less the farther of them say.
    pub beta: f64,
    /// How accuracy and cost become one number.
    pub rule: Rule,
    /// With `plug-in`: how many queries a model's mean over all training counts for in a cluster.
    pub shrink: f64,
    /// What a missing record is in the means of a cluster.
    pub missing: Missing,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            clusters: None,
            restarts: 4,
            rounds: 100,
            top_k: 3,
            beta: 9.0,
            rule: Rule::default(),
            shrink: 5.0,
            missing: Missing::default(),
        }
    }
}

/// The clusters, and how accurate and how dear every model is in each.
pub struct AvengersPro {
    /// clusters x width; means of rows of length 1, so themselves shorter.
    centroids: Matrix,
    book: Book,
    top_k: u32,
    beta: f64,
}

impl Router for AvengersPro {
    const NAME: &'static str = "avengers-pro";
    const COST_AWARE: bool = true;
    const NEEDS: Needs = Needs::EMBEDDINGS;
    const CONFIG_SCHEMA: &'static str = r#"{"type":"object","additionalProperties":false,"properties":{"clusters":{"type":"integer","minimum":1},"restarts":{"type":"integer","minimum":1,"default":4},"rounds":{"type":"integer","minimum":1,"default":100},"top_k":{"type":"integer","minimum":1,"default":3},"beta":{"type":"number","minimum":0,"default":9},"rule":{"enum":["balance","plug-in"],"default":"balance"},"shrink":{"type":"number","minimum":0,"default":5},"missing":{"enum":["leave-out","zero"],"default":"leave-out"}}}"#;
    type Config = Config;

    fn train(train: &TrainingSet<'_>, validation: &TrainingSet<'_>, config: Config, seed: u64) -> Result<State, Error> {
        config.check()?;
        let measured = |measure| Ok::<_, Error>((train.table(measure)?, train.means(measure)?));
        let (scores, costs, latencies) =
            (measured(Measure::Score)?, measured(Measure::CostUsd)?, measured(Measure::LatencyMs)?);
        if scores.1.iter().all(|mean| mean.is_nan()) {
            return Err(Error::unsupported("no model has a score in training"));
        }
        let embeddings = train.queries().embedding_matrix()?.normalise_rows()?;
        let fit = |clusters| {
            let found = tightest(&embeddings, clusters, config.restarts, config.rounds, seed)?;
            let clusters = found.centroids.rows();
            let sums = [&scores, &costs, &latencies].map(|(table, overall)| Sums {
                in_clusters: cluster_sums(&found.assignment, clusters, table, config.missing),
                overall,
            });
            let book = Book::new(sums, config.rule, config.shrink);
            Ok::<_, Error>(Self { centroids: found.centroids, book, top_k: config.top_k, beta: config.beta })
        };
        if let Some(clusters) = config.clusters {
            return fit(clusters).map(Self::into_state);
        }
        if validation.rows() == 0 {
            return fit(UNCHOSEN).map(Self::into_state);
        }
        let decide = |fitted: &Self| {
            let near = cluster_weights(&fitted.centroids, validation.queries(), fitted.top_k, fitted.beta)?;
            fitted.utilities(&near, &Preference::QUALITY).decide(&Unavailable::NONE)
        };
        best_clusters(&CANDIDATES, embeddings.rows(), validation, fit, decide).map(Self::into_state)
    }

    fn load(mut state: State) -> Result<Self, Error> {
        let matrices = std::mem::take(&mut state.matrices);
        let mut reader = state.reader(TAG)?;
        let (top_k, beta) = (reader.u32()?, reader.f64()?);
        let book = Book::read(&mut reader)?;
        reader.end()?;
        let [centroids] = State { bytes: Vec::new(), matrices }.into_matrices()?;
        if top_k == 0 || book.clusters() != centroids.rows() {
            return Err(Error::malformed("the parts of the state do not fit together"));
        }
        Ok(Self { centroids, book, top_k, beta })
    }

    fn route(
        &self,
        queries: &QuerySet<'_>,
        preferences: &[Preference],
        unavailable: &Unavailable,
    ) -> Result<Vec<Decisions>, Error> {
        let near = cluster_weights(&self.centroids, queries, self.top_k, self.beta)?;
        preferences.iter().map(|wish| self.utilities(&near, wish).decide(unavailable)).collect()
    }
}

impl Config {
    fn check(&self) -> Result<(), Error> {
        let counts = [
            ("clusters", self.clusters.unwrap_or(UNCHOSEN)),
            ("restarts", self.restarts),
            ("rounds", self.rounds),
            ("top_k", self.top_k),
        ];
        for (key, count) in counts {
            config::at_least_one(key, count)?;
        }
        for (key, value) in [("beta", self.beta), ("shrink", self.shrink)] {
            config::not_negative(key, value)?;
        }
        Ok(())
    }
}

impl AvengersPro {
    fn into_state(self) -> State {
        let writer = StateWriter::new(TAG).u32(self.top_k).f64(self.beta);
        self.book.write(writer).finish(vec![self.centroids])
    }

    /// The clusters are ranked anew for each preference and were found once.
    fn utilities(&self, near: &[Vec<(usize, f64)>], preference: &Preference) -> Utilities {
        let worth = self.book.worth(preference);
        let models = self.book.models();
        // Ranks are no probabilities: below 0 nobody takes them for some.
        let shift = if self.book.rule() == Rule::Balance { 1.0 } else { 0.0 };
        let mut utilities = Utilities::new(near.len(), models);
        for (query, near) in near.iter().enumerate() {
            for (model, utility) in utilities.row_mut(query).iter_mut().enumerate() {
                let worth = |cluster: usize| worth[cluster * models + model];
                *utility = (near.iter().map(|(cluster, weight)| weight * worth(*cluster)).sum::<f64>() - shift) as f32;
            }
        }
        utilities
    }
}

export_router!(AvengersPro);

#[cfg(test)]
mod tests;
