//! What an endpoint does.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::answer::Verdict;
use crate::draw::{Digest, Draw, Purpose};
use crate::fault::Fault;
use crate::slip::Slip;

/// What an endpoint does. The default answers at once, always right, and remembers everything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// Seed of every draw but those of the answers' texts.
    pub seed: u64,
    /// Port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// Threads that serve.
    pub threads: usize,
    /// Whether bodies, models and keys are remembered; without, only numbers are.
    pub record: bool,
    /// How many of the last requests are kept in full, where anything is remembered.
    pub keep_requests: usize,

    /// Words of an answer, least and most.
    pub answer_words: (u64, u64),
    /// Words of reasoning before an answer, least and most; most 0 is a model that does not reason.
    pub reasoning_words: (u64, u64),
    /// Share of requests a part of whose prompt is reported as cached.
    pub cached_share: f64,
    /// With prices, the cost is reported where OpenRouter reports it.
    pub prices: Option<Prices>,
    /// Numbers of an embedding.
    pub embedding_dimension: usize,
    /// A request for embeddings is refused that has this in one of its texts.
    pub refused_text: Option<String>,
    /// The embedding of a text with this in it always has a null.
    pub null_text: Option<String>,
    /// Share of answers with embeddings that are odd, but for the third and later ones to the same request.
    pub slip_share: f64,
    /// What is odd about them.
    pub slips: Vec<Slip>,
    /// Names in the list of models; others are answered too.
    pub models: Vec<String>,

    /// Share of requests that the answer to is not a plain one, whenever they come.
    pub verdict_share: f64,
    /// What such answers are.
    pub verdicts: Vec<Verdict>,
    /// Share of requests whose answer never tells its usage.
    pub usage_share: f64,

    /// Share of attempts that fail.
    pub fault_share: f64,
    /// How they fail.
    pub faults: Vec<Fault>,
    /// An attempt after this many failed ones of the same body is answered.
    pub max_faults_per_request: u64,
    /// What a rate limit says about when to come back, one of these.
    pub retry_after: Vec<RetryAfter>,
    /// How long a stalled answer stalls before the connection is cut, in milliseconds.
    pub stall_ms: u64,
    /// Pause after every 16 bytes of a dripping answer, in milliseconds.
    pub drip_pause_ms: u64,
    /// Bytes of a huge answer.
    pub huge_bytes: u64,

    /// Milliseconds before an answer, least and most.
    pub delay_ms: (u64, u64),
    /// Milliseconds between the events of a streamed answer; 0 sends them together.
    pub event_delay_ms: u64,
    /// Requests beyond this many at a time get a 429, which no fault counts.
    pub max_in_flight: Option<u64>,
    /// Limits by the window, told in headers.
    pub rate_limit: Option<RateLimit>,
    /// Requests after the first so many wait until [`crate::Endpoint::release`].
    pub hold_after: Option<u64>,
    /// How often a batch has to be polled until it ends.
    pub batch_polls: u64,
    /// Share of a batch's items that end in an error.
    pub batch_error_share: f64,
    /// Share of a batch's items that the batch's time does not suffice for.
    pub batch_expire_share: f64,
    /// Share of requests about files and batches that fail, as questions do by `fault_share`.
    pub batch_fault_share: f64,
    /// How often `/health` says that the server is not ready.
    pub unhealthy_polls: u64,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            seed: 0,
            port: 0,
            threads: 1,
            record: true,
            keep_requests: 64,
            answer_words: (4, 16),
            reasoning_words: (0, 0),
            cached_share: 0.0,
            prices: None,
            embedding_dimension: 8,
            refused_text: None,
            null_text: None,
            slip_share: 0.0,
            slips: Slip::ALL.to_vec(),
            models: vec!["scripted".to_owned()],
            verdict_share: 0.0,
            verdicts: Verdict::ALL[1..].to_vec(),
            usage_share: 0.0,
            fault_share: 0.0,
            faults: Fault::ALL.to_vec(),
            max_faults_per_request: 3,
            retry_after: vec![RetryAfter::Seconds(0.0)],
            stall_ms: 30_000,
            drip_pause_ms: 1,
            huge_bytes: 80 << 20,
            delay_ms: (0, 0),
            event_delay_ms: 0,
            max_in_flight: None,
            rate_limit: None,
            hold_after: None,
            batch_polls: 2,
            batch_error_share: 0.0,
            batch_expire_share: 0.0,
            batch_fault_share: 0.0,
            unhealthy_polls: 0,
        }
    }
}

