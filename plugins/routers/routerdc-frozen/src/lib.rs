//! Learns a vector for each model by dual contrastive losses over frozen embeddings.

mod contrast;

use routerlab_learn::{Dense, Parameter, Reducer, Settings, fit, normal, training_schema};
use routerlab_sdk::{
    Decisions, Error, Measure, Needs, Preference, QuerySet, Random, Router, State, StateWriter, TrainingSet,
    Unavailable, Utilities, config, export_router,
};
use serde::Deserialize;

use contrast::{Contrast, Dual, unit};

/// What the state begins with.
const TAG: &str = "routerdc-frozen/1";

/// What may be set.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Length of the vectors of queries and models (H).
    pub vector: u32,
    /// What similarities are divided by (T). As published it is 1, at which the softmax over them is nearly flat.
    pub temperature: f32,
    /// Models that count as good, and as bad, for a query (K+ and K-).
    pub contrasted: u32,
    /// Weight of the query-to-query loss (b); 0 leaves it out.
    pub query_weight: f32,
    /// Clusters of training queries for that loss.
    pub clusters: u32,
    /// Queries of other clusters that each query is set against (H of the paper).
    pub negatives: u32,
    /// How it is trained.
    pub training: Settings,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            vector: 64,
            temperature: 0.2,
            contrasted: 3,
            query_weight: 1.0,
            clusters: 8,
            negatives: 3,
            training: Settings::default(),
        }
    }
}

/// A vector for each model, and the map that turns a query into one.
pub struct RouterDc {
    reducer: Reducer,
    query: Dense,
    /// models x vector, each of length 1.
    models: Vec<f32>,
    /// Whether each model has a score in training; one that has none is below all others.
    known: Vec<bool>,
}

impl Router for RouterDc {
    const NAME: &'static str = "routerdc-frozen";
    const NEEDS: Needs = Needs::EMBEDDINGS;
    const CONFIG_SCHEMA: &'static str = concat!(
        r#"{"type":"object","additionalProperties":false,"properties":{"vector":{"type":"integer","minimum":1,"default":64},"temperature":{"type":"number","exclusiveMinimum":0,"default":0.2},"contrasted":{"type":"integer","minimum":1,"default":3},"query_weight":{"type":"number","minimum":0,"default":1},"clusters":{"type":"integer","minimum":1,"default":8},"negatives":{"type":"integer","minimum":1,"default":3},"training":"#,
        training_schema!(),
        "}}"
    );
    type Config = Config;

    fn train(train: &TrainingSet<'_>, validation: &TrainingSet<'_>, config: Config, seed: u64) -> Result<State, Error> {
        config.check()?;
        let known: Vec<bool> = train.means(Measure::Score)?.iter().map(|mean| !mean.is_nan()).collect();
        if known.iter().all(|known| !known) {
            return Err(Error::unsupported("no model has a score in training"));
        }
        let reducer = Reducer::fit(train.queries(), config.training.width as usize)?;
        let mut random = Random::new(seed);
        let embeddings = train.queries().embedding_matrix()?.normalise_rows()?;
        let clusters = embeddings.kmeans(config.clusters as usize, 100, random.next_u64())?.assignment;
        let vector = config.vector as usize;
        // As published: Normal(0, 0.78).
        let models = (0..known.len() * vector).map(|_| 0.78 * normal(&mut random)).collect();
        let mut dual = Dual {
            query: Dense::new(reducer.width(), vector, &mut random),
            models: Parameter::new(models),
            inputs: reducer.reduce(train.queries())?,
            scores: train.table(Measure::Score)?,
            clusters,
            validation: reducer.reduce(validation.queries())?,
            judged_on: validation,
            contrast: Contrast {
                temperature: config.temperature,
                contrasted: config.contrasted as usize,
                query_weight: config.query_weight,
                negatives: config.negatives as usize,
            },
        };
        fit(&mut dual, train.rows(), &config.training.schedule(), &mut random)?;
        let Dual { query, mut models, .. } = dual;
        models.values.chunks_exact_mut(vector).for_each(|model| {
            unit(model);
        });
        let known: Vec<u32> = known.into_iter().map(u32::from).collect();
        let writer = query.write(StateWriter::new(TAG).u32s(&known).f32s(&models.values));
        let (writer, matrix) = reducer.write(writer);
        Ok(writer.finish(vec![matrix]))
    }

    fn load(mut state: State) -> Result<Self, Error> {
        let matrix = Reducer::matrix_of(&mut state)?;
        let mut reader = state.reader(TAG)?;
        let known: Vec<bool> = reader.u32s()?.into_iter().map(|known| known == 1).collect();
        let models = reader.f32s()?;
        let query = Dense::read(&mut reader)?;
        let fits = query.inputs() == matrix.cols() && known.len().checked_mul(query.outputs()) == Some(models.len());
        let reducer = Reducer::read(&mut reader, matrix)?;
        reader.end()?;
        if !fits || known.is_empty() || query.outputs() == 0 {
            return Err(Error::malformed("the parts of the state do not fit together"));
        }
        Ok(Self { reducer, query, models, known })
    }

    fn route(
        &self,
        queries: &QuerySet<'_>,
        _: &[Preference],
        unavailable: &Unavailable,
    ) -> Result<Vec<Decisions>, Error> {
        let inputs = self.reducer.reduce(queries)?;
        let mut similar = Utilities::new(queries.rows(), self.known.len());
        for (query, input) in inputs.chunks_exact(self.reducer.width()).enumerate() {
            let row = similar.row_mut(query);
            contrast::similarities(&self.query, &self.models, input, row);
            // A cosine is never below -1.
            row.iter_mut().zip(&self.known).filter(|(_, known)| !**known).for_each(|(cosine, _)| *cosine = -2.0);
        }
        Ok(vec![similar.decide(unavailable)?])
    }
}

impl Config {
    fn check(&self) -> Result<(), Error> {
        self.training.check()?;
        let counts = [
            ("vector", self.vector),
            ("contrasted", self.contrasted),
            ("clusters", self.clusters),
            ("negatives", self.negatives),
        ];
        for (key, count) in counts {
            config::at_least_one(key, count)?;
        }
        config::positive("temperature", self.temperature)?;
        config::not_negative("query_weight", self.query_weight)
    }
}

export_router!(RouterDc);

#[cfg(test)]
mod tests;
