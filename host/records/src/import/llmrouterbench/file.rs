//! One result file as a stream of records.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io::{self, BufReader};
use std::path::Path;

use serde::de::{DeserializeSeed, Deserializer as _, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::error::Category;

use crate::error::{Place, TableError};
use crate::import::json::{Limited, RecordLimit, pass_over_single_values};
use crate::import::llmrouterbench::record::{FileRecord, RecordSeed};
use crate::import::staged::{SourceRead, Subject};

/// What a file says of its run beside the records.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Head {
    model_name: Option<String>,
    dataset_name: Option<String>,
    split: Option<String>,
    /// Whether only the first rows were asked.
    pub(super) demo: bool,
    /// Wall time of the run in seconds.
    pub(super) time_taken: Option<f64>,
    /// The reference's digest of the questions.
    pub(super) data_fingerprint: Option<String>,
}

impl Head {
    /// Takes a field in. Other JSON may use these names as it likes, so what is of another kind is as if it were not there.
    fn take(&mut self, field: &str, value: Value) {
        let text = value.as_str().map(str::to_owned);
        match field {
            "model_name" => self.model_name = text,
            "dataset_name" => self.dataset_name = text,
            "split" => self.split = text,
            "demo" => self.demo = value.as_bool().unwrap_or_default(),
            "time_taken" => self.time_taken = value.as_f64(),
            _ => self.data_fingerprint = text,
        }
    }

    /// What the run is about, once all of it was said.
    pub(super) fn subject(&self) -> Option<Subject> {
        Some(Subject {
            dataset: self.dataset_name.as_deref()?.into(),
            split: self.split.as_deref()?.into(),
            model: self.model_name.as_deref()?.into(),
        })
    }
}

/// Who takes what is read.
pub(super) trait Sink {
    /// What is known of the run when its records begin; false when they are not wanted.
    fn begin(&mut self, head: &Head) -> bool;
    /// One record.
    fn record(&mut self, record: FileRecord) -> Result<(), TableError>;
}

/// What a file was.
#[derive(Debug, PartialEq)]
pub(super) enum FileKind {
    /// A run whose records were all read.
    Run(Head),
    /// A run whose records were not wanted.
    Unwanted,
    /// Other JSON.
    Other,
}

/// Reads one file to its end, or until its records are not wanted.
///
/// # Errors
/// When it is no JSON, or a run with something of another shape than it must have; and what `sink` says.
pub(super) fn read_file(source: &mut SourceRead<'_>, sink: &mut dyn Sink) -> Result<FileKind, TableError> {
    let path = source.path.clone();
    let limit = RecordLimit::default();
    let content = BufReader::with_capacity(1 << 16, Limited::new(&mut *source, limit.clone()));
    let state = State {
        sink: RefCell::new(sink),
        head: RefCell::new(Head::default()),
        limit,
        number: Cell::new(0),
        within: Cell::new(false),
        field: Cell::new(None),
        has_records: Cell::new(false),
        unwanted: Cell::new(false),
        failure: RefCell::new(None),
    };
    let mut decoder = serde_json::Deserializer::from_reader(content);
    let outcome = decoder.deserialize_any(RunVisitor(&state)).and_then(|()| decoder.end());
    if let Some(failure) = state.failure.take() {
        return Err(failure);
    }
    if state.unwanted.get() {
        return Ok(FileKind::Unwanted);
    }
    outcome.map_err(|error| state.located(&path, error))?;
    let head = state.head.take();
    let named = [&head.dataset_name, &head.split, &head.model_name].iter().any(|name| name.is_some());
    if !state.has_records.get() || !named {
        return Ok(FileKind::Other);
    }
    for (name, value) in
        [("dataset_name", &head.dataset_name), ("split", &head.split), ("model_name", &head.model_name)]
    {
        if value.is_none() {
            return Err(TableError::Settings { path, reason: format!("`{name}`: missing, or no text") });
        }
    }
    Ok(FileKind::Run(head))
}

