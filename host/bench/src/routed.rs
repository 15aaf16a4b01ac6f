//! What a router decided on one part, as it comes batch by batch, and its digest.

use routerlab_plugin::{Breach, CallError, Decisions};
use sha2::{Digest, Sha256};

/// Choices of one part: preference after preference, row after row, models as the data numbers them.
#[derive(Debug, Default)]
pub(crate) struct Routed {
    pub(crate) choices: Vec<Vec<u32>>,
    /// For each preference and row the models that a sequential router asked, in their order; none when the router
    /// answers at once.
    pub(crate) attempts: Option<Vec<Vec<Vec<u32>>>>,
    /// For each preference whether the router gives utilities.
    estimates: Vec<bool>,
    /// rows x models under the first preference (quality alone), when the router gives utilities.
    pub(crate) utilities: Option<Vec<f32>>,
    /// Per row: time and fuel of its batch, shared equally among the rows.
    pub(crate) route_ns: Vec<u64>,
    pub(crate) fuel: Vec<u64>,
}

impl Routed {
    /// Nothing routed yet, at so many preferences.
    pub(crate) fn new(preferences: usize, sequential: bool) -> Self {
        Self {
            choices: vec![Vec::new(); preferences],
            attempts: sequential.then(|| vec![Vec::new(); preferences]),
            estimates: vec![false; preferences],
            ..Self::default()
        }
    }

    /// Adds a batch, with models numbered as the data numbers them. A router gives utilities for a preference always or
    /// never: a table of them would otherwise have rows that belong to other queries.
    pub(crate) fn take(
        &mut self,
        decisions: Vec<Decisions>,
        pool: &[u32],
        digest: &mut CellDigest,
    ) -> Result<(), CallError> {
        let as_in_data = |position: &u32| pool[*position as usize];
        for (at, decision) in decisions.into_iter().enumerate() {
            let before = self.choices[at].len();
            if before > 0 && self.estimates[at] != decision.utilities.is_some() {
                let (now, then) = if self.estimates[at] { ("no", "some") } else { ("some", "none") };
                let words = format!("answered {now} utilities for this batch and {then} for an earlier one");
                return Err(CallError::Breach(Breach(words)));
            }
            self.estimates[at] = decision.utilities.is_some();
            self.choices[at].extend(decision.choices.iter().map(as_in_data));
            if let (Some(all), Some(attempts)) = (&mut self.attempts, decision.attempts) {
                let attempts = attempts.iter().map(|asked| asked.iter().map(as_in_data).collect());
                all[at].extend(attempts);
                all[at][before..].iter().for_each(|asked| digest.add_attempts(at, asked));
            }
            let utilities = decision.utilities.map(|values| unpermuted(&values, pool));
            digest.add(at, &self.choices[at][before..], utilities.as_deref());
            if let (0, Some(utilities)) = (at, utilities) {
                self.utilities.get_or_insert_default().extend(utilities);
            }
        }
        Ok(())
    }
}

/// Utilities in the order of the data's models instead of the pool's.
fn unpermuted(values: &[f32], pool: &[u32]) -> Vec<f32> {
    let mut out = vec![0.0; values.len()];
    for (from, to) in values.chunks_exact(pool.len()).zip(out.chunks_exact_mut(pool.len())) {
        for (value, model) in from.iter().zip(pool) {
            to[*model as usize] = *value;
        }
    }
    out
}

/// One running digest for each preference, of choices, and of utilities or attempts, so that the size of batches does not matter.
pub(crate) struct CellDigest(Vec<(Sha256, Sha256)>);

impl CellDigest {
    pub(crate) fn new(preferences: usize) -> Self {
        Self((0..preferences).map(|_| (Sha256::new(), Sha256::new())).collect())
    }

    fn add(&mut self, preference: usize, choices: &[u32], utilities: Option<&[f32]>) {
        let (chosen, estimated) = &mut self.0[preference];
        choices.iter().for_each(|choice| chosen.update(choice.to_le_bytes()));
        utilities.unwrap_or_default().iter().for_each(|value| estimated.update(value.to_bits().to_le_bytes()));
    }

    /// The models that were asked for one query.
    fn add_attempts(&mut self, preference: usize, asked: &[u32]) {
        let (_, estimated) = &mut self.0[preference];
        estimated.update((asked.len() as u32).to_le_bytes());
        asked.iter().for_each(|model| estimated.update(model.to_le_bytes()));
    }

    pub(crate) fn finish(self) -> String {
        let mut all = Sha256::new();
        for (choices, utilities) in self.0 {
            all.update(choices.finalize());
            all.update(utilities.finalize());
        }
        all.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest_of(batches: &[&[u32]]) -> String {
        let mut digest = CellDigest::new(1);
        batches.iter().for_each(|batch| digest.add(0, batch, Some(&vec![0.5; batch.len()])));
        digest.finish()
    }

    #[test]
    fn the_digest_depends_on_the_choices_and_not_on_the_batches() {
        assert_eq!(digest_of(&[&[1, 2, 3]]), digest_of(&[&[1], &[2, 3]]));
        assert_ne!(digest_of(&[&[1, 2, 3]]), digest_of(&[&[1, 3, 2]]));
    }

    #[test]
    fn the_digest_depends_on_whom_a_sequential_router_asked() {
        let of = |asked: [&[u32]; 2]| {
            let (mut routed, mut digest) = (Routed::new(1, true), CellDigest::new(1));
            for asked in asked {
                let attempts = Some(vec![asked.to_vec()]);
                routed
                    .take(vec![Decisions { choices: vec![1], utilities: None, attempts }], &[2, 0], &mut digest)
                    .unwrap();
            }
            assert_eq!(routed.choices, [[0, 0]]);
            (digest.finish(), routed.attempts.unwrap())
        };
        let (digest, attempts) = of([&[1], &[0, 1]]);
        assert_eq!(attempts, [[vec![0], vec![2, 0]]]);
        assert_ne!(digest, of([&[0, 1], &[1]]).0);
        assert_eq!(digest, of([&[1], &[0, 1]]).0);
    }

    #[test]
    fn utilities_come_back_in_the_order_of_the_data() {
        // Position 0 of the pool is model 2, position 1 model 0, position 2 model 1.
        assert_eq!(unpermuted(&[0.1, 0.2, 0.3, 1.1, 1.2, 1.3], &[2, 0, 1]), [0.2, 0.3, 0.1, 1.2, 1.3, 1.1]);
    }
}
