//! Says everything that it is shown in training. Otherwise it does nothing wrong.

use routerlab_sdk::{Error, Needs, State, TrainingSet, log};
use routerlab_test_guests::{BadRouter, bad_router};

/// What spoils one step.
pub struct Guest;

impl BadRouter for Guest {
    const NEEDS: Needs = Needs::ALL;

    fn train(train: &TrainingSet<'_>) -> Result<State, Error> {
        for model in train.models() {
            log::info(format!("model {} {:?}", model.name, model.description));
        }
        let mut groups = train.groups(0, train.rows())?;
        groups.sort_unstable();
        groups.dedup();
        log::info(format!("groups {groups:?}"));
        Ok(State::default())
    }
}

bad_router!(Guest, "spies");
