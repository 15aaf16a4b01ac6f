//! `routerlab verify`: whether a run is what its tables say.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use routerlab_bench::{Check, Verdict, VerifyOptions, recorded, verify};
use serde_json::json;

use crate::commands::bench::Watch;
use crate::exit::{Ended, print};

/// Verify a run: that its inputs have the digests that it says, that its routers decide the same when they are run again,
/// and that its metrics are those of its decisions.
///
/// Routers are run again in a folder of their own, from components with the digests of the run, wherever these lie now;
/// decisions are compared row by row, and everything but measured time must be equal to the bit. Exit code 1 when
/// something differs.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  routerlab verify runs/starter-1a2b3c4d --components target/components")]
pub(crate) struct Verify {
    /// Folder of the run
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// The data folder [default: where it was]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// A folder with components, in case they are not where they were; may be given several times
    #[arg(long, value_name = "DIR")]
    components: Vec<PathBuf>,
    /// The secret of the run, if it has one
    #[arg(long, value_name = "TEXT")]
    secret: Option<String>,
    /// Run only these routers again
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', conflicts_with = "no_run")]
    routers: Vec<String>,
    /// Compare digests and metrics, and run nothing again
    #[arg(long)]
    no_run: bool,
    /// Cells at a time [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Every check, for programs
    #[arg(long)]
    json: bool,
}

impl Verify {
    pub(crate) fn execute(self) -> anyhow::Result<Ended> {
        let scratch = tempfile::tempdir().context("no scratch folder can be made")?;
        let options = VerifyOptions {
            data: self.data,
            components: self.components,
            secret: self.secret,
            routers: self.routers,
            rerun: !self.no_run,
            scratch: scratch.path().to_owned(),
            threads: super::threads(self.threads),
        };
        let (_, experiment) = recorded(&self.run)?;
        let sandbox = super::sandbox(&experiment.limits)?;
        let mut watch = Watch::new();
        let checks = verify(&self.run, &sandbox, &options, &mut watch)?;
        drop(watch);
        let failed = checks.iter().any(|check| matches!(check.verdict, Verdict::Differs(_)));
        match self.json {
            true => print(&(serde_json::to_string_pretty(&as_json(&checks, failed))? + "\n"))?,
            false => print(&routerlab_plugin::plain(&text(&checks)))?,
        }
        Ok(if failed { Ended::SomeFailed } else { Ended::Done })
    }
}

/// Kinds of checks in the order in which they are made, and what holds when all of a kind hold.
const KINDS: [(&str, &str); 6] = [
    ("data", "tables of the data have the digests of the run"),
    ("component", "components have the digests of the run"),
    ("run", "configuration and inputs have the run's id"),
    ("cell", "cells have the decisions that were written"),
    ("metrics", "metrics are those of the decisions"),
    ("decisions", "cells decide the same when run again"),
];

fn text(checks: &[Check]) -> String {
    let mut text = String::new();
    let mut counts = (0, 0);
    for (kind, holds) in KINDS {
        let own: Vec<&Check> = checks.iter().filter(|check| check.kind == kind).collect();
        let good = own.iter().filter(|check| check.verdict == Verdict::Holds).count();
        if good > 0 {
            text.push_str(&format!("ok      {good} of {}: {holds}\n", own.len()));
        }
        for check in own {
            match &check.verdict {
                Verdict::Holds => {}
                Verdict::Differs(how) => {
                    counts.0 += 1;
                    text.push_str(&format!("FAILED  {kind} {}: {how}\n", check.name));
                }
                Verdict::Unchecked(why) => {
                    counts.1 += 1;
                    text.push_str(&format!("skipped {kind} {}: {why}\n", check.name));
                }
            }
        }
    }
    text.push_str(&match counts {
        (0, 0) => "verified\n".to_owned(),
        (0, skipped) => format!("verified but for {skipped} checks that were skipped\n"),
        (1, _) => "not verified: 1 check failed\n".to_owned(),
        (failed, _) => format!("not verified: {failed} checks failed\n"),
    });
    text
}

fn as_json(checks: &[Check], failed: bool) -> serde_json::Value {
    let checks = checks.iter().map(|check| {
        let (verdict, reason) = match &check.verdict {
            Verdict::Holds => ("holds", None),
            Verdict::Differs(how) => ("differs", Some(how)),
            Verdict::Unchecked(why) => ("unchecked", Some(why)),
        };
        json!({"kind": check.kind, "name": check.name, "verdict": verdict, "reason": reason})
    });
    json!({"verified": !failed, "checks": checks.collect::<Vec<_>>()})
}
