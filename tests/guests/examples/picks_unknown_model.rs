//! Chooses a model that the pool does not have.

use routerlab_sdk::{Decisions, Error, Preference, QuerySet};
use routerlab_test_guests::{BadRouter, bad_router};

/// What spoils one step.
pub struct Guest;

impl BadRouter for Guest {
    fn route(queries: &QuerySet<'_>, _: &[Preference]) -> Result<Vec<Decisions>, Error> {
        Ok(vec![Decisions::always(5, queries.rows())])
    }
}

bad_router!(Guest, "picks-unknown-model");
