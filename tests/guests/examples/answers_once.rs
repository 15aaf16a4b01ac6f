//! Claims to follow the preference and answers for one only.

use routerlab_sdk::{Decisions, Error, Preference, QuerySet};
use routerlab_test_guests::{BadRouter, bad_router};

/// What spoils one step.
pub struct Guest;

impl BadRouter for Guest {
    const COST_AWARE: bool = true;

    fn route(queries: &QuerySet<'_>, _: &[Preference]) -> Result<Vec<Decisions>, Error> {
        Ok(vec![Decisions::always(0, queries.rows())])
    }
}

bad_router!(Guest, "answers-once");
