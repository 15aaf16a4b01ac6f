//! RouterArena's prediction files (arXiv 2510.00202): what a router chose, and what came of it there.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use serde::de::DeserializeSeed;
use serde_json::{Map, Value};

use crate::error::{Place, TableError};
use crate::external::{ExternalRow, external_file, read_external};
use crate::ids::PluginName;
use crate::import::dataset::content::Content;
use crate::import::lines::{Object, without_line};
use crate::import::loose::shown;
use crate::import::output::{MANIFEST_FILE, Manifest};
use crate::import::pickle::refuse_pickle;
use crate::import::python_json::{EachObject, PlainJson};
use crate::outcomes::check_number;
use crate::provenance::{Provenance, digest_file, own_tool};
use crate::table::write_table;

/// Bytes of a prediction file at most; the largest there are have some tens of millions.
const MAX_BYTES: u64 = 4 << 30;
/// How a dataset is called that stands for all queries of a file.
const ALL: &str = "all";

/// How a prediction file is taken.
#[derive(Debug, Clone, Default)]
pub struct ArenaOptions {
    /// The router; the file's name without its ending where none is named.
    pub router: Option<PluginName>,
    /// The day of the result: an RFC 3339 date or time.
    pub dated: Option<String>,
    /// Whether rows of the same router from a file of the same name give way.
    pub replace: bool,
}

/// What an import of external results brought in.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportedExternal {
    /// The table.
    pub file: PathBuf,
    /// The rows that are new, by router and dataset.
    pub rows: Vec<ExternalRow>,
    /// What a reader of the table should know, a sentence each.
    pub notes: Vec<String>,
}

/// Adds what RouterArena found about a router to `external.parquet` of `folder`: a row for each of its datasets and one for
/// `all`.
///
/// A file is a JSON list of entries with `global index` (or `global_index`), `prediction` (the model that was chosen), and
/// once they were evaluated `generated_result`, `accuracy` and `cost`. An entry whose dataset-wide index comes twice, or
/// that has no model, is refused. Entries marked `for_optimality` are answers of models that were not chosen; they are
/// passed over. A failed call (`success` is false) is not scored. A cost of 0 is what RouterArena writes for a model
/// without a price, and so is unknown; a sum with an unknown cost is unknown. The dataset is the index without its number.
///
/// # Errors
/// When a file cannot be read as that form, `folder` has the router already, a day is none, or the table cannot be
/// written. The message names file, entry and field. The table is as it was then.
pub fn import_arena(files: &[PathBuf], options: &ArenaOptions, folder: &Path) -> Result<ImportedExternal, TableError> {
    let target = external_file(folder);
    if let Some(day) = options.dated.as_deref().filter(|day| !is_day(day)) {
        let reason = format!("`{day}` is no RFC 3339 date such as 2026-01-31, nor a time such as 2026-01-31T12:00:00Z");
        return Err(TableError::Settings { path: target, reason });
    }
    let mut all = read_external(folder)?;
    let mut imported = ImportedExternal { file: target.clone(), rows: Vec::new(), notes: Vec::new() };
    for path in files {
        let tally = Tally::read(path)?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let router = options.router.clone().unwrap_or_else(|| PluginName::from(&*stem));
        let source = path.file_name().unwrap_or_default().to_string_lossy();
        if let Some(there) = all.iter().find(|row| row.router == router) {
            let same = there.source == *source && !imported.rows.iter().any(|row| row.router == router);
            if !same || !options.replace {
                let way = if same { "`--replace` takes its place, " } else { "" };
                let reason = format!(
                    "has the router `{router}` from `{}` already; {way}`--router` gives this one another name",
                    there.source
                );
                return Err(TableError::Settings { path: target, reason });
            }
            all.retain(|row| row.router != router);
        }
        let digest = digest_file(path)?;
        imported.notes.extend(tally.notes(&router));
        for row in tally.rows(&router, &source, &digest, options.dated.as_deref()) {
            imported.rows.push(row.clone());
            all.push(row);
        }
    }
    imported.rows.sort_by(crate::table::Row::compare_keys);
    let mut provenance = Provenance::by(own_tool());
    for row in &all {
        provenance = provenance.input(row.source.as_str(), row.source_digest.as_str());
    }
    write_table(&target, &all, &provenance)?;
    if folder.join(MANIFEST_FILE).exists() {
        Manifest::refresh(folder, &[], &["external.parquet"])?;
    }
    Ok(imported)
}

/// What the entries of a file come to.
#[derive(Default)]
struct Tally {
    /// By dataset, and under `all` for the whole.
    parts: BTreeMap<String, Part>,
    /// Entry of each index.
    seen: HashMap<String, u64>,
    not_chosen: u64,
    without_cost: u64,
}

