//! Asks for the dataset of each query when it routes, and says what it gets. It is not ranked.

use routerlab_sdk::{Decisions, Error, Needs, Preference, QuerySet, log};
use routerlab_test_guests::{BadRouter, bad_router};

/// What spoils one step.
pub struct Guest;

impl BadRouter for Guest {
    const NEEDS: Needs = Needs::GROUPS;

    fn route(queries: &QuerySet<'_>, _: &[Preference]) -> Result<Vec<Decisions>, Error> {
        let groups = queries.groups(0, queries.rows())?;
        for group in &groups {
            log::info(format!("group {group}"));
        }
        Ok(vec![Decisions::from_choices(groups.into_iter().map(|group| group % 2).collect())])
    }
}

bad_router!(Guest, "wants-to-know-the-task");
