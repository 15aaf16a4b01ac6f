//! How many requests of a model are on their way at a time, found out while it goes.
//!
//! Additive increase, multiplicative decrease: every answer lets the limit grow by one over itself, so that it grows by one
//! in the time of one answer; a 429 takes a fifth away, once in a cooldown, since those of the same burst tell one thing.
//! Failures of the server (5xx) say nothing about how much it takes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What is left of the limit after a 429.
const DECREASE: f64 = 0.8;
/// How long further 429 are taken for the same one.
const COOLDOWN: Duration = Duration::from_secs(5);

/// The limit of one model.
#[derive(Debug)]
pub(crate) struct Limit {
    permits: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    limit: f64,
    most: f64,
    /// Permits that exist: out or to be had.
    issued: usize,
    cooling_until: Option<Instant>,
}

/// A place on the way to the model; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    permit: Option<OwnedSemaphorePermit>,
    limit: Arc<Limit>,
}

impl Limit {
    pub(crate) fn new(start: u32, most: u32) -> Arc<Self> {
        let start = start.min(most).max(1);
        let state =
            State { limit: f64::from(start), most: f64::from(most), issued: start as usize, cooling_until: None };
        Arc::new(Self { permits: Arc::new(Semaphore::new(start as usize)), state: Mutex::new(state) })
    }

    /// Waits for a place; those who wait longest come first.
    pub(crate) async fn place(self: &Arc<Self>) -> Place {
        // The semaphore is never closed.
        let permit = Arc::clone(&self.permits).acquire_owned().await.ok();
        Place { permit, limit: Arc::clone(self) }
    }

    /// How many may be on their way.
    pub(crate) fn now(&self) -> u32 {
        self.state().limit as u32
    }

    /// An answer came.
    pub(crate) fn answered(&self) {
        let mut state = self.state();
        state.limit = (state.limit + 1.0 / state.limit).min(state.most);
        self.fit(&mut state);
    }

    /// The provider asked for less.
    pub(crate) fn refused(&self, at: Instant) {
        let mut state = self.state();
        if state.cooling_until.is_none_or(|until| at >= until) {
            state.limit = (state.limit * DECREASE).max(1.0);
            state.cooling_until = Some(at + COOLDOWN);
        }
    }

    /// Sets what it may grow to, and where it must shrink, shrinks it.
    pub(crate) fn set_most(&self, most: u32) {
        let mut state = self.state();
        state.most = f64::from(most.max(1));
        state.limit = state.limit.min(state.most);
        self.fit(&mut state);
    }

    /// Adds the permits that the limit has grown by. Shrinking happens as places are given back.
    fn fit(&self, state: &mut State) {
        let wanted = state.limit as usize;
        if wanted > state.issued {
            self.permits.add_permits(wanted - state.issued);
            state.issued = wanted;
        }
        while state.issued > wanted && self.permits.forget_permits(1) == 1 {
            state.issued -= 1;
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.limit.state();
        if state.issued > state.limit as usize
            && let Some(permit) = self.permit.take()
        {
            permit.forget();
            state.issued -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_grows_by_one_in_a_round_and_falls_once_in_a_cooldown() {
        let limit = Limit::new(20, 22);
        for _ in 0..21 {
            limit.answered();
        }
        assert_eq!(limit.now(), 21);
        for _ in 0..100 {
            limit.answered();
        }
        assert_eq!(limit.now(), 22, "never beyond what is allowed");
        let now = Instant::now();
        limit.refused(now);
        limit.refused(now);
        assert_eq!(limit.now(), 17);
        limit.refused(now + COOLDOWN);
        assert_eq!(limit.now(), 14);
        for round in 1..100 {
            limit.refused(now + COOLDOWN * (round + 1));
        }
        assert_eq!(limit.now(), 1, "never none");
    }

    #[tokio::test]
    async fn places_that_are_out_count_until_they_are_given_back() {
        let limit = Limit::new(4, 8);
        let mut places = Vec::new();
        for _ in 0..4 {
            places.push(limit.place().await);
        }
        limit.refused(Instant::now());
        assert_eq!((limit.now(), limit.permits.available_permits()), (3, 0));
        places.pop();
        assert_eq!(limit.permits.available_permits(), 0, "the fourth place is gone");
        places.pop();
        assert_eq!(limit.permits.available_permits(), 1);
        limit.set_most(1);
        places.clear();
        assert_eq!((limit.now(), limit.permits.available_permits()), (1, 1));
        limit.set_most(8);
        for _ in 0..6 {
            limit.answered();
        }
        assert_eq!((limit.now(), limit.permits.available_permits()), (3, 3));
    }
}
