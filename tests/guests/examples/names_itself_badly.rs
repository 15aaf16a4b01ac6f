//! Has a name that would paint a leaderboard.

use routerlab_test_guests::{BadRouter, bad_router};

/// What spoils one step.
pub struct Guest;

impl BadRouter for Guest {}

bad_router!(Guest, "\u{1b}[32mBest Router");
