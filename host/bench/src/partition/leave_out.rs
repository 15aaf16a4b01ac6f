//! Tests on datasets that a router has never seen.

use std::collections::BTreeSet;

use super::{Partition, PartitionError, Rows};

/// Makes `left_out` the whole test part and takes it out of the others. The keys of `rows` are their
/// group keys.
///
/// Train and validation keep their rows of the other datasets, so the amount learned from each of them stays what it
/// is in `partition`; rows of the other datasets that `partition` tests are used nowhere. A row that shares its key
/// with a row of `left_out` is dropped from train and validation too: the question would not be unseen.
///
/// # Errors
/// When no row belongs to `left_out`.
pub fn leave_dataset_out(rows: Rows<'_>, partition: &Partition, left_out: &str) -> Result<Partition, PartitionError> {
    let of_dataset = || rows.iter().filter(|(_, dataset, _)| *dataset == left_out);
    let unseen: BTreeSet<&str> = of_dataset().map(|(_, _, key)| key).collect();
    if unseen.is_empty() {
        return Err(PartitionError::NoDataset { dataset: left_out.to_owned() });
    }
    // A row of the dataset itself has its own key among the unseen ones.
    let stays = |row: &u32| rows.keys.get(*row as usize).is_some_and(|key| !unseen.contains(key));
    Ok(Partition {
        train: partition.train.iter().copied().filter(stays).collect(),
        validation: partition.validation.iter().copied().filter(stays).collect(),
        test: of_dataset().map(|(row, _, _)| row).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dataset_left_out_is_tested_whole_and_learned_from_nowhere() {
        let (datasets, keys) = (["a", "b", "a", "b", "c", "c"], ["1", "2", "3", "1", "5", "6"]);
        let rows = Rows::new(&datasets, &keys).unwrap();
        let partition = Partition { train: vec![0, 2, 3, 4], validation: vec![1], test: vec![5] };
        let cases = [
            // Row 0 has the key of row 3, which is tested now; row 5 was test and stays out.
            ("b", Partition { train: vec![2, 4], validation: vec![], test: vec![1, 3] }),
            ("c", Partition { train: vec![0, 2, 3], validation: vec![1], test: vec![4, 5] }),
        ];
        for (left_out, expected) in cases {
            assert_eq!(leave_dataset_out(rows, &partition, left_out), Ok(expected), "{left_out}");
        }
        let error = leave_dataset_out(rows, &partition, "d").unwrap_err();
        assert_eq!(error.to_string(), "cannot leave out dataset `d`: no row belongs to it");
    }
}
