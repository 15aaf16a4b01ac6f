//! Progress on stderr: one line that moves in a terminal, plain lines elsewhere.
#![allow(clippy::print_stderr, reason = "talk goes to stderr")]

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How often a plain line is written when stderr is no terminal.
const PLAIN_EVERY: Duration = Duration::from_secs(5);

/// Progress of one piece of work with a known number of steps. Silent for the first second.
#[derive(Debug)]
pub(crate) struct Progress {
    what: &'static str,
    bar: Option<ProgressBar>,
    started: Instant,
    /// When it was first said how far the work is, and how far it was: what came before, such as
    /// compiling a plugin, says nothing about how fast the work goes.
    first: Option<(Instant, u64)>,
    last_line: Instant,
    /// What the rate counts, where it is not the steps.
    unit: Option<&'static str>,
}

impl Progress {
    pub(crate) fn new(what: &'static str) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(0);
            let template = "{msg} [{bar:32}] {pos}/{len}, {per_sec}, {eta} left";
            bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_message(what);
            bar
        });
        let now = Instant::now();
        Self { what, bar, started: now, first: None, last_line: now, unit: None }
    }

    /// Progress whose rate counts something else than the steps, said in every [`Progress::at_rate`].
    pub(crate) fn with_rate(what: &'static str, unit: &'static str) -> Self {
        let mut progress = Self::new(what);
        progress.unit = Some(unit);
        if let Some(bar) = &progress.bar {
            let template = "{prefix} [{bar:32}] {pos}/{len}, {msg}, {eta} left";
            bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_prefix(what);
            bar.set_message("");
        }
        progress
    }

    /// Says how far the work is, and how many units are through.
    pub(crate) fn at_rate(&mut self, done: u64, total: u64, units: u64) {
        let rate = units as f64 / self.started.elapsed().as_secs_f64().max(1e-9);
        let unit = self.unit.unwrap_or("steps");
        match &self.bar {
            Some(bar) => bar.set_message(format!("{rate:.0} {unit}/s")),
            None if self.last_line.elapsed() >= PLAIN_EVERY && done > 0 => {
                self.last_line = Instant::now();
                let left = self.started.elapsed().as_secs_f64() * (total.saturating_sub(done)) as f64 / done as f64;
                eprintln!("{}: {done}/{total}, {rate:.0} {unit}/s, {left:.0} s left", self.what);
                return;
            }
            None => return,
        }
        self.at(done, total);
    }

    /// Says how far the work is.
    pub(crate) fn at(&mut self, done: u64, total: u64) {
        // A second file begins at its own first line.
        let (since, before) = match self.first {
            Some(first) if first.1 <= done => first,
            _ => {
                if let Some(bar) = &self.bar {
                    bar.set_position(done);
                    bar.reset_eta();
                }
                *self.first.insert((Instant::now(), done))
            }
        };
        if self.started.elapsed() < Duration::from_secs(1) {
            return;
        }
        match &self.bar {
            Some(bar) => {
                bar.set_length(total);
                bar.set_position(done);
            }
            None if self.last_line.elapsed() >= PLAIN_EVERY => {
                self.last_line = Instant::now();
                let rate = (done - before) as f64 / since.elapsed().as_secs_f64();
                if rate > 0.0 && rate.is_finite() {
                    let left = total.saturating_sub(done) as f64 / rate;
                    eprintln!("{}: {done}/{total}, {rate:.1}/s, {left:.0} s left", self.what);
                } else {
                    eprintln!("{}: {done}/{total}", self.what);
                }
            }
            None => {}
        }
    }

    /// A line that stays, whatever moves below it.
    pub(crate) fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
