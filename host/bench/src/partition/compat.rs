//! The partition of LLMRouterBench, bit by bit.

use std::collections::{BTreeMap, HashMap};

use rand_mt::Mt;

use super::{Partition, PartitionError, Rows};

/// Divides rows as the reference does; the key of each row is its exact prompt text.
///
/// One MT19937 generator, seeded as Python seeds it from an integer, runs through all datasets in ascending byte order
/// of their names. In each dataset the distinct texts, in order of first appearance, are numbered, the numbers are
/// shuffled, and the texts at the first `int(n * ratio)` positions become train; every row follows its text. The
/// published ratio is 0.7. Datasets named in `held_out` are test as a whole and draw no random numbers.
///
/// The generator's state carries over, so a dataset that is added or dropped changes the parts of all later datasets.
/// That is a defect of the original that this function keeps on purpose; [`super::fair`] does not have it.
///
/// # Errors
/// When `ratio` does not lie between 0 and 1.
pub fn compat(rows: Rows<'_>, seed: u32, ratio: f64, held_out: &[&str]) -> Result<Partition, PartitionError> {
    if !(0.0..=1.0).contains(&ratio) {
        return Err(PartitionError::Ratio { ratio });
    }
    let mut by_dataset: BTreeMap<&str, Vec<(u32, &str)>> = BTreeMap::new();
    for (row, dataset, text) in rows.iter() {
        by_dataset.entry(dataset).or_default().push((row, text));
    }

    let mut random = Mt::new_with_key([seed]);
    let mut partition = Partition::default();
    for (dataset, members) in by_dataset {
        if held_out.contains(&dataset) {
            partition.test.extend(members.iter().map(|(row, _)| row));
            continue;
        }
        // Numbers each distinct text by first appearance; the map is only asked, never walked.
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        let numbered: Vec<(u32, usize)> = members
            .iter()
            .map(|(row, text)| {
                let next = numbers.len();
                (*row, *numbers.entry(text).or_insert(next))
            })
            .collect();
        let is_train = train_texts(&mut random, numbers.len(), ratio);
        for (row, text) in numbered {
            if is_train[text] { partition.train.push(row) } else { partition.test.push(row) }
        }
    }
    partition.train.sort_unstable();
    partition.test.sort_unstable();
    Ok(partition)
}

/// For each of `n` texts whether it is train.
fn train_texts(random: &mut Mt, n: usize, ratio: f64) -> Vec<bool> {
    // Double precision on purpose: for some n the product falls just below the exact value, as it does in Python.
    let n_train = (n as f64 * ratio) as usize;
    let mut is_train = vec![false; n];
    for text in &shuffled(random, n)[..n_train.min(n)] {
        is_train[*text] = true;
    }
    is_train
}

/// The numbers `0..n` in the order in which Python's `random.shuffle` leaves them.
fn shuffled(random: &mut Mt, n: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        order.swap(i, below(random, i + 1));
    }
    order
}

