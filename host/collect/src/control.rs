//! Changing a run while it goes: a file that is read anew whenever it changes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use routerlab_records::settings;
use serde::Deserialize;
use tokio::sync::watch;

use crate::engine::Lane;
use crate::spend::{Account, Caps};
use crate::stop::Stop;

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What the control file says. Unknown keys are refused, and so is the whole file then.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wishes {
    /// Nothing is sent while it is true.
    #[serde(default)]
    pause: bool,
    /// As an interrupt.
    #[serde(default)]
    stop: bool,
    /// Requests at a time at most, of each model.
    max_concurrency: Option<u32>,
    /// US dollars for everything.
    max_usd: Option<f64>,
    /// Tokens for everything.
    max_tokens: Option<u64>,
    /// The same for one model.
    #[serde(default)]
    models: BTreeMap<String, ModelWishes>,
}

#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelWishes {
    /// Nothing more is asked of it.
    #[serde(default)]
    stop: bool,
    max_concurrency: Option<u32>,
    max_usd: Option<f64>,
    max_total_tokens: Option<u64>,
}

impl Wishes {
    /// What a run cannot follow, with its key. `models` are those that are asked.
    fn check<'a>(&self, models: impl Iterator<Item = &'a str>) -> Result<(), String> {
        check_limits("", self.max_concurrency, self.max_usd)?;
        let asked: Vec<&str> = models.collect();
        for (name, wishes) in &self.models {
            if !asked.contains(&name.as_str()) {
                return Err(format!("`models.{name}`: it is not asked; there are {}", asked.join(", ")));
            }
            check_limits(&format!("models.{name}."), wishes.max_concurrency, wishes.max_usd)?;
        }
        Ok(())
    }
}

fn check_limits(place: &str, concurrency: Option<u32>, usd: Option<f64>) -> Result<(), String> {
    if concurrency == Some(0) {
        return Err(format!(
            "`{place}max_concurrency` is 0, expected 1 or more; `pause` and `stop` are keys of their own"
        ));
    }
    match usd {
        Some(usd) if !usd.is_finite() || usd < 0.0 => {
            Err(format!("`{place}max_usd` is {usd}, expected US dollars of 0 or more"))
        }
        _ => Ok(()),
    }
}

/// The control file of a run.
pub(crate) struct Control {
    path: PathBuf,
    looked: Option<Instant>,
    seen: Option<(SystemTime, u64)>,
    say: Box<dyn FnMut(String) + Send>,
}

impl Control {
    pub(crate) fn new(path: PathBuf, say: Box<dyn FnMut(String) + Send>) -> Self {
        Self { path, looked: None, seen: None, say }
    }

    /// Reads the file if it has changed, and does what it says.
    pub(crate) fn apply(&mut self, lanes: &[Arc<Lane>], account: &Account, paused: &watch::Sender<bool>, stop: &Stop) {
        if self.looked.is_some_and(|at| at.elapsed() < LOOK_EVERY) {
            return;
        }
        self.looked = Some(Instant::now());
        let Ok(about) = std::fs::metadata(&self.path) else { return };
        let seen = about.modified().ok().map(|at| (at, about.len()));
        if seen == self.seen {
            return;
        }
        self.seen = seen;
        let wishes: Result<Wishes, String> = std::fs::read_to_string(&self.path)
            .map_err(|error| error.to_string())
            .and_then(|text| settings::parse_toml::<Wishes>(&text))
            .and_then(|wishes| wishes.check(lanes.iter().map(|lane| lane.model.name.as_str())).map(|()| wishes));
        match wishes {
            Err(reason) => (self.say)(format!("`{}` is left aside: {reason}", self.path.display())),
            Ok(wishes) => {
                follow(&wishes, lanes, account, paused, stop);
                (self.say)(format!("following `{}`", self.path.display()));
            }
        }
    }
}

fn follow(wishes: &Wishes, lanes: &[Arc<Lane>], account: &Account, paused: &watch::Sender<bool>, stop: &Stop) {
    paused.send_replace(wishes.pause);
    if wishes.stop {
        stop.drain("the control file asked for it");
    }
    let caps = account.caps();
    account.set_caps(Caps { usd: wishes.max_usd.or(caps.usd), tokens: wishes.max_tokens.or(caps.tokens) });
    for lane in lanes {
        let own = wishes.models.get(lane.model.name.as_str()).cloned().unwrap_or_default();
        if let Some(most) = own.max_concurrency.or(wishes.max_concurrency) {
            lane.limit.set_most(most);
        }
        let caps = lane.account.caps();
        lane.account.set_caps(Caps { usd: own.max_usd.or(caps.usd), tokens: own.max_total_tokens.or(caps.tokens) });
        if own.stop {
            lane.close("the control file asked for it");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_followed_is_named_by_its_key() {
        let cases = [
            ("max_usd = nan", Err("`max_usd` is NaN, expected US dollars of 0 or more")),
            (
                "[models.a]\nmax_concurrency = 0",
                Err("`models.a.max_concurrency` is 0, expected 1 or more; `pause` and `stop` are keys of their own"),
            ),
            ("[models.c]\nstop = true", Err("`models.c`: it is not asked; there are a, b")),
            ("pause = true\nmax_usd = 0\n[models.b]\nmax_usd = 1.5", Ok(())),
        ];
        for (text, expected) in cases {
            let wishes: Wishes = settings::parse_toml(text).unwrap();
            assert_eq!(wishes.check(["a", "b"].into_iter()), expected.map_err(str::to_owned), "{text}");
        }
    }
}
