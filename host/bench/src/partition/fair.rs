//! The partition by keyed hash.

use sha2::{Digest, Sha256};

use super::{Partition, PartitionError, Rows};

/// Says what the hash is for; a change of the rule below changes this text.
const DOMAIN: &str = "routerlab partition fair 1";

/// How much of the rows each part gets, as shares of 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shares {
    train: f64,
    validation: f64,
}

impl Shares {
    /// Takes the three shares.
    ///
    /// # Errors
    /// When one is negative or no number, or when they do not add up to 1.
    pub fn new(train: f64, validation: f64, test: f64) -> Result<Self, PartitionError> {
        let each = [train, validation, test].iter().all(|share| *share >= 0.0);
        if !each || ((train + validation + test) - 1.0).abs() > 1e-9 {
            return Err(PartitionError::Shares { train, validation, test });
        }
        Ok(Self { train, validation })
    }
}

impl Default for Shares {
    /// 60 / 10 / 30.
    fn default() -> Self {
        Self { train: 0.6, validation: 0.1 }
    }
}

/// Divides rows by a hash of the seed and the row's group key.
///
/// The dataset is not part of the hash: a question that two datasets share would otherwise be train in one and test in
/// the other. A row's part still depends on nothing but its own key, so adding a dataset moves no row of another, and
/// rows with one key are together wherever they come from. The shares hold on average, not exactly; in a dataset of a
/// handful of groups a part can be empty.
///
/// With a `secret` the parts cannot be foreseen by anyone who does not know it, so a router that carries memorised
/// answers for one public seed gains nothing.
pub fn fair(rows: Rows<'_>, seed: u64, secret: Option<&str>, shares: Shares) -> Partition {
    let prefix = prefix(seed, secret);
    let mut partition = Partition::default();
    for (row, _, key) in rows.iter() {
        let place = place(prefix.clone(), key);
        if place < shares.train {
            partition.train.push(row);
        } else if place < shares.train + shares.validation {
            partition.validation.push(row);
        } else {
            partition.test.push(row);
        }
    }
    partition
}

/// What all rows have in common. Every text is preceded by its length, so that no two inputs run into one.
fn prefix(seed: u64, secret: Option<&str>) -> Sha256 {
    let mut hash = Sha256::new();
    text(&mut hash, DOMAIN);
    hash.update(seed.to_le_bytes());
    hash.update([u8::from(secret.is_some())]);
    text(&mut hash, secret.unwrap_or_default());
    hash
}

/// Where a key falls in `[0, 1)`.
fn place(mut hash: Sha256, key: &str) -> f64 {
    text(&mut hash, key);
    let digest = hash.finalize();
    let mut high = [0; 8];
    high.copy_from_slice(&digest[..8]);
    // 53 bits are what a double holds exactly.
    (u64::from_be_bytes(high) >> 11) as f64 / (1u64 << 53) as f64
}

