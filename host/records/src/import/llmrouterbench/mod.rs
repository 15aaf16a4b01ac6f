//! Released results of LLMRouterBench: one JSON file for each dataset, split and model.

mod definition;
mod file;
mod record;
mod summary;

pub(crate) use record::FAILURES;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::error::TableError;
use crate::import::ImportSummary;
use crate::import::llmrouterbench::definition::definition_of;
use crate::import::llmrouterbench::file::{FileKind, Head, Sink, read_file};
use crate::import::llmrouterbench::record::{FileRecord, PRICED, UNKNOWN_COST};
use crate::import::llmrouterbench::summary::Reasons;
use crate::import::staged::{ImportIdentity, Position, Run, Source, SourceRead, Staged, Subject, each_source};
use crate::pool::PriceList;
use crate::provenance::digest_file;

/// Names to take, or to leave out. Where some are to be taken, the others do not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NameFilter {
    /// Only these; all when empty.
    pub include: BTreeSet<String>,
    /// All but these, where `include` is empty.
    pub exclude: BTreeSet<String>,
}

impl NameFilter {
    /// Whether a name is taken.
    #[must_use]
    pub fn keeps(&self, name: &str) -> bool {
        match self.include.is_empty() {
            true => !self.exclude.contains(name),
            false => self.include.contains(name),
        }
    }

    fn text(&self) -> String {
        let list = |names: &BTreeSet<String>| serde_json::to_string(names).unwrap_or_default();
        match self.include.is_empty() {
            true => format!("all but {}", list(&self.exclude)),
            false => list(&self.include),
        }
    }
}

/// What to take of released results.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LlmRouterBenchOptions {
    /// Datasets.
    pub datasets: NameFilter,
    /// Splits.
    pub splits: NameFilter,
    /// Models.
    pub models: NameFilter,
    /// A price list, for answers whose cost the results give as 0.
    pub prices: Option<PathBuf>,
}

/// How far an import of many files is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BytesProgress {
    /// Bytes of what lies on disk that were read.
    pub bytes_done: u64,
    /// Bytes of everything that will be read.
    pub bytes_total: u64,
    /// Records taken in.
    pub records: u64,
}

/// Brings released results of LLMRouterBench into the new folder `out_dir`: `queries`, `completions/`, the scores that the
/// files have in `scores/scoring=own` under an evaluator named `llmrouterbench`, `outcomes`, `pool.toml`, a `dataset.toml`
/// with the evaluators of the datasets that ship with the program, and `manifest.json`.
///
/// `path` is a folder with result files at any depth, or a tar archive of one (packed with gzip or not), which is read
/// without being unpacked. What a run is about is taken from its content; demo runs are left out; of several files of one
/// dataset, split and model the one with the newest time in its name counts.
///
/// A call that failed (no cost, no tokens, and no reply or an error's words) is a completion that says so, without a score.
/// A cost of 0 of an answer says nothing: it becomes null, or tokens times price where `prices` has the model. A null score
/// stays null. The import works in `<out_dir>.partial`; killed, it goes on there when it is called again.
///
/// # Errors
/// When `path` cannot be read or holds no run, a file is no JSON or has another shape (named with record and field), an
/// archive has a member that could do harm, `out_dir` holds something, or another import was begun for it. Nothing is at
/// `out_dir` then.
pub fn import_llmrouterbench(
    path: &Path,
    options: &LlmRouterBenchOptions,
    out_dir: &Path,
    progress: &mut dyn FnMut(BytesProgress),
) -> Result<ImportSummary, TableError> {
    let prices = options.prices.as_deref().map(PriceList::read).transpose()?;
    let mut staged = Staged::open(out_dir, identity(options)?)?;
    let mut records = 0;
    let left_out = loop {
        let mut left_out = Reasons::default();
        let mut seen = BTreeSet::new();
        each_source(path, &|name| name.ends_with(".json"), &mut |mut source| {
            seen.insert(source.name.clone());
            if staged.is_known(&mut source)? {
                return Ok(());
            }
            one_file(&mut source, &mut staged, options, prices.as_ref(), &mut left_out, &mut |position| {
                records += 1;
                progress(BytesProgress { bytes_done: position.done(), bytes_total: position.total(), records });
            })
        })?;
        // A part of an earlier try whose file is gone may have outranked one that is there, so everything is looked at again.
        if staged.forget(|part| !seen.contains(&part.source.name))? == 0 {
            break left_out;
        }
    };
    if staged.is_empty() {
        let reason = format!("holds no run of LLMRouterBench that could be taken{}", left_out.in_short());
        return Err(TableError::Settings { path: path.to_owned(), reason });
    }
    let definition = definition_of(&staged.datasets());
    let finished = staged.finish(prices.as_ref(), definition.as_deref())?;
    Ok(summary::summary(finished, &left_out, options.prices.as_deref()))
}

