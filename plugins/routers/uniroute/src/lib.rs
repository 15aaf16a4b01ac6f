//! Describes models by their errors in clusters of queries and takes the least error plus cost.

use routerlab_learn::{Expense, Missing, best_clusters, cluster_sums, tightest};
use routerlab_sdk::{
    Decisions, Error, Matrix, Measure, Metric, Needs, Preference, QuerySet, Router, State, StateWriter, TrainingSet,
    Unavailable, Utilities, config, export_router,
};
use serde::Deserialize;

/// What the state begins with.
const TAG: &str = "uniroute/1";

/// The numbers of clusters to choose from on validation.
const CANDIDATES: [u32; 6] = [3, 5, 10, 20, 40, 80];

/// The number of clusters when it is not set and there is no validation to choose it on.
const UNCHOSEN: u32 = 20;

/// The error of a model without any score in training: above every error.
const UNKNOWN: f64 = 2.0;

/// What may be set.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How many clusters (K); chosen on validation when not set.
    pub clusters: Option<u32>,
    /// From how many seedings the tightest clusters are taken.
    pub restarts: u32,
    /// Most Lloyd rounds of each.
    pub rounds: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { clusters: None, restarts: 4, rounds: 100 }
    }
}

/// The clusters, and a vector of errors for each model.
pub struct UniRoute {
    /// clusters x width.
    centroids: Matrix,
    /// clusters x models: the mean of 1 - score.
    errors: Vec<f32>,
    models: usize,
    expense: Expense,
}

impl Router for UniRoute {
    const NAME: &'static str = "uniroute";
    const COST_AWARE: bool = true;
    const NEEDS: Needs = Needs::EMBEDDINGS;
    const CONFIG_SCHEMA: &'static str = r#"{"type":"object","additionalProperties":false,"properties":{"clusters":{"type":"integer","minimum":1},"restarts":{"type":"integer","minimum":1,"default":4},"rounds":{"type":"integer","minimum":1,"default":100}}}"#;
    type Config = Config;

    fn train(train: &TrainingSet<'_>, validation: &TrainingSet<'_>, config: Config, seed: u64) -> Result<State, Error> {
        let clusters = config.clusters.unwrap_or(UNCHOSEN);
        for (key, count) in [("clusters", clusters), ("restarts", config.restarts), ("rounds", config.rounds)] {
            config::at_least_one(key, count)?;
        }
        let (scores, means) = (train.table(Measure::Score)?, train.means(Measure::Score)?);
        if means.iter().all(|mean| mean.is_nan()) {
            return Err(Error::unsupported("no model has a score in training"));
        }
        let embeddings = train.queries().embedding_matrix()?.normalise_rows()?;
        let expense = Expense::of(train)?;
        let fit = |clusters| {
            let found = tightest(&embeddings, clusters, config.restarts, config.rounds, seed)?;
            let sums = cluster_sums(&found.assignment, found.centroids.rows(), &scores, Missing::LeaveOut);
            let error = |(&(sum, count), &mean): (&(f64, f64), &f64)| match (mean.is_nan(), count > 0.0) {
                (true, _) => UNKNOWN,
                (false, false) => 1.0 - mean,
                (false, true) => 1.0 - sum / count,
            };
            let errors = sums.iter().zip(means.iter().cycle()).map(|pair| error(pair) as f32).collect();
            let expense = expense.clone();
            Ok::<_, Error>(Self { centroids: found.centroids, errors, models: means.len(), expense })
        };
        if config.clusters.is_some() || validation.rows() == 0 {
            return fit(clusters).map(Self::into_state);
        }
        let decide = |fitted: &Self| fitted.scores(validation.queries())?.decide(&Unavailable::NONE);
        best_clusters(&CANDIDATES, embeddings.rows(), validation, fit, decide).map(Self::into_state)
    }

    fn load(mut state: State) -> Result<Self, Error> {
        let matrices = std::mem::take(&mut state.matrices);
        let mut reader = state.reader(TAG)?;
        let (models, errors) = (reader.u32()? as usize, reader.f32s()?);
        let expense = Expense::read(&mut reader, models)?;
        reader.end()?;
        let [centroids] = State { bytes: Vec::new(), matrices }.into_matrices()?;
        if models == 0 || Some(errors.len()) != centroids.rows().checked_mul(models) || errors.is_empty() {
            return Err(Error::malformed("the parts of the state do not fit together"));
        }
        Ok(Self { centroids, errors, models, expense })
    }

    fn route(
        &self,
        queries: &QuerySet<'_>,
        preferences: &[Preference],
        unavailable: &Unavailable,
    ) -> Result<Vec<Decisions>, Error> {
        let scores = self.scores(queries)?;
        preferences.iter().map(|wish| self.expense.weigh(&scores, self.models, wish).decide(unavailable)).collect()
    }
}

impl UniRoute {
    fn into_state(self) -> State {
        let writer = StateWriter::new(TAG).u32(self.models as u32).f32s(&self.errors);
        self.expense.write(writer).finish(vec![self.centroids])
    }

    /// 1 - the error in the query's cluster.
    fn scores(&self, queries: &QuerySet<'_>) -> Result<Utilities, Error> {
        let mut scores = Utilities::new(queries.rows(), self.models);
        if queries.rows() > 0 {
            let queries = queries.embedding_matrix()?.normalise_rows()?;
            let near = self.centroids.nearest(&queries, 1, Metric::Euclidean)?;
            for (query, &cluster) in near.rows.iter().enumerate() {
                let errors = &self.errors[cluster as usize * self.models..(cluster as usize + 1) * self.models];
                scores.row_mut(query).iter_mut().zip(errors).for_each(|(score, error)| *score = 1.0 - error);
            }
        }
        Ok(scores)
    }
}

export_router!(UniRoute);

#[cfg(test)]
mod tests;
