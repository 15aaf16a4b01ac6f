//! Answers at once and yet wants what the models answered, which only sequential routers are shown.

use routerlab_sdk::Needs;
use routerlab_test_guests::{BadRouter, bad_router};

/// What spoils one step.
pub struct Guest;

impl BadRouter for Guest {
    const NEEDS: Needs = Needs::ANSWERS;
}

bad_router!(Guest, "wants-answers-at-once");
