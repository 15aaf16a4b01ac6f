//! Logs of Inspect (UK AI Security Institute): `.eval`, a zip archive of JSON, and the older single `.json`.

mod archive;
mod ids;
mod log;
mod sample;
mod score;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::error::TableError;
use crate::ids::{ModelName, SplitName};
use crate::import::ImportSummary;
use crate::import::inspect::ids::Ids;
use crate::import::inspect::log::{Head, LogKind, Sink, is_log, read_log};
use crate::import::inspect::sample::{SampleJson, record};
use crate::import::inspect::score::Scorer;
use crate::import::llmrouterbench::BytesProgress;
use crate::import::logs::{LogChoice, PRICED, UNFINISHED, UNKNOWN_COST, choices_text, summary};
use crate::import::staged::{ImportIdentity, LeftOut, Run, Source, SourceRead, Staged, Subject, each_source};
use crate::pool::PriceList;
use crate::provenance::digest_file;

/// How logs of Inspect are taken.
#[derive(Debug, Clone)]
pub struct InspectOptions {
    /// The scorers whose scores are taken: `NAME`, or `NAME.KEY` where a scorer gives several values.
    pub scorers: Vec<LogChoice>,
    /// A price list, for answers whose tokens a log says and whose cost it does not.
    pub prices: Option<PathBuf>,
    /// What the split of the queries is called.
    pub split: SplitName,
}

/// Brings logs of Inspect into the new folder `out_dir`: `queries`, `completions/`, the scores in `scores/scoring=own` under
/// an evaluator named `inspect`, `outcomes`, `pool.toml` and `manifest.json`.
///
/// Each of `logs` is a folder with logs at any depth, a tar archive of one (packed with gzip or not), or one log. The task
/// is the dataset, samples are numbered in the order of their ids (numbers first), an epoch is a sample of an answer. Of
/// several logs of one task and model the newest that ended well counts. `C` is 1, `P` a half, `I` and `N` are 0; a score that
/// is no number is none. A sample that ended with an error or was filtered has a status and no score. Tokens and cost are
/// those of the model that was asked, not of others such as graders; a cost that the log does not say is computed from tokens
/// and `prices`, and unknown where it is not in them. The
/// latency is the time that a sample was worked on, or else its whole time. The import works in `<out_dir>.partial`; killed,
/// it goes on there when it is called again.
///
/// # Errors
/// When there is no log, a log is damaged or cut short, lacks a field or has one of another kind, a score cannot be told or
/// is not from 0 to 1, what was chosen for a task is not there, `out_dir` holds something, or another import was begun for
/// it. The message names log, sample and field. Nothing is at `out_dir` then.
pub fn import_inspect(
    logs: &[PathBuf],
    options: &InspectOptions,
    out_dir: &Path,
    progress: &mut dyn FnMut(BytesProgress),
) -> Result<ImportSummary, TableError> {
    let mut ids = Ids::default();
    each_log(logs, &mut |source| ids.add(source))?;
    let ids = ids.ranked();
    let mut told = BTreeMap::from([("split".to_owned(), options.split.to_string())]);
    // A query's number depends on the ids of all logs.
    told.insert("set of samples".to_owned(), ids.digest());
    let prices = options.prices.as_deref().map(PriceList::read).transpose()?;
    if let Some(prices) = &options.prices {
        told.insert("price list".to_owned(), digest_file(prices)?);
    }
    if !options.scorers.is_empty() {
        told.insert("scorer".to_owned(), choices_text(&options.scorers));
    }
    let mut staged = Staged::open(out_dir, ImportIdentity::new("inspect", told))?;
    let left_out = loop {
        let (mut left_out, mut seen, mut records) = (Reasons::default(), BTreeSet::new(), 0);
        each_log(logs, &mut |source| {
            seen.insert(source.name.clone());
            if !staged.is_known(source)? {
                one_log(source, options, &prices, &ids, &mut staged, &mut left_out, &mut records)?;
            }
            let position = &source.position;
            progress(BytesProgress { bytes_done: position.done(), bytes_total: position.total(), records });
            Ok(())
        })?;
        // A part of an earlier try whose log is gone may have outranked one that is there, so everything is looked at again.
        if staged.forget(|part| !seen.contains(&part.source.name))? == 0 {
            break left_out;
        }
    };
    if staged.is_empty() {
        let path = logs.first().map_or(out_dir, |log| log).to_owned();
        let reason = format!("holds no log of Inspect with samples{}", left_out.in_short());
        return Err(TableError::Settings { path, reason });
    }
    let notes = left_out.notes();
    Ok(summary(staged.finish(prices.as_ref(), None)?, notes))
}

