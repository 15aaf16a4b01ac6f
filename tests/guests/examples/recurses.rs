//! Calls itself for ever.

use routerlab_sdk::{Decisions, Error, Preference, QuerySet};
use routerlab_test_guests::{BadRouter, bad_router};

#[allow(unconditional_recursion, reason = "this is what the guest is for")]
fn deeper(depth: u32) -> u32 {
    // What is done afterwards keeps this from becoming a loop.
    std::hint::black_box(deeper(depth.wrapping_add(1))).wrapping_add(depth)
}

/// What spoils one step.
pub struct Guest;

impl BadRouter for Guest {
    fn route(queries: &QuerySet<'_>, _: &[Preference]) -> Result<Vec<Decisions>, Error> {
        Ok(vec![Decisions::always(deeper(1), queries.rows())])
    }
}

bad_router!(Guest, "recurses");
