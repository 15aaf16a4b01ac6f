//! Handing a batch over: noted before, looked for where it is in doubt, never submitted twice.

use super::fill::Filled;
use super::patience::Patience;
use super::{Batching, Ended, Open};
use crate::batch::{BatchError, BatchStatus, Found, Submission, Token};
use crate::engine::call::Left;
use crate::stop::Phase;
use crate::work::Work;

impl<W: Work> Batching<W> {
    /// Submits a batch. It is at the provider, or it was not taken on.
    pub(super) async fn submit(&self, filled: Filled) -> Result<Result<Open, Ended>, Left> {
        let Filled { input, awaited, items } = filled;
        let paused = tokio::select! {
            biased;
            () = self.run.stop.reached(Phase::Draining) => true,
            () = self.lane.closes() => true,
            () = self.run.unpaused() => false,
        };
        if paused {
            self.give_back(awaited);
            return Err(Left);
        }
        let submission = Submission::new(input.token(), &self.lane.model.name, items);
        let (token, requests, submitted_at) = (submission.token.clone(), submission.requests, submission.at());
        let mut open = Open { token, batch: None, requests, submitted_at, awaited, rest: Vec::new() };
        if let Err(error) = self.run.batches.note(submission).await {
            return self.run.fail(error).map(|()| Ok(open));
        }
        let submitted = tokio::select! {
            submitted = self.client.submit(input) => submitted,
            () = self.run.stop.reached(Phase::Abandoning) => {
                self.leave(&open.awaited);
                self.say(&format!("a batch of {requests} requests was being submitted; the same command looks for it"));
                return Err(Left);
            }
        };
        let found = match submitted {
            Ok(batch) => Ok(Some(batch)),
            Err(error) if !error.is_retryable() => {
                self.forget(&open.token)?;
                self.give_back(open.awaited);
                self.lane.close(&format!("its batch was refused: {error}"));
                return Err(Left);
            }
            Err(error) => {
                // It may have been taken on all the same, a little later than the answer was lost.
                let wait = self.run.wait(&self.lane, None, 1);
                self.pause(wait).await;
                match self.look_for(&open).await {
                    Ok(found) => found.ok_or(error).map(Some),
                    Err(Left) => {
                        self.leave(&open.awaited);
                        return Err(Left);
                    }
                }
            }
        };
        match found {
            Ok(batch) => {
                self.lane.counter.change(|stats| stats.sent += requests);
                self.named(&mut open, batch).await?;
                Ok(Ok(open))
            }
            Err(error) => {
                self.forget(&open.token)?;
                Ok(Err(Ended::NotTaken(self.give_back(open.awaited), error)))
            }
        }
    }

    /// Notes a batch's id.
    pub(super) async fn named(&self, open: &mut Open, batch: Option<String>) -> Result<(), Left> {
        if let Some(batch) = &batch
            && let Err(error) = self.run.batches.name(&open.token, batch).await
        {
            self.run.fail(error)?;
        }
        open.batch = batch;
        Ok(())
    }

    /// Looks for a batch that may or may not have been taken on; none when it was not.
    pub(super) async fn look_for(&self, open: &Open) -> Result<Option<String>, Left> {
        let token: Token = match open.token.parse() {
            Ok(token) => token,
            Err(error) => return self.in_doubt(open, &error),
        };
        let mut patience = Patience::default();
        loop {
            let found = tokio::select! {
                found = self.client.find(&token, open.requests, open.submitted_at) => found,
                () = self.run.stop.reached(Phase::Abandoning) => return Err(Left),
            };
            let wait = match found {
                Ok(Found::One(batch)) => return Ok(Some(batch)),
                Ok(Found::None) => return Ok(None),
                Ok(Found::Perhaps(mut batches)) => {
                    batches.retain(|batch| !self.run.batches.knows(batch));
                    if batches.is_empty() {
                        return Ok(None);
                    }
                    patience = Patience::default();
                    // The list may be older than what is said of the batch itself.
                    let have_ended = tokio::select! {
                        have_ended = self.have_ended(&batches) => have_ended,
                        () = self.run.stop.reached(Phase::Abandoning) => return Err(Left),
                    };
                    if have_ended { self.run.wait(&self.lane, None, 1) } else { self.lane.model.batch_poll }
                }
                Err(error) => match patience.after(&self.run, &self.lane, &error) {
                    Some(wait) => wait,
                    None => return self.in_doubt(open, &error),
                },
            };
            if self.is_ending() {
                self.say("a batch may or may not be at the provider; the same command looks for it");
                return Err(Left);
            }
            self.pause(wait).await;
        }
    }

    /// Whether all of some batches have ended, as far as the provider says.
    async fn have_ended(&self, batches: &[String]) -> bool {
        for batch in batches {
            if !matches!(self.client.status(batch).await, Ok(status) if !matches!(status, BatchStatus::Running { .. }))
            {
                return false;
            }
        }
        true
    }

    fn in_doubt<T>(&self, open: &Open, error: &BatchError) -> Result<T, Left> {
        let file = self.run.batches.path(&open.token);
        self.lane.close(&format!(
            "a batch may or may not be at the provider, which does not say: {error}; without `{}` its requests are sent anew",
            file.display()
        ));
        Err(Left)
    }

    /// Forgets a batch that the provider has not.
    pub(super) fn forget(&self, token: &str) -> Result<(), Left> {
        self.run.batches.remove(token).or_else(|error| self.run.fail(error))
    }
}
