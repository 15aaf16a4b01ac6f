//! Series: runs of one experiment that differ in one thing. Each is an ordinary run with a folder of its own, and is
//! taken as it is when it is there already.
#![allow(clippy::print_stderr, reason = "talk goes to stderr")]

use std::num::NonZeroUsize;
use std::path::Path;

use anyhow::{Context, bail};
use routerlab_bench::{ColdStart, Data, Experiment};

use super::{Controls, ended, run};
use crate::exit::{Ended, print};
use crate::report::{Format, Report, Screen, SeriesReport};

/// Runs that differ in one thing.
pub(super) struct Series {
    /// What differs.
    of: &'static str,
    points: Vec<(String, Experiment)>,
}

impl Series {
    /// The series that the flags ask for, if they ask for one.
    ///
    /// # Errors
    /// Data that cannot be read, flags that make two series, or a point that makes no sense.
    pub(super) fn of(controls: &Controls, experiment: &Experiment) -> anyhow::Result<Option<Self>> {
        let files = controls.embeddings_file.as_slice();
        let asked = [
            controls.leave_one_dataset_out,
            !controls.learning_curve.is_empty(),
            controls.cold_start.is_some() && controls.examples.len() > 1,
            files.len() > 1,
        ];
        if asked.iter().filter(|asked| **asked).count() > 1 {
            bail!("these flags ask for two series at once; give them one after the other");
        }
        let point = |label: String, change: &dyn Fn(&mut Experiment)| {
            let mut changed = experiment.clone();
            change(&mut changed);
            changed.check().map_err(anyhow::Error::msg).with_context(|| format!("the series' point `{label}`"))?;
            Ok::<_, anyhow::Error>((label, changed))
        };
        let (of, points): (_, anyhow::Result<Vec<_>>) = match asked {
            [true, ..] => {
                let datasets = Data::load(&experiment.data)?.datasets;
                let left_out =
                    |name: &str| point(name.to_owned(), &|changed| changed.protocol.leave_out = Some(name.to_owned()));
                ("dataset left out", datasets.iter().map(|dataset| left_out(dataset.as_str())).collect())
            }
            [_, true, ..] => {
                let share = |percent: &f64| {
                    point(format!("{percent} %"), &|changed| changed.protocol.train_share = Some(percent / 100.0))
                };
                ("share of train", controls.learning_curve.iter().map(share).collect())
            }
            [_, _, true, _] => {
                let model = controls.cold_start.clone().unwrap_or_default();
                let late = |examples: &usize| {
                    let cold_start = ColdStart { model: model.clone(), examples: *examples };
                    point(examples.to_string(), &|changed| changed.protocol.cold_start = Some(cold_start.clone()))
                };
                ("examples of the late model", controls.examples.iter().map(late).collect())
            }
            [.., true] => {
                let with = |file: &std::path::PathBuf| {
                    point(file.display().to_string(), &|changed| changed.data.embeddings_file = Some(file.clone()))
                };
                ("embeddings", files.iter().map(with).collect())
            }
            _ => return Ok(None),
        };
        let points = points?;
        let mut seen = std::collections::BTreeSet::new();
        if let Some((twice, _)) = points.iter().find(|(label, _)| !seen.insert(label.clone())) {
            bail!("the series names `{twice}` twice; remove one of them");
        }
        Ok(Some(Self { of, points }))
    }

    /// Runs every point and shows router x point.
    pub(super) fn execute(
        self,
        out: &Path,
        threads: Option<NonZeroUsize>,
        format: Format,
        screen: &Screen,
    ) -> anyhow::Result<Ended> {
        let mut worst = Ended::Done;
        let mut series = SeriesReport::new(self.of);
        for (label, experiment) in self.points {
            eprintln!("{}: {label}", self.of);
            let finished = run(&experiment, out, threads).with_context(|| format!("{}: `{label}`", self.of))?;
            worst = worst.and(ended(&finished.cells));
            eprintln!("results: {}", finished.dir.display());
            series.add(label, &finished.dir, Report::read(&finished.dir)?);
        }
        print(&series.render(format, screen)?)?;
        Ok(worst)
    }
}
