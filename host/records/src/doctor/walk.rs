//! Reading a file as the table that it says it is, row by row.

use std::path::Path;

use crate::error::TableError;
use crate::ids::{ModelName, QueryId, RunId};
use crate::provenance::Provenance;
use crate::table::{Row, TableReader, about_table};
use crate::{
    AnswerEmbeddingRow, AttemptRow, CellRow, CompletionRow, CoverageRow, DecisionRow, EmbeddingRow, ExternalRow,
    GroupRow, JudgementRow, MetricRow, NearDuplicateRow, OutcomeRow, QueryRow, RunRow, ScoreRow,
};

/// What a row is about.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Subject<'a> {
    pub(super) query: Option<&'a QueryId>,
    pub(super) model: Option<&'a ModelName>,
    pub(super) run: Option<&'a RunId>,
    /// Whether an embedding has a vector; true for every other row.
    pub(super) whole: bool,
}

trait About {
    fn subject(&self) -> Subject<'_>;
}

macro_rules! about {
    ($($row:ident: $($part:ident = $field:ident),*;)+) => {
        $(impl About for $row {
            fn subject(&self) -> Subject<'_> {
                Subject { $($part: Some(&self.$field),)* whole: true, ..Subject::default() }
            }
        })+
    };
}
about! {
    QueryRow: query = query_id;
    CompletionRow: query = query_id, model = model;
    AttemptRow: query = query_id, model = model;
    CoverageRow: model = model;
    ScoreRow: query = query_id, model = model;
    JudgementRow: query = query_id, model = model;
    AnswerEmbeddingRow: query = query_id, model = model;
    GroupRow: query = query_id;
    NearDuplicateRow: query = other_query_id;
    OutcomeRow: query = query_id, model = model;
    DecisionRow: query = query_id, run = run_id;
    MetricRow: run = run_id;
    RunRow: run = run_id;
    ExternalRow: ;
    CellRow: run = run_id;
}

impl About for EmbeddingRow {
    fn subject(&self) -> Subject<'_> {
        Subject { query: Some(&self.query_id), whole: self.embedding.is_some(), ..Subject::default() }
    }
}

/// A file that was read to its end.
#[derive(Debug)]
pub(super) struct Walked {
    pub(super) table: &'static str,
    pub(super) rows: u64,
    pub(super) provenance: Provenance,
}

/// Reads a file as the table that its footer names and shows every row to `each`; none for a table that is not ours.
///
/// # Errors
/// When the file is damaged, of another version, or its rows are not in the order of their keys, each once.
pub(super) fn walk(path: &Path, each: &mut dyn FnMut(Subject<'_>)) -> Result<Option<Walked>, TableError> {
    let about = about_table(path)?;
    let table = about.schema_id.strip_prefix("routerlab.").and_then(|rest| rest.split('/').next()).unwrap_or_default();
    macro_rules! by_name {
        ($($row:ident),+) => {
            match table {
                $(<$row as Row>::TABLE => rows::<$row>(path, each).map(Some),)+
                _ => Ok(None),
            }
        };
    }
    by_name!(
        QueryRow,
        CompletionRow,
        AttemptRow,
        CoverageRow,
        ScoreRow,
        JudgementRow,
        EmbeddingRow,
        AnswerEmbeddingRow,
        GroupRow,
        NearDuplicateRow,
        OutcomeRow,
        ExternalRow,
        DecisionRow,
        MetricRow,
        RunRow,
        CellRow
    )
}

fn rows<R: Row + About>(path: &Path, each: &mut dyn FnMut(Subject<'_>)) -> Result<Walked, TableError> {
    let mut reader = TableReader::<R>::open(path)?;
    let mut batch: Vec<R> = Vec::new();
    let mut last: Option<R> = None;
    let mut rows = 0;
    loop {
        batch.clear();
        if !reader.read_into(&mut batch)? {
            return Ok(Walked { table: R::TABLE, rows, provenance: reader.provenance().clone() });
        }
        for row in &batch {
            rows += 1;
            each(row.subject());
        }
        let all = || last.iter().chain(&batch);
        for (one, next) in all().zip(all().skip(1)) {
            match one.compare_keys(next) {
                std::cmp::Ordering::Less => {}
                std::cmp::Ordering::Equal => {
                    return Err(TableError::DuplicateKey { path: path.to_owned(), key: next.key_text() });
                }
                std::cmp::Ordering::Greater => {
                    let (key, previous) = (next.key_text(), one.key_text());
                    return Err(TableError::KeyOrder { path: path.to_owned(), key, previous });
                }
            }
        }
        last = batch.pop();
    }
}
