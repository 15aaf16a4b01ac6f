//! Replies of judges, recorded elsewhere: JSON Lines into the `judgements` table of a data folder.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use crate::error::TableError;
use crate::ids::{ModelName, PluginName, QueryId};
use crate::import::Progress;
use crate::import::lines::{Line, each_line};
use crate::judgements::{JudgementRow, JudgementStatus};
use crate::provenance::{Provenance, digest_file, own_tool};
use crate::table::{read_folder, write_table};

/// The folder of a data folder that holds the table, one file an import.
const FOLDER: &str = "judgements";

/// What an import of replies brought in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedJudgements {
    /// The file that was written.
    pub file: PathBuf,
    /// Replies.
    pub replies: usize,
    /// Calls that failed.
    pub failed: usize,
}

/// Which question a reply belongs to: query, model, sample, evaluator, place among its questions.
pub type QuestionKey = (QueryId, ModelName, u32, PluginName, u32);

/// Reads lines as `routerlab score --judge-requests` writes them (`query_id`, `model`, `evaluator`, `request_index`,
/// `prompt_digest`, where given `sample_index`), each with a `reply`, or with an `error` where the call failed, and where
/// known `judge`, `prompt_tokens`, `completion_tokens`, `cost_usd`, `collected_at`; adds them to the `judgements` table of
/// `data_dir` as a file of their own. The same file twice is one import.
///
/// # Errors
/// When a line is no JSON object, lacks a field, has one of another type or answers a question twice, or the table cannot
/// be written. The message names line and field; nothing is written then.
pub fn import_judgements(
    file: &Path,
    data_dir: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<ImportedJudgements, TableError> {
    let mut rows = Vec::new();
    let mut seen = HashSet::new();
    each_line(file, progress, |line| {
        let row = judgement(&line)?;
        if !seen.insert(key_of(&row)) {
            let reason = format!("question {} of this completion is already answered in this file", row.request_index);
            return Err(line.wrong_field("request_index", reason));
        }
        rows.push(row);
        Ok(())
    })?;
    let folder = data_dir.join(FOLDER);
    let digest = digest_file(file)?;
    // Names in the order of arrival: a later reply to a question whose call had failed counts.
    let name =
        existing(&folder, &digest).unwrap_or_else(|| format!("{:04}-{}.parquet", count(&folder) + 1, &digest[..12]));
    let path = folder.join(name);
    let provenance = Provenance::by(own_tool()).input("judgements", digest);
    write_table(&path, &rows, &provenance)?;
    let failed = rows.iter().filter(|row| row.status == JudgementStatus::Failed).count();
    Ok(ImportedJudgements { file: path, replies: rows.len() - failed, failed })
}

fn judgement(line: &Line<'_>) -> Result<JudgementRow, TableError> {
    let query_id = line.text("query_id")?;
    let query_id =
        query_id.parse().map_err(|error: crate::ids::IdError| line.wrong_field("query_id", error.to_string()))?;
    let small = |field: &str, number: u64| {
        u32::try_from(number).map_err(|_| line.wrong_field(field, format!("{number} is too large")))
    };
    let reply = line.text_if_given("reply")?.map(str::to_owned);
    let error = line.text_if_given("error")?.map(str::to_owned);
    let status = match (&reply, &error) {
        (Some(_), None) => JudgementStatus::Ok,
        (None, Some(_)) => JudgementStatus::Failed,
        (Some(_), Some(_)) => return Err(line.wrong("has a `reply` and an `error`; a call that failed has no reply")),
        (None, None) => return Err(line.wrong_field("reply", "missing; a call that failed has an `error` instead")),
    };
    Ok(JudgementRow {
        query_id,
        model: line.text("model")?.into(),
        sample_index: small("sample_index", line.whole_if_given("sample_index")?.unwrap_or(0))?,
        evaluator: line.text("evaluator")?.into(),
        request_index: small("request_index", line.whole("request_index")?)?,
        prompt_digest: line.text("prompt_digest")?.to_owned(),
        reply,
        status,
        judge: line.text_if_given("judge")?.map(str::to_owned),
        prompt_tokens: line.whole_if_given("prompt_tokens")?,
        completion_tokens: line.whole_if_given("completion_tokens")?,
        cost_usd: line.number_if_given("cost_usd")?,
        collected_at: line.text_if_given("collected_at")?.map(str::to_owned),
        error,
    })
}

fn key_of(row: &JudgementRow) -> QuestionKey {
    (row.query_id.clone(), row.model.clone(), row.sample_index, row.evaluator.clone(), row.request_index)
}

/// The file that an earlier import of the same content wrote.
fn existing(folder: &Path, digest: &str) -> Option<String> {
    names(folder).into_iter().find(|name| name.ends_with(&format!("-{}.parquet", &digest[..12])))
}

fn count(folder: &Path) -> usize {
    names(folder).len()
}

fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.filter(|name| name.ends_with(".parquet") && !name.starts_with('.')).collect()
}

