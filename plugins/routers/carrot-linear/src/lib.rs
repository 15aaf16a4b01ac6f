//! Predicts each model's score, cost and latency by ridge regression and weighs them.

use routerlab_sdk::{
    Decisions, Error, Matrix, Measure, Needs, Preference, QuerySet, Router, State, StateWriter, Table, TrainingSet,
    Unavailable, Utilities, config, export_router, log,
};
use serde::Deserialize;

/// What the state begins with.
const TAG: &str = "carrot-linear/1";

/// The penalties to choose from on validation, for embeddings of length 1.
const CANDIDATES: [f32; 6] = [0.01, 0.1, 1.0, 10.0, 100.0, 1000.0];

/// The penalty when it is not set and there is no validation to choose it on.
const UNCHOSEN: f32 = 1.0;

/// What is predicted, in the order of the columns.
const MEASURES: [Measure; 3] = [Measure::Score, Measure::CostUsd, Measure::LatencyMs];

/// The score predicted for a model without any score in training: below every score, so that it is never preferred.
const UNKNOWN: f32 = -1.0;

/// What may be set.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The penalty on the weights; chosen on validation, for each measure by itself, when not set.
    pub lambda: Option<f32>,
}

/// One linear function of the embedding for every measure of every model.
pub struct CarrotLinear {
    /// width x (measures x models).
    weights: Matrix,
    /// One per column of the weights.
    intercepts: Vec<f32>,
    models: usize,
    /// For each measure whether it is known of every model; a measure that is not cannot be weighed.
    known: [bool; 3],
}

impl Router for CarrotLinear {
    const NAME: &'static str = "carrot-linear";
    const COST_AWARE: bool = true;
    const NEEDS: Needs = Needs::EMBEDDINGS;
    const CONFIG_SCHEMA: &'static str = r#"{"type":"object","additionalProperties":false,"properties":{"lambda":{"type":"number","exclusiveMinimum":0}}}"#;
    type Config = Config;

    fn train(train: &TrainingSet<'_>, validation: &TrainingSet<'_>, config: Config, _: u64) -> Result<State, Error> {
        config.lambda.map_or(Ok(()), |lambda| config::positive("lambda", lambda))?;
        let models = train.models().len();
        let tables = tables(train)?;
        let known = [0, 1, 2].map(|measure| unknown_models(&tables[measure]).is_empty());
        if tables[0].values().iter().all(|score| score.is_nan()) {
            return Err(Error::unsupported("no model has a score in training"));
        }
        let embeddings = train.queries().embedding_matrix()?.normalise_rows()?;
        for (measure, name) in [(1, "cost"), (2, "latency")] {
            if !known[measure] {
                // Without it a model would look free, or all others too dear.
                let models = unknown_models(&tables[measure]);
                log::warn(format!("{name} is left out of all choices: unknown for model(s) {models:?} in training"));
            }
        }
        let targets = side_by_side(&tables, models)?;
        let lambdas = match config.lambda {
            Some(lambda) => vec![lambda],
            None if validation.rows() == 0 => vec![UNCHOSEN],
            None => CANDIDATES.to_vec(),
        };
        let mut best: [Option<(f64, f32, CarrotLinear)>; 3] = [None, None, None];
        for &lambda in &lambdas {
            let fitted = |columns| Self::from_ridge(columns, models, known);
            let columns = embeddings.ridge(&targets, lambda)?;
            let errors = if lambdas.len() == 1 { [0.0; 3] } else { fitted(&columns)?.squared_errors(validation)? };
            for (best, error) in best.iter_mut().zip(errors) {
                // Of equals the last, the strongest penalty.
                if best.as_ref().is_none_or(|(least, _, _)| error <= *least) {
                    *best = Some((error, lambda, fitted(&columns)?));
                }
            }
        }
        let [Some(score), Some(cost), Some(latency)] = best else {
            return Err(Error::other("no penalty to choose from"));
        };
        if lambdas.len() > 1 {
            log::info(format!("lambda = {} (score), {} (cost), {} (latency)", score.1, cost.1, latency.1));
        }
        let mut joined = Self::join([&score.2, &cost.2, &latency.2])?;
        for model in unknown_models(&tables[0]) {
            joined.intercepts[model] = UNKNOWN;
        }
        Ok(joined.into_state())
    }

    fn load(mut state: State) -> Result<Self, Error> {
        let matrices = std::mem::take(&mut state.matrices);
        let mut reader = state.reader(TAG)?;
        let (models, flags, intercepts) = (reader.u32()? as usize, reader.u32()?, reader.f32s()?);
        reader.end()?;
        let [weights] = State { bytes: Vec::new(), matrices }.into_matrices()?;
        let fits = models.checked_mul(MEASURES.len()) == Some(intercepts.len()) && weights.cols() == intercepts.len();
        if models == 0 || !fits {
            return Err(Error::malformed("the parts of the state do not fit together"));
        }
        Ok(Self { weights, intercepts, models, known: [0, 1, 2].map(|measure| flags >> measure & 1 == 1) })
    }

