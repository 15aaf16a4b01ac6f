//! `routerlab pool`: what pools of growing size could give.

use std::path::PathBuf;

use clap::Args;
use routerlab_bench::pool::{Band, PoolSize, ScalingOptions, scaling};
use routerlab_bench::{Data, DataChoice, Protocol};
use serde_json::json;

use crate::exit::{Ended, print};
use crate::report::{Rows, StudyFormat, tables};

/// Show what Oracle and Best Single reach with pools of growing size: random ones, those of the best models, and those
/// whose models complement each other.
///
/// Models and Best Single are chosen on train and judged on test of the fair track; a missing record is no score. Numbers
/// are means over seeds; of random pools the median and the middle 95 % of the draws.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  routerlab pool --data my-data --draws 200")]
pub(crate) struct PoolCommand {
    /// Data folder
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Only these models
    #[arg(long, value_name = "MODEL,...", value_delimiter = ',')]
    models: Vec<String>,
    /// Random pools of each size
    #[arg(long, default_value_t = 200, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    draws: u32,
    /// Partitions [default: those of an experiment]
    #[arg(long, value_name = "SEED,...", value_delimiter = ',')]
    seeds: Vec<u32>,
    /// How to write it
    #[arg(long, value_enum, default_value_t = StudyFormat::Terminal)]
    format: StudyFormat,
}

impl PoolCommand {
    pub(crate) fn execute(self) -> anyhow::Result<Ended> {
        let choice = DataChoice { models: self.models, embeddings: false, ..DataChoice::all_of(self.data) };
        let data = Data::load(&choice)?;
        let mut protocol = Protocol::default();
        if !self.seeds.is_empty() {
            protocol.seeds = self.seeds;
        }
        let sizes = scaling(&data, &protocol, ScalingOptions { draws: self.draws })?;
        let title = format!(
            "{}: pools of 1 to {} models, {} random ones of each size, seeds {}",
            data.dir.display(),
            data.models.len(),
            self.draws,
            protocol.seeds.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        );
        match self.format {
            StudyFormat::Json => {
                let sizes: Vec<_> = sizes.iter().map(as_json).collect();
                let all = json!({ "draws": self.draws, "seeds": protocol.seeds, "unit": "percent", "sizes": sizes });
                print(&(serde_json::to_string_pretty(&all)? + "\n"))?;
            }
            format => print(&tables(&title, &[("AvgAcc on test, percent", rows(&sizes))], format))?,
        }
        Ok(Ended::Done)
    }
}

fn rows(sizes: &[PoolSize]) -> Rows {
    let names =
        ["models", "random: Oracle", "random: Best Single", "best models: Oracle", "greedy: Oracle", "Best Single"];
    let mut rows = vec![names.map(String::from).to_vec()];
    let band = |band: Band| format!("{:.2} [{:.2}, {:.2}]", band.median, band.low, band.high);
    for size in sizes {
        let single = [size.top_oracle, size.greedy_oracle, size.best_single].map(|value| format!("{value:.2}"));
        let first = [size.models.to_string(), band(size.random_oracle), band(size.random_best_single)];
        rows.push(first.into_iter().chain(single).collect());
    }
    rows
}

fn as_json(size: &PoolSize) -> serde_json::Value {
    let band = |band: Band| json!({ "low": band.low, "median": band.median, "high": band.high });
    json!({
        "models": size.models, "random_oracle": band(size.random_oracle),
        "random_best_single": band(size.random_best_single), "top_oracle": size.top_oracle,
        "greedy_oracle": size.greedy_oracle, "best_single": size.best_single,
    })
}
