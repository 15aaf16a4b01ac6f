//! What the commands that ask models have in common: a run that can be watched and interrupted, and what is said about it.
#![allow(clippy::print_stderr, reason = "talk goes to stderr")]

mod embedded;
mod show;
mod tables;

use std::sync::Arc;
use std::sync::mpsc::channel;

use routerlab_collect::{CollectError, Recovered, Stop, Watch};

use crate::exit::print;

pub(crate) use embedded::embedded;
pub(crate) use show::Show;
pub(crate) use tables::{forecast, report, tell};

/// A run that somebody waits for.
pub(crate) struct Session {
    what: &'static str,
    json: bool,
}

impl Session {
    pub(crate) fn new(what: &'static str, json: bool) -> Self {
        Self { what, json }
    }

    /// Runs to the end. The first interrupt lets what is on its way come in, the second gives it up.
    pub(crate) fn run<T, F>(&self, begin: impl FnOnce(Watch<'static>) -> F) -> anyhow::Result<T>
    where
        F: Future<Output = Result<T, CollectError>>,
    {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let stop = Stop::default();
        let (lines, said) = channel::<String>();
        let mut show = Show::new(self.what, self.json, said);
        let progress: &'static mut (dyn FnMut(&routerlab_collect::Snapshot) + Send) =
            Box::leak(Box::new(move |snapshot: &_| show.at(snapshot)));
        let say = {
            let lines = lines.clone();
            Arc::new(move |line: String| drop(lines.send(line)))
        };
        let result = runtime.block_on(async {
            let signals = tokio::spawn(signals(stop.clone(), lines));
            let result = begin(Watch { progress, say, stop }).await;
            signals.abort();
            result
        });
        Ok(result?)
    }
}

/// Asks the run to end when somebody interrupts it.
async fn signals(stop: Stop, lines: std::sync::mpsc::Sender<String>) {
    #[cfg(unix)]
    let mut terminate = {
        use tokio::signal::unix::{SignalKind, signal};
        signal(SignalKind::terminate()).ok()
    };
    let mut times = 0;
    loop {
        #[cfg(unix)]
        let asked = async {
            match &mut terminate {
                Some(terminate) => {
                    tokio::select! {
                        asked = tokio::signal::ctrl_c() => asked.is_ok(),
                        asked = terminate.recv() => asked.is_some(),
                    }
                }
                None => tokio::signal::ctrl_c().await.is_ok(),
            }
        };
        #[cfg(not(unix))]
        let asked = async { tokio::signal::ctrl_c().await.is_ok() };
        if !asked.await {
            return;
        }
        times += 1;
        let words = match times {
            1 => "interrupted: nothing new is sent, what is on its way comes in; once more gives it up",
            _ => "giving up what is on its way; it may be billed",
        };
        let _ = lines.send(words.to_owned());
        stop.ask("it was interrupted");
    }
}

/// What a run that was killed had left behind.
pub(crate) fn say_recovered(recovered: &Recovered) {
    let Recovered { rows, lost, damaged } = recovered;
    if *rows > 0 || *lost > 0 {
        eprintln!(
            "an earlier run ended without warning: {rows} answers are brought into tables, {lost} requests were on their way and may have been billed"
        );
    }
    if *damaged > 0 {
        eprintln!("{damaged} lines of its journal are damaged: what they held is asked again");
    }
}

/// One event as a line of JSON.
pub(crate) fn event(name: &str, value: &impl serde::Serialize) -> anyhow::Result<()> {
    let mut event = serde_json::json!({ "event": name });
    if let (Some(event), serde_json::Value::Object(more)) = (event.as_object_mut(), serde_json::to_value(value)?) {
        event.extend(more);
    }
    print(&format!("{event}\n"))?;
    Ok(())
}
