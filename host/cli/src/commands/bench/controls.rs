//! Flags that take the place of keys of the experiment file, and those that make a series of runs.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use routerlab_bench::{ColdStart, Experiment, Input, Labels, Track, Weighs};

/// Each takes the place of a key of the experiment file, and is as much a part of the run as the key.
#[derive(Debug, Args)]
#[command(next_help_heading = "Controls (instead of the experiment file's keys)")]
pub(crate) struct Controls {
    /// The data folder [data.dir], relative to the current folder
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Whose protocol the numbers follow [protocol.track]
    #[arg(long, value_enum, value_name = "TRACK")]
    track: Option<TrackFlag>,
    /// Permute the records of train and of validation queries within their dataset [protocol.labels]
    #[arg(long)]
    shuffle_labels: bool,
    /// Hide the models' names and permute the pool [protocol.mask_models]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    mask_models: Option<bool>,
    /// What routers get as text [protocol.input]
    #[arg(long, value_enum, value_name = "TEXT")]
    input: Option<InputFlag>,
    /// Give routers no embeddings [data.embeddings]
    #[arg(long, conflicts_with = "embeddings_file")]
    no_embeddings: bool,
    /// Reduce embeddings to so many principal components of the train part [protocol.pca_width]
    #[arg(long, value_name = "N", conflicts_with = "no_embeddings")]
    pca_width: Option<usize>,
    /// Learn nothing from a dataset, and test on it alone [protocol.leave_out]
    #[arg(long, value_name = "DATASET")]
    leave_out: Option<String>,
    /// Share of train to use, above 0 and up to 1 [protocol.train_share]
    #[arg(long, value_name = "SHARE")]
    train_share: Option<f64>,
    /// Only these models [data.models]
    #[arg(long, value_name = "MODEL,...", value_delimiter = ',')]
    models: Vec<String>,
    /// Only models that have a score for at least this share of the queries of every dataset [data.coverage]
    #[arg(long, value_name = "SHARE")]
    coverage: Option<f64>,
    /// What preferences trade quality for [preferences.weighs]
    #[arg(long, value_enum, value_name = "WHAT")]
    weigh: Option<WeighFlag>,
    /// US dollars for a second of a router's time [protocol.router_usd_per_second]
    #[arg(long, value_name = "USD")]
    router_usd_per_second: Option<f64>,
    /// US dollars for a billion units of a router's fuel [protocol.router_usd_per_gigafuel]
    #[arg(long, value_name = "USD")]
    router_usd_per_gigafuel: Option<f64>,
    /// A table of embeddings in the data folder [data.embeddings_file]; more than one make a series
    #[arg(long, value_name = "FILE")]
    pub(super) embeddings_file: Vec<PathBuf>,
    /// A model that joins late [protocol.cold_start]; a series, one run for each number of --examples
    #[arg(long, value_name = "MODEL")]
    pub(super) cold_start: Option<String>,
    /// On how many train queries the late model's records are shown
    #[arg(long, value_name = "N,...", value_delimiter = ',', requires = "cold_start", default_value = "0,50,100")]
    pub(super) examples: Vec<usize>,
    /// A series: leave out one dataset after another
    #[arg(long, conflicts_with_all = ["leave_out", "cold_start"])]
    pub(super) leave_one_dataset_out: bool,
    /// A series: percents of the train part [when no list is given: 1,5,10,25,50,100]
    #[arg(
        long, value_name = "PERCENT,...", value_delimiter = ',', num_args = 0..=1, require_equals = true,
        default_missing_value = "1,5,10,25,50,100",
        conflicts_with_all = ["train_share", "cold_start", "leave_one_dataset_out"]
    )]
    pub(super) learning_curve: Vec<f64>,
}

/// The track, as the flag says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TrackFlag {
    /// Choices on validation, missing records unavailable
    Fair,
    /// The protocol of LLMRouterBench to the letter
    Compat,
}

/// What preferences trade quality for, as the flag says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum WeighFlag {
    /// US dollars
    Cost,
    /// Seconds until the answer is there
    Latency,
}

/// What routers get as text, as the flag says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum InputFlag {
    /// The prompt as models are asked it
    Prompt,
    /// The question as the dataset has it
    Query,
    /// The prompt without its dataset's boiler-plate
    Stripped,
}

impl Controls {
    /// Puts what was given in the place of the file's keys.
    pub(super) fn apply(&self, experiment: &mut Experiment) {
        let (protocol, data) = (&mut experiment.protocol, &mut experiment.data);
        if let Some(dir) = &self.data {
            // Paths of the file are relative to the file, those of flags are not.
            data.dir = std::path::absolute(dir).unwrap_or_else(|_| dir.clone());
        }
        if let Some(track) = self.track {
            protocol.track = match track {
                TrackFlag::Fair => Track::Fair,
                TrackFlag::Compat => Track::Compat,
            };
        }
        if self.shuffle_labels {
            protocol.labels = Labels::Shuffled;
        }
        if let Some(input) = self.input {
            protocol.input = match input {
                InputFlag::Prompt => Input::Prompt,
                InputFlag::Query => Input::Query,
                InputFlag::Stripped => Input::Stripped,
            };
        }
        if self.no_embeddings {
            (data.embeddings, data.embeddings_file) = (false, None);
        }
        if !self.models.is_empty() {
            data.models.clone_from(&self.models);
        }
        data.coverage = self.coverage.unwrap_or(data.coverage);
        if let Some(weigh) = self.weigh {
            experiment.preferences.weighs = match weigh {
                WeighFlag::Cost => Weighs::Cost,
                WeighFlag::Latency => Weighs::Latency,
            };
        }
        take(&mut protocol.mask_models, &self.mask_models);
        take(&mut protocol.leave_out, &self.leave_out);
        take(&mut protocol.pca_width, &self.pca_width);
        take(&mut protocol.train_share, &self.train_share);
        take(&mut protocol.router_usd_per_second, &self.router_usd_per_second);
        take(&mut protocol.router_usd_per_gigafuel, &self.router_usd_per_gigafuel);
        // With more than one there is a series, which puts its own in this place.
        if let Some(file) = self.embeddings_file.first() {
            (data.embeddings, data.embeddings_file) = (true, Some(file.clone()));
        }
        if let (Some(model), Some(examples)) = (&self.cold_start, self.examples.first()) {
            protocol.cold_start = Some(ColdStart { model: model.clone(), examples: *examples });
        }
    }
}

fn take<T: Clone>(key: &mut Option<T>, given: &Option<T>) {
    if given.is_some() {
        key.clone_from(given);
    }
}
