//! Gives utilities for a pool of another size.

use routerlab_sdk::{Decisions, Error, Preference, QuerySet, Utilities};
use routerlab_test_guests::{BadRouter, bad_router};

/// What spoils one step.
pub struct Guest;

impl BadRouter for Guest {
    fn route(queries: &QuerySet<'_>, _: &[Preference]) -> Result<Vec<Decisions>, Error> {
        let utilities = Utilities::new(queries.rows(), 7);
        Ok(vec![Decisions::always(0, queries.rows()).with_utilities(utilities)])
    }
}

bad_router!(Guest, "answers-another-shape");
