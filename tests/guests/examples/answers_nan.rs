//! Estimates a utility that is not a number.

use routerlab_sdk::{Decisions, Error, Preference, QuerySet, Utilities};
use routerlab_test_guests::{BadRouter, bad_router};

/// What spoils one step.
pub struct Guest;

impl BadRouter for Guest {
    fn route(queries: &QuerySet<'_>, _: &[Preference]) -> Result<Vec<Decisions>, Error> {
        let mut utilities = Utilities::new(queries.rows(), 5);
        utilities.row_mut(3)[2] = f32::NAN;
        Ok(vec![Decisions::always(0, queries.rows()).with_utilities(utilities)])
    }
}

bad_router!(Guest, "answers-nan");
