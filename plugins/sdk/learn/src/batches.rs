//! The order in which rows are learned from.

use routerlab_sdk::Random;

/// Rows in a new order every epoch, a batch at a time.
#[derive(Debug, Clone)]
pub struct Batches {
    order: Vec<u32>,
    size: usize,
    random: Random,
}

impl Batches {
    /// All of `rows` rows, `size` (at least 1) at a time; the last batch may be smaller.
    pub fn new(rows: usize, size: usize, seed: u64) -> Self {
        Self { order: (0..rows as u32).collect(), size: size.max(1), random: Random::new(seed) }
    }

    /// The batches of one epoch: every row once (Fisher and Yates).
    pub fn epoch(&mut self) -> impl Iterator<Item = &[u32]> {
        for last in (1..self.order.len()).rev() {
            self.order.swap(last, self.random.below(last as u32 + 1) as usize);
        }
        self.order.chunks(self.size)
    }
}

#[cfg(test)]
mod tests {
    use super::Batches;

    #[test]
    fn every_row_comes_once_an_epoch_and_each_epoch_in_another_order() {
        let mut batches = Batches::new(10, 4, 1);
        let mut epoch = || batches.epoch().map(<[u32]>::to_vec).collect::<Vec<_>>();
        let (first, second) = (epoch(), epoch());
        assert_eq!(first.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 2]);
        assert_ne!(first, second);
        let mut all = first.concat();
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<u32>>());
        assert_eq!(Batches::new(0, 4, 1).epoch().count(), 0);
    }
}