/// What the visitors share.
struct State<'s> {
    sink: RefCell<&'s mut dyn Sink>,
    head: RefCell<Head>,
    limit: RecordLimit,
    /// Records that are done.
    number: Cell<u64>,
    /// Whether it is a record that is being read.
    within: Cell<bool>,
    /// The field that is being read.
    field: Cell<Option<&'static str>>,
    has_records: Cell<bool>,
    unwanted: Cell<bool>,
    failure: RefCell<Option<TableError>>,
}

impl State<'_> {
    /// An error of the decoder with its place.
    fn located(&self, path: &Path, error: serde_json::Error) -> TableError {
        /// A decoder repeats what it found, which may be long.
        const WORDS: usize = 300;
        let path = path.to_owned();
        let mut reason = error.to_string();
        let category = error.classify();
        if category == Category::Io {
            let source = io::Error::from(error);
            if source.kind() != io::ErrorKind::Other {
                return TableError::Read { path, source };
            }
            reason = source.to_string();
        } else if category != Category::Data {
            reason = format!("not JSON: {reason}");
        }
        if reason.chars().count() > WORDS {
            let end: String = reason.chars().rev().take(WORDS / 2).collect::<Vec<_>>().into_iter().rev().collect();
            reason = reason.chars().take(WORDS / 2).chain(" ... ".chars()).collect::<String>() + &end;
        }
        let place = Place::Record(self.number.get() + 1);
        match (self.within.get(), self.field.get()) {
            (true, Some(field)) => TableError::Value { path, place, column: field.to_owned(), reason },
            (true, None) => TableError::Row { path, place, reason },
            (false, Some(field)) => TableError::Settings { path, reason: format!("`{field}`: {reason}") },
            (false, None) => TableError::Settings { path, reason },
        }
    }
}

/// The run itself.
struct RunVisitor<'a, 's>(&'a State<'s>);

impl<'de> Visitor<'de> for RunVisitor<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let state = self.0;
        let mut seen = Vec::new();
        while let Some(key) = entries.next_key::<String>()? {
            const FIELDS: [&str; 7] =
                ["model_name", "dataset_name", "split", "demo", "time_taken", "data_fingerprint", "records"];
            let Some(field) = FIELDS.into_iter().find(|field| *field == key) else {
                entries.next_value::<IgnoredAny>()?;
                state.limit.next();
                continue;
            };
            state.field.set(Some(field));
            if seen.contains(&field) {
                return Err(A::Error::custom("given twice"));
            }
            seen.push(field);
            if field == "records" {
                if !state.sink.borrow_mut().begin(&state.head.borrow()) {
                    state.unwanted.set(true);
                    return Err(A::Error::custom("not wanted"));
                }
                entries.next_value_seed(Records(state))?;
            } else {
                state.head.borrow_mut().take(field, entries.next_value()?);
            }
            state.field.set(None);
            state.limit.next();
        }
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {
            self.0.limit.next();
        }
        Ok(())
    }
    pass_over_single_values!();
}

/// The list of records.
struct Records<'a, 's>(&'a State<'s>);

impl<'de> DeserializeSeed<'de> for Records<'_, '_> {
    type Value = ();
    fn deserialize<D: serde::Deserializer<'de>>(self, decoder: D) -> Result<(), D::Error> {
        decoder.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Records<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let state = self.0;
        state.has_records.set(true);
        state.field.set(None);
        loop {
            state.within.set(true);
            state.limit.next();
            let Some(record) = items.next_element_seed(RecordSeed { field: &state.field })? else { break };
            if let Err(failure) = state.sink.borrow_mut().record(record) {
                *state.failure.borrow_mut() = Some(failure);
                return Err(A::Error::custom("refused"));
            }
            state.number.set(state.number.get() + 1);
        }
        state.within.set(false);
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        if self.0.head.borrow().subject().is_some() {
            return Err(A::Error::invalid_type(serde::de::Unexpected::Map, &self));
        }
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            self.0.limit.next();
        }
        Ok(())
    }
}
