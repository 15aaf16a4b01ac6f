//! How far a run is: a line for each model in a terminal, plain lines elsewhere, JSON where a program reads.
#![allow(clippy::print_stderr, reason = "talk goes to stderr")]

use std::io::IsTerminal;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use routerlab_collect::{LaneStats, Snapshot};

/// How often a plain line is written when stderr is no terminal.
const PLAIN_EVERY: Duration = Duration::from_secs(5);
/// How often an event is written.
const EVENT_EVERY: Duration = Duration::from_secs(1);
/// How far back rates look.
const RATE_OVER: Duration = Duration::from_secs(20);

/// Whoever shows it.
pub(crate) struct Show {
    what: &'static str,
    json: bool,
    said: Receiver<String>,
    bars: Option<Bars>,
    /// Where every model was a while ago.
    past: Vec<(Instant, Vec<(u64, u64)>)>,
    last: Instant,
}

struct Bars {
    all: MultiProgress,
    lines: Vec<ProgressBar>,
}

/// What a model does a second.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Rate {
    answers: f64,
    tokens: f64,
}

impl Show {
    pub(crate) fn new(what: &'static str, json: bool, said: Receiver<String>) -> Self {
        let bars =
            (!json && std::io::stderr().is_terminal()).then(|| Bars { all: MultiProgress::new(), lines: Vec::new() });
        Self { what, json, said, bars, past: Vec::new(), last: Instant::now() }
    }

    /// Shows where the run is.
    pub(crate) fn at(&mut self, snapshot: &Snapshot) {
        for line in self.said.try_iter() {
            match &self.bars {
                Some(bars) => bars.all.suspend(|| eprintln!("{line}")),
                None => eprintln!("{line}"),
            }
        }
        let now = Instant::now();
        let rates = self.rates(snapshot, now);
        if self.json {
            if self.last.elapsed() >= EVENT_EVERY {
                self.last = now;
                // Whoever reads may have had enough; the run goes on.
                let _ = super::event("progress", snapshot);
            }
        } else if let Some(bars) = &mut self.bars {
            bars.draw(self.what, snapshot, &rates);
        } else if self.last.elapsed() >= PLAIN_EVERY {
            self.last = now;
            eprintln!("{}", all(self.what, snapshot, &rates));
        }
    }

    fn rates(&mut self, snapshot: &Snapshot, now: Instant) -> Vec<Rate> {
        let position = |model: &LaneStats| (model.done, model.prompt_tokens + model.completion_tokens);
        if self.past.last().is_none_or(|(at, _)| now - *at >= Duration::from_secs(1)) {
            self.past.push((now, snapshot.models.iter().map(position).collect()));
        }
        while self.past.len() > 2 && now - self.past[1].0 >= RATE_OVER {
            self.past.remove(0);
        }
        let Some((since, before)) = self.past.first() else { return vec![Rate::default(); snapshot.models.len()] };
        let seconds = (now - *since).as_secs_f64();
        let rate = |(model, before): (&LaneStats, &(u64, u64))| {
            let (answers, tokens) = position(model);
            let of = |more: u64| if seconds > 0.2 { more as f64 / seconds } else { 0.0 };
            Rate { answers: of(answers.saturating_sub(before.0)), tokens: of(tokens.saturating_sub(before.1)) }
        };
        snapshot.models.iter().zip(before).map(rate).collect()
    }
}

impl Bars {
    fn draw(&mut self, what: &str, snapshot: &Snapshot, rates: &[Rate]) {
        while self.lines.len() <= snapshot.models.len() {
            let bar = self.all.add(ProgressBar::new(0));
            let style = ProgressStyle::with_template("{bar:16} {pos:>7}/{len:7} {wide_msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            self.lines.push(bar);
        }
        let width = snapshot.models.iter().map(|model| model.model.chars().count()).max().unwrap_or_default();
        for ((model, rate), line) in snapshot.models.iter().zip(rates).zip(&self.lines) {
            line.set_length(model.wanted);
            line.set_position(model.done);
            line.set_message(one(model, *rate, width));
        }
        if let Some(line) = self.lines.last() {
            line.set_length(snapshot.sum(|model| model.wanted));
            line.set_position(snapshot.sum(|model| model.done));
            line.set_message(all(what, snapshot, rates));
        }
    }
}

impl Drop for Show {
    fn drop(&mut self) {
        if let Some(bars) = &self.bars {
            // The end is told in words.
            let _ = bars.all.clear();
        }
    }
}

/// A model in a line; names are as wide as the widest.
fn one(model: &LaneStats, rate: Rate, width: usize) -> String {
    let (name, usd) = (&model.model, model.usd);
    let mut text = format!("{name:width$}  {:.1}/s  {:.0} tok/s  ${usd:.4}", rate.answers, rate.tokens);
    match &model.closed {
        Some(reason) => text.push_str(&format!("  closed: {reason}")),
        None if model.done < model.wanted => {
            text.push_str(&format!("  {} of {} on their way", model.on_their_way, model.limit));
            text.push_str(&left(model.wanted - model.done, rate.answers));
        }
        None => {}
    }
    // Of which kind is told for all models together.
    let failed: u64 = model.troubles.values().sum();
    if failed > 0 {
        text.push_str(&format!(", {failed} without an answer"));
    }
    text
}

/// All models in a line.
fn all(what: &str, snapshot: &Snapshot, rates: &[Rate]) -> String {
    let (done, wanted) = (snapshot.sum(|model| model.done), snapshot.sum(|model| model.wanted));
    let answers: f64 = rates.iter().map(|rate| rate.answers).sum();
    let tokens: f64 = rates.iter().map(|rate| rate.tokens).sum();
    let left = left(wanted.saturating_sub(done), answers);
    let troubles = troubles(snapshot.models.iter());
    format!("{what}: {done}/{wanted}, {answers:.1}/s, {tokens:.0} tokens/s, ${:.4}{left}{troubles}", snapshot.usd())
}

fn left(answers: u64, rate: f64) -> String {
    if answers == 0 || rate <= 0.0 {
        return String::new();
    }
    let seconds = Duration::from_secs((answers as f64 / rate) as u64);
    format!(", {} left", humantime::format_duration(seconds))
}

/// Requests that ended without an answer.
fn troubles<'a>(models: impl Iterator<Item = &'a LaneStats>) -> String {
    let mut by_kind = std::collections::BTreeMap::new();
    for (kind, count) in models.flat_map(|model| &model.troubles) {
        *by_kind.entry(*kind).or_insert(0) += count;
    }
    by_kind.iter().map(|(kind, count)| format!(", {count} {kind}")).collect()
}
