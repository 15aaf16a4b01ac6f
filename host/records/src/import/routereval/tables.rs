//! From prompts and scores to rows.

use std::collections::BTreeSet;
use std::path::Path;

use crate::embeddings::{EmbeddingRow, EmbeddingStatus};
use crate::error::TableError;
use crate::ids::{DatasetId, EncoderName, ModelName, QueryId};
use crate::import::routereval::RouterEvalOptions;
use crate::import::routereval::read::{Leaderboard, RouterDataset};
use crate::import::routereval::seeds::Scores;
use crate::outcomes::{OutcomeRow, check_number};
use crate::queries::{QueryRow, group_key};

/// Outcomes that are held in memory at most.
const MAX_OUTCOMES: usize = 10_000_000;

/// The rows of an import.
#[derive(Default)]
pub(super) struct Tables {
    pub(super) queries: Vec<QueryRow>,
    pub(super) outcomes: Vec<OutcomeRow>,
    pub(super) embeddings: Vec<EmbeddingRow>,
    pub(super) models: BTreeSet<ModelName>,
    pub(super) datasets: usize,
}

/// The queries of one dataset's split.
struct Part<'a> {
    dataset: &'a str,
    split: &'a str,
    /// What the scores are called in messages.
    field: String,
    prompts: &'a [String],
    scores: &'a Scores,
    places: &'a [u64],
}

impl Tables {
    pub(super) fn of_router_dataset(
        path: &Path,
        found: &RouterDataset,
        options: &RouterEvalOptions,
    ) -> Result<Self, TableError> {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let dataset = options.dataset.clone().unwrap_or_else(|| stem.trim_end_matches("_router_dataset").to_owned());
        let (prompts, data) = (&found.prompts, &found.scores.data);
        let (vectors, places) = (&found.vectors, &found.places);
        let parts = [
            ("train", &prompts.train_prompt, &data.train_score, &places.train_indices, &vectors.train_embed),
            ("val", &prompts.val_prompt, &data.val_score, &places.val_indices, &vectors.val_embed),
            ("test", &prompts.test_prompt, &data.test_score, &places.test_indices, &vectors.test_embed),
        ];
        let above = found.pool.as_deref().map(|pool| format!("{}.", pool.replace('/', "."))).unwrap_or_default();
        let mut tables = Self { datasets: 1, ..Self::default() };
        let with_vectors = parts.iter().any(|(.., vectors)| !vectors.is_empty());
        let encoder = options.encoder.clone().unwrap_or_else(|| EncoderName::from("unknown"));
        for (split, prompts, scores, places, vectors) in parts {
            let (none, field) = (Vec::new(), format!("{above}data.{split}_score"));
            let scores = scores.as_ref().unwrap_or(&none);
            let part = Part { dataset: &dataset, split, field, prompts, scores, places };
            let first = tables.queries.len();
            tables.add(path, &part, &found.scores.model)?;
            if with_vectors {
                tables.add_vectors(path, split, first, vectors, &encoder)?;
            }
        }
        Ok(tables)
    }

    pub(super) fn of_leaderboard(found: &Leaderboard) -> Result<Self, TableError> {
        let mut tables = Self { datasets: found.tasks.len(), ..Self::default() };
        for task in &found.tasks {
            let part = Part {
                dataset: &task.name,
                split: "test",
                field: format!("data.{}.correctness", task.name),
                prompts: &task.prompts,
                scores: &task.scores,
                places: &[],
            };
            tables.add(&found.path, &part, &found.models)?;
        }
        Ok(tables)
    }

    fn add(&mut self, path: &Path, part: &Part<'_>, models: &[String]) -> Result<(), TableError> {
        let wrong = |reason: String| TableError::Settings {
            path: path.to_owned(),
            reason: format!("`{}`: {reason}", part.field),
        };
        let models: Vec<ModelName> = models.iter().map(|model| ModelName::from(model.as_str())).collect();
        if let Some(twice) = (1..models.len()).find(|at| models[..*at].contains(&models[*at])) {
            return Err(wrong(format!("the model `{}` is there twice", models[twice])));
        }
        if part.scores.len() != part.prompts.len() {
            return Err(wrong(format!("{} rows of scores for {} prompts", part.scores.len(), part.prompts.len())));
        }
        let dataset = DatasetId::from(part.dataset.replace('/', "-"));
        for (at, (prompt, scores)) in part.prompts.iter().zip(part.scores).enumerate() {
            let number = at + 1;
            if scores.len() != models.len() {
                return Err(wrong(format!("row {number} has {} scores for {} models", scores.len(), models.len())));
            }
            let record_index = number as u64;
            let query_id =
                QueryId::new(&dataset, part.split, record_index).map_err(|error| wrong(error.to_string()))?;
            for (model, score) in models.iter().zip(scores) {
                let Some(score) = *score else { continue };
                check_number(score, 1.0).map_err(|reason| wrong(format!("row {number}, model `{model}`: {reason}")))?;
                self.outcomes.push(OutcomeRow {
                    query_id: query_id.clone(),
                    model: model.clone(),
                    dataset: dataset.clone(),
                    score: Some(score),
                    cost_usd: None,
                    cost_source: None,
                    latency_ms: None,
                    prompt_tokens: None,
                    completion_tokens: None,
                });
            }
            if self.outcomes.len() > MAX_OUTCOMES {
                let reason = format!("more than {MAX_OUTCOMES} scores; choose among them with `--task` and `--model`");
                return Err(TableError::Settings { path: path.to_owned(), reason });
            }
            let source = part.places.get(at).copied().unwrap_or(at as u64);
            self.queries.push(QueryRow {
                query_id,
                dataset: dataset.clone(),
                split: part.split.into(),
                record_index,
                origin_query: prompt.clone(),
                prompt: prompt.clone(),
                ground_truth: None,
                metadata: serde_json::json!({ "source_id": source.to_string() }).to_string(),
                group_key: group_key(prompt),
            });
        }
        self.models.extend(models);
        Ok(())
    }

    /// The vectors of the queries from `first` on.
    fn add_vectors(
        &mut self,
        path: &Path,
        split: &str,
        first: usize,
        vectors: &[Vec<Option<f32>>],
        encoder: &EncoderName,
    ) -> Result<(), TableError> {
        let wrong = |reason: String| TableError::Settings {
            path: path.to_owned(),
            reason: format!("`embedding.{split}_embed`: {reason}"),
        };
        let queries = &self.queries[first..];
        if vectors.len() != queries.len() {
            return Err(wrong(format!("{} vectors for {} prompts", vectors.len(), queries.len())));
        }
        let width = self.embeddings.first().and_then(|row| row.embedding.as_ref()).map(Vec::len);
        for (at, (query, vector)) in queries.iter().zip(vectors).enumerate() {
            let width = width.or_else(|| vectors.first().map(Vec::len)).unwrap_or_default();
            if vector.len() != width || width == 0 {
                return Err(wrong(format!("vector {} has {} numbers, expected {width}", at + 1, vector.len())));
            }
            let embedding: Option<Vec<f32>> = vector.iter().copied().collect();
            let finite = embedding.filter(|vector| vector.iter().all(|number| number.is_finite()));
            let embedding = finite.ok_or_else(|| wrong(format!("vector {} has a number that is none", at + 1)))?;
            self.embeddings.push(EmbeddingRow {
                query_id: query.query_id.clone(),
                encoder: encoder.clone(),
                embedding: Some(embedding),
                status: EmbeddingStatus::Ok,
                tokens: None,
                truncated: None,
                device: None,
                error: None,
            });
        }
        Ok(())
    }
}
