//! Epoch after epoch, until validation gets no better.

use routerlab_sdk::{Error, Random};

use crate::{Adam, Batches, Parameter};

/// How long and in what steps something is learned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// The most epochs.
    pub epochs: u32,
    /// Epochs when there is no validation to stop by.
    pub unvalidated_epochs: u32,
    /// Rows a step.
    pub batch: usize,
    /// Epochs without a better validation after which it ends.
    pub patience: u32,
    /// The rule of each step.
    pub adam: Adam,
}

impl Default for Schedule {
    fn default() -> Self {
        Self { epochs: 60, unvalidated_epochs: 10, batch: 64, patience: 8, adam: Adam::default() }
    }
}

/// Something that is learned by gradients.
pub trait Learner {
    /// Everything that is learned, always in the same order.
    fn parameters(&mut self) -> Vec<&mut Parameter>;

    /// Adds the gradients of the loss on some training rows. Gives how many terms the loss has, which the gradient is
    /// divided by; 0 when nothing is known of these rows.
    ///
    /// # Errors
    /// What the host refuses.
    fn learn(&mut self, rows: &[u32], random: &mut Random) -> Result<usize, Error>;

    /// How good the present parameters are on validation, larger is better; none when there is no validation.
    ///
    /// # Errors
    /// What the host refuses.
    fn judge(&mut self) -> Result<Option<f64>, Error>;
}

/// How learning went.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fitted {
    /// Epochs after which the parameters were as they are kept; 0 is the beginning.
    pub epochs: u32,
    /// What validation said of them, if there is one.
    pub judged: Option<f64>,
}

/// Learns from `rows` training rows and keeps the parameters that validation likes best (of equals the earliest), or the
/// last where there is no validation.
///
/// # Errors
/// What the learner fails with.
pub fn fit(learner: &mut impl Learner, rows: usize, schedule: &Schedule, random: &mut Random) -> Result<Fitted, Error> {
    let mut batches = Batches::new(rows, schedule.batch, random.next_u64());
    let mut best = Fitted { epochs: 0, judged: learner.judge()? };
    let mut kept: Option<Vec<Vec<f32>>> = best.judged.map(|_| snapshot(learner));
    let mut step = 0;
    let epochs = if best.judged.is_some() { schedule.epochs } else { schedule.unvalidated_epochs };
    for epoch in 1..=epochs {
        for rows in batches.epoch() {
            let terms = learner.learn(rows, random)?;
            if terms > 0 {
                step += 1;
                schedule.adam.step(learner.parameters(), terms, step);
            }
        }
        let Some(judged) = learner.judge()? else {
            best.epochs = epoch;
            continue;
        };
        if best.judged.is_none_or(|best| judged > best) {
            best = Fitted { epochs: epoch, judged: Some(judged) };
            kept = Some(snapshot(learner));
        } else if epoch - best.epochs >= schedule.patience {
            break;
        }
    }
    if let Some(kept) = kept {
        for (parameter, values) in learner.parameters().into_iter().zip(kept) {
            parameter.values = values;
        }
    }
    Ok(best)
}

fn snapshot(learner: &mut impl Learner) -> Vec<Vec<f32>> {
    learner.parameters().into_iter().map(|parameter| parameter.values.clone()).collect()
}

#[cfg(test)]
mod tests {
    use routerlab_sdk::{Error, Random};

    use super::{Fitted, Learner, Schedule, fit};
    use crate::{Adam, Parameter};

    /// Walks towards 10; validation likes 4 best.
    struct Walk {
        place: Parameter,
        validated: bool,
    }

    impl Learner for Walk {
        fn parameters(&mut self) -> Vec<&mut Parameter> {
            vec![&mut self.place]
        }

        fn learn(&mut self, rows: &[u32], _: &mut Random) -> Result<usize, Error> {
            self.place.gradient[0] += (self.place.values[0] - 10.0) * rows.len() as f32;
            Ok(rows.len())
        }

        fn judge(&mut self) -> Result<Option<f64>, Error> {
            Ok(self.validated.then(|| -f64::from((self.place.values[0] - 4.0).abs())))
        }
    }

    fn walked(validated: bool) -> (f32, Fitted) {
        let mut walk = Walk { place: Parameter::new(vec![0.0]), validated };
        let adam = Adam { rate: 0.1, ..Adam::default() };
        let schedule = Schedule { epochs: 200, unvalidated_epochs: 100, batch: 5, patience: 5, adam };
        let fitted = fit(&mut walk, 10, &schedule, &mut Random::new(1)).unwrap();
        (walk.place.values[0], fitted)
    }

    #[test]
    fn what_validation_likes_best_is_kept() {
        let (place, fitted) = walked(true);
        assert!((place - 4.0).abs() < 0.15 && fitted.epochs < 30, "{place} {fitted:?}");
    }

    #[test]
    fn without_validation_the_epochs_are_those_that_were_set_for_it() {
        let (place, fitted) = walked(false);
        assert!((place - 10.0).abs() < 0.5, "{place}");
        assert_eq!(fitted, Fitted { epochs: 100, judged: None });
    }
}
