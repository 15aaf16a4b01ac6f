//! The records an experiment runs on, read and checked once.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use routerlab_metrics::Observed;
use routerlab_plugin::{Matrix, ModelCard};
use routerlab_records::pool::Pool;
use routerlab_records::{
    DatasetId, Embeddings, GROUPS_FILE, GroupRow, ModelName, OutcomeParts, OutcomeRow, Outcomes, QueryId, QueryRow,
    completion_files, digest_embeddings, digest_file, find_embeddings, read_embeddings, read_groups, read_table,
};

use crate::error::BenchError;
use crate::experiment::{DataChoice, Weighs};
use crate::reference::Reference;

/// The table of embeddings, where none is named.
const EMBEDDINGS: &str = "embeddings.parquet";

/// Queries x models, in the order of the records: datasets by name, splits by name, records by index.
#[derive(Debug)]
pub struct Data {
    /// Where it was read from.
    pub dir: PathBuf,
    /// The id of each query.
    pub ids: Vec<QueryId>,
    /// The prompt of each query.
    pub prompts: Vec<Arc<str>>,
    /// The question of each query as its dataset has it; the prompt itself where they are equal.
    pub origin_queries: Vec<Arc<str>>,
    /// The group of each query: equal texts have one, and the fair track never divides it.
    pub group_keys: Vec<Arc<str>>,
    /// The datasets in byte order.
    pub datasets: Vec<DatasetId>,
    /// The dataset of each query, a position in `datasets`.
    pub dataset: Vec<u32>,
    /// The models in byte order of their names.
    pub models: Vec<ModelName>,
    /// What is known about each model.
    pub cards: Vec<ModelCard>,
    /// Scores and costs, queries x models.
    pub observed: Observed<'static>,
    /// queries x models; NaN where unknown.
    pub latency_ms: Vec<f64>,
    /// queries x models; NaN where unknown.
    pub completion_tokens: Vec<f64>,
    /// Length of each prompt in tokens (the median over models); 0 where unknown.
    pub prompt_tokens: Vec<u32>,
    /// Models outside the pool, in the order in which they were named.
    pub references: Vec<Reference>,
    /// queries x width.
    pub embeddings: Option<Matrix>,
    /// sha-256 of every file that was read, by table.
    pub digests: BTreeMap<String, String>,
    /// Queries that were left out because no model (or, where asked for, not every model) has a score.
    pub left_out: usize,
}

impl Data {
    /// Reads the tables of a data folder and keeps what the choice asks for.
    ///
    /// # Errors
    /// A table that is missing or damaged, a dataset or model that does not exist, or nothing left to run on.
    pub fn load(choice: &DataChoice) -> Result<Self, BenchError> {
        let dir = choice.dir.as_path();
        let fail = |reason: String| BenchError::Data { path: dir.to_owned(), reason };
        if !dir.is_dir() {
            return Err(fail("there is no such folder; make one with `routerlab import`".into()));
        }
        let mut digests = BTreeMap::new();
        let mut table = |name: &str| -> Result<PathBuf, BenchError> {
            let path = dir.join(name);
            if name == "outcomes.parquet" && !path.exists() && completion_files(dir).is_ok() {
                return Err(fail(
                    "there is no `outcomes.parquet`; score the completions first with `routerlab score`".into(),
                ));
            }
            digests.insert(name.to_owned(), digest_file(&path)?);
            Ok(path)
        };
        let mut queries = read_table::<QueryRow>(&table("queries.parquet")?)?.rows;
        if let Some(groups) = read_groups(dir)? {
            table(GROUPS_FILE)?;
            regroup(&mut queries, groups.rows);
        }
        queries.sort_by(|a, b| (&a.dataset, &a.split, a.record_index).cmp(&(&b.dataset, &b.split, b.record_index)));
        let outcomes = read_table::<OutcomeRow>(&table("outcomes.parquet")?)?;
        let outcomes = Outcomes::join(queries, &outcomes)?;
        let pool = match dir.join("pool.toml").exists() {
            true => Pool::read(&table("pool.toml")?)?,
            false => Pool::default(),
        };
        let (outcomes, references, left_out) = chosen(outcomes, choice).map_err(fail)?;
        let embeddings_path = match &choice.embeddings_file {
            Some(file) if !dir.join(file).exists() => {
                let name = file.display();
                return Err(fail(format!(
                    "`data.embeddings_file` names `{name}`, and there is no such file in the folder"
                )));
            }
            Some(file) => Some(dir.join(file)),
            None if choice.embeddings => find_embeddings(dir)?,
            None => None,
        };
        let embeddings = match embeddings_path.filter(|_| choice.embeddings) {
            Some(path) => {
                // Under the name of the table, so that it does not matter how its file is called.
                digests.insert(EMBEDDINGS.to_owned(), digest_embeddings(&path)?);
                Some(embeddings(&outcomes, &path)?)
            }
            None => None,
        };
        Self::arranged(dir, &outcomes, &pool, embeddings, digests, left_out).map(|data| Self { references, ..data })
    }

