//! What a run that asked for vectors came to.
#![allow(clippy::print_stderr, reason = "talk goes to stderr")]

use std::path::Path;

use routerlab_collect::{Embedded, Snapshot};

use super::tables::troubles;
use crate::exit::{Ended, print};

/// Says what there is now, and what to do about the rest; how many vectors there are goes to stdout.
pub(crate) fn embedded(embedded: &Embedded, dir: &Path, json: bool) -> anyhow::Result<Ended> {
    let Embedded { folder, width, ok, failed, first_failed, missing, snapshot, stopped } = embedded;
    tell(snapshot);
    if let Some(reason) = stopped {
        eprintln!("it ended early: {reason}; the same command goes on from here");
    }
    let failures: u64 = failed.values().sum();
    if let Some((query, said)) = first_failed {
        eprintln!("the first without a vector is {query}: {said}");
    }
    if failures > 0 {
        let kinds: Vec<String> = failed.iter().map(|(status, count)| format!("{count} {status}")).collect();
        eprintln!("{failures} texts failed ({}); the same command asks for them again", kinds.join(", "));
    }
    if *missing > 0 {
        eprintln!("{missing} texts were not asked for; the same command asks for them");
    }
    if failures + missing == 0 && dir.join("embeddings.parquet").exists() {
        let name = folder.strip_prefix(dir).unwrap_or(folder).display();
        eprintln!("`bench` takes `embeddings.parquet` where none is named; these are `--embeddings-file {name}`");
    }
    if json {
        let end = serde_json::json!({
            "stopped": stopped, "folder": folder, "width": width, "ok": ok, "failed": failed, "missing": missing,
            "snapshot": snapshot,
        });
        super::event("end", &end)?;
    } else {
        let width = width.map_or_else(String::new, |width| format!(" of width {width}"));
        let failures = if failures > 0 { format!(", {failures} failed") } else { String::new() };
        print(&format!("{ok} embeddings{width} in {}{failures}\n", folder.display()))?;
    }
    Ok(if failures + missing == 0 { Ended::Done } else { Ended::SomeFailed })
}

/// Says what was sent, what it cost and what went wrong.
fn tell(snapshot: &Snapshot) {
    let (done, sent, reused) =
        (snapshot.sum(|model| model.done), snapshot.sum(|model| model.sent), snapshot.sum(|model| model.reused));
    let tokens = snapshot.sum(|model| model.prompt_tokens);
    eprintln!(
        "{done} texts in {:.1} s: {sent} requests sent, {reused} texts answered before, {tokens} tokens, ${:.6} spent",
        snapshot.seconds,
        snapshot.usd()
    );
    for model in &snapshot.models {
        if let Some(reason) = &model.closed {
            eprintln!("{} was closed: {reason}", model.model);
        }
    }
    if let Some(troubles) = troubles(snapshot) {
        eprintln!("requests without an answer: {troubles}");
    }
}
