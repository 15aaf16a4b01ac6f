//! Keeps what it was trained on where `route` might find it, beside the state. There is nothing: every step has a store
//! of its own.

use routerlab_sdk::{Decisions, Error, Preference, QuerySet, State, TrainingSet};
use routerlab_test_guests::{BadRouter, bad_router};
use std::sync::atomic::{AtomicU32, Ordering};

static ROWS: AtomicU32 = AtomicU32::new(0);

/// What spoils one step.
pub struct Guest;

impl BadRouter for Guest {
    fn train(train: &TrainingSet<'_>) -> Result<State, Error> {
        ROWS.store(train.rows() as u32, Ordering::Relaxed);
        Ok(State::default())
    }

    fn route(queries: &QuerySet<'_>, _: &[Preference]) -> Result<Vec<Decisions>, Error> {
        let remembered = ROWS.load(Ordering::Relaxed) > 0;
        Ok(vec![Decisions::always(u32::from(remembered), queries.rows())])
    }
}

bad_router!(Guest, "remembers-training");
