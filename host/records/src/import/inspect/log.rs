//! A log of either form: what it is about, and its samples one after the other.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::io::BufReader;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::error::TableError;
use crate::import::inspect::archive::{Archive, HEADER, START};
use crate::import::inspect::sample::SampleJson;
use crate::import::json::pass_over_single_values;
use crate::import::python_json::PlainJson;
use crate::import::staged::SourceRead;

/// Whether a file may be a log, by its name.
pub(super) fn is_log(name: &str) -> bool {
    name.ends_with(".eval") || name.ends_with(".json")
}

/// What a log is about.
#[derive(Debug, Clone, Default)]
pub(super) struct Head {
    pub(super) task: String,
    pub(super) model: String,
    /// When it was begun.
    pub(super) created: String,
    pub(super) status: String,
    /// Names of scores, and of the scorers behind them, in the log's order.
    pub(super) scorers: Vec<String>,
}

impl Head {
    /// Whether the evaluation ran to its end.
    pub(super) fn ended_well(&self) -> bool {
        self.status == "success"
    }

    fn of(eval: EvalJson, status: Option<String>, results: Option<ResultsJson>) -> Self {
        let mut scorers = Vec::new();
        for score in results.and_then(|results| results.scores).into_iter().flatten() {
            scorers.extend([score.name, score.scorer].into_iter().flatten());
        }
        Self {
            task: eval.task,
            model: eval.model,
            created: eval.created.unwrap_or_default(),
            status: status.unwrap_or_else(|| "started".to_owned()),
            scorers,
        }
    }
}

/// What a file was.
pub(super) enum LogKind {
    /// A log whose head was given; its samples too, if they were wanted.
    Log {
        /// Whether the evaluation ran to its end.
        ended_well: bool,
    },
    /// Other JSON.
    Other,
}

/// Who takes what is read.
pub(super) trait Sink {
    /// What the log is about; false when its samples are not wanted.
    fn head(&mut self, head: &Head) -> Result<bool, TableError>;
    /// One sample. `place` names it in messages.
    fn sample(&mut self, place: &str, id: &str, head: &Head, sample: SampleJson) -> Result<(), TableError>;
}

#[derive(Debug, Deserialize)]
struct EvalJson {
    task: String,
    model: String,
    #[serde(default)]
    created: Option<String>,
}

#[derive(Debug, Deserialize)]
struct ResultsJson {
    #[serde(default)]
    scores: Option<Vec<ScoreName>>,
}

#[derive(Debug, Deserialize)]
struct ScoreName {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    scorer: Option<String>,
}

#[derive(Debug, Deserialize)]
struct HeaderJson {
    #[serde(default)]
    status: Option<String>,
    eval: EvalJson,
    #[serde(default)]
    results: Option<ResultsJson>,
}

/// Reads a log to its end, or until its samples are not wanted.
pub(super) fn read_log(source: &mut SourceRead<'_>, sink: &mut dyn Sink) -> Result<LogKind, TableError> {
    match source.name.ends_with(".eval") {
        true => read_archive(source, sink),
        false => read_json(source, sink),
    }
}

/// The task of a log and the ids of its samples; none where the file is no log.
pub(super) fn list_ids(source: &mut SourceRead<'_>) -> Result<Option<(String, Vec<String>)>, TableError> {
    /// Keeps ids.
    struct Listed {
        task: Option<String>,
        ids: Vec<String>,
    }
    impl Sink for Listed {
        fn head(&mut self, head: &Head) -> Result<bool, TableError> {
            self.task = Some(head.task.clone());
            Ok(true)
        }
        fn sample(&mut self, _: &str, id: &str, _: &Head, _: SampleJson) -> Result<(), TableError> {
            self.ids.push(id.to_owned());
            Ok(())
        }
    }
    if source.name.ends_with(".eval") {
        let mut archive = Archive::open(source)?;
        let head = head_of(&mut archive, source)?;
        return Ok(Some((head.task, archive.samples().into_iter().map(|sample| sample.id).collect())));
    }
    let mut listed = Listed { task: None, ids: Vec::new() };
    read_json(source, &mut listed)?;
    Ok(listed.task.map(|task| (task, listed.ids)))
}

fn head_of(archive: &mut Archive, source: &SourceRead<'_>) -> Result<Head, TableError> {
    // A log that was not ended has no header yet.
    let name = if archive.has(HEADER) { HEADER } else { START };
    if !archive.has(name) {
        let reason = format!("has neither `{HEADER}` nor `{START}`; is it a log of Inspect?");
        return Err(TableError::Settings { path: source.path.clone(), reason });
    }
    let header: HeaderJson = archive.json(&source.path, name)?;
    Ok(Head::of(header.eval, header.status, header.results))
}

