//! Which requests go into the next batch.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use routerlab_records::ContentDigest;

use super::rows::Rows;
use super::{Awaited, Batching, Course};
use crate::answer::Answer;
use crate::batch::{BatchInput, Submitted, Token};
use crate::engine::call::Left;
use crate::request::Request;
use crate::spend::Estimate;
use crate::stop::Phase;
use crate::work::{About, Work};

/// Requests of a batch while there is a cap and nobody knows how long answers are.
const PILOT: usize = 100;

/// A batch that can be submitted.
pub(super) struct Filled {
    pub(super) input: BatchInput,
    pub(super) awaited: HashMap<u64, Awaited>,
    pub(super) items: Vec<Submitted>,
}

/// What came of filling a batch.
pub(super) enum Fill {
    Ready(Filled),
    /// Every item was known, or goes with another.
    Known,
    /// There is no room below a cap for one request more.
    Capped(Cap),
}

/// A cap that is reached.
pub(super) enum Cap {
    OfModel(String),
    OfRun(String),
}

impl<W: Work> Batching<W> {
    /// Whether an answer is needed before the next batch can be as large as the budget allows.
    pub(super) fn must_learn(&self) -> bool {
        let capped = [self.lane.account.caps(), self.run.account.caps()];
        capped.iter().any(|caps| caps.usd.is_some() || caps.tokens.is_some()) && !self.lane.can_estimate()
    }

    /// Takes items out of the queue: into a batch, for which what they may take is reserved, or to their rows where the answer
    /// is known.
    pub(super) async fn fill(self: &Arc<Self>, course: &mut Course) -> Result<Fill, Left> {
        let (mut known, mut filled) = (Rows::new(), None);
        let cap = self.choose(course, &mut known, &mut filled).await;
        let known = known.end().await;
        match (cap, known) {
            (Ok(None), Ok(_)) => Ok(filled.map_or(Fill::Known, Fill::Ready)),
            (Ok(Some(cap)), Ok(_)) => Ok(Fill::Capped(cap)),
            _ => {
                self.give_back(filled.map(|filled| filled.awaited).unwrap_or_default());
                Err(Left)
            }
        }
    }

    /// Fills a batch; the cap below which there is no room for its first request.
    async fn choose(
        self: &Arc<Self>,
        course: &mut Course,
        known: &mut Rows,
        filled: &mut Option<Filled>,
    ) -> Result<Option<Cap>, Left> {
        let Course { queue, single, .. } = course;
        let model = &self.lane.model;
        let most = if self.must_learn() { PILOT.min(model.batch_size) } else { model.batch_size };
        while let Some(item) = queue.pop_front() {
            if self.is_ending() {
                return Err(Left);
            }
            let request = match self.run.work.ask(self.at, item) {
                Ok(messages) => Request::new(model, &self.run.work.about(self.at, item), &messages, &self.lane.place),
                Err(reason) => {
                    known.put(Arc::clone(self).row(item, Answer::unasked(reason))).await;
                    continue;
                }
            };
            if let Some(answer) = self.run.known(&request)? {
                known.put(Arc::clone(self).row(item, answer.again(model))).await;
                continue;
            }
            if let Some(same) = self.claimed().get_mut(&request.digest) {
                same.push(item);
                continue;
            }
            let estimate = self.lane.batch_estimate(&request);
            match filled {
                None => match self.reserve(estimate).await? {
                    None => {}
                    Some(cap) => {
                        queue.push_front(item);
                        return Ok(Some(cap));
                    }
                },
                Some(_) if self.reserve_now(estimate) => {}
                Some(_) => {
                    queue.push_front(item);
                    break;
                }
            }
            let batch = filled.get_or_insert_with(|| Filled {
                input: BatchInput::new(self.api, self.token(&request)),
                awaited: HashMap::new(),
                items: Vec::new(),
            });
            let number = batch.items.len() as u64;
            if !batch.input.push(number, &request.value()) {
                self.run.settle(&self.lane, estimate, None, 0);
                if number > 0 {
                    queue.push_front(item);
                    break;
                }
                // No batch has room for it.
                single.push(item);
                *filled = None;
                continue;
            }
            batch.add(self.run.work.about(self.at, item), number, item, self.attempt(item), &request, estimate);
            self.claimed().insert(request.digest, Vec::new());
            if batch.items.len() >= most {
                break;
            }
        }
        Ok(None)
    }

    /// The row of an item that need not be asked.
    async fn row(self: Arc<Self>, item: u32, answer: Answer) -> Result<Vec<u32>, Left> {
        self.run.finish(&self.lane, self.at, item, answer, true).await?;
        Ok(Vec::new())
    }

    fn attempt(&self, item: u32) -> u32 {
        self.run.work.tried(self.at, item).max(self.run.tried_by_batch(self.at, item)) + 1
    }

    /// A token that no other batch has.
    fn token(&self, first: &Request) -> Token {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let mut digest = ContentDigest::new();
        digest.text("routerlab.batch/1").text(&first.digest).number(now.as_nanos() as u64);
        digest.number(u64::from(std::process::id())).float(self.run.jitter());
        Token::of(&digest)
    }

    /// Reserves for the first request of a batch, waiting for what is on its way where that decides; the cap that is in the
    /// way.
    async fn reserve(&self, estimate: Estimate) -> Result<Option<Cap>, Left> {
        let reserve = async {
            if let Err(reason) = self.lane.account.reserve(estimate).await {
                return Some(Cap::OfModel(reason));
            }
            if let Err(reason) = self.run.account.reserve(estimate).await {
                self.lane.account.settle(estimate, 0.0, 0);
                return Some(Cap::OfRun(reason));
            }
            None
        };
        tokio::select! {
            biased;
            () = self.run.stop.reached(Phase::Draining) => Err(Left),
            () = self.lane.closes() => Err(Left),
            cap = reserve => Ok(cap),
        }
    }

    fn reserve_now(&self, estimate: Estimate) -> bool {
        if !self.lane.account.reserve_now(estimate) {
            return false;
        }
        let reserved = self.run.account.reserve_now(estimate);
        if !reserved {
            self.lane.account.settle(estimate, 0.0, 0);
        }
        reserved
    }

    /// Asks nothing more: of the model, or of any.
    pub(super) fn reached(&self, cap: &Cap) {
        match cap {
            Cap::OfModel(reason) => self.lane.close(reason),
            Cap::OfRun(reason) => self.run.stop.drain(reason),
        }
    }
}

impl Filled {
    fn add(&mut self, about: About, number: u64, item: u32, attempt: u32, request: &Request, estimate: Estimate) {
        self.items.push(Submitted {
            number,
            query_id: about.query_id,
            sample_index: about.sample_index,
            about: about.about,
            attempt,
            request: request.digest.clone(),
        });
        self.awaited.insert(number, Awaited { item, attempt, digest: request.digest.clone(), estimate });
    }
}
