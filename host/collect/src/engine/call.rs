//! One item from question to durable row: the cache, an identical request, or attempts until one of them decides.

use std::sync::Arc;
use std::time::{Duration, Instant};

use routerlab_records::{AttemptOutcome, AttemptRow, CompletionStatus};
use tokio::time::sleep;

use super::flights::{Flight, landed};
use super::lane::Lane;
use super::run::Run;
use crate::answer::{Answer, Tokens, cost_of, ms, time};
use crate::journal::{Entry, SentEntry};
use crate::limit::Place;
use crate::request::Request;
use crate::shelves::{Kind, Tag};
use crate::spend::Estimate;
use crate::stop::Phase;
use crate::transport::Sent;
use crate::work::{About, Work};

/// Answers without text at most: each is paid for, and a model that says nothing says nothing again.
const EMPTY_ATTEMPTS: u32 = 3;

/// Why an item stays without a row.
pub(super) struct Left;

/// A place to send from, and what was reserved for it.
struct Turn {
    place: Place,
    queued: Duration,
    estimate: Estimate,
}

impl<W: Work> Run<W> {
    /// Brings an item to its row; leaves it for a later run when the run or the lane ends before.
    pub(super) async fn item(&self, lane: &Lane, at: usize, item: u32) -> Result<(), Left> {
        let messages = match self.work.ask(at, item) {
            Ok(messages) => messages,
            Err(reason) => return self.finish(lane, at, item, Answer::unasked(reason), true).await,
        };
        let request = Request::new(&lane.model, &self.work.about(at, item), &messages, &lane.place);
        let words = move || messages.iter().map(crate::ask::Message::words).collect::<Vec<_>>().join("\n");
        if let Some(known) = self.known(&request)? {
            return self.finish(lane, at, item, known.again(&lane.model), true).await;
        }
        let leader = loop {
            match self.flights.board(&request.digest) {
                Flight::Leads(leader) => break leader,
                Flight::Waits(waits) => {
                    let known = tokio::select! {
                        known = landed(waits) => known,
                        () = self.stop.reached(Phase::Draining) => return Err(Left),
                        () = lane.closes() => return Err(Left),
                    };
                    if let Some(known) = known {
                        return self.finish(lane, at, item, known.again(&lane.model), true).await;
                    }
                }
            }
        };
        let (answer, place) = self.attempts(lane, at, item, &request, &words).await?;
        let answer = Arc::new(answer);
        self.finish(lane, at, item, Answer::clone(&answer), false).await?;
        // The place is held until the answer is durable, so that no more is lost to a kill than may be on its way.
        drop(place);
        leader.land(answer);
        Ok(())
    }

    /// The answer to a request, if the cache has it and may be asked.
    pub(super) fn known(&self, request: &Request) -> Result<Option<Answer>, Left> {
        let Some(cache) = self.cache.as_deref().filter(|_| !self.fresh) else { return Ok(None) };
        cache.get(&request.digest).or_else(|error| self.fail(error).map(|()| None))
    }

