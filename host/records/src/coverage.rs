//! Table `coverage`: how many of the answers that a collection was asked for are there.

use crate::ids::{DatasetId, ModelName, SplitName};
use crate::table::row::table;

table! {
    /// The answers of one model to one split of a dataset.
    pub CoverageRow: "coverage", version 1, key [model, dataset, split];
    /// The model.
    model: ModelName,
    /// The dataset.
    dataset: DatasetId,
    /// Its split.
    split: SplitName,
    /// Answers that were asked for.
    wanted: u64,
    /// Answers that can be scored.
    ok: u64,
    /// The model or its endpoint failed.
    model_error: u64,
    /// No answer in time.
    timeout: u64,
    /// Withheld by the provider.
    filtered: u64,
    /// Cut and unusable.
    truncated: u64,
    /// Declined by the model.
    refused: u64,
    /// Not asked yet.
    missing: u64,
}
