//! Panics, with a message that plays tricks on terminals.

use routerlab_sdk::{Decisions, Error, Preference, QuerySet};
use routerlab_test_guests::{BadRouter, bad_router};

/// What spoils one step.
pub struct Guest;

impl BadRouter for Guest {
    fn route(_: &QuerySet<'_>, _: &[Preference]) -> Result<Vec<Decisions>, Error> {
        panic!("out of \u{1b}[31mideas\u{1b}[0m\u{7}")
    }
}

bad_router!(Guest, "panics");