/// A number below `bound`: the top bits of one output, drawn again until it is small enough.
fn below(random: &mut Mt, bound: usize) -> usize {
    // Rows are numbered by 32 bits, so one 32-bit output is always wide enough.
    let bits = usize::BITS - bound.leading_zeros();
    loop {
        let drawn = (random.next_u32() >> (32 - bits)) as usize;
        if drawn < bound {
            return drawn;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn shuffles_equal_those_of_cpython() {
        // First eight entries for lists of 60 and then 121 from one generator.
        let vectors: [(u32, [usize; 8], [usize; 8]); 5] = [
            (42, [38, 23, 54, 11, 16, 20, 55, 58], [42, 56, 18, 107, 6, 19, 22, 38]),
            (999, [23, 24, 42, 52, 22, 7, 59, 35], [16, 30, 45, 98, 68, 105, 65, 83]),
            (2024, [2, 8, 38, 44, 0, 7, 42, 49], [66, 50, 70, 73, 117, 65, 57, 84]),
            (2025, [28, 15, 10, 40, 57, 56, 29, 58], [81, 45, 115, 47, 1, 73, 30, 53]),
            (3407, [44, 28, 10, 29, 24, 2, 48, 52], [70, 1, 111, 105, 66, 69, 61, 116]),
        ];
        for (seed, first, second) in vectors {
            let mut random = Mt::new_with_key([seed]);
            assert_eq!(shuffled(&mut random, 60)[..8], first, "seed {seed}");
            assert_eq!(shuffled(&mut random, 121)[..8], second, "seed {seed}");
        }
    }

    #[test]
    fn the_number_of_train_texts_is_rounded_as_a_double() {
        let count = |n| train_texts(&mut Mt::new_with_key([42]), n, 0.7).iter().filter(|is| **is).count();
        // The exact floor would be 63, 119, 126 and 490.
        assert_eq!([90, 170, 180, 700].map(count), [62, 118, 125, 489]);
        let short = (1usize..6000).filter(|n| ((*n as f64 * 0.7) as usize) < n * 7 / 10).count();
        assert_eq!(short, 143);
        assert_eq!((1usize..6000).filter(|n| ((*n as f64 * 0.8) as usize) < n * 8 / 10).count(), 0);
    }

    #[test]
    fn repeats_of_a_text_follow_it_and_every_row_has_one_part() {
        let texts: Vec<String> = (0..200).map(|row| format!("text {}", row % 60)).collect();
        let keys: Vec<&str> = texts.iter().map(String::as_str).collect();
        let datasets = vec!["only"; 200];
        let parts = compat(Rows::new(&datasets, &keys).unwrap(), 42, 0.7, &[]).unwrap();
        let in_train: BTreeSet<u32> = parts.train.iter().map(|row| row % 60).collect();
        assert_eq!(in_train.len(), 42);
        assert!(parts.test.iter().all(|row| !in_train.contains(&(row % 60))));
        assert!(parts.validation.is_empty());
        let mut all = [parts.train.clone(), parts.test.clone()].concat();
        all.sort_unstable();
        assert_eq!(all, (0..200).collect::<Vec<u32>>());
        // The text at the first shuffled position is train.
        assert!(parts.train.contains(&38));
    }

    #[test]
    fn datasets_are_taken_in_byte_order_whatever_the_order_of_rows() {
        let texts: Vec<String> = (0..60).map(|row| row.to_string()).collect();
        let keys: Vec<&str> = texts.iter().map(String::as_str).collect();
        let twice = [keys.clone(), keys].concat();
        let forward: Vec<&str> = [vec!["A"; 60], vec!["b"; 60]].concat();
        let backward: Vec<&str> = [vec!["b"; 60], vec!["A"; 60]].concat();
        let one = compat(Rows::new(&forward, &twice).unwrap(), 7, 0.7, &[]).unwrap();
        let other = compat(Rows::new(&backward, &twice).unwrap(), 7, 0.7, &[]).unwrap();
        let mut moved: Vec<u32> = other.train.iter().map(|row| (row + 60) % 120).collect();
        moved.sort_unstable();
        assert_eq!(one.train, moved);
    }

    #[test]
    fn a_held_out_dataset_is_test_and_draws_nothing() {
        let texts: Vec<String> = (0..60).map(|row| row.to_string()).collect();
        let keys: Vec<&str> = texts.iter().map(String::as_str).collect();
        let datasets: Vec<&str> = [vec!["a"; 20], vec!["b"; 40]].concat();
        let parts = compat(Rows::new(&datasets, &keys).unwrap(), 42, 0.7, &["a"]).unwrap();
        assert_eq!(parts.test[..20], (0..20).collect::<Vec<u32>>());
        let alone = compat(Rows::new(&datasets[20..], &keys[20..]).unwrap(), 42, 0.7, &[]).unwrap();
        assert_eq!(parts.train, alone.train.iter().map(|row| row + 20).collect::<Vec<u32>>());
    }

    #[test]
    fn a_ratio_that_is_no_share_is_refused() {
        for ratio in [-0.1, 1.1, f64::NAN] {
            let error = compat(Rows::new(&[], &[]).unwrap(), 1, ratio, &[]).unwrap_err();
            assert_eq!(error.to_string(), format!("train ratio must lie between 0 and 1: {ratio}"));
        }
    }
}
