//! What has been spent, and what may be.
//!
//! A cap is never passed by more than what the requests on their way cost: nothing is sent once it is reached, and while it
//! is near, what is on its way is counted at what answers of the model have cost so far.

use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

/// Caps; none where there is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Caps {
    /// US dollars.
    pub usd: Option<f64>,
    /// Tokens of prompts and answers.
    pub tokens: Option<u64>,
}

/// What requests took.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Taken {
    pub(crate) usd: f64,
    pub(crate) prompt_tokens: u64,
    pub(crate) completion_tokens: u64,
    /// Requests whose cost is known.
    pub(crate) answers: u64,
}

impl Taken {
    pub(crate) fn plus(self, more: Self) -> Self {
        Self {
            usd: self.usd + more.usd,
            prompt_tokens: self.prompt_tokens.saturating_add(more.prompt_tokens),
            completion_tokens: self.completion_tokens.saturating_add(more.completion_tokens),
            answers: self.answers + more.answers,
        }
    }

    pub(crate) fn tokens(self) -> u64 {
        self.prompt_tokens.saturating_add(self.completion_tokens)
    }
}

/// An account: one for each model, one for all.
#[derive(Debug)]
pub(crate) struct Account {
    state: Mutex<State>,
    settled: Notify,
}

#[derive(Debug, Default)]
struct State {
    caps: Caps,
    usd: f64,
    tokens: u64,
    /// What requests on their way are expected to take.
    reserved_usd: f64,
    reserved_tokens: u64,
    on_their_way: u32,
}

impl State {
    fn reserve(&mut self, estimate: Estimate) {
        self.reserved_usd += estimate.usd;
        self.reserved_tokens += estimate.tokens;
        self.on_their_way += 1;
    }
}

/// What a request is expected to take.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Estimate {
    pub(crate) usd: f64,
    pub(crate) tokens: u64,
}

/// Whether a request may be sent.
#[derive(Debug, Clone, PartialEq)]
enum May {
    Go,
    /// Not before something on its way is settled.
    Wait,
    Stop(String),
}

impl Account {
    pub(crate) fn new(caps: Caps, taken: Taken) -> Self {
        let (usd, tokens) = (taken.usd, taken.tokens());
        Self { state: Mutex::new(State { caps, usd, tokens, ..State::default() }), settled: Notify::new() }
    }

    /// Reserves, waiting where that depends on what is on its way.
    ///
    /// # Errors
    /// Which cap is reached.
    pub(crate) async fn reserve(&self, estimate: Estimate) -> Result<(), String> {
        loop {
            let settled = self.settled.notified();
            tokio::pin!(settled);
            settled.as_mut().enable();
            match self.try_reserve(estimate) {
                May::Go => return Ok(()),
                May::Stop(reason) => return Err(reason),
                May::Wait => settled.await,
            }
        }
    }

    /// Reserves where that can be done without waiting.
    pub(crate) fn reserve_now(&self, estimate: Estimate) -> bool {
        self.try_reserve(estimate) == May::Go
    }

    /// Counts what is on its way already, whatever the caps.
    pub(crate) fn on_its_way(&self, estimate: Estimate) {
        self.lock().reserve(estimate);
    }

    fn try_reserve(&self, estimate: Estimate) -> May {
        let mut state = self.lock();
        let over = |state: &State, reserved: bool| {
            let (usd, tokens) = if reserved {
                (state.reserved_usd + estimate.usd, state.reserved_tokens + estimate.tokens)
            } else {
                (0.0, 0)
            };
            if let Some(cap) = state.caps.usd
                && (state.usd >= cap || state.usd + usd > cap)
            {
                return Some(format!("the cap of {cap} US dollars is reached"));
            }
            if let Some(cap) = state.caps.tokens
                && (state.tokens >= cap || state.tokens.saturating_add(tokens) > cap)
            {
                return Some(format!("the cap of {cap} tokens is reached"));
            }
            None
        };
        if let Some(reason) = over(&state, false) {
            return May::Stop(reason);
        }
        if let Some(reason) = over(&state, true) {
            return if state.on_their_way > 0 { May::Wait } else { May::Stop(reason) };
        }
        state.reserve(estimate);
        May::Go
    }

    /// Takes the estimate back and counts what it was.
    pub(crate) fn settle(&self, estimate: Estimate, usd: f64, tokens: u64) {
        let mut state = self.lock();
        state.on_their_way = state.on_their_way.saturating_sub(1);
        // Back to nothing when nothing is on its way: sums of floats drift.
        state.reserved_usd = if state.on_their_way == 0 { 0.0 } else { state.reserved_usd - estimate.usd };
        state.reserved_tokens = state.reserved_tokens.saturating_sub(estimate.tokens);
        state.usd += usd;
        state.tokens = state.tokens.saturating_add(tokens);
        drop(state);
        self.settled.notify_waiters();
    }

    pub(crate) fn set_caps(&self, caps: Caps) {
        self.lock().caps = caps;
        self.settled.notify_waiters();
    }

    /// Whether there is a cap in dollars.
    pub(crate) fn caps(&self) -> Caps {
        self.lock().caps
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(usd: f64) -> Account {
        Account::new(Caps { usd: Some(usd), tokens: None }, Taken::default())
    }

    const DIME: Estimate = Estimate { usd: 0.1, tokens: 10 };

    #[test]
    fn near_a_cap_what_is_on_its_way_counts() {
        let account = account(0.25);
        assert_eq!(account.try_reserve(DIME), May::Go);
        assert_eq!(account.try_reserve(DIME), May::Go);
        assert_eq!(account.try_reserve(DIME), May::Wait, "the third could pass the cap");
        account.settle(DIME, 0.01, 10);
        assert_eq!(account.try_reserve(DIME), May::Go, "the first was cheaper than expected");
        account.settle(DIME, 0.3, 10);
        assert_eq!(account.try_reserve(DIME), May::Stop("the cap of 0.25 US dollars is reached".into()));
        assert!((account.lock().usd - 0.31).abs() < 1e-12);
    }

    #[test]
    fn a_request_that_alone_would_pass_the_cap_is_not_sent() {
        assert_eq!(account(0.05).try_reserve(DIME), May::Stop("the cap of 0.05 US dollars is reached".into()));
        let tokens =
            Account::new(Caps { usd: None, tokens: Some(100) }, Taken { prompt_tokens: 95, ..Taken::default() });
        assert_eq!(tokens.try_reserve(DIME), May::Stop("the cap of 100 tokens is reached".into()));
        tokens.set_caps(Caps::default());
        assert_eq!(tokens.try_reserve(DIME), May::Go);
    }
}