impl Script {
    /// A script under which attempts fail in every way.
    pub fn faulty(seed: u64, fault_share: f64) -> Self {
        Self { seed, fault_share, ..Self::default() }
    }

    /// A script for benchmarks: answers at once and keeps only numbers.
    pub fn instant() -> Self {
        Self { record: false, ..Self::default() }
    }

    /// How the attempt to ask a model fails that brings this body for the `number`th time, the first being 0.
    pub fn fault(&self, body: &Digest, number: u64) -> Option<Fault> {
        let mut row = 0;
        let mut fault = None;
        for number in 0..=number {
            fault = self.fault_after(self.fault_share, body, number, row);
            row = if fault.is_some() { row + 1 } else { 0 };
        }
        fault
    }

    /// The same at some share, where the attempts right before it were `row` failed ones.
    pub(crate) fn fault_after(&self, share: f64, body: &Digest, number: u64, row: u64) -> Option<Fault> {
        if share <= 0.0 || row >= self.max_faults_per_request {
            return None;
        }
        let mut draw = Draw::new(self.seed, Purpose::Fault, body, number);
        if draw.share() < share { draw.pick(&self.faults) } else { None }
    }

    /// What is odd about the embeddings that a body gets when it comes for the `number`th time, the first being 0.
    pub(crate) fn slip(&self, body: &Digest, number: u64) -> Option<Slip> {
        if self.slip_share <= 0.0 || number > 1 {
            return None;
        }
        let mut draw = Draw::new(self.seed, Purpose::Slip, body, number);
        if draw.share() < self.slip_share { draw.pick(&self.slips) } else { None }
    }

    pub(crate) fn delay_ms(&self, body: &Digest, number: u64) -> u64 {
        let (least, most) = self.delay_ms;
        if most == 0 { 0 } else { Draw::new(self.seed, Purpose::Delay, body, number).within(least, most) }
    }

    pub(crate) fn reasoning_range(&self) -> Option<RangeInclusive<u64>> {
        let (least, most) = self.reasoning_words;
        (most > 0).then_some(least..=most)
    }
}

/// What tokens cost, in US dollars for a million.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// Of prompts.
    pub prompt_usd_per_million: f64,
    /// Of answers, reasoning included.
    pub completion_usd_per_million: f64,
}

/// When to come back after a rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryAfter {
    /// `Retry-After` in seconds, a whole number or not.
    Seconds(f64),
    /// `Retry-After` as a date, so many seconds from now.
    Date(u64),
    /// `retry-after-ms`, as OpenAI sends it.
    Milliseconds(u64),
}

/// What a client may send in each window of time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// Requests.
    pub requests: u64,
    /// Tokens of prompts and answers.
    pub tokens: u64,
    /// Length of a window in milliseconds.
    pub window_ms: u64,
    /// Whether what comes beyond gets a 429; otherwise it is only told.
    pub enforced: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_fails_by_its_share_and_never_more_often_in_a_row_than_allowed() {
        let script = Script::faulty(7, 0.6);
        let mut failed = 0;
        for body in 0..200_u32 {
            let body = Digest::of(&body.to_le_bytes());
            let faults: Vec<_> = (0..20).map(|number| script.fault(&body, number)).collect();
            assert_eq!(faults, (0..20).map(|number| script.fault(&body, number)).collect::<Vec<_>>());
            assert!(faults.windows(4).all(|row| row.iter().any(Option::is_none)), "at most three in a row");
            failed += faults.iter().filter(|fault| fault.is_some()).count();
        }
        // Three of 0.6 in a row are 0.216 of the rows, after which one attempt is spared.
        assert!((1_900..2_400).contains(&failed), "{failed} of 4000");
    }

    #[test]
    fn a_script_is_read_from_the_fields_that_differ() {
        let text = r#"{"seed":3,"faults":["stall"],"delay_ms":[1,2],"retry_after":[{"date":2}]}"#;
        let script: Script = serde_json::from_str(text).unwrap();
        let expected = Script {
            seed: 3,
            faults: vec![Fault::Stall],
            delay_ms: (1, 2),
            retry_after: vec![RetryAfter::Date(2)],
            ..Script::default()
        };
        assert_eq!(script, expected);
        assert!(serde_json::from_str::<Script>(r#"{"sed":3}"#).is_err());
    }
}
