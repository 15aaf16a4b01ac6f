//! `routerlab doctor`: whether folders of tables are what they say they are.

use std::path::PathBuf;

use clap::Args;
use routerlab_records::doctor::{Examination, FolderKind, Severity, examine};
use serde_json::json;

use crate::exit::{Ended, print};
use crate::progress::Progress;

/// Look whether a data folder or the folder of a run is whole, and say how to mend what is not.
///
/// Checks the manifest and its digests, that every table decodes to rows in the order of their keys, that rows refer to
/// queries that are there, that outcomes were made from the scores and completions beside them, that a run's cells have
/// their decisions, and what lies there that nothing reads. Changes nothing. Exit code 1 when there is an error.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  routerlab doctor my-data runs/starter-1a2b3c4d")]
pub(crate) struct Doctor {
    /// Data folders and folders of runs
    #[arg(value_name = "DIR", required = true)]
    folders: Vec<PathBuf>,
    /// Everything, for programs
    #[arg(long)]
    json: bool,
}

impl Doctor {
    pub(crate) fn execute(self) -> anyhow::Result<Ended> {
        let mut ended = Ended::Done;
        let mut all = Vec::new();
        for folder in &self.folders {
            let mut progress = Progress::new("bytes");
            let found = examine(folder, &mut |done, total| progress.at(done, total))?;
            drop(progress);
            if found.count(Severity::Error) > 0 {
                ended = Ended::SomeFailed;
            }
            match self.json {
                true => all.push(as_json(folder, &found)),
                false => print(&text(folder, &found))?,
            }
        }
        if self.json {
            print(&(serde_json::to_string_pretty(&all)? + "\n"))?;
        }
        Ok(ended)
    }
}

fn kind(found: &Examination) -> &'static str {
    match found.kind {
        FolderKind::Data => "data folder",
        FolderKind::Run => "run",
    }
}

fn text(folder: &std::path::Path, found: &Examination) -> String {
    let mut text = format!("{}: {}\n", folder.display(), kind(found));
    for (table, files, rows) in &found.tables {
        let files = if *files == 1 { "1 file".to_owned() } else { format!("{files} files") };
        text.push_str(&format!("  {table}: {rows} rows in {files}\n"));
    }
    for finding in &found.findings {
        text.push_str(&format!("{}: {}: {}\n", finding.severity.name(), finding.path, finding.what));
        if !finding.mend.is_empty() {
            text.push_str(&format!("  to mend it: {}\n", finding.mend));
        }
    }
    let counts: Vec<String> = [Severity::Error, Severity::Warning, Severity::Note]
        .into_iter()
        .map(|severity| (found.count(severity), severity.name()))
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{count} {name}{}", if count == 1 { "" } else { "s" }))
        .collect();
    text.push_str(&match counts.is_empty() {
        true => "nothing wrong was found\n".to_owned(),
        false => format!("{}\n", counts.join(", ")),
    });
    // Names may come from a stranger's folder.
    routerlab_plugin::plain(&text)
}

fn as_json(folder: &std::path::Path, found: &Examination) -> serde_json::Value {
    let tables = found.tables.iter().map(|(table, files, rows)| json!({"table": table, "files": files, "rows": rows}));
    let findings = found.findings.iter().map(|finding| {
        json!({
            "severity": finding.severity.name(), "path": finding.path, "what": finding.what, "mend": finding.mend,
        })
    });
    json!({
        "folder": folder.display().to_string(), "kind": kind(found),
        "tables": tables.collect::<Vec<_>>(), "findings": findings.collect::<Vec<_>>(),
    })
}
