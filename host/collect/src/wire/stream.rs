//! An answer that comes as it is written.

use serde_json::Value;

use super::failure::{Failure, FailureKind};
use super::sse::{Event, Events};
use super::{Api, anthropic, google, openai};
use crate::reply::Reply;

/// What an event of a provider's stream does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Step {
    /// It carries a piece of the answer or of the thoughts before it.
    pub(super) token: bool,
    /// Nothing follows.
    pub(super) ends: bool,
}

/// What a piece of the stream brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fed {
    /// The first token, of the answer or of the thoughts before it.
    pub first_token: bool,
    /// The last event, now or earlier: the rest of the stream need not be read. Google has none: its streams end with
    /// the connection.
    pub finished: bool,
}

/// Puts an answer together from the pieces of its stream. How the pieces are cut makes no difference to it.
#[derive(Debug)]
pub struct StreamReader {
    events: Events,
    answer: Answer,
    token_seen: bool,
    ended: bool,
    failed: Option<Failure>,
}

#[derive(Debug)]
enum Answer {
    Openai(openai::Assembly),
    Anthropic(anthropic::Assembly),
    Google(google::Assembly),
}

impl StreamReader {
    pub(super) fn new(api: Api) -> Self {
        let answer = match api {
            Api::OpenaiChat => Answer::Openai(openai::Assembly::new(openai::Kind::Chat)),
            Api::OpenaiCompletions => Answer::Openai(openai::Assembly::new(openai::Kind::Text)),
            Api::Anthropic => Answer::Anthropic(anthropic::Assembly::default()),
            Api::Google => Answer::Google(google::Assembly::default()),
            Api::OpenaiEmbeddings => Answer::Openai(openai::Assembly::new(openai::Kind::Text)),
        };
        let never = Failure::unreadable("a stream in place of vectors");
        let failed = (api == Api::OpenaiEmbeddings).then_some(never);
        Self { events: Events::default(), answer, token_seen: false, ended: false, failed }
    }

    /// Takes a piece of the stream. What comes after its last event is ignored.
    ///
    /// # Errors
    /// Where the stream tells of a failure, or is not one of this provider. There is no answer then, whatever follows.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Fed, Failure> {
        if let Some(failure) = &self.failed {
            return Err(failure.clone());
        }
        let mut fed = Fed { first_token: false, finished: self.ended };
        if self.ended {
            return Ok(fed);
        }
        let mut events = Vec::new();
        let whole = self.events.feed(bytes, &mut events);
        for event in events {
            if let Err(failure) = self.event(&event, &mut fed) {
                self.failed = Some(failure.clone());
                return Err(failure);
            }
            if fed.finished {
                return Ok(fed);
            }
        }
        if whole.is_err() {
            let failure = Failure::unreadable("an event of the stream is too long");
            self.failed = Some(failure.clone());
            return Err(failure);
        }
        Ok(fed)
    }

    /// The answer, once the stream has ended.
    ///
    /// # Errors
    /// Where the stream failed, or ended before the model said why it stopped: a piece of an answer is none.
    pub fn finish(mut self) -> Result<Reply, Failure> {
        if let Some(failure) = self.failed {
            return Err(failure);
        }
        if !self.ended
            && let Some(event) = std::mem::take(&mut self.events).finish()
            // Half an event is no reason to doubt what came before it.
            && (event.name == "error" || is_done(&event) || serde_json::from_slice::<Value>(&event.data).is_ok())
        {
            self.event(&event, &mut Fed::default())?;
        }
        let finish_reason = match &self.answer {
            Answer::Openai(answer) => answer.finish_reason(),
            Answer::Anthropic(answer) => answer.finish_reason(),
            Answer::Google(answer) => answer.finish_reason(),
        };
        if finish_reason.is_none() {
            return Err(Failure::new(FailureKind::Cut, "the stream ended before the answer did"));
        }
        Ok(match self.answer {
            Answer::Openai(answer) => answer.into_reply(),
            Answer::Anthropic(answer) => answer.into_reply(),
            Answer::Google(answer) => answer.into_reply(),
        })
    }

    fn event(&mut self, event: &Event, fed: &mut Fed) -> Result<(), Failure> {
        if event.name == "error" {
            return Err(Failure::of_event(&event.data));
        }
        if is_done(event) {
            (self.ended, fed.finished) = (true, true);
            return Ok(());
        }
        // Sent to keep the connection alive.
        if event.data.trim_ascii().is_empty() {
            return Ok(());
        }
        let data: Value = serde_json::from_slice(&event.data)
            .map_err(|error| Failure::unreadable(format!("an event of the stream is not JSON: {error}")))?;
        if !data.is_object() {
            return Err(Failure::unreadable("an event of the stream is not an object"));
        }
        if let Some(failure) = Failure::inside(&data) {
            return Err(failure);
        }
        let step = match &mut self.answer {
            Answer::Openai(answer) => answer.event(&data)?,
            Answer::Anthropic(answer) => answer.event(&data)?,
            Answer::Google(answer) => answer.event(&data)?,
        };
        fed.first_token |= step.token && !self.token_seen;
        self.token_seen |= step.token;
        if step.ends {
            (self.ended, fed.finished) = (true, true);
        }
        Ok(())
    }
}

fn is_done(event: &Event) -> bool {
    event.data.trim_ascii() == b"[DONE]"
}
