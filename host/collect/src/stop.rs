//! How a run is asked to end.

use tokio::sync::watch;

/// How far a run is on its way to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Everything goes on.
    Running,
    /// Nothing new is sent; what is on its way is waited for.
    Draining,
    /// What is on its way is given up.
    Abandoning,
}

/// Asks a run to end; cheap to copy.
#[derive(Debug, Clone)]
pub struct Stop {
    phase: watch::Sender<Phase>,
    reason: std::sync::Arc<std::sync::Mutex<Option<String>>>,
}

impl Default for Stop {
    fn default() -> Self {
        Self { phase: watch::Sender::new(Phase::Running), reason: std::sync::Arc::default() }
    }
}

impl Stop {
    /// Sends nothing new and waits for what is on its way; asked again, gives that up too. `reason` is what the summary says.
    pub fn ask(&self, reason: &str) {
        self.note(reason);
        self.phase.send_modify(|phase| {
            *phase = if *phase == Phase::Running { Phase::Draining } else { Phase::Abandoning };
        });
    }

    /// Sends nothing new and waits for what is on its way.
    pub(crate) fn drain(&self, reason: &str) {
        self.note(reason);
        self.phase.send_if_modified(|phase| std::mem::replace(phase, (*phase).max(Phase::Draining)) == Phase::Running);
    }

    /// Gives up what is on its way.
    pub fn abandon(&self, reason: &str) {
        self.note(reason);
        self.phase.send_replace(Phase::Abandoning);
    }

    fn note(&self, reason: &str) {
        let mut kept = self.reason.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        kept.get_or_insert_with(|| reason.to_owned());
    }

    pub(crate) fn reason(&self) -> Option<String> {
        self.reason.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    pub(crate) fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// Waits until the run has come as far as `phase`.
    pub(crate) async fn reached(&self, phase: Phase) {
        let mut receiver = self.phase.subscribe();
        // The sender is a part of `self`.
        let _ = receiver.wait_for(|now| *now >= phase).await;
    }
}
