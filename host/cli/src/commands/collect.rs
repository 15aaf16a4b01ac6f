//! `routerlab collect`: asks models what a data folder lacks.
#![allow(clippy::print_stderr, reason = "talk goes to stderr")]

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use routerlab_collect::pool::ModelPool;
use routerlab_collect::{Caps, CollectOptions, prepare};
use routerlab_records::CompletionStatus;

use crate::collecting::{self, Session};
use crate::exit::{Ended, print};

/// Ask the models of a pool the queries of a data folder, and keep what they answer.
///
/// Answers are durable as they come: a run that was stopped or killed goes on where it was when the same command is given
/// again, and nothing that was paid for is asked twice. Interrupt once to let what is on its way come in, twice to give it up.
/// Leaves `completions/` (one row for every answer), `attempts/` (one for every request that was sent),
/// `coverage.parquet` and `pool.toml` in the folder.
///
/// While it runs, `DIR/collect/control.toml` is read whenever it changes: `pause`, `stop`, `max_concurrency`, `max_usd`,
/// `max_tokens`, and under `[models.NAME]` `stop`, `max_concurrency`, `max_usd`, `max_total_tokens`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  routerlab collect my-mmlupro --pool flagship --limit 20            # a pilot, which is kept\n  routerlab collect my-mmlupro --pool flagship --dry-run             # what the rest would cost\n  routerlab collect my-mmlupro --pool flagship --max-usd 150\n  routerlab collect my-mmlupro --pool flagship --retry-failed"
)]
pub(crate) struct Collect {
    /// Folder with queries.parquet, as `routerlab import dataset` makes it
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// The models: a pool that ships with the program (lightweight, flagship, starter), or a file
    #[arg(long, value_name = "NAME|FILE")]
    pool: String,
    /// Only these models of the pool
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    models: Option<Vec<String>>,
    /// Only these datasets
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    datasets: Option<Vec<String>>,
    /// Only the first N queries of every split
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Answers of every model to every query
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    samples: u32,
    /// Ask again for what failed; all that failed, or only these statuses
    #[arg(long, value_name = "STATUSES", value_delimiter = ',', num_args = 0.., require_equals = true)]
    retry_failed: Option<Vec<CompletionStatus>>,
    /// Ask nothing; say what asking would take, from the answers that are there
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    budget: Budget,
    #[command(flatten)]
    session: SessionFlags,
    /// Servers of the pool that run at a time
    #[arg(long, value_name = "N", default_value_t = NonZeroUsize::MIN)]
    servers: NonZeroUsize,
}

/// What a run may cost.
#[derive(Debug, Args)]
pub(crate) struct Budget {
    /// US dollars for everything that was ever sent from the folder: nothing is sent once they are spent
    #[arg(long, value_name = "USD", value_parser = dollars)]
    max_usd: Option<f64>,
    /// Tokens of prompts and answers, likewise
    #[arg(long, value_name = "N")]
    max_tokens: Option<u64>,
    /// How long the run may take, such as 90m or 8h
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    deadline: Option<Duration>,
}

pub(crate) fn dollars(text: &str) -> Result<f64, String> {
    let value = text.parse::<f64>().ok().filter(|value| value.is_finite() && *value >= 0.0);
    value.ok_or_else(|| "expected US dollars of 0 or more, such as 150 or 0.5".into())
}

impl Budget {
    pub(crate) fn caps(&self) -> Caps {
        Caps { usd: self.max_usd, tokens: self.max_tokens }
    }

    pub(crate) fn deadline(&self) -> Option<Duration> {
        self.deadline
    }
}

/// How a run is watched, and what it keeps for others.
#[derive(Debug, Args)]
pub(crate) struct SessionFlags {
    #[command(flatten)]
    keeping: Keeping,
    /// Events as JSON Lines on stdout
    #[arg(long)]
    json: bool,
}

impl SessionFlags {
    pub(crate) fn cache(&self) -> Option<PathBuf> {
        self.keeping.cache()
    }

    pub(crate) fn fresh(&self) -> bool {
        self.keeping.fresh()
    }

    pub(crate) fn grace(&self) -> Duration {
        self.keeping.grace()
    }

    pub(crate) fn json(&self) -> bool {
        self.json
    }
}

/// What a run keeps for others, and how it ends.
#[derive(Debug, Args)]
pub(crate) struct Keeping {
    /// Folder of the cache of answers that runs share [default: the user's cache folder]
    #[arg(long, value_name = "DIR", conflicts_with = "no_cache")]
    cache: Option<PathBuf>,
    /// Neither look up answers of other runs nor keep these for them
    #[arg(long)]
    no_cache: bool,
    /// Ask anew what the cache knows, and keep the new answers
    #[arg(long, conflicts_with = "no_cache")]
    fresh: bool,
    /// How long what is on its way may take after an interrupt
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = humantime::parse_duration)]
    grace: Duration,
}

impl Keeping {
    pub(crate) fn cache(&self) -> Option<PathBuf> {
        if self.no_cache {
            return None;
        }
        self.cache.clone().or_else(|| super::cache_dir().map(|folder| folder.join("answers")))
    }

    pub(crate) fn fresh(&self) -> bool {
        self.fresh
    }

    pub(crate) fn grace(&self) -> Duration {
        self.grace
    }
}

impl Collect {
    pub(crate) fn execute(self) -> anyhow::Result<Ended> {
        let json = self.session.json();
        let dir = self.dir.clone();
        let dry_run = self.dry_run;
        // A forecast sends nothing, so it needs no key.
        let env = |name: &str| std::env::var(name).ok().or_else(|| dry_run.then(|| "none".to_owned()));
        let prepared = prepare(self.options()?, &env)?;
        let recovered = prepared.recovered();
        collecting::say_recovered(&recovered);
        if dry_run {
            print(&collecting::forecast(&prepared.forecast()?, json)?)?;
            return Ok(Ended::Done);
        }
        let wanted = prepared.wanted();
        if wanted == 0 {
            eprintln!("everything that was asked for is there; `--retry-failed` asks again for what failed");
        }
        let session = Session::new("answers", json);
        let collected = session.run(|watch| routerlab_collect::collect(prepared, watch))?;
        collecting::report(&collected, &dir, json)
    }

    fn options(self) -> anyhow::Result<CollectOptions> {
        let pool = ModelPool::read(&self.pool)?;
        let all_failed = || CompletionStatus::ALL.iter().copied().filter(|one| *one != CompletionStatus::Ok).collect();
        let retry = self.retry_failed.map(|named| if named.is_empty() { all_failed() } else { named });
        Ok(CollectOptions {
            folder: self.dir,
            pool,
            pool_name: self.pool,
            models: self.models,
            datasets: self.datasets,
            limit: self.limit,
            samples: self.samples,
            retry,
            caps: self.budget.caps(),
            cache: self.session.cache(),
            fresh: self.session.fresh(),
            grace: self.session.grace(),
            deadline: self.budget.deadline(),
            servers_at_once: self.servers.get(),
        })
    }
}
