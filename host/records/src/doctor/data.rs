//! A data folder: queries, and what is known of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::completions::digest_completions;
use crate::doctor::files::{Found, left_over};
use crate::doctor::walk::{Walked, walk};
use crate::doctor::{Examination, FolderKind, Severity, more};
use crate::error::TableError;
use crate::groups::GROUPS_FILE;
use crate::ids::QueryId;
use crate::import::{MANIFEST_FILE, Manifest};
use crate::pool::Pool;
use crate::provenance::{Provenance, digest_file};
use crate::scoring::Scoring;

/// The table that all others refer to.
const QUERIES: &str = "queries.parquet";

pub(super) fn examine(folder: &Path, files: &[Found], watch: &mut dyn FnMut(u64, u64)) -> Examination {
    let mut found = Examination::new(FolderKind::Data);
    let all: u64 = files.iter().filter(|file| file.is_table()).map(|file| file.bytes).sum();
    let mut done = 0;
    let mut provenance = BTreeMap::new();
    let mut queries = BTreeSet::new();
    let mut answered = BTreeSet::new();
    let mut vectors: BTreeMap<String, u64> = BTreeMap::new();
    // Queries first: what they are decides about the others.
    let (first, others): (Vec<&Found>, Vec<&Found>) =
        files.iter().filter(|file| file.is_table()).partition(|file| file.name == QUERIES);
    if first.is_empty() {
        found.add(Severity::Error, QUERIES, "is not there", "import the queries into a new folder");
    }
    for file in first.into_iter().chain(others) {
        watch(done, all);
        let mut strangers = (0_u64, None::<QueryId>);
        let mut seen = Vec::new();
        let walked = walk(&file.path, &mut |subject| {
            if let Some(query) = subject.query {
                if file.name == QUERIES {
                    seen.push(query.clone());
                } else if !queries.contains(query) {
                    strangers.0 += 1;
                    strangers.1.get_or_insert_with(|| query.clone());
                }
            }
            if let Some(model) = subject.model {
                answered.insert(model.clone());
            }
            if let Some(encoder) = encoder_of(&file.name).filter(|_| subject.whole) {
                *vectors.entry(encoder.to_owned()).or_default() += 1;
            }
        });
        queries.extend(seen);
        if let Some(walked) = table(&mut found, file, walked) {
            provenance.insert(file.name.clone(), walked.provenance);
        }
        if let (count, Some(example)) = strangers {
            let what = format!("has a row of `{example}`, which `{QUERIES}` does not have{}", more(count));
            found.add(Severity::Error, &file.name, what, "import it again together with its queries");
        }
        done += file.bytes;
    }
    watch(done, all);
    manifest(folder, files, &mut found);
    left_over(files, &mut found);
    scorings(folder, files, &mut found);
    stale(folder, &provenance, &mut found);
    for (encoder, count) in vectors {
        let missing = (queries.len() as u64).saturating_sub(count);
        if missing > 0 {
            let what = format!("{missing} of {} queries have no vector", queries.len());
            found.add(Severity::Warning, &encoder, what, "give the same `routerlab embed` command again");
        }
    }
    pool(folder, &answered, &mut found);
    found
}

/// Notes what came of reading a table.
pub(super) fn table(
    found: &mut Examination,
    file: &Found,
    walked: Result<Option<Walked>, TableError>,
) -> Option<Walked> {
    match walked {
        Ok(Some(walked)) => {
            let expected = file.name.split(['/', '.']).next().unwrap_or_default();
            if expected != walked.table {
                let what = format!("holds `{}` where `{expected}` is expected", walked.table);
                found.add(Severity::Error, &file.name, what, "move it away and bring back what belongs here");
            }
            found.count_table(walked.table, walked.rows);
            Some(walked)
        }
        Ok(None) => {
            found.add(Severity::Note, &file.name, "is a Parquet file of another program; nothing here reads it", "");
            None
        }
        Err(error) => {
            let mend = match &error {
                TableError::WrongTable { .. } => {
                    "it is of another version of routerlab: make it anew with this one, or use that one"
                }
                _ => "bring it back from where it was made, or delete it and give the command that made it again",
            };
            let mut what = error.to_string();
            let mut cause = std::error::Error::source(&error);
            while let Some(error) = cause {
                what.push_str(&format!(": {error}"));
                cause = error.source();
            }
            let what = what.replace(&format!("`{}`", file.path.display()), "it");
            found.add(Severity::Error, &file.name, what, mend);
            None
        }
    }
}

/// The encoder of a file of embeddings, as its folder names it.
fn encoder_of(name: &str) -> Option<&str> {
    if name == "embeddings.parquet" {
        return Some(name);
    }
    let at = "embeddings/encoder=".len();
    name.starts_with("embeddings/encoder=").then(|| name[at..].find('/').map(|end| &name[..at + end])).flatten()
}

