//! Chooses for all queries but one.

use routerlab_sdk::{Decisions, Error, Preference, QuerySet};
use routerlab_test_guests::{BadRouter, bad_router};

/// What spoils one step.
pub struct Guest;

impl BadRouter for Guest {
    fn route(queries: &QuerySet<'_>, _: &[Preference]) -> Result<Vec<Decisions>, Error> {
        Ok(vec![Decisions::always(0, queries.rows() - 1)])
    }
}

bad_router!(Guest, "answers-short");
