//! Texts that are alike by their embeddings.

use routerlab_kernels::{KernelError, Matrix, Threads};

/// Rows and columns of the block of products that is looked at together: 32 MiB.
const BLOCK: usize = 2896;

/// Embeddings of some rows, each of length 1.
#[derive(Debug)]
pub(super) struct Directions {
    /// The row of each vector.
    rows: Vec<usize>,
    vectors: Matrix,
}

impl Directions {
    /// Vectors by row; rows without one, and vectors that point nowhere, are left out. None where nothing is left.
    ///
    /// # Errors
    /// When vectors have different lengths.
    pub(super) fn new<'a>(all: impl Iterator<Item = Option<&'a [f32]>>) -> Result<Option<Self>, KernelError> {
        let (mut rows, mut values, mut width) = (Vec::new(), Vec::new(), 0);
        for (row, vector) in all.enumerate() {
            let Some(vector) = vector else { continue };
            let length = vector.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
            if length > 0.0 && length.is_finite() {
                width = vector.len();
                rows.push(row);
                values.extend(vector.iter().map(|value| (f64::from(*value) / length) as f32));
            }
        }
        if rows.is_empty() {
            return Ok(None);
        }
        let vectors = Matrix::new(rows.len(), width, values)?;
        Ok(Some(Self { rows, vectors }))
    }

    /// How many rows have one.
    pub(super) fn count(&self) -> usize {
        self.rows.len()
    }

    /// Calls `each` with every two rows whose cosine is at least `least`, the lower first, and after every block `done`
    /// with the share of all work that is done.
    ///
    /// # Errors
    /// When memory does not suffice.
    pub(super) fn pairs(
        &self,
        least: f64,
        threads: Threads,
        mut each: impl FnMut(usize, usize),
        mut done: impl FnMut(f64),
    ) -> Result<(), KernelError> {
        let starts = || (0..self.rows.len()).step_by(BLOCK);
        let block = |start: usize| self.vectors.slice_rows(start, BLOCK.min(self.rows.len() - start));
        let blocks = self.rows.len().div_ceil(BLOCK);
        let (all, mut seen) = (blocks * (blocks + 1) / 2, 0);
        for left in starts() {
            let ours = block(left)?;
            for right in starts().filter(|right| *right >= left) {
                let products = ours.multiply(&block(right)?, true, threads)?;
                for row in 0..products.rows() {
                    let first = if right == left { row + 1 } else { 0 };
                    for (at, cosine) in products.row(row).iter().enumerate().skip(first) {
                        if f64::from(*cosine) >= least {
                            each(self.rows[left + row], self.rows[right + at]);
                        }
                    }
                }
                seen += 1;
                done(seen as f64 / all as f64);
            }
        }
        Ok(())
    }

    /// The cosine of two rows; none where one has no vector.
    pub(super) fn cosine(&self, one: usize, other: usize) -> Option<f64> {
        let place = |row: usize| self.rows.binary_search(&row).ok();
        let (one, other) = (self.vectors.row(place(one)?), self.vectors.row(place(other)?));
        Some(one.iter().zip(other).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_found_whatever_the_length_of_the_vectors() {
        let vectors: [Option<&[f32]>; 6] =
            [Some(&[1.0, 0.0]), None, Some(&[0.0, 2.0]), Some(&[50.0, 1.0]), Some(&[0.0, 0.0]), Some(&[-3.0, 0.0])];
        let directions = Directions::new(vectors.into_iter()).unwrap().unwrap();
        assert_eq!(directions.count(), 4);
        let (mut found, mut last) = (Vec::new(), 0.0);
        directions.pairs(0.97, Threads::all(), |a, b| found.push((a, b)), |share| last = share).unwrap();
        assert_eq!((found, last), (vec![(0, 3)], 1.0));
        assert_eq!(directions.cosine(0, 5), Some(-1.0));
        assert_eq!(directions.cosine(0, 1), None);
        assert!(Directions::new(std::iter::repeat_n(None, 3)).unwrap().is_none());
        let uneven: [Option<&[f32]>; 2] = [Some(&[1.0]), Some(&[1.0, 0.0])];
        assert!(Directions::new(uneven.into_iter()).is_err());
    }

    #[test]
    fn blocks_meet_every_pair_once() {
        // A vector turns a little from row to row, so only neighbours are alike; more rows than a block has.
        let rows = BLOCK + 10;
        let vectors: Vec<[f32; 2]> = (0..rows).map(|row| (row as f32 * 1e-3).sin_cos()).map(|(s, c)| [c, s]).collect();
        let directions = Directions::new(vectors.iter().map(|vector| Some(vector.as_slice()))).unwrap().unwrap();
        let mut found = Vec::new();
        let least = f64::from(0.0015_f32).cos();
        directions.pairs(least, Threads::all(), |a, b| found.push((a, b)), |_| ()).unwrap();
        found.sort_unstable();
        assert_eq!(found, (0..rows - 1).map(|row| (row, row + 1)).collect::<Vec<_>>());
    }
}