/// Calls `each` with every file that may be a log.
fn each_log(
    logs: &[PathBuf],
    each: &mut dyn FnMut(&mut SourceRead<'_>) -> Result<(), TableError>,
) -> Result<(), TableError> {
    for log in logs {
        let prefix = if logs.len() > 1 { format!("{}/", log.display()) } else { String::new() };
        each_source(log, &is_log, &mut |mut source| {
            source.name.insert_str(0, &prefix);
            each(&mut source)
        })?;
    }
    Ok(())
}

/// What was left out, and why.
#[derive(Default)]
struct Reasons {
    older: LeftOut,
    other: LeftOut,
    empty: LeftOut,
}

impl Reasons {
    fn notes(&self) -> Vec<String> {
        let notes = [
            self.older.note("logs were left out for newer or finished ones of the same task and model"),
            self.empty.note("logs without samples were left out"),
            self.other.note("JSON files are no logs and were left out"),
        ];
        notes.into_iter().flatten().collect()
    }

    /// The same in brackets, for an error.
    fn in_short(&self) -> String {
        let notes = self.notes();
        if notes.is_empty() { String::new() } else { format!(" ({})", notes.join("; ")) }
    }
}

fn one_log(
    source: &mut SourceRead<'_>,
    options: &InspectOptions,
    prices: &Option<PriceList>,
    ids: &Ids,
    staged: &mut Staged,
    left_out: &mut Reasons,
    records: &mut u64,
) -> Result<(), TableError> {
    let (name, path) = (source.name.clone(), source.path.clone());
    let mut taking = Taking {
        path: &path,
        name: &name,
        options,
        ids,
        staged,
        subject: None,
        rank: String::new(),
        run: None,
        records,
    };
    let kind = read_log(source, &mut taking)?;
    let Taking { subject, rank, run, .. } = taking;
    let (Some(subject), LogKind::Log { ended_well }) = (subject, kind) else {
        left_out.other.add(&name);
        return Ok(());
    };
    let Some((mut run, _)) = run else {
        left_out.older.add(&name);
        return Ok(());
    };
    if run.len() == 0 {
        left_out.empty.add(&name);
        return Ok(());
    }
    if let Some(before) = staged.part(&subject).filter(|part| part.source.name != name) {
        left_out.older.add(&before.source.name);
    }
    if !ended_well {
        run.count(UNFINISHED);
    }
    let price = prices.as_ref().and_then(|list| Some((*list.models.get(&subject.model)?, list.cost_source())));
    let (priced, unknown) = run.price_unknown_costs(price);
    run.tally.extend([(PRICED.to_owned(), priced), (UNKNOWN_COST.to_owned(), unknown)]);
    let digest = source.digest()?;
    staged.keep(run, subject, Source { name, bytes: source.bytes, digest }, &rank)
}

/// Takes the samples of one log.
struct Taking<'a> {
    path: &'a Path,
    name: &'a str,
    options: &'a InspectOptions,
    ids: &'a Ids,
    staged: &'a Staged,
    subject: Option<Subject>,
    rank: String,
    /// None where the samples are not wanted.
    run: Option<(Run, Scorer)>,
    records: &'a mut u64,
}

impl Sink for Taking<'_> {
    fn head(&mut self, head: &Head) -> Result<bool, TableError> {
        let dataset = head.task.replace('/', "-");
        let model = ModelName::from(head.model.as_str());
        let subject = Subject { dataset: dataset.as_str().into(), split: self.options.split.clone(), model };
        self.rank = format!("{} {} {}", u8::from(head.ended_well()), head.created, self.name);
        let better = self.staged.part(&subject).filter(|part| part.source.name != self.name && part.rank > self.rank);
        let wanted = better.is_none();
        if wanted {
            let mut run = Run::new(self.staged, self.path);
            run.about(subject.clone());
            self.run = Some((run, Scorer::new(&self.options.scorers, head)));
        }
        self.subject = Some(subject);
        Ok(wanted)
    }

    fn sample(&mut self, place: &str, id: &str, head: &Head, sample: SampleJson) -> Result<(), TableError> {
        let wrong =
            |reason: String| TableError::Settings { path: self.path.to_owned(), reason: format!("{place}: {reason}") };
        let index = self.ids.index(&head.task, id).ok_or_else(|| wrong(format!("`{id}` was not there before")))?;
        let Some((run, scorer)) = &mut self.run else { return Ok(()) };
        let (record, counts) = record(sample, id, index, head, scorer).map_err(wrong)?;
        counts.iter().for_each(|what| run.count(what));
        run.push(self.staged, record)?;
        *self.records += 1;
        Ok(())
    }
}
