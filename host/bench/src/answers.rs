//! What models answered, for the routers that look at answers: read once a run, and only when one of them asks for it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use routerlab_plugin::{Answers, Matrix, Replay, TrainingSet};
use routerlab_records::{
    AnswerEmbeddingRow, CompletionRow, CompletionStatus, ModelName, QueryId, TableReader, completion_files,
    digest_completions, digest_file,
};

use crate::data::Data;
use crate::error::BenchError;
use crate::prepare::Prepared;

/// The table of a data folder that holds answers as vectors. Like the completions, it is optional.
const EMBEDDINGS: &str = "answer_embeddings.parquet";

/// Answers to all queries of the data. One text takes its bytes once, however many seeds and routers see it.
#[derive(Debug)]
pub(crate) struct RecordedAnswers {
    /// queries x models; empty where there is none.
    pub(crate) texts: Option<Vec<Arc<str>>>,
    /// For each model queries x width; zeros where there is none.
    pub(crate) embeddings: Option<Vec<Matrix>>,
}

impl Data {
    /// Counts the tables of answers among those that were read: decisions of a router that sees them depend on them.
    pub(crate) fn digest_answers(&mut self) -> Result<(), BenchError> {
        if completion_files(&self.dir).is_ok() {
            self.digests.insert("completions.parquet".to_owned(), digest_completions(&self.dir)?);
        }
        let path = self.dir.join(EMBEDDINGS);
        if path.exists() {
            self.digests.insert(EMBEDDINGS.to_owned(), digest_file(&path)?);
        }
        Ok(())
    }

    /// Where a query and a model stand in tables of queries x models.
    fn places(&self) -> impl Fn(&QueryId, &ModelName) -> Option<(usize, usize)> + use<'_> {
        let rows: HashMap<&QueryId, usize> = self.ids.iter().enumerate().map(|(row, id)| (id, row)).collect();
        let models: HashMap<&str, usize> =
            self.models.iter().enumerate().map(|(at, model)| (model.as_str(), at)).collect();
        move |id, model| Some((*rows.get(id)?, *models.get(model.as_str())?))
    }
}

impl RecordedAnswers {
    /// Reads what the data folder has, a batch of rows at a time.
    pub(crate) fn read(data: &Data) -> Result<Self, BenchError> {
        let vectors = data.dir.join(EMBEDDINGS);
        Ok(Self {
            texts: completion_files(&data.dir).ok().map(|files| read_texts(data, &files)).transpose()?,
            embeddings: vectors.exists().then(|| read_embeddings(data, &vectors)).transpose()?,
        })
    }

    /// The answers in some records, models in the order of a pool. `hides` says of which rows (their position) and models
    /// there is none to see.
    fn of(
        &self,
        data: &Data,
        records: &[u32],
        pool: &[u32],
        hides: &dyn Fn(usize, u32) -> bool,
    ) -> Result<Answers, BenchError> {
        let models = data.models.len();
        let nothing: Arc<str> = "".into();
        let text = |texts: &Vec<Arc<str>>| -> Arc<[Arc<str>]> {
            let of_row = |(at, record): (usize, &u32)| {
                let (first, nothing) = (*record as usize * models, &nothing);
                pool.iter().map(move |model| match hides(at, *model) {
                    true => Arc::clone(nothing),
                    false => Arc::clone(&texts[first + *model as usize]),
                })
            };
            records.iter().enumerate().flat_map(of_row).collect()
        };
        let gathered = |embeddings: &Vec<Matrix>| -> Result<Arc<[Matrix]>, BenchError> {
            let of_model = |model: &u32| {
                let all = embeddings[*model as usize].gather(records)?;
                if !(0..records.len()).any(|at| hides(at, *model)) {
                    return Ok(all);
                }
                let of_row = |at| if hides(at, *model) { vec![0.0; all.cols()] } else { all.row(at).to_vec() };
                Matrix::new(all.rows(), all.cols(), (0..records.len()).flat_map(of_row).collect())
            };
            let failed = |error: routerlab_plugin::KernelError| BenchError::Data {
                path: data.dir.join(EMBEDDINGS),
                reason: error.to_string(),
            };
            pool.iter().map(of_model).collect::<Result<_, _>>().map_err(failed)
        };
        Ok(Answers {
            texts: self.texts.as_ref().map(text),
            embeddings: self.embeddings.as_ref().map(gathered).transpose()?,
        })
    }
}