fn read_archive(source: &mut SourceRead<'_>, sink: &mut dyn Sink) -> Result<LogKind, TableError> {
    let mut archive = Archive::open(source)?;
    let head = head_of(&mut archive, source)?;
    let kind = LogKind::Log { ended_well: head.ended_well() };
    if sink.head(&head)? {
        for member in archive.samples() {
            let sample: SampleJson = archive.json(&source.path, &member.name)?;
            sink.sample(&format!("`{}`", member.name), &member.id, &head, sample)?;
        }
    }
    Ok(kind)
}

fn read_json(source: &mut SourceRead<'_>, sink: &mut dyn Sink) -> Result<LogKind, TableError> {
    let path = source.path.clone();
    let state = State {
        sink: RefCell::new(sink),
        head: RefCell::new(None),
        failure: RefCell::new(None),
        unwanted: RefCell::new(false),
    };
    let reader = BufReader::with_capacity(1 << 16, PlainJson::new(&mut *source));
    let mut decoder = serde_json::Deserializer::from_reader(reader);
    let outcome = decoder.deserialize_any(LogVisitor(&state)).and_then(|()| decoder.end());
    if let Some(failure) = state.failure.take() {
        return Err(failure);
    }
    let head = state.head.take();
    if !state.unwanted.take() {
        outcome.map_err(|error| match error.is_io() {
            true => TableError::read(&path, error.into()),
            false => TableError::Settings { path: path.clone(), reason: error.to_string() },
        })?;
    }
    Ok(head.map_or(LogKind::Other, |head| LogKind::Log { ended_well: head.ended_well() }))
}

/// What the visitors share.
struct State<'s> {
    sink: RefCell<&'s mut dyn Sink>,
    head: RefCell<Option<Head>>,
    failure: RefCell<Option<TableError>>,
    unwanted: RefCell<bool>,
}

impl State<'_> {
    fn keep<T, E: Error>(&self, outcome: Result<T, TableError>) -> Result<T, E> {
        outcome.map_err(|failure| {
            *self.failure.borrow_mut() = Some(failure);
            E::custom("refused")
        })
    }
}

/// The log itself.
struct LogVisitor<'a, 's>(&'a State<'s>);

impl<'de> Visitor<'de> for LogVisitor<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a log of Inspect, which is an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let state = self.0;
        let (mut status, mut eval, mut results) = (None, None, None);
        let mut seen = BTreeSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            match key.as_str() {
                "status" => status = entries.next_value()?,
                "eval" => eval = Some(entries.next_value::<EvalJson>()?),
                "results" => results = entries.next_value()?,
                "samples" => {
                    let Some(eval) = eval.take() else {
                        return Err(A::Error::custom("`samples` stands before `eval`, which says what they are"));
                    };
                    let head = Head::of(eval, status.take(), results.take());
                    let wanted = state.keep(state.sink.borrow_mut().head(&head))?;
                    *state.head.borrow_mut() = Some(head);
                    if !wanted {
                        *state.unwanted.borrow_mut() = true;
                        return Err(A::Error::custom("not wanted"));
                    }
                    entries.next_value_seed(Samples(state))?;
                }
                _ => {
                    entries.next_value::<IgnoredAny>()?;
                }
            }
            if let Some(twice) = seen.replace(key) {
                return Err(A::Error::custom(format_args!("`{twice}` is given twice")));
            }
        }
        if let Some(eval) = eval {
            let head = Head::of(eval, status, results);
            state.keep(state.sink.borrow_mut().head(&head))?;
            *state.head.borrow_mut() = Some(head);
        }
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
    pass_over_single_values!();
}

/// The list of samples; null where there is none.
struct Samples<'a, 's>(&'a State<'s>);

impl<'de> DeserializeSeed<'de> for Samples<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, decoder: D) -> Result<(), D::Error> {
        decoder.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Samples<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of samples")
    }
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let state = self.0;
        let head = state.head.borrow().clone().unwrap_or_default();
        let mut number = 0;
        while let Some(sample) = items.next_element::<SampleJson>()? {
            number += 1;
            let place = format!("sample {number}");
            let Some(id) = sample.id() else {
                return Err(A::Error::custom(format_args!("{place}: `id`: expected a number or a text")));
            };
            state.keep(state.sink.borrow_mut().sample(&place, &id, &head, sample))?;
        }
        Ok(())
    }
}
