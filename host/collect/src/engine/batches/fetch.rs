//! From the answers of a batch to durable rows.

use std::sync::{Arc, PoisonError};
use std::time::SystemTime;

use routerlab_records::AttemptRow;

use super::patience::Patience;
use super::rows::Rows;
use super::{Awaited, Batching, Open};
use crate::answer::{Answer, Tokens, batch_cost_of, time};
use crate::ask::Message;
use crate::batch::{BatchAnswer, BatchError, Results, Token};
use crate::engine::call::Left;
use crate::journal::Entry;
use crate::reply::Reply;
use crate::shelves::Kind;
use crate::stop::Phase;
use crate::transport::Sent;
use crate::wire::Failure;
use crate::work::Work;

/// What a batch says of one request; none where it says nothing.
type Said = Option<Result<Reply, Failure>>;

impl<W: Work> Batching<W> {
    /// Fetches the answers of a batch that has ended; the items that are to be asked one by one.
    pub(super) async fn fetch(
        self: &Arc<Self>,
        batch: &str,
        results: &Results,
        open: &mut Open,
    ) -> Result<Vec<u32>, Left> {
        let mut rows = Rows::new();
        let fetched = self.answers(batch, results, open, &mut rows).await;
        if fetched.is_ok() {
            for (_, awaited) in std::mem::take(&mut open.awaited) {
                rows.put(Arc::clone(self).answered(open.submitted_at, awaited, None)).await;
            }
        }
        let single = rows.end().await?;
        fetched?;
        // Everything that was wanted of it is durable now.
        match self.run.batches.keep(&open.token, std::mem::take(&mut open.rest)).await {
            Ok(()) => Ok(single),
            Err(error) => self.run.fail(error).map(|()| single),
        }
    }

    async fn answers(
        self: &Arc<Self>,
        batch: &str,
        results: &Results,
        open: &mut Open,
        rows: &mut Rows,
    ) -> Result<(), Left> {
        let token: Token = match open.token.parse() {
            Ok(token) => token,
            Err(error) => return self.cannot_follow(batch, open, &error),
        };
        let mut patience = Patience::default();
        loop {
            let error = match self.answers_once(results, &token, open, rows).await {
                Ok(true) => return Ok(()),
                Ok(false) => return self.goes_on(batch, open.awaited.len()),
                Err(error) => error,
            };
            match patience.after(&self.run, &self.lane, &error) {
                Some(_) if self.is_ending() => return self.goes_on(batch, open.awaited.len()),
                Some(wait) => self.pause(wait).await,
                None => return self.cannot_follow(batch, open, &error),
            }
        }
    }

    /// Reads the answers from their beginning; those that were read before are passed over. False when the run ended before.
    async fn answers_once(
        self: &Arc<Self>,
        results: &Results,
        token: &Token,
        open: &mut Open,
        rows: &mut Rows,
    ) -> Result<bool, BatchError> {
        let mut answers = self.client.answers(results);
        loop {
            let next = tokio::select! {
                next = answers.next() => next?,
                () = self.run.stop.reached(Phase::Abandoning) => return Ok(false),
            };
            let Some(BatchAnswer { custom_id, answer }) = next else { return Ok(true) };
            if let Some(awaited) = token.number(&custom_id).and_then(|number| open.awaited.remove(&number)) {
                rows.put(Arc::clone(self).answered(open.submitted_at, awaited, Some(answer))).await;
            }
        }
    }

    /// Brings the answer to one request to its rows: first those of others that ask the same, so that as long as one of them is
    /// missing the batch is known to be wanted.
    async fn answered(self: Arc<Self>, started_at: SystemTime, awaited: Awaited, said: Said) -> Result<Vec<u32>, Left> {
        let Awaited { item, attempt, digest, estimate } = awaited;
        let (run, lane, at) = (&self.run, &self.lane, self.at);
        let same = self.claimed().remove(&digest).unwrap_or_default();
        let sent = Sent::by_batch(&lane.model, started_at, said);
        let words = || run.work.ask(at, item).map_or_else(|_| String::new(), |messages| words(&messages));
        let tokens = Tokens::of(&lane.model, &words, sent.reply.as_ref());
        let cost = batch_cost_of(&lane.model, &tokens).map(|(usd, _)| usd);
        lane.counter.change(|stats| stats.on_their_way = stats.on_their_way.saturating_sub(1));
        self.note(item, attempt, &sent, &tokens, cost).await?;
        if run.work.tried(at, item) < attempt {
            run.book(lane, estimate, &sent, &tokens, cost);
        } else {
            // It is among what was spent already: an earlier run was killed between the attempt and its row.
            run.settle(lane, estimate, None, 0);
        }
        if sent.stops_the_model() {
            lane.close(sent.error.as_deref().unwrap_or(sent.outcome.as_str()));
            return Ok(Vec::new());
        }
        if sent.is_retryable() {
            run.tried.lock().unwrap_or_else(PoisonError::into_inner).insert((at, item), attempt);
            return Ok(std::iter::once(item).chain(same).collect());
        }
        let answer = Answer::by_batch(&lane.model, digest, sent, tokens);
        for other in same {
            run.finish(lane, at, other, answer.again(&lane.model), true).await?;
        }
        run.finish(lane, at, item, answer, false).await?;
        Ok(Vec::new())
    }

    async fn note(
        &self,
        item: u32,
        attempt: u32,
        sent: &Sent,
        tokens: &Tokens,
        cost_usd: Option<f64>,
    ) -> Result<(), Left> {
        let row = AttemptRow {
            outcome: sent.outcome,
            started_at: time(sent.started_at),
            prompt_tokens: tokens.prompt,
            completion_tokens: tokens.completion,
            cost_usd,
            error: sent.error.clone(),
            ..self.run.blank(self.at, item, attempt)
        };
        let (tag, entry) = (self.run.tag(self.at, item, Kind::Attempt), Entry::<W::Row>::Attempt(row));
        // A row that follows is durable only together with it; where none does, the batch is forgotten after this.
        let waits = sent.is_retryable() || sent.stops_the_model();
        let noted =
            if waits { self.run.journal.durable(tag, &entry).await } else { self.run.journal.note(tag, &entry).await };
        if noted || self.run.journal_failed() { Ok(()) } else { Err(Left) }
    }
}

fn words(messages: &[Message]) -> String {
    messages.iter().map(Message::words).collect::<Vec<_>>().join("\n")
}
