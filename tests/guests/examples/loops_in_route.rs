//! Never comes back from `route`.

use routerlab_sdk::{Decisions, Error, Preference, QuerySet};
use routerlab_test_guests::{BadRouter, bad_router, spin};

/// What spoils one step.
pub struct Guest;

impl BadRouter for Guest {
    fn route(_: &QuerySet<'_>, _: &[Preference]) -> Result<Vec<Decisions>, Error> {
        spin()
    }
}

bad_router!(Guest, "loops-in-route");