/// What tells this import from another.
fn identity(options: &LlmRouterBenchOptions) -> Result<ImportIdentity, TableError> {
    let mut told = BTreeMap::new();
    for (name, filter) in [("dataset", &options.datasets), ("split", &options.splits), ("model", &options.models)] {
        if *filter != NameFilter::default() {
            told.insert(name.to_owned(), filter.text());
        }
    }
    if let Some(prices) = &options.prices {
        told.insert("price list".to_owned(), digest_file(prices)?);
    }
    Ok(ImportIdentity::new("llmrouterbench", told))
}

/// Reads a file and makes a part of it, unless there is a reason to leave it out.
fn one_file(
    source: &mut SourceRead<'_>,
    staged: &mut Staged,
    options: &LlmRouterBenchOptions,
    prices: Option<&PriceList>,
    left_out: &mut Reasons,
    progress: &mut dyn FnMut(&Position),
) -> Result<(), TableError> {
    let (name, bytes, path) = (source.name.clone(), source.bytes, source.path.clone());
    let (stamp, rank) = rank(&name);
    let position = Rc::clone(&source.position);
    let mut progress = || progress(&position);
    let mut taking =
        Taking { staged, options, run: Run::new(staged, &path), rank: &rank, why_not: None, progress: &mut progress };
    let kind = read_file(source, &mut taking)?;
    let Taking { mut run, mut why_not, .. } = taking;
    let head = match kind {
        FileKind::Other => {
            left_out.other.add(&name);
            return Ok(());
        }
        FileKind::Unwanted => None,
        FileKind::Run(head) => Some(head),
    };
    // What stood behind the records is known only now.
    let subject = head.as_ref().and_then(Head::subject);
    if let (Some(head), Some(subject)) = (&head, &subject) {
        why_not = why_not.or_else(|| reason_to_leave(staged, options, head, subject, &rank));
    }
    match (why_not, head, subject) {
        (None, Some(head), Some(subject)) => {
            run.values.insert("stamp".to_owned(), stamp);
            run.values.extend(head.time_taken.map(|seconds| ("time_taken".to_owned(), seconds.to_string())));
            run.values.extend(head.data_fingerprint.map(|digest| ("data_fingerprint".to_owned(), digest)));
            if run.len() == 0 {
                left_out.empty.add(&name);
                return Ok(());
            }
            if let Some(before) = staged.part(&subject) {
                left_out.older.add(&before.source.name);
            }
            let price = prices.and_then(|list| Some((*list.models.get(&subject.model)?, list.cost_source())));
            let (priced, unknown) = run.price_unknown_costs(price);
            run.tally.extend([(PRICED.to_owned(), priced), (UNKNOWN_COST.to_owned(), unknown)]);
            let digest = source.digest()?;
            staged.keep(run, subject, Source { name, bytes, digest }, &rank)
        }
        (why, ..) => {
            left_out.because(why.unwrap_or(WhyNot::Filtered), &name);
            Ok(())
        }
    }
}

/// Why a run is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WhyNot {
    Demo,
    Older,
    Filtered,
}

fn reason_to_leave(
    staged: &Staged,
    options: &LlmRouterBenchOptions,
    head: &Head,
    subject: &Subject,
    rank: &str,
) -> Option<WhyNot> {
    let Subject { dataset, split, model } = subject;
    if !options.datasets.keeps(dataset) || !options.splits.keeps(split) || !options.models.keeps(model) {
        return Some(WhyNot::Filtered);
    }
    if head.demo {
        return Some(WhyNot::Demo);
    }
    let newer = staged.part(subject).filter(|part| part.rank.as_str() > rank);
    newer.map(|_| WhyNot::Older)
}

/// Takes the records of one file.
struct Taking<'a> {
    staged: &'a Staged,
    options: &'a LlmRouterBenchOptions,
    run: Run,
    rank: &'a str,
    why_not: Option<WhyNot>,
    progress: &'a mut dyn FnMut(),
}

impl Sink for Taking<'_> {
    fn begin(&mut self, head: &Head) -> bool {
        let Some(subject) = head.subject() else { return true };
        self.why_not = reason_to_leave(self.staged, self.options, head, &subject, self.rank);
        self.run.about(subject);
        self.why_not.is_none()
    }

    fn record(&mut self, record: FileRecord) -> Result<(), TableError> {
        let (record, counts) = record.staged();
        counts.into_iter().for_each(|what| self.run.count(what));
        self.run.push(self.staged, record)?;
        (self.progress)();
        Ok(())
    }
}

/// The time in a file's name (`YYYYMMDD_HHMMSS` at its end; empty where there is none), and what orders files by it.
fn rank(name: &str) -> (String, String) {
    let last = name.rsplit('/').next().unwrap_or(name);
    let stem = last.strip_suffix(".json").unwrap_or(last);
    let stamp = stem.get(stem.len().saturating_sub(15)..).filter(|end| {
        end.len() == 15
            && end.bytes().enumerate().all(|(at, byte)| if at == 8 { byte == b'_' } else { byte.is_ascii_digit() })
    });
    let stamp = stamp.unwrap_or_default().to_owned();
    // Two of one time: whichever comes first in byte order loses, wherever it lies.
    let rank = format!("{stamp} {name}");
    (stamp, rank)
}

#[cfg(test)]
mod tests;
