//! Sends a query to the best model of its nearest cluster.

use routerlab_learn::{Missing, best_clusters, cluster_sums, cluster_weights, tightest};
use routerlab_sdk::{
    Decisions, Error, Matrix, Measure, Needs, Preference, QuerySet, Router, State, StateWriter, Table, TrainingSet,
    Unavailable, Utilities, config, export_router,
};
use serde::Deserialize;

/// What the state begins with.
const TAG: &str = "avengers/1";

/// The numbers of clusters to choose from on validation.
const CANDIDATES: [u32; 4] = [8, 16, 32, 64];

/// The number of clusters when it is not set and there is no validation to choose it on.
const UNCHOSEN: u32 = 32;

/// The mean of a model without any score in training: below every score, so that it ranks last.
const UNKNOWN: f64 = -1.0;

/// How a model's place in a cluster becomes a number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ranking {
    /// 1 / rank, the best model of the cluster having rank 1.
    #[default]
    ReciprocalRank,
    /// The mean score in the cluster, drawn towards the model's mean over all training.
    Mean,
}

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
    /// How a model's place in a cluster becomes a number.
    pub ranking: Ranking,
    /// With `mean`: how many queries the model's mean over all training counts for.
    pub shrink: f64,
    /// What a missing record is in the mean of a cluster.
    pub missing: Missing,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            clusters: None,
            restarts: 10,
            rounds: 300,
            top_k: 1,
            beta: 9.0,
            ranking: Ranking::default(),
            shrink: 5.0,
            missing: Missing::default(),
        }
    }
}

/// The clusters and what every model is worth in each.
pub struct Avengers {
    /// clusters x width; means of rows of length 1, so themselves shorter.
    centroids: Matrix,
    /// clusters x models.
    worth: Vec<f32>,
    models: usize,
    top_k: u32,
    beta: f64,
    ranking: Ranking,
}

impl Router for Avengers {
    const NAME: &'static str = "avengers";
    const NEEDS: Needs = Needs::EMBEDDINGS;
    const CONFIG_SCHEMA: &'static str = r#"{"type":"object","additionalProperties":false,"properties":{"clusters":{"type":"integer","minimum":1},"restarts":{"type":"integer","minimum":1,"default":10},"rounds":{"type":"integer","minimum":1,"default":300},"top_k":{"type":"integer","minimum":1,"default":1},"beta":{"type":"number","minimum":0,"default":9},"ranking":{"enum":["reciprocal-rank","mean"],"default":"reciprocal-rank"},"shrink":{"type":"number","minimum":0,"default":5},"missing":{"enum":["leave-out","zero"],"default":"leave-out"}}}"#;
    type Config = Config;

    fn train(train: &TrainingSet<'_>, validation: &TrainingSet<'_>, config: Config, seed: u64) -> Result<State, Error> {
        config.check()?;
        let scores = train.table(Measure::Score)?;
        if scores.values().iter().all(|score| score.is_nan()) {
            return Err(Error::unsupported("no model has a score in training"));
        }
        let embeddings = train.queries().embedding_matrix()?.normalise_rows()?;
        let means = train.means(Measure::Score)?;
        let fit = |clusters| {
            let found = tightest(&embeddings, clusters, config.restarts, config.rounds, seed)?;
            Ok::<_, Error>(Self {
                worth: worth(&found.assignment, found.centroids.rows(), &scores, &means, &config),
                centroids: found.centroids,
                models: means.len(),
                top_k: config.top_k,
                beta: config.beta,
                ranking: config.ranking,
            })
        };
        if let Some(clusters) = config.clusters {
            return fit(clusters).map(Self::into_state);
        }
        if validation.rows() == 0 {
            return fit(UNCHOSEN).map(Self::into_state);
        }
        let decide = |fitted: &Self| fitted.utilities(validation.queries())?.decide(&Unavailable::NONE);
        best_clusters(&CANDIDATES, embeddings.rows(), validation, fit, decide).map(Self::into_state)
    }

    fn load(mut state: State) -> Result<Self, Error> {
        let matrices = std::mem::take(&mut state.matrices);
        let mut reader = state.reader(TAG)?;
        let (top_k, beta, models) = (reader.u32()?, reader.f64()?, reader.u32()? as usize);
        let ranking = if reader.u32()? == 1 { Ranking::Mean } else { Ranking::ReciprocalRank };
        let worth = reader.f32s()?;
        reader.end()?;
        let [centroids] = State { bytes: Vec::new(), matrices }.into_matrices()?;
        if top_k == 0 || models == 0 || Some(worth.len()) != centroids.rows().checked_mul(models) {
            return Err(Error::malformed("the parts of the state do not fit together"));
        }
        Ok(Self { centroids, worth, models, top_k, beta, ranking })
    }

    fn route(
        &self,
        queries: &QuerySet<'_>,
        _: &[Preference],
        unavailable: &Unavailable,
    ) -> Result<Vec<Decisions>, Error> {
        Ok(vec![self.utilities(queries)?.decide(unavailable)?])
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

impl Avengers {
    fn into_state(self) -> State {
        let writer = StateWriter::new(TAG).u32(self.top_k).f64(self.beta).u32(self.models as u32);
        writer.u32(u32::from(self.ranking == Ranking::Mean)).f32s(&self.worth).finish(vec![self.centroids])
    }

    fn utilities(&self, queries: &QuerySet<'_>) -> Result<Utilities, Error> {
        // Ranks are no probabilities: below 0 nobody takes them for some.
        let shift = if self.ranking == Ranking::ReciprocalRank { 1.0 } else { 0.0 };
        let mut utilities = Utilities::new(queries.rows(), self.models);
        for (query, near) in cluster_weights(&self.centroids, queries, self.top_k, self.beta)?.iter().enumerate() {
            for (model, utility) in utilities.row_mut(query).iter_mut().enumerate() {
                let worth = |cluster: usize| f64::from(self.worth[cluster * self.models + model]);
                *utility = (near.iter().map(|(cluster, weight)| weight * worth(*cluster)).sum::<f64>() - shift) as f32;
            }
        }
        Ok(utilities)
    }
}

/// clusters x models: what every model is worth in each cluster.
fn worth(assignment: &[u32], clusters: usize, scores: &Table, means: &[f64], config: &Config) -> Vec<f32> {
    let models = means.len();
    let sums = cluster_sums(assignment, clusters, scores, config.missing);
    let mut worth = Vec::with_capacity(sums.len());
    for cluster in sums.chunks_exact(models) {
        let in_cluster = |shrink: f64| {
            cluster.iter().zip(means).map(move |(&(sum, count), &mean)| match mean.is_nan() {
                true => UNKNOWN,
                false if count + shrink == 0.0 => mean,
                false => (sum + shrink * mean) / (count + shrink),
            })
        };
        match config.ranking {
            Ranking::Mean => worth.extend(in_cluster(config.shrink).map(|mean| mean as f32)),
            Ranking::ReciprocalRank => {
                let means: Vec<f64> = in_cluster(0.0).collect();
                let mut order: Vec<usize> = (0..models).collect();
                // Stable: equals keep the order of the pool.
                order.sort_by(|&a, &b| means[b].total_cmp(&means[a]));
                let mut ranks = vec![0.0; models];
                for (rank, model) in order.into_iter().enumerate() {
                    ranks[model] = 1.0 / (rank as f32 + 1.0);
                }
                worth.extend(ranks);
            }
        }
    }
    worth
}

export_router!(Avengers);

#[cfg(test)]
mod tests;