    fn arranged(
        dir: &Path,
        outcomes: &Outcomes,
        pool: &Pool,
        embeddings: Option<Matrix>,
        digests: BTreeMap<String, String>,
        left_out: usize,
    ) -> Result<Self, BenchError> {
        let queries = outcomes.queries();
        let (dataset, models) = (outcomes.dataset_of().to_vec(), outcomes.models().to_vec());
        let observed = Observed::new(
            dataset.clone(),
            outcomes.datasets().len(),
            models.len(),
            outcomes.scores().to_vec(),
            outcomes.costs_usd().to_vec(),
        )
        .map_err(|error| BenchError::Data { path: dir.to_owned(), reason: error.to_string() })?;
        let card = |model: &ModelName| {
            let known = pool.models.get(model).cloned().unwrap_or_default();
            ModelCard {
                name: model.to_string(),
                input_usd_per_mtok: known.input_usd_per_mtok,
                output_usd_per_mtok: known.output_usd_per_mtok,
                description: known.description,
            }
        };
        let prompts: Vec<Arc<str>> = queries.iter().map(|query| Arc::from(query.prompt.as_str())).collect();
        let origin = |(query, prompt): (&QueryRow, &Arc<str>)| match query.origin_query == **prompt {
            true => Arc::clone(prompt),
            false => Arc::from(query.origin_query.as_str()),
        };
        Ok(Self {
            dir: dir.to_owned(),
            ids: queries.iter().map(|query| query.query_id.clone()).collect(),
            origin_queries: queries.iter().zip(&prompts).map(origin).collect(),
            prompts,
            group_keys: queries.iter().map(|query| Arc::from(query.group_key.as_str())).collect(),
            datasets: outcomes.datasets().to_vec(),
            dataset,
            cards: models.iter().map(card).collect(),
            prompt_tokens: outcomes.prompt_tokens().chunks_exact(models.len()).map(median).collect(),
            latency_ms: outcomes.latencies_ms().to_vec(),
            completion_tokens: outcomes.completion_tokens().to_vec(),
            models,
            observed,
            references: Vec::new(),
            embeddings,
            digests,
            left_out,
        })
    }

    /// How many queries.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.ids.len()
    }

    /// Whether any cost is known.
    #[must_use]
    pub fn has_costs(&self) -> bool {
        (0..self.rows()).any(|row| self.observed.costs_usd(row).iter().any(|cost| cost.is_finite()))
    }

    /// The position of a model, by its name.
    #[must_use]
    pub fn model_index(&self, name: &str) -> Option<u32> {
        self.models.iter().position(|model| model.as_str() == name).map(|at| at as u32)
    }

    /// The models' names, for messages.
    #[must_use]
    pub fn model_list(&self) -> String {
        self.models.iter().map(|model| model.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// Scores and costs of some rows.
    ///
    /// # Errors
    /// A row that does not exist.
    pub fn part(&self, rows: &[u32]) -> Result<Observed<'static>, BenchError> {
        let failed = |error: routerlab_metrics::ObservedError| BenchError::Data {
            path: self.dir.clone(),
            reason: error.to_string(),
        };
        self.observed.select(rows).map_err(failed)
    }

    /// Scores of some rows, and in place of costs what is weighed: the costs, or the latencies in seconds.
    ///
    /// # Errors
    /// A row that does not exist.
    pub(crate) fn weighed(&self, rows: &[u32], weighs: Weighs) -> Result<Observed<'static>, BenchError> {
        let part = self.part(rows)?;
        if weighs == Weighs::Cost {
            return Ok(part);
        }
        let models = self.models.len();
        let scores: Vec<f64> = (0..rows.len()).flat_map(|row| part.scores(row).iter().copied()).collect();
        let of_row = |row: &u32| self.latency_ms[*row as usize * models..][..models].iter().map(|ms| ms / 1e3);
        let seconds: Vec<f64> = rows.iter().flat_map(of_row).collect();
        Observed::new(part.dataset().to_vec(), part.datasets(), models, scores, seconds)
            .map_err(|error| BenchError::Data { path: self.dir.clone(), reason: error.to_string() })
    }
}

/// Gives queries the groups that a search for near-duplicates found. A query that it did not see keeps its own.
fn regroup(queries: &mut [QueryRow], groups: Vec<GroupRow>) {
    let mut found: HashMap<QueryId, String> = groups.into_iter().map(|row| (row.query_id, row.group_key)).collect();
    for query in queries {
        if let Some(key) = found.remove(&query.query_id) {
            query.group_key = key;
        }
    }
}

