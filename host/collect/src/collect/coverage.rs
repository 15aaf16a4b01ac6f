//! How many of the answers that were chosen are there.

use std::collections::BTreeMap;

use routerlab_records::{CompletionStatus, CoverageRow, ModelName};

use super::known::Standing;
use crate::questions::Questions;

/// Counts, for every model and split, the rows by their status and those that are missing.
pub(super) fn coverage(
    models: &[ModelName],
    questions: &Questions,
    chosen: &[u32],
    samples: u32,
    standing: &Standing,
) -> Vec<CoverageRow> {
    let mut rows: BTreeMap<(&str, &str, &str), CoverageRow> = BTreeMap::new();
    for (model, standing) in models.iter().zip(standing) {
        for at in chosen {
            let id = &questions.ids()[*at as usize];
            let row = rows.entry((model, id.dataset(), id.split())).or_insert_with(|| CoverageRow {
                model: model.clone(),
                dataset: id.dataset().into(),
                split: id.split().into(),
                wanted: 0,
                ok: 0,
                model_error: 0,
                timeout: 0,
                filtered: 0,
                truncated: 0,
                refused: 0,
                missing: 0,
            });
            row.wanted += u64::from(samples);
            for item in (at * samples)..((at + 1) * samples) {
                let count = match standing[item as usize] {
                    None => &mut row.missing,
                    Some(CompletionStatus::Ok) => &mut row.ok,
                    Some(CompletionStatus::ModelError) => &mut row.model_error,
                    Some(CompletionStatus::Timeout) => &mut row.timeout,
                    Some(CompletionStatus::Filtered) => &mut row.filtered,
                    Some(CompletionStatus::Truncated) => &mut row.truncated,
                    Some(CompletionStatus::Refused) => &mut row.refused,
                };
                *count += 1;
            }
        }
    }
    rows.into_values().collect()
}