fn text(hash: &mut Sha256, text: &str) {
    hash.update((text.len() as u64).to_le_bytes());
    hash.update(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Keys of `groups` groups of three rows each.
    fn grouped(groups: usize) -> Vec<String> {
        (0..groups * 3).map(|row| format!("group {}", row / 3)).collect()
    }

    /// The parts of rows of one dataset.
    fn divided(keys: &[&str], seed: u64, secret: Option<&str>) -> Partition {
        let datasets = vec!["only"; keys.len()];
        fair(Rows::new(&datasets, keys).unwrap(), seed, secret, Shares::default())
    }

    fn borrowed(texts: &[String]) -> Vec<&str> {
        texts.iter().map(String::as_str).collect()
    }

    #[test]
    fn parts_are_disjoint_and_cover_every_row() {
        let keys = grouped(1000);
        let keys = borrowed(&keys);
        for seed in 0..20 {
            let parts = divided(&keys, seed, None);
            let mut all = [parts.train, parts.validation, parts.test].concat();
            all.sort_unstable();
            assert_eq!(all, (0..3000).collect::<Vec<u32>>(), "seed {seed}");
        }
    }

    #[test]
    fn a_group_is_never_torn_apart() {
        let keys = grouped(1000);
        let keys = borrowed(&keys);
        for seed in 0..20 {
            let parts = divided(&keys, seed, None);
            let mut part_of: BTreeMap<&str, usize> = BTreeMap::new();
            for (part, rows) in [parts.train, parts.validation, parts.test].iter().enumerate() {
                for row in rows {
                    assert_eq!(*part_of.entry(keys[*row as usize]).or_insert(part), part, "seed {seed}");
                }
            }
        }
    }

    #[test]
    fn adding_a_dataset_moves_no_row_of_another() {
        let keys = grouped(500);
        let keys = borrowed(&keys);
        let before = divided(&keys, 42, None);
        let more: Vec<String> = (0..700).map(|row| format!("new {row}")).collect();
        let keys = [keys, borrowed(&more)].concat();
        let after = divided(&keys, 42, None);
        let old = |rows: &[u32]| rows.iter().copied().filter(|row| *row < 1500).collect::<Vec<u32>>();
        assert_eq!(old(&after.train), before.train);
        assert_eq!(old(&after.validation), before.validation);
        assert_eq!(old(&after.test), before.test);
    }

    #[test]
    fn shares_of_ten_thousand_groups_are_close_to_nominal() {
        let keys: Vec<String> = (0..10_000).map(|group| format!("group {group}")).collect();
        let keys = borrowed(&keys);
        for seed in 0..10 {
            let parts = divided(&keys, seed, None);
            // Four standard errors of a share are at most 0.02.
            for (rows, share) in [(&parts.train, 0.6), (&parts.validation, 0.1), (&parts.test, 0.3)] {
                assert!((rows.len() as f64 / 10_000.0 - share).abs() < 0.02, "seed {seed}: {}", rows.len());
            }
        }
    }

    #[test]
    fn seeds_and_secrets_make_other_partitions() {
        let keys = grouped(300);
        let keys = borrowed(&keys);
        let all = [(42, None), (43, None), (42, Some("")), (42, Some("sesame")), (42, Some("sesamf"))]
            .map(|(seed, secret)| divided(&keys, seed, secret));
        for (i, one) in all.iter().enumerate() {
            assert!(all[..i].iter().all(|other| other != one), "partition {i} repeats an earlier one");
        }
    }

    #[test]
    fn the_rule_is_frozen() {
        // Pinned: another value here would move the parts of every published run.
        let place = |seed, secret, key| (place(prefix(seed, secret), key) * 1e6) as u64;
        assert_eq!(place(42, None, "medqa/test/1"), 188_988);
        assert_eq!(place(42, Some("sesame"), "medqa/test/1"), 492_114);
        assert_eq!(place(999, None, &"long ".repeat(40)), 225_850);
    }

    #[test]
    fn the_dataset_of_a_row_does_not_matter() {
        let keys = grouped(500);
        let keys = borrowed(&keys);
        let datasets: Vec<String> = (0..keys.len()).map(|row| format!("set {}", row % 7)).collect();
        let parts = fair(Rows::new(&borrowed(&datasets), &keys).unwrap(), 42, None, Shares::default());
        assert_eq!(parts, divided(&keys, 42, None));
    }

    #[test]
    fn shares_that_do_not_add_up_are_refused() {
        for (train, validation, test) in [(0.6, 0.1, 0.2), (1.1, -0.1, 0.0), (f64::NAN, 0.5, 0.5)] {
            let error = Shares::new(train, validation, test).unwrap_err();
            let expected = format!(
                "shares must not be negative and must add up to 1: train {train}, validation {validation}, test {test}"
            );
            assert_eq!(error.to_string(), expected);
        }
        assert_eq!(Shares::new(0.6, 0.1, 0.3).unwrap(), Shares::default());
    }
}