    /// Sends until an attempt decides.
    async fn attempts(
        &self,
        lane: &Lane,
        at: usize,
        item: u32,
        request: &Request,
        words: &(dyn Fn() -> String + Sync),
    ) -> Result<(Answer, Place), Left> {
        let begun = Instant::now();
        let before = self.work.tried(at, item);
        let mut number = before.max(self.tried_by_batch(at, item));
        let (mut failures, mut empties) = (0, 0);
        loop {
            let Turn { place, queued, estimate } = self.turn(lane, request).await?;
            let Some(line) = lane.line() else { return Err(Left) };
            number += 1;
            if !self.note_sent(at, item, number).await {
                return Err(Left);
            }
            lane.counter.change(|stats| {
                stats.sent += 1;
                stats.on_their_way += 1;
            });
            let sent = tokio::select! {
                sent = line.send(&lane.model, request) => Some(sent),
                () = self.stop.reached(Phase::Abandoning) => None,
            };
            lane.counter.change(|stats| stats.on_their_way -= 1);
            let Some(mut sent) = sent else {
                self.settle(lane, estimate, None, 0);
                lane.counter.change(|stats| {
                    *stats.troubles.entry(AttemptOutcome::Abandoned).or_default() += 1;
                    stats.abandoned_usd += estimate.usd;
                });
                self.note_abandoned(at, item, number, begun).await;
                return Err(Left);
            };
            if let (AttemptOutcome::Ok, Some(reply)) = (sent.outcome, &sent.reply)
                && let Err(reason) = self.work.check(at, item, reply)
            {
                (sent.outcome, sent.error) = (AttemptOutcome::Unreadable, Some(reason));
            }
            let tokens = Tokens::of(&lane.model, words, sent.reply.as_ref());
            let cost = cost_of(&lane.model, &tokens).map(|(usd, _)| usd);
            let (blank, tag) = (self.blank(at, item, number), self.tag(at, item, Kind::Attempt));
            self.note_attempt(blank, tag, (queued, cost), &sent, &tokens).await;
            self.account(lane, estimate, &sent, &tokens, cost);
            if sent.stops_the_model() {
                lane.close(sent.error.as_deref().unwrap_or(sent.outcome.as_str()));
                return Err(Left);
            }
            if !sent.is_retryable() {
                return Ok((Answer::of(&lane.model, request.digest.clone(), sent, tokens, number - before), place));
            }
            if sent.outcome == AttemptOutcome::Connection {
                self.servers.look_after(lane).await;
            }
            // A provider that puts a request off has not failed at it.
            failures += u32::from(sent.outcome != AttemptOutcome::RateLimited);
            empties += u32::from(sent.outcome == AttemptOutcome::Empty);
            let wait = self.wait(lane, sent.rate.retry_after, number - before);
            if failures >= lane.model.attempts
                || empties >= EMPTY_ATTEMPTS
                || begun.elapsed() + wait > lane.model.deadline
            {
                return Ok((Answer::of(&lane.model, request.digest.clone(), sent, tokens, number - before), place));
            }
            drop(place);
            self.pause(lane, wait).await?;
        }
    }

    /// Waits for a place, for the buckets and for the budget.
    async fn turn(&self, lane: &Lane, request: &Request) -> Result<Turn, Left> {
        let queued = Instant::now();
        let turn = async {
            let place = lane.limit.place().await;
            self.unpaused().await;
            let wait = lane.buckets.take(request.tokens_about(), Instant::now());
            if !wait.is_zero() {
                sleep(wait).await;
            }
            let estimate = lane.estimate(request);
            if let Err(reason) = lane.account.reserve(estimate).await {
                lane.close(&reason);
                return Err(Left);
            }
            if let Err(reason) = self.account.reserve(estimate).await {
                lane.account.settle(estimate, 0.0, 0);
                self.stop.drain(&reason);
                return Err(Left);
            }
            Ok(Turn { place, queued: queued.elapsed(), estimate })
        };
        tokio::select! {
            biased;
            () = self.stop.reached(Phase::Draining) => Err(Left),
            () = lane.closes() => Err(Left),
            turn = turn => turn,
        }
    }

    async fn pause(&self, lane: &Lane, wait: Duration) -> Result<(), Left> {
        let pause = async {
            tokio::select! {
                () = self.stop.reached(Phase::Draining) => {}
                () = lane.closes() => {}
                () = sleep(wait) => {}
            }
        };
        lane.wait(pause).await;
        if self.stop.phase() > Phase::Running || lane.is_closed() { Err(Left) } else { Ok(()) }
    }

    /// How long to wait before the next attempt: what the provider asks for; else anything up to a bound that doubles (full
    /// jitter), so that those who failed together do not come back together.
    pub(super) fn wait(&self, lane: &Lane, retry_after: Option<Duration>, tries: u32) -> Duration {
        let model = &lane.model;
        let bound = model.backoff.saturating_mul(1_u32 << tries.saturating_sub(1).min(20)).min(model.max_backoff);
        let jitter = bound.mul_f64(self.jitter());
        match retry_after {
            Some(asked) => asked + jitter.min(asked / 10),
            None => jitter,
        }
    }

    /// What an attempt means for limits, means and money.
    fn account(&self, lane: &Lane, estimate: Estimate, sent: &Sent, tokens: &Tokens, cost: Option<f64>) {
        let now = Instant::now();
        lane.buckets.told(&sent.rate, now);
        match sent.outcome {
            AttemptOutcome::RateLimited => lane.limit.refused(now),
            AttemptOutcome::Ok => lane.limit.answered(),
            _ => {}
        }
        lane.buckets.spent(tokens.completion.unwrap_or(0), now);
        self.book(lane, estimate, sent, tokens, cost);
    }