fn manifest(folder: &Path, files: &[Found], found: &mut Examination) {
    let manifest = match Manifest::read(folder) {
        Ok(manifest) => manifest,
        Err(TableError::Missing { .. }) => {
            let what = "is not there, so the import that made this folder did not end";
            return found.add(Severity::Error, MANIFEST_FILE, what, "import again, into a new folder");
        }
        Err(error) => {
            return found.add(Severity::Error, MANIFEST_FILE, error.to_string(), "import again, into a new folder");
        }
    };
    for (name, listed) in &manifest.files {
        let Some(file) = files.iter().find(|file| file.name == *name) else {
            let what = "is in the manifest and not in the folder";
            found.add(Severity::Error, name, what, "bring it back, or import again into a new folder");
            continue;
        };
        match digest_file(&file.path) {
            Ok(digest) if digest == listed.sha256 => {}
            Ok(_) => {
                let what =
                    format!("is not the file that the manifest lists: {} bytes, listed {}", file.bytes, listed.bytes);
                let mend = "bring it back, or make the folder anew; rows of a folder never change";
                found.add(Severity::Error, name, what, mend);
            }
            Err(error) => found.add(Severity::Error, name, error.to_string(), "see to it that it can be read"),
        }
    }
    for file in files.iter().filter(|file| file.is_table() && !manifest.files.contains_key(&file.name)) {
        // Files of a scoring are listed beside them, and outcomes are made anew by every scoring.
        let elsewhere = ["scores/", "judgements/"].iter().any(|folder| file.name.starts_with(folder));
        if !elsewhere && file.name != "outcomes.parquet" {
            let what = "no manifest lists it: it was put there by hand, or its command did not end";
            found.add(Severity::Warning, &file.name, what, "give the command that makes it again, or delete it");
        }
    }
}

fn scorings(folder: &Path, files: &[Found], found: &mut Examination) {
    let mut current = BTreeSet::new();
    for label in Scoring::labels(folder) {
        let name = format!("scores/scoring={label}");
        let scoring = match Scoring::read(folder, &label) {
            Ok(scoring) => scoring,
            Err(error) => {
                let mend = format!("`routerlab score` with `--label {label}` makes it anew");
                found.add(Severity::Error, &format!("{name}/scoring.json"), error.to_string(), mend);
                continue;
            }
        };
        for (file, about) in &scoring.files {
            let path = format!("{name}/{file}");
            let mend = "give the `routerlab score` command again";
            match files.iter().find(|found| found.name == path) {
                None => found.add(Severity::Error, &path, "`scoring.json` names it and it is not there", mend),
                Some(file) if digest_file(&file.path).is_ok_and(|digest| digest == about.sha256) => {}
                Some(_) => found.add(Severity::Error, &path, "is not the file that `scoring.json` names", mend),
            }
            current.insert(path);
        }
    }
    for file in files.iter().filter(|file| file.is_table() && file.name.starts_with("scores/")) {
        if !current.contains(&file.name) {
            let what = "is of an earlier scoring and no longer current";
            found.add(Severity::Note, &file.name, what, "keep it as a record, or delete it");
        }
    }
}

/// Tables that were made from others than those that lie beside them.
fn stale(folder: &Path, provenance: &BTreeMap<String, Provenance>, found: &mut Examination) {
    let input = |table: &str, input: &str| provenance.get(table).and_then(|about| about.inputs.get(input));
    let queries = digest_file(&folder.join(QUERIES)).ok();
    for (table, mend) in [
        ("outcomes.parquet", "`routerlab score` makes it anew"),
        (GROUPS_FILE, "`routerlab duplicates` with `--replace` makes it anew"),
    ] {
        // Outcomes that were imported as such come from no queries of ours.
        let made_from = input(table, "queries");
        if let (Some(made_from), Some(now)) = (made_from, &queries)
            && made_from != now
        {
            found.add(Severity::Warning, table, format!("was made from another `{QUERIES}`"), mend);
        }
    }
    let Some(outcomes) = provenance.get("outcomes.parquet").filter(|about| about.inputs.contains_key("completions"))
    else {
        return;
    };
    if digest_completions(folder).is_ok_and(|now| Some(&now) != outcomes.inputs.get("completions")) {
        let what = "was made from other completions than those that are there now";
        found.add(Severity::Warning, "outcomes.parquet", what, "`routerlab score` makes it anew");
    }
    let Some(scoring) = outcomes.values.get("scoring").and_then(|label| Scoring::read(folder, label).ok()) else {
        return;
    };
    for (file, about) in &scoring.files {
        if outcomes.inputs.get(&format!("scores {file}")) != Some(&about.sha256) {
            let what = format!("was made from other scores than the current `{file}`");
            found.add(Severity::Warning, "outcomes.parquet", what, "`routerlab score` makes it anew");
        }
    }
}

fn pool(folder: &Path, answered: &BTreeSet<crate::ModelName>, found: &mut Examination) {
    const NAME: &str = "pool.toml";
    let pool = match Pool::read(&folder.join(NAME)) {
        Ok(pool) => pool,
        Err(TableError::Missing { .. }) => return,
        Err(error) => return found.add(Severity::Error, NAME, error.to_string(), "mend the line that it names"),
    };
    for model in answered.iter().filter(|model| !pool.models.contains_key(*model)) {
        let what = format!("lacks `{model}`, which has records; its price is not known to routers");
        found.add(Severity::Warning, NAME, what, "add the model with its prices");
    }
}