/// What the queries of one dataset come to.
#[derive(Default, Clone)]
struct Part {
    queries: u64,
    scored: u64,
    failed: u64,
    scores: f64,
    /// None as soon as one cost is unknown.
    dollars: Option<f64>,
    chosen: BTreeMap<String, u64>,
}

impl Tally {
    fn read(path: &Path) -> Result<Self, TableError> {
        let mut content = Content::of(path)?;
        refuse_pickle(
            &mut content,
            &["import json, pickle", "json.dump(pickle.load(open(\"{name}\", \"rb\")), open(\"{stem}.json\", \"w\"))"],
        )?;
        let reader = BufReader::new(PlainJson::new(content.handle()?.take(MAX_BYTES)));
        let mut tally = Self::default();
        let mut ended = None;
        let mut decoder = serde_json::Deserializer::from_reader(reader);
        let mut each = |number, object| tally.entry(path, number, object);
        let read = EachObject { each: &mut each, ended: &mut ended }.deserialize(&mut decoder);
        let read = read.and_then(|()| decoder.end());
        if let Some(error) = ended {
            return Err(error);
        }
        read.map_err(|error| TableError::Row {
            path: path.to_owned(),
            place: Place::Line(error.line() as u64),
            reason: format!("not a JSON list of predictions: {}", without_line(&error)),
        })?;
        if !tally.parts.contains_key(ALL) {
            return Err(TableError::NoRows { path: path.to_owned() });
        }
        Ok(tally)
    }

    fn entry(&mut self, path: &Path, number: u64, object: Object) -> Result<(), TableError> {
        let entry = Entry { path, number, fields: object.fields };
        if let Some(key) = object.twice {
            return Err(entry.wrong(&key, "given twice"));
        }
        if entry.truth("for_optimality", None)?.unwrap_or(false) {
            self.not_chosen += 1;
            return Ok(());
        }
        let name = if entry.fields.contains_key("global_index") { "global_index" } else { "global index" };
        let index = entry.text(name)?;
        if let Some(other) = self.seen.insert(index.to_owned(), number) {
            return Err(entry.wrong(name, format!("`{index}` was already in row {other}")));
        }
        let model = entry.text("prediction")?.to_owned();
        let result = match entry.fields.get("generated_result") {
            None | Some(Value::Null) => None,
            Some(Value::Object(result)) => Some(result),
            Some(other) => {
                return Err(entry.wrong("generated_result", format!("expected an object, found {}", shown(other))));
            }
        };
        let failed = entry.truth("success", result)?.is_some_and(|success| !success);
        let score = entry.number("accuracy", 1.0)?.filter(|_| !failed);
        // What RouterArena writes where it knows no price.
        let dollars = entry.number("cost", f64::MAX)?.filter(|cost| *cost > 0.0);
        self.without_cost += u64::from(dollars.is_none());
        for dataset in [dataset_of(index).to_owned(), ALL.to_owned()] {
            let part = self.parts.entry(dataset).or_insert_with(|| Part { dollars: Some(0.0), ..Part::default() });
            part.queries += 1;
            part.failed += u64::from(failed);
            part.scored += u64::from(score.is_some());
            part.scores += score.unwrap_or_default();
            part.dollars = part.dollars.zip(dollars).map(|(sum, cost)| sum + cost);
            *part.chosen.entry(model.clone()).or_default() += 1;
        }
        Ok(())
    }

    #[allow(clippy::cast_precision_loss, reason = "counts of queries are far below 2^53")]
    fn rows(&self, router: &PluginName, source: &str, digest: &str, dated: Option<&str>) -> Vec<ExternalRow> {
        let row = |(dataset, part): (&String, &Part)| {
            let share = |count: &u64| Value::from(*count as f64 / part.queries as f64);
            let models: Map<String, Value> =
                part.chosen.iter().map(|(model, count)| (model.clone(), share(count))).collect();
            ExternalRow {
                router: router.clone(),
                dataset: dataset.as_str().into(),
                queries: part.queries,
                scored: part.scored,
                failed: part.failed,
                accuracy: (part.scored > 0).then(|| part.scores / part.scored as f64),
                cost_usd: part.dollars,
                models: Value::Object(models).to_string(),
                source: source.into(),
                source_digest: digest.into(),
                dated: dated.map(str::to_owned),
            }
        };
        self.parts.iter().map(row).collect()
    }

    fn notes(&self, router: &PluginName) -> Vec<String> {
        let Some(all) = self.parts.get(ALL) else { return Vec::new() };
        let mut notes = Vec::new();
        if self.not_chosen > 0 {
            notes.push(format!(
                "`{router}`: {} entries are of models that it did not choose, and were left out",
                self.not_chosen
            ));
        }
        if all.failed > 0 {
            notes.push(format!("`{router}`: {} of {} calls failed and are not scored", all.failed, all.queries));
        }
        let unscored = all.queries - all.failed - all.scored;
        if unscored > 0 {
            notes.push(format!("`{router}`: {unscored} of {} queries were not evaluated", all.queries));
        }
        if self.without_cost > 0 {
            notes.push(format!(
                "`{router}`: {} of {} costs are unknown, and so is every sum with one of them",
                self.without_cost, all.queries
            ));
        }
        notes
    }
}