    /// What an attempt means for means and money.
    pub(super) fn book(&self, lane: &Lane, estimate: Estimate, sent: &Sent, tokens: &Tokens, cost: Option<f64>) {
        self.settle(lane, estimate, cost, tokens.total());
        let answered = sent.reply.is_some();
        if answered {
            lane.took(tokens, cost);
        }
        lane.counter.change(|stats| {
            stats.prompt_tokens += tokens.prompt.unwrap_or(0);
            stats.completion_tokens += tokens.completion.unwrap_or(0);
            stats.usd += cost.unwrap_or(0.0);
            stats.unknown_costs += u64::from(answered && cost.is_none());
            if sent.outcome != AttemptOutcome::Ok {
                *stats.troubles.entry(sent.outcome).or_default() += 1;
            }
        });
        let capped = lane.account.caps().usd.or(self.account.caps().usd).is_some();
        if answered && cost.is_none() && capped {
            lane.close("there is a cap in US dollars, and nobody knows what its answers cost: give it a `price`");
        }
    }

    pub(super) fn settle(&self, lane: &Lane, estimate: Estimate, cost: Option<f64>, tokens: u64) {
        lane.account.settle(estimate, cost.unwrap_or(0.0), tokens);
        self.account.settle(estimate, cost.unwrap_or(0.0), tokens);
    }

    pub(super) fn tag(&self, at: usize, item: u32, kind: Kind) -> Tag {
        Tag { shard: self.work.shard(at, item), item, kind }
    }

    async fn note_sent(&self, at: usize, item: u32, attempt: u32) -> bool {
        let entry: Entry<W::Row> = Entry::Sent(self.sent_now(at, item, attempt));
        self.journal.durable(self.tag(at, item, Kind::Sent), &entry).await || self.journal_failed()
    }

    fn sent_now(&self, at: usize, item: u32, attempt: u32) -> SentEntry {
        let About { query_id, model, sample_index, about } = self.work.about(at, item);
        let started_at = time(std::time::SystemTime::now());
        SentEntry { query_id, model, sample_index, about, attempt, started_at }
    }

    async fn note_attempt(
        &self,
        blank: AttemptRow,
        tag: Tag,
        (queued, cost_usd): (Duration, Option<f64>),
        sent: &Sent,
        tokens: &Tokens,
    ) {
        let row = AttemptRow {
            outcome: sent.outcome,
            started_at: time(sent.started_at),
            queue_ms: Some(ms(queued)),
            ttft_ms: sent.ttft.map(ms),
            latency_ms: Some(ms(sent.latency)),
            http_status: sent.http_status.map(u32::from),
            retry_after_ms: sent.rate.retry_after.map(ms),
            prompt_tokens: tokens.prompt,
            completion_tokens: tokens.completion,
            cost_usd,
            error: sent.error.clone(),
            ..blank
        };
        self.journal.note(tag, &Entry::<W::Row>::Attempt(row)).await;
    }

    async fn note_abandoned(&self, at: usize, item: u32, attempt: u32, begun: Instant) {
        let row = AttemptRow {
            latency_ms: Some(ms(begun.elapsed())),
            error: Some("given up when the run was interrupted; it may have been billed".into()),
            ..self.blank(at, item, attempt)
        };
        self.journal.note(self.tag(at, item, Kind::Attempt), &Entry::<W::Row>::Attempt(row)).await;
    }

    pub(super) fn blank(&self, at: usize, item: u32, attempt: u32) -> AttemptRow {
        self.sent_now(at, item, attempt).ended(AttemptOutcome::Abandoned)
    }

    /// Makes an answer durable; it counts from then on.
    pub(super) async fn finish(
        &self,
        lane: &Lane,
        at: usize,
        item: u32,
        answer: Answer,
        reused: bool,
    ) -> Result<(), Left> {
        let (status, cost) = (answer.status, answer.cost_usd);
        let counts = self.work.counts(at, item, &answer);
        if !reused && status == CompletionStatus::Ok && self.cache.is_some() {
            self.keep(&answer);
        }
        let row = Entry::Row(self.work.row(at, item, answer));
        if self.journal.durable(self.tag(at, item, Kind::Row), &row).await {
            lane.counter.done(counts, status, cost, reused);
            return Ok(());
        }
        self.journal_failed();
        Err(Left)
    }
}
