//! Says everything that it is shown of answers, in training and when it routes. Otherwise it does nothing wrong.

use routerlab_sdk::{Attempt, Error, Needs, Step, TrainingSet, log};
use routerlab_test_guests::{BadSequentialRouter, bad_sequential_router};

/// What spoils one step.
pub struct Guest;

impl BadSequentialRouter for Guest {
    const NEEDS: Needs = Needs::ANSWERS;

    fn train(train: &TrainingSet<'_>) -> Result<(), Error> {
        for answer in train.answers(1, 0, 3)? {
            log::info(format!("trained {answer:?}"));
        }
        log::info(format!("vectors {}", train.answer_matrix(1)?.is_some()));
        Ok(())
    }

    fn next(seen: &[Attempt]) -> Result<Step, Error> {
        let Some(last) = seen.last() else { return Ok(Step::Ask(0)) };
        if seen.len() == 1 {
            log::info(format!("seen {:?}", last.answer));
            return Ok(Step::Ask(1));
        }
        Ok(Step::Accept(0))
    }
}

bad_sequential_router!(Guest, "spies-on-answers");
