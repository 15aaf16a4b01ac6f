//! Identical requests at the same time: one is sent, the others wait for its answer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use crate::answer::Answer;

type Known = Option<Arc<Answer>>;

/// Requests on their way by their digest.
#[derive(Debug, Default)]
pub(crate) struct Flights(Mutex<HashMap<String, watch::Receiver<Known>>>);

/// What to do about a request.
pub(crate) enum Flight<'a> {
    /// Send it, and tell the others.
    Leads(Leader<'a>),
    /// Wait for the one that is on its way.
    Waits(watch::Receiver<Known>),
}

/// Whoever sends; when it is dropped without an answer, one of those who wait takes over.
pub(crate) struct Leader<'a> {
    flights: &'a Flights,
    digest: String,
    known: watch::Sender<Known>,
}

impl Flights {
    pub(crate) fn board(&self, digest: &str) -> Flight<'_> {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(waits) = flights.get(digest) {
            return Flight::Waits(waits.clone());
        }
        let (known, receiver) = watch::channel(None);
        flights.insert(digest.to_owned(), receiver);
        Flight::Leads(Leader { flights: self, digest: digest.to_owned(), known })
    }
}

impl Leader<'_> {
    /// The answer is durable.
    pub(crate) fn land(self, answer: Arc<Answer>) {
        self.known.send_replace(Some(answer));
    }
}

impl Drop for Leader<'_> {
    fn drop(&mut self) {
        self.flights.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.digest);
    }
}

/// The answer of whoever sends; none when it gave up.
pub(crate) async fn landed(mut waits: watch::Receiver<Known>) -> Known {
    loop {
        let known = waits.borrow_and_update().clone();
        if known.is_some() {
            return known;
        }
        if waits.changed().await.is_err() {
            return waits.borrow().clone();
        }
    }
}