/// The first sample of each answer. A call that failed has none.
fn read_texts(data: &Data, files: &[PathBuf]) -> Result<Vec<Arc<str>>, BenchError> {
    let place = data.places();
    let models = data.models.len();
    let mut texts = vec![Arc::<str>::from(""); data.rows() * models];
    let mut rows = Vec::new();
    for path in files {
        let mut reader = TableReader::<CompletionRow>::open(path)?;
        while reader.read_into(&mut rows)? {
            for row in rows.drain(..) {
                let answered = row.sample_index == 0 && row.status == CompletionStatus::Ok;
                if let (true, Some((query, model))) = (answered, place(&row.query_id, &row.model)) {
                    texts[query * models + model] = row.raw_output.into();
                }
            }
        }
    }
    Ok(texts)
}

/// Vectors of one width and one encoder. A matrix for each model, because a router in training works on one at a time.
fn read_embeddings(data: &Data, path: &Path) -> Result<Vec<Matrix>, BenchError> {
    let fail = |reason: String| BenchError::Data { path: path.to_owned(), reason };
    let place = data.places();
    let mut values: Vec<Vec<f32>> = Vec::new();
    let mut first: Option<AnswerEmbeddingRow> = None;
    let mut reader = TableReader::<AnswerEmbeddingRow>::open(path)?;
    let mut rows = Vec::new();
    while reader.read_into(&mut rows)? {
        for row in rows.drain(..) {
            let Some((query, model)) = place(&row.query_id, &row.model) else { continue };
            let of = format!("the answer of `{}` to `{}`", row.model, row.query_id);
            let expected = first.get_or_insert_with(|| row.clone());
            let width = expected.embedding.len();
            if row.embedding.len() != width || width == 0 {
                return Err(fail(format!(
                    "{of} has {} numbers, expected {width}, as many as the first",
                    row.embedding.len()
                )));
            }
            if row.encoder != expected.encoder {
                return Err(fail(format!("{of} is of encoder `{}`, expected `{}`", row.encoder, expected.encoder)));
            }
            if let Some(number) = row.embedding.iter().find(|number| !number.is_finite()) {
                return Err(fail(format!("{of} has {number}, which is not a finite number")));
            }
            values.resize_with(data.models.len(), Vec::new);
            values[model].resize(data.rows() * width, 0.0);
            values[model][query * width..(query + 1) * width].copy_from_slice(&row.embedding);
        }
    }
    let width = first.map_or(0, |row| row.embedding.len());
    let matrix = |mut values: Vec<f32>| {
        values.resize(data.rows() * width, 0.0);
        Matrix::new(data.rows(), width, values).map_err(|error| fail(error.to_string()))
    };
    values.resize_with(data.models.len(), Vec::new);
    values.into_iter().map(matrix).collect()
}

/// What one router sees of one seed besides the queries that it routes.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) train: TrainingSet,
    pub(crate) validation: TrainingSet,
    /// For a sequential router what models did on validation and test, told one attempt at a time.
    pub(crate) replay: Option<[Replay; 2]>,
}

impl Shown {
    /// `answers` are those of a run in which this router is granted them; a `sequential` one is told attempts.
    pub(crate) fn new(
        data: &Data,
        prepared: &Prepared,
        sequential: bool,
        answers: Option<&RecordedAnswers>,
    ) -> Result<Self, BenchError> {
        let Prepared { parts, known, pool, .. } = prepared;
        let of = |records: &[u32], hides: &dyn Fn(usize, u32) -> bool| {
            answers.map_or_else(|| Ok(Answers::default()), |answers| answers.of(data, records, pool, hides))
        };
        // An answer goes with its score: where that stands for another query or is hidden, so does the answer.
        let learned =
            |rows: &[u32]| of(&known.records_of_all(rows), &|at: usize, model: u32| known.hides(rows[at], model));
        // Who asks a model in service gets its answer, also from one that joined late.
        let replay = |rows: &[u32]| -> Result<Replay, BenchError> {
            let records = known.records_of_all(rows);
            let models = data.models.len();
            let table = |value: &dyn Fn(usize, usize) -> f64| -> Arc<[f64]> {
                let of_record = |record: &u32| {
                    let record = *record as usize;
                    pool.iter().map(move |model| value(record, *model as usize))
                };
                records.iter().flat_map(of_record).collect()
            };
            Ok(Replay {
                answers: of(&records, &|_, _| false)?,
                models,
                costs_usd: table(&|record, model| data.observed.costs_usd(record)[model]),
                latencies_ms: table(&|record, model| data.latency_ms[record * models + model]),
                first_row: 0,
            })
        };
        Ok(Self {
            train: TrainingSet { answers: learned(&parts.train)?, ..prepared.train.clone() },
            validation: TrainingSet { answers: learned(&parts.validation)?, ..prepared.validation.clone() },
            replay: match sequential {
                true => Some([replay(&parts.validation)?, replay(&parts.test)?]),
                false => None,
            },
        })
    }
}
