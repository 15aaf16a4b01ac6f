//! Gives utilities for every other batch only.

use std::sync::atomic::{AtomicBool, Ordering};

use routerlab_sdk::{Decisions, Error, Preference, QuerySet, Utilities};
use routerlab_test_guests::{BadRouter, bad_router};

static WITH_UTILITIES: AtomicBool = AtomicBool::new(false);

/// What spoils one step.
pub struct Guest;

impl BadRouter for Guest {
    fn route(queries: &QuerySet<'_>, _: &[Preference]) -> Result<Vec<Decisions>, Error> {
        let decisions = Decisions::always(0, queries.rows());
        Ok(vec![match WITH_UTILITIES.fetch_xor(true, Ordering::Relaxed) {
            true => decisions.with_utilities(Utilities::new(queries.rows(), 5)),
            false => decisions,
        }])
    }
}

bad_router!(Guest, "changes-its-mind");