/// The queries and models that the choice keeps, its models outside the pool, and how many queries had to go because of
/// missing scores.
fn chosen(outcomes: Outcomes, choice: &DataChoice) -> Result<(Outcomes, Vec<Reference>, usize), String> {
    for name in &choice.datasets {
        if !outcomes.datasets().iter().any(|dataset| dataset.as_str() == name) {
            let known: Vec<_> = outcomes.datasets().iter().map(|dataset| dataset.as_str()).collect();
            return Err(format!("`data.datasets` names {name:?}; there are: {}", known.join(", ")));
        }
    }
    for (key, names) in [("models", &choice.models), ("reference_models", &choice.reference_models)] {
        for name in names {
            if !outcomes.models().iter().any(|model| model.as_str() == name) {
                let known: Vec<_> = outcomes.models().iter().map(|model| model.as_str()).collect();
                return Err(format!("`data.{key}` names {name:?}; there are: {}", known.join(", ")));
            }
        }
    }
    if let Some(name) = choice.models.iter().find(|name| choice.reference_models.contains(name)) {
        return Err(format!("{name:?} is in `data.models` and in `data.reference_models`; remove it from one of them"));
    }
    let among = |names: &[String], at: &usize| names.iter().any(|name| *name == *outcomes.models()[*at]);
    let in_datasets: Vec<usize> = (0..outcomes.queries().len())
        .filter(|row| {
            choice.datasets.is_empty() || choice.datasets.iter().any(|name| *name == *outcomes.queries()[*row].dataset)
        })
        .collect();
    let has = |row: usize, model: usize| !outcomes.scores()[outcomes.at(row, model)].is_nan();
    // Whether a model has a score for the share that is asked of every dataset.
    let covers = |model: usize| {
        let mut of_dataset = vec![(0.0, 0.0); outcomes.datasets().len()];
        for row in &in_datasets {
            let (scored, all) = &mut of_dataset[outcomes.dataset_of()[*row] as usize];
            (*scored, *all) = (*scored + f64::from(u8::from(has(*row, model))), *all + 1.0);
        }
        // A product that is whole but for its last bits asks for no query more.
        of_dataset.iter().all(|(scored, all)| *scored >= choice.coverage * all - 1e-9)
    };
    let models: Vec<usize> = (0..outcomes.models().len())
        .filter(|at| choice.models.is_empty() || among(&choice.models, at))
        .filter(|at| !among(&choice.reference_models, at))
        .filter(|at| choice.coverage == 0.0 || covers(*at))
        .collect();
    if models.is_empty() && choice.coverage > 0.0 {
        return Err(format!(
            "no model has a score for {} of the queries of every dataset, as `data.coverage` asks; lower it, or name datasets that some model covers in `data.datasets`",
            choice.coverage
        ));
    }
    let scored = |row: &usize| {
        let has = |model: &usize| has(*row, *model);
        if choice.complete_only { models.iter().all(has) } else { models.iter().any(has) }
    };
    let kept: Vec<usize> = in_datasets.iter().copied().filter(scored).collect();
    if kept.is_empty() || models.is_empty() {
        return Err(
            "no query with a score is left; widen `data.datasets`, `data.models` or `data.complete_only`".into()
        );
    }
    let left_out = in_datasets.len() - kept.len();
    let outcomes = if kept.len() == outcomes.queries().len() { outcomes } else { outcomes.select(&kept) };
    let references = choice.reference_models.iter().map(|name| reference(&outcomes, name)).collect();
    let all = models.len() == outcomes.models().len();
    let outcomes = if all { outcomes } else { with_models(&outcomes, &models).map_err(|error| error.to_string())? };
    Ok((outcomes, references, left_out))
}

/// One model's column of every block.
fn reference(outcomes: &Outcomes, name: &str) -> Reference {
    let model = outcomes.models().partition_point(|model| model.as_str() < name);
    let column = |block: &[f64]| block.chunks_exact(outcomes.models().len()).map(|row| row[model]).collect();
    Reference {
        name: name.into(),
        scores: column(outcomes.scores()),
        costs_usd: column(outcomes.costs_usd()),
        latency_ms: column(outcomes.latencies_ms()),
    }
}

/// The columns of some models.
fn with_models(outcomes: &Outcomes, models: &[usize]) -> Result<Outcomes, routerlab_records::TableError> {
    let columns = |block: &[f64]| -> Vec<f64> {
        block.chunks_exact(outcomes.models().len()).flat_map(|row| models.iter().map(|model| row[*model])).collect()
    };
    Outcomes::try_new(OutcomeParts {
        path: PathBuf::from("outcomes"),
        queries: outcomes.queries().to_vec(),
        models: models.iter().map(|model| outcomes.models()[*model].clone()).collect(),
        scores: columns(outcomes.scores()),
        costs_usd: columns(outcomes.costs_usd()),
        latencies_ms: columns(outcomes.latencies_ms()),
        prompt_tokens: columns(outcomes.prompt_tokens()),
        completion_tokens: columns(outcomes.completion_tokens()),
    })
}

fn embeddings(outcomes: &Outcomes, path: &Path) -> Result<Matrix, BenchError> {
    let joined = Embeddings::join(outcomes.queries(), &read_embeddings(path)?)?;
    let (width, values) = (joined.width(), joined.values().to_vec());
    Matrix::new(outcomes.queries().len(), width, values)
        .map_err(|error| BenchError::Data { path: path.to_owned(), reason: error.to_string() })
}

/// The median of the known values, 0 when none is: models count tokens each in their own way.
fn median(values: &[f64]) -> u32 {
    let mut known: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    known.sort_by(f64::total_cmp);
    known.get(known.len() / 2).map_or(0, |value| *value as u32)
}
