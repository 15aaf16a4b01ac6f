//! Requests and tokens a minute: what the pool allows, and what the provider says is left.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::wire::{RateHeaders, Window};

/// The buckets of one model.
#[derive(Debug)]
pub(crate) struct Buckets {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    requests: Option<Bucket>,
    tokens: Option<Bucket>,
    /// Nothing is sent before: the provider's window is used up.
    closed_until: Option<Instant>,
}

/// Fills evenly; may be overdrawn, which is paid back by waiting.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    per_second: f64,
    most: f64,
    level: f64,
    at: Instant,
}

impl Bucket {
    /// Ten seconds' worth may come at once, so that a minute's limit is not spent in its first second.
    fn per_minute(rate: f64, at: Instant) -> Self {
        let most = (rate / 6.0).max(1.0);
        Self { per_second: rate / 60.0, most, level: most, at }
    }

    /// Takes, and says how long to wait before using what was taken.
    fn take(&mut self, amount: f64, at: Instant) -> Duration {
        let passed = at.saturating_duration_since(self.at).as_secs_f64();
        self.level = (self.level + passed * self.per_second).min(self.most) - amount;
        self.at = at;
        if self.level >= 0.0 { Duration::ZERO } else { Duration::from_secs_f64(-self.level / self.per_second) }
    }
}

impl Buckets {
    pub(crate) fn new(requests_per_minute: Option<u32>, tokens_per_minute: Option<u64>, at: Instant) -> Self {
        let requests = requests_per_minute.map(|rate| Bucket::per_minute(f64::from(rate), at));
        #[allow(clippy::cast_precision_loss, reason = "a rate")]
        let tokens = tokens_per_minute.map(|rate| Bucket::per_minute(rate as f64, at));
        Self { state: Mutex::new(State { requests, tokens, closed_until: None }) }
    }

    /// Takes a request of about so many tokens out, and says how long it must wait.
    pub(crate) fn take(&self, tokens: u64, at: Instant) -> Duration {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let closed = state.closed_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(at));
        let requests = state.requests.as_mut().map_or(Duration::ZERO, |bucket| bucket.take(1.0, at));
        #[allow(clippy::cast_precision_loss, reason = "a rate")]
        let tokens = state.tokens.as_mut().map_or(Duration::ZERO, |bucket| bucket.take(tokens as f64, at));
        closed.max(requests).max(tokens)
    }

    /// Notes what an answer really took beyond what was taken for it.
    pub(crate) fn spent(&self, tokens: u64, at: Instant) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        #[allow(clippy::cast_precision_loss, reason = "a rate")]
        if let Some(bucket) = &mut state.tokens {
            bucket.take(tokens as f64, at);
        }
    }

    /// Notes what the provider says: with nothing left, nothing is sent before its window begins anew.
    pub(crate) fn told(&self, headers: &RateHeaders, at: Instant) {
        let used_up = |window: &&Window| window.remaining == 0;
        let windows = [&headers.requests, &headers.tokens].into_iter().flatten();
        let Some(wait) = windows.filter(used_up).filter_map(|window| window.resets_in).max() else { return };
        // A window of more than a minute is a day's quota: that is for retries and their deadline.
        let until = at + wait.min(Duration::from_secs(60));
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.closed_until = Some(state.closed_until.map_or(until, |known| known.max(until)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minutes_requests_are_spread_over_it() {
        let start = Instant::now();
        let buckets = Buckets::new(Some(60), None, start);
        let waits: Vec<u64> = (0..13).map(|_| buckets.take(0, start).as_secs()).collect();
        assert_eq!(waits, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3]);
        assert_eq!(buckets.take(0, start + Duration::from_secs(60)), Duration::ZERO);
    }

    #[test]
    fn tokens_are_charged_as_they_turn_out() {
        let start = Instant::now();
        let buckets = Buckets::new(None, Some(6000), start);
        assert_eq!(buckets.take(500, start), Duration::ZERO);
        buckets.spent(600, start);
        assert_eq!(buckets.take(100, start), Duration::from_secs(2));
    }

    #[test]
    fn a_window_that_is_used_up_closes_the_bucket_until_it_begins_anew() {
        let start = Instant::now();
        let buckets = Buckets::new(None, None, start);
        let window = |remaining| Window { limit: Some(10), remaining, resets_in: Some(Duration::from_secs(7)) };
        let headers = |remaining| RateHeaders { requests: Some(window(remaining)), tokens: None, retry_after: None };
        buckets.told(&headers(1), start);
        assert_eq!(buckets.take(1, start), Duration::ZERO);
        buckets.told(&headers(0), start);
        assert_eq!(buckets.take(1, start), Duration::from_secs(7));
        assert_eq!(buckets.take(1, start + Duration::from_secs(7)), Duration::ZERO);
    }
}