    fn route(
        &self,
        queries: &QuerySet<'_>,
        preferences: &[Preference],
        unavailable: &Unavailable,
    ) -> Result<Vec<Decisions>, Error> {
        let predicted = self.predict(queries)?;
        let decide = |preference| self.weigh(&predicted, preference).decide(unavailable);
        preferences.iter().map(decide).collect()
    }
}

impl CarrotLinear {
    fn into_state(self) -> State {
        let flags = (0..3).fold(0, |flags, measure| flags | u32::from(self.known[measure]) << measure);
        let writer = StateWriter::new(TAG).u32(self.models as u32).u32(flags);
        writer.f32s(&self.intercepts).finish(vec![self.weights])
    }

    /// Weights and intercepts out of what ridge regression gives: (width + 1) x columns, the intercept last.
    fn from_ridge(columns: &Matrix, models: usize, known: [bool; 3]) -> Result<Self, Error> {
        let width = columns.rows().saturating_sub(1);
        let weights = Matrix::new(width, columns.cols(), columns.read(0, width)?)?;
        Ok(Self { weights, intercepts: columns.read(width, 1)?, models, known })
    }

    /// The columns of each measure from another fit.
    fn join(fits: [&Self; 3]) -> Result<Self, Error> {
        let (models, rows) = (fits[0].models, fits[0].weights.rows());
        let weights = fits.map(|fit| fit.weights.read_all());
        let columns = models * MEASURES.len();
        let mut values = vec![0.0; rows * columns];
        let mut intercepts = Vec::with_capacity(columns);
        for (measure, weights) in weights.into_iter().enumerate() {
            let weights = weights?;
            let span = measure * models..(measure + 1) * models;
            for row in 0..rows {
                let span = row * columns + span.start..row * columns + span.end;
                values[span.clone()].copy_from_slice(&weights[span]);
            }
            intercepts.extend_from_slice(&fits[measure].intercepts[span]);
        }
        Ok(Self { weights: Matrix::new(rows, columns, values)?, intercepts, models, known: fits[0].known })
    }

    /// queries x (measures x models) predictions.
    fn predict(&self, queries: &QuerySet<'_>) -> Result<Vec<f32>, Error> {
        if queries.rows() == 0 {
            return Ok(Vec::new());
        }
        let embeddings = queries.embedding_matrix()?.normalise_rows()?;
        let mut predicted = embeddings.multiply(&self.weights)?.read_all()?;
        for row in predicted.chunks_exact_mut(self.intercepts.len()) {
            for (value, intercept) in row.iter_mut().zip(&self.intercepts) {
                *value += intercept;
            }
        }
        Ok(predicted)
    }

    /// Predicted score, less what predicted cost and latency are worth. Neither is ever a gain.
    fn weigh(&self, predicted: &[f32], preference: &Preference) -> Utilities {
        let cost_weight = if self.known[1] { preference.cost_weight } else { 0.0 };
        let latency_weight = if self.known[2] { preference.latency_weight } else { 0.0 };
        let columns = self.intercepts.len();
        let mut utilities = Utilities::new(predicted.len() / columns, self.models);
        for (query, row) in predicted.chunks_exact(columns).enumerate() {
            let (scores, rest) = row.split_at(self.models);
            let (costs_usd, latencies_ms) = rest.split_at(self.models);
            for (model, utility) in utilities.row_mut(query).iter_mut().enumerate() {
                let (cost_usd, latency_s) = (costs_usd[model].max(0.0), latencies_ms[model].max(0.0) / 1000.0);
                *utility = scores[model] - cost_weight * cost_usd - latency_weight * latency_s;
            }
        }
        utilities
    }

    /// Sum of squared errors of each measure, where it is known.
    fn squared_errors(&self, set: &TrainingSet<'_>) -> Result<[f64; 3], Error> {
        let predicted = self.predict(set.queries())?;
        let mut errors = [0.0; 3];
        for (measure, table) in tables(set)?.iter().enumerate() {
            for (row, predicted) in predicted.chunks_exact(self.intercepts.len()).enumerate() {
                let predicted = &predicted[measure * self.models..(measure + 1) * self.models];
                for (&predicted, &truth) in predicted.iter().zip(table.row(row)).filter(|(_, truth)| !truth.is_nan()) {
                    errors[measure] += (f64::from(predicted) - f64::from(truth)).powi(2);
                }
            }
        }
        Ok(errors)
    }
}

fn tables(set: &TrainingSet<'_>) -> Result<[Table; 3], Error> {
    let [score, cost, latency] = MEASURES.map(|measure| set.table(measure));
    Ok([score?, cost?, latency?])
}

/// The models of which nothing is known.
fn unknown_models(table: &Table) -> Vec<usize> {
    let unknown = |&model: &usize| (0..table.rows()).all(|row| table.row(row)[model].is_nan());
    (0..table.models()).filter(unknown).collect()
}

/// rows x (measures x models).
fn side_by_side(tables: &[Table; 3], models: usize) -> Result<Matrix, Error> {
    let rows = tables[0].rows();
    let row = |row| tables.iter().flat_map(move |table: &Table| table.row(row).iter().copied());
    Matrix::new(rows, models * MEASURES.len(), (0..rows).flat_map(row).collect())
}

export_router!(CarrotLinear);

#[cfg(test)]
mod tests;