/// One entry of a file.
struct Entry<'a> {
    path: &'a Path,
    number: u64,
    fields: Map<String, Value>,
}

impl Entry<'_> {
    fn wrong(&self, field: &str, reason: impl Into<String>) -> TableError {
        let (path, place, column) = (self.path.to_owned(), Place::Row(self.number), field.to_owned());
        TableError::Value { path, place, column, reason: reason.into() }
    }

    fn text(&self, field: &str) -> Result<&str, TableError> {
        match self.fields.get(field) {
            Some(Value::String(text)) if !text.is_empty() => Ok(text),
            None | Some(Value::Null) => Err(self.wrong(field, "missing")),
            Some(other) => Err(self.wrong(field, format!("expected a text, found {}", shown(other)))),
        }
    }

    fn number(&self, field: &str, most: f64) -> Result<Option<f64>, TableError> {
        match self.fields.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Number(number)) => {
                let number = number.as_f64().unwrap_or(f64::NAN);
                check_number(number, most).map_err(|reason| self.wrong(field, reason))?;
                Ok(Some(number))
            }
            Some(other) => Err(self.wrong(field, format!("expected a number, found {}", shown(other)))),
        }
    }

    /// A truth value of the entry, or of an object within.
    fn truth(&self, field: &str, within: Option<&Map<String, Value>>) -> Result<Option<bool>, TableError> {
        match within.unwrap_or(&self.fields).get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(truth)) => Ok(Some(*truth)),
            Some(other) => Err(self.wrong(field, format!("expected true or false, found {}", shown(other)))),
        }
    }
}

/// The dataset of an index such as `GPQA_12`: what stands before the number.
fn dataset_of(index: &str) -> &str {
    match index.rsplit_once('_') {
        Some((dataset, number))
            if !["", ALL].contains(&dataset) && number.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            dataset
        }
        _ => index,
    }
}

/// Whether a text is an RFC 3339 date or time. Days that a month does not have are let through.
fn is_day(text: &str) -> bool {
    let (day, time) = text.split_once(['T', 't', ' ']).map_or((text, None), |(day, time)| (day, Some(time)));
    let numbers = |text: &str, separator: char, widths: &[usize]| {
        let parts: Vec<&str> = text.split(separator).collect();
        let plain =
            |(part, width): (&&str, &usize)| part.len() == *width && part.bytes().all(|byte| byte.is_ascii_digit());
        (parts.len() == widths.len() && parts.iter().zip(widths).all(plain))
            .then(|| parts.iter().map(|part| part.parse().unwrap_or(99)).collect::<Vec<u32>>())
    };
    let is_date =
        numbers(day, '-', &[4, 2, 2]).is_some_and(|day| (1..=12).contains(&day[1]) && (1..=31).contains(&day[2]));
    let is_time = time.is_none_or(|time| {
        let offset_at = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
        let (clock, offset) = time.split_at(offset_at);
        let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
        let is_offset = offset.eq_ignore_ascii_case("z")
            || offset
                .get(1..)
                .and_then(|offset| numbers(offset, ':', &[2, 2]))
                .is_some_and(|it| it[0] < 24 && it[1] < 60);
        is_offset
            && !fraction.is_empty()
            && fraction.bytes().all(|byte| byte.is_ascii_digit())
            && numbers(clock, ':', &[2, 2, 2]).is_some_and(|it| it[0] < 24 && it[1] < 60 && it[2] <= 60)
    });
    is_date && is_time
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dataset_is_the_index_without_its_number() {
        for (index, expected) in [
            ("GPQA_12", "GPQA"),
            ("GeoGraphyData_100k_7", "GeoGraphyData_100k"),
            ("_7", "_7"),
            ("plain", "plain"),
            ("a_b", "a_b"),
        ] {
            assert_eq!(dataset_of(index), expected);
        }
    }

    #[test]
    fn a_day_is_a_date_or_a_time_of_rfc_3339() {
        for day in ["2026-01-31", "2026-01-31T23:59:60Z", "2026-01-31t00:00:00.25+05:30", "2026-01-31 00:00:00-01:00"] {
            assert!(is_day(day), "{day}");
        }
        for day in [
            "",
            "2026",
            "2026-1-31",
            "2026-13-01",
            "2026-01-32",
            "2026-01-31T",
            "2026-01-31T10:00Z",
            "31.1.2026",
            "2026-01-31T10:00:00",
            "2026-01-31T10:00:00.Z",
        ] {
            assert!(!is_day(day), "{day}");
        }
    }
}
