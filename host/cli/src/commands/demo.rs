//! `routerlab demo`: the whole path on the starter data.
#![allow(clippy::print_stderr, reason = "talk goes to stderr")]

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use routerlab_bench::compare::compare;
use routerlab_bench::{Experiment, ScoreOptions};
use routerlab_plugin::Limits;
use routerlab_records::definition::Mode;
use routerlab_records::import::Manifest;

use super::score::Differences;
use crate::exit::{Ended, print};
use crate::report::{Look, Report, Screen, StudyFormat};

/// The tables of the starter data that are copied into the demo's own folder.
const STARTER: [&str; 6] = ["queries.parquet", "completions.parquet", EMBEDDINGS, "pool.toml", "dataset.toml", METHODS];

/// Embeddings for where there is no encoder.
const EMBEDDINGS: &str = "embeddings.parquet";

/// Who scores the starter data by published methods.
const METHODS: &str = "methods.toml";

/// How many completions whose scores differ the comparison shows.
const SHOWN: usize = 40;

/// Name of the comparison of two scorings, in the folder of the run.
const DIFFERENCES: &str = "evaluators-compat-fixed";

/// Run the whole path on the starter data: embed queries, score recorded completions, sweep five routers, show the leaderboard.
///
/// Queries are embedded where the encoder is there (`make encoder`); without it the embeddings that ship with the data are used.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  routerlab demo --out runs")]
pub(crate) struct Demo {
    /// Folder with the starter data
    #[arg(long, default_value = "datasets/starter", value_name = "DIR")]
    data: PathBuf,
    /// Folder with the components of routers and evaluators
    #[arg(long, default_value = "target/components", value_name = "DIR")]
    components: PathBuf,
    /// Folder of an encoder
    #[arg(long, default_value = "target/encoders/all-MiniLM-L6-v2", value_name = "DIR")]
    encoder: PathBuf,
    /// Folder of results
    #[arg(long, default_value = "runs", value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    look: Look,
}

impl Demo {
    pub(crate) fn execute(self) -> anyhow::Result<Ended> {
        if !self.components.is_dir() {
            bail!("there is no folder `{}`; build the components with `make plugins`", self.components.display());
        }
        let data = self.out.join("starter-data");
        let encodes = self.encoder.is_dir();
        for name in STARTER.into_iter().filter(|name| !encodes || *name != EMBEDDINGS) {
            let from = self.data.join(name);
            let bytes = std::fs::read(&from).with_context(|| format!("cannot read `{}`", from.display()))?;
            routerlab_records::atomic::write_bytes(&data.join(name), bytes)?;
        }
        // Settings beside the tables may be edited, so the manifest leaves them out.
        let tables = ["queries.parquet", "completions.parquet", EMBEDDINGS, "pool.toml"];
        Manifest::refresh(&data, &[], &tables)?;
        if encodes {
            super::embed::embed_starter(&data, &self.encoder)?;
        }
        let options = ScoreOptions::new(data.clone(), self.components.clone(), super::threads(None));
        let scored = super::score::run(&options, &Limits::default())?;
        let experiment = experiment(&data, &self.components)?;
        let finished = super::bench::run(&experiment, &self.out, None)?;
        let differed = self.differences(&data, &finished.dir)?;
        print(&Report::read(&finished.dir)?.leaderboard(&Screen::of_stdout(self.look)))?;
        eprintln!("the whole report: routerlab report {}", finished.dir.display());
        eprintln!("as a page: routerlab report {} --format html --out report.html", finished.dir.display());
        eprintln!("what the choice of evaluator does: {}/{DIFFERENCES}.md", finished.dir.display());
        Ok(super::bench::ended(&finished.cells).and(super::score::ended(&scored)).and(differed))
    }

    /// Scores the same completions by published methods in both modes, and leaves beside the run where they differ.
    fn differences(&self, data: &Path, run: &Path) -> anyhow::Result<Ended> {
        let mut ended = Ended::Done;
        for mode in [Mode::Compat, Mode::Fixed] {
            let options = ScoreOptions {
                definition: Some(data.join(METHODS)),
                mode: Some(mode),
                ..ScoreOptions::new(data.to_owned(), self.components.clone(), super::threads(None))
            };
            ended = ended.and(super::score::ended(&super::score::run(&options, &Limits::default())?));
        }
        let found = compare(data, [Mode::Compat.as_str(), Mode::Fixed.as_str()])?;
        for (format, extension) in [(StudyFormat::Markdown, "md"), (StudyFormat::Json, "json")] {
            let text = Differences { found: &found, show: SHOWN }.render(format)?;
            routerlab_records::atomic::write_bytes(&run.join(format!("{DIFFERENCES}.{extension}")), text)?;
        }
        Ok(ended)
    }
}

/// The experiment behind the demo, with the folders that were asked for.
fn experiment(data: &Path, components: &Path) -> anyhow::Result<Experiment> {
    let mut experiment: Experiment = toml::from_str(include_str!("../demo.toml"))?;
    experiment.data.dir = data.to_owned();
    for router in &mut experiment.router {
        router.component = components.join(&router.component);
    }
    Ok(experiment)
}