/// Every recorded reply of a data folder. Where a question was asked again, the last reply counts, and a reply counts
/// more than a failed call. Empty when nothing was recorded.
///
/// # Errors
/// When a file of the table cannot be read.
pub fn read_judgements(data_dir: &Path) -> Result<BTreeMap<QuestionKey, JudgementRow>, TableError> {
    let folder = data_dir.join(FOLDER);
    let mut all = BTreeMap::new();
    if !folder.is_dir() {
        return Ok(all);
    }
    for row in read_folder::<JudgementRow>(&folder)?.into_iter().flat_map(|table| table.rows) {
        let key = key_of(&row);
        let lost = |known: &JudgementRow| {
            known.status == JudgementStatus::Ok
                && row.status == JudgementStatus::Failed
                && known.prompt_digest == row.prompt_digest
        };
        if !all.get(&key).is_some_and(lost) {
            all.insert(key, row);
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(rest: &str) -> String {
        format!(
            "{{\"query_id\":\"d/test/1\",\"model\":\"m\",\"evaluator\":\"judge\",\"request_index\":0,\
             \"prompt_digest\":\"aa\"{rest}}}\n"
        )
    }

    fn import(scratch: &Path, text: &str) -> Result<ImportedJudgements, String> {
        let file = scratch.join("j.jsonl");
        std::fs::write(&file, text).unwrap();
        import_judgements(&file, &scratch.join("data"), &mut |_| {})
            .map_err(|error| error.to_string().replace(&file.display().to_string(), "j"))
    }

    #[test]
    fn a_later_reply_counts_and_a_failed_call_takes_none_away() {
        let scratch = tempfile::tempdir().unwrap();
        let replies = || {
            let all = read_judgements(&scratch.path().join("data")).unwrap();
            all.into_values().map(|row| row.reply).collect::<Vec<_>>()
        };
        assert!(replies().is_empty());
        let failed = line(",\"error\":\"no answer\"");
        let imported = import(scratch.path(), &failed).unwrap();
        assert_eq!((imported.replies, imported.failed), (0, 1));
        assert_eq!(replies(), [None]);
        import(scratch.path(), &line(",\"reply\":\"A\"")).unwrap();
        assert_eq!(replies(), [Some("A".to_owned())]);
        import(scratch.path(), &failed).unwrap();
        assert_eq!(replies(), [Some("A".to_owned())], "the same file twice is one import");
        import(scratch.path(), &line(",\"error\":\"no answer again\"")).unwrap();
        assert_eq!(replies(), [Some("A".to_owned())]);
    }

    #[test]
    fn a_line_that_says_nothing_or_two_things_is_refused() {
        let scratch = tempfile::tempdir().unwrap();
        let cases = [
            (line(""), "`j`: line 1: `reply`: missing; a call that failed has an `error` instead"),
            (
                line(",\"reply\":\"A\",\"error\":\"late\""),
                "`j`: line 1: has a `reply` and an `error`; a call that failed has no reply",
            ),
            (
                line(",\"reply\":\"A\"") + &line(",\"reply\":\"B\""),
                "`j`: line 2: `request_index`: question 0 of this completion is already answered in this file",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(import(scratch.path(), &text).unwrap_err(), expected);
        }
    }
}
