//! Asking after a batch until it has ended.

use std::sync::Arc;

use super::patience::Patience;
use super::{Batching, Ended, Open};
use crate::batch::{BatchError, BatchStatus, Results};
use crate::engine::call::Left;
use crate::stop::Phase;
use crate::wire::{Failure, FailureKind};
use crate::work::Work;

/// By how much the pauses grow, and to how many times the first.
const GROWTH: (f64, u32) = (1.5, 10);

/// How a batch ended at the provider.
enum End {
    Answered(Results),
    Refused(String),
}

impl<W: Work> Batching<W> {
    /// Follows a batch to its end.
    pub(super) async fn follow(self: Arc<Self>, mut open: Open) -> Ended {
        let ended = self.to_the_end(&mut open).await;
        ended.unwrap_or_else(|Left| {
            self.leave(&open.awaited);
            Ended::Left
        })
    }

    async fn to_the_end(self: &Arc<Self>, open: &mut Open) -> Result<Ended, Left> {
        if open.batch.is_none() {
            let found = self.look_for(open).await?;
            self.named(open, found).await?;
        }
        let Some(batch) = open.batch.clone() else {
            self.forget(&open.token)?;
            let lost = Failure::new(FailureKind::Conflict, "it was never taken on");
            return Ok(Ended::NotTaken(self.give_back(std::mem::take(&mut open.awaited)), BatchError::Refused(lost)));
        };
        let count = u32::try_from(open.awaited.len()).unwrap_or(u32::MAX);
        self.lane.counter.change(|stats| stats.on_their_way += count);
        match self.end_of(&batch, open).await? {
            End::Answered(results) => self.fetch(&batch, &results, open).await.map(Ended::Fetched),
            End::Refused(reason) => {
                self.lane.counter.change(|stats| stats.on_their_way -= count);
                self.forget(&open.token)?;
                Ok(Ended::Refused(self.give_back(std::mem::take(&mut open.awaited)), reason))
            }
        }
    }

    async fn end_of(&self, batch: &str, open: &Open) -> Result<End, Left> {
        let poll = self.lane.model.batch_poll;
        let (mut pause, mut patience) = (poll, Patience::default());
        loop {
            // Once more when the run ends: what is answered by then need not wait for the next.
            let is_last = self.is_ending();
            let status = tokio::select! {
                status = self.client.status(batch) => status,
                () = self.run.stop.reached(Phase::Abandoning) => return self.goes_on(batch, open.awaited.len()),
            };
            let wait = match status {
                Ok(BatchStatus::Ended(results) | BatchStatus::Expired(results) | BatchStatus::Cancelled(results)) => {
                    return Ok(End::Answered(results));
                }
                Ok(BatchStatus::Failed(reason)) => return Ok(End::Refused(reason)),
                Ok(BatchStatus::Running { .. }) => {
                    patience = Patience::default();
                    pause
                }
                Err(error) => match patience.after(&self.run, &self.lane, &error) {
                    Some(wait) => wait.max(pause),
                    None => return self.cannot_follow(batch, open, &error),
                },
            };
            if is_last {
                return self.goes_on(batch, open.awaited.len());
            }
            self.pause(wait).await;
            pause = pause.mul_f64(GROWTH.0).min(poll * GROWTH.1);
        }
    }

    /// Leaves a batch to the next run.
    pub(super) fn goes_on<T>(&self, batch: &str, requests: usize) -> Result<T, Left> {
        self.say(&format!(
            "the batch {batch} with {requests} requests goes on at the provider; the same command fetches it"
        ));
        Err(Left)
    }

    /// Asks nothing more of the model: what a batch would answer must not be paid for again unasked.
    pub(super) fn cannot_follow<T>(&self, batch: &str, open: &Open, error: &BatchError) -> Result<T, Left> {
        let file = self.run.batches.path(&open.token);
        self.lane.close(&format!(
            "its batch {batch} cannot be asked after: {error}; without `{}` its requests are sent anew",
            file.display()
        ));
        Err(Left)
    }
}
