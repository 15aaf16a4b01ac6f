//! Never comes back from `load`.

use routerlab_sdk::{Error, State};
use routerlab_test_guests::{BadRouter, bad_router, spin};

/// What spoils one step.
pub struct Guest;

impl BadRouter for Guest {
    fn load(_: State) -> Result<(), Error> {
        spin()
    }
}

bad_router!(Guest, "loops-in-load");
