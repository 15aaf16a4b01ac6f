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
    last_line: Instant,
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
        Self { what, bar, started: now, last_line: now }
    }

    /// Says how far the work is.
    pub(crate) fn at(&mut self, done: u64, total: u64) {
        let running = self.started.elapsed();
        if running < Duration::from_secs(1) {
            return;
        }
        match &self.bar {
            Some(bar) => {
                bar.set_length(total);
                bar.set_position(done);
            }
            None if self.last_line.elapsed() >= PLAIN_EVERY => {
                self.last_line = Instant::now();
                let rate = done as f64 / running.as_secs_f64();
                let left = if rate > 0.0 { (total.saturating_sub(done)) as f64 / rate } else { 0.0 };
                eprintln!("{}: {done}/{total}, {rate:.1}/s, {left:.0} s left", self.what);
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
