//! How often a provider is asked again that fails: by the policy of the model.

use std::time::{Duration, Instant};

use crate::batch::BatchError;
use crate::engine::lane::Lane;
use crate::engine::run::Run;
use crate::wire::FailureKind;
use crate::work::Work;

/// Failures in a row.
#[derive(Debug, Default)]
pub(super) struct Patience {
    tries: u32,
    /// Those but for which the provider put nobody off.
    failures: u32,
    since: Option<Instant>,
}

impl Patience {
    /// How long to wait after a failure; none when it is the last.
    pub(super) fn after<W: Work>(&mut self, run: &Run<W>, lane: &Lane, error: &BatchError) -> Option<Duration> {
        if !error.is_retryable() {
            return None;
        }
        let refused = match error {
            BatchError::Refused(failure) => Some(failure),
            _ => None,
        };
        self.tries += 1;
        self.failures += u32::from(refused.is_none_or(|failure| failure.kind != FailureKind::RateLimited));
        let wait = run.wait(lane, refused.and_then(|failure| failure.retry_after), self.tries);
        let since = *self.since.get_or_insert_with(Instant::now);
        (self.failures < lane.model.attempts && since.elapsed() + wait <= lane.model.deadline).then_some(wait)
    }
}
