//! What a run was made from: its experiment, its data, its components.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use routerlab_records::{RunRow, digest_file};

use crate::data::Data;
use crate::error::BenchError;
use crate::experiment::Experiment;
use crate::results::shown_secret;
use crate::verify::{Verdict, VerifyOptions};

/// The experiment of a run, with its data and its secret where they are now.
pub(super) fn with_what_is_now(mut experiment: Experiment, options: &VerifyOptions) -> Result<Experiment, String> {
    if let Some(dir) = &options.data {
        experiment.data.dir.clone_from(dir);
    }
    if let Some(digest) = &experiment.protocol.secret {
        let Some(secret) = &options.secret else {
            return Err(
                "the run has a secret; `--secret` must name it, since nothing can be decided again without".into()
            );
        };
        if *digest != shown_secret(secret) {
            return Err("the secret is not that of the run".into());
        }
        experiment.protocol.secret = Some(secret.clone());
    }
    Ok(experiment)
}

/// The digests of everything that the run read, by name.
pub(super) fn digests_of(run: &RunRow) -> Result<BTreeMap<String, String>, String> {
    serde_json::from_str(&run.digests).map_err(|error| format!("the digests in `runs.parquet` cannot be read: {error}"))
}

/// The data as it is now, with the digests of answers where the run has them.
pub(super) fn load(experiment: &Experiment, recorded: &BTreeMap<String, String>) -> Result<Data, BenchError> {
    let mut data = Data::load(&experiment.data)?;
    if recorded.keys().any(|name| name == "completions.parquet" || name == "answer_embeddings.parquet") {
        data.digest_answers()?;
    }
    Ok(data)
}

/// Each table that the run read, and whether it is the same now.
pub(super) fn data(loaded: &Result<Data, BenchError>, recorded: &BTreeMap<String, String>) -> Vec<(String, Verdict)> {
    let tables = || recorded.iter().filter(|(name, _)| !name.starts_with("router "));
    let data = match loaded {
        Ok(data) => data,
        Err(error) => {
            let mut all = vec![("the folder".to_owned(), Verdict::Differs(error.to_string()))];
            all.extend(tables().map(|(name, _)| (name.clone(), Verdict::Unchecked("the data cannot be read".into()))));
            return all;
        }
    };
    let verdict = |name: &str, digest: &str| match data.digests.get(name) {
        Some(now) if now == digest => Verdict::Holds,
        Some(now) => {
            Verdict::Differs(format!("was {}... when the run was made and is {}... now", &short(digest), short(now)))
        }
        None => Verdict::Differs("was read by the run and is not there now".into()),
    };
    let mut all: Vec<_> = tables().map(|(name, digest)| (name.clone(), verdict(name, digest))).collect();
    for name in data.digests.keys().filter(|name| !recorded.contains_key(*name)) {
        let what = "was not there when the run was made; experiments would read it now";
        all.push((name.clone(), Verdict::Differs(what.into())));
    }
    all
}

fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

/// Points every router to a file with the digest that the run has for it, and says for which there is one.
pub(super) fn find_components(
    experiment: &mut Experiment,
    recorded: &BTreeMap<String, String>,
    folders: &[PathBuf],
) -> Vec<(String, Verdict)> {
    let mut others: Option<BTreeMap<String, PathBuf>> = None;
    let mut verdicts = Vec::new();
    for entry in &mut experiment.router {
        let name = entry.report_name();
        if entry.reference.is_some() {
            continue;
        }
        let Some(wanted) = recorded.get(&format!("router {name}")) else {
            verdicts.push((name, Verdict::Differs("the run has no digest of its component".into())));
            continue;
        };
        let named = digest_file(&entry.component);
        let verdict = match &named {
            Ok(digest) if digest == wanted => Verdict::Holds,
            _ => match others.get_or_insert_with(|| by_digest(folders)).get(wanted) {
                Some(path) => {
                    entry.component.clone_from(path);
                    Verdict::Holds
                }
                None => Verdict::Differs(match named {
                    Ok(now) => format!(
                        "`{}` is {}... and the run has {}...; `--components` names a folder that holds it",
                        entry.component.display(),
                        short(&now),
                        short(wanted)
                    ),
                    Err(error) => format!("{error}; `--components` names a folder that holds {}...", short(wanted)),
                }),
            },
        };
        // The name in reports must not change with the file's.
        entry.name = Some(name.clone());
        verdicts.push((name, verdict));
    }
    verdicts
}

/// The `.wasm` files of some folders. A file that cannot be read is no component that is looked for.
fn by_digest(folders: &[PathBuf]) -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    for folder in folders {
        for path in wasm_files(folder) {
            if let Ok(digest) = digest_file(&path) {
                found.entry(digest).or_insert(path);
            }
        }
    }
    found
}

fn wasm_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "wasm"));
    files.sort();
    files
}
