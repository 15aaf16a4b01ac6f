//! Which rows a router learns from, which it may tune on, and which it is judged by.
//!
//! A partition is made of row numbers alone, so the same code serves every table. Two tracks exist:
//!
//! - [`fair`]: a keyed hash decides each group of equal texts by itself. A row's part depends on nothing but the
//!   seed and its group key: adding, dropping or renaming datasets or models moves nothing else.
//! - [`compat`]: the partition of LLMRouterBench (arXiv 2601.07206) to the bit, so that published numbers can be
//!   compared. It has no validation part, groups exact texts only, and one generator runs through all datasets.
//!
//! [`leave_dataset_out`] turns either into a test of what a router does on a dataset that it has never seen.

mod compat;
mod fair;
mod leave_out;

pub use compat::compat;
pub use fair::{Shares, fair};
pub use leave_out::leave_dataset_out;

/// Rows to divide, in file order: the dataset of each row and the key of what may not be torn apart.
///
/// For [`compat`] the key is the exact prompt text, for [`fair`] the group key.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    datasets: &'a [&'a str],
    keys: &'a [&'a str],
}

impl<'a> Rows<'a> {
    /// Pairs the columns.
    ///
    /// # Errors
    /// When the columns differ in length or have more rows than a `u32` can number.
    pub fn new(datasets: &'a [&'a str], keys: &'a [&'a str]) -> Result<Self, PartitionError> {
        if datasets.len() != keys.len() {
            return Err(PartitionError::Lengths { datasets: datasets.len(), keys: keys.len() });
        }
        if u32::try_from(datasets.len()).is_err() {
            return Err(PartitionError::TooMany { rows: datasets.len() });
        }
        Ok(Self { datasets, keys })
    }

    /// Row number, dataset and key of each row.
    fn iter(&self) -> impl Iterator<Item = (u32, &'a str, &'a str)> {
        (0u32..).zip(self.datasets.iter().zip(self.keys)).map(|(row, (dataset, key))| (row, *dataset, *key))
    }
}

/// Row numbers of each part, ascending. The parts are disjoint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Partition {
    /// What a router learns from.
    pub train: Vec<u32>,
    /// What a router may tune on and the host chooses operating points by. Empty in the compat track.
    pub validation: Vec<u32>,
    /// What nobody sees before the router is judged.
    pub test: Vec<u32>,
}

/// Why rows cannot be divided.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PartitionError {
    /// The columns belong to different tables.
    #[error("cannot divide rows: {datasets} dataset names but {keys} keys")]
    Lengths {
        /// Length of the dataset column.
        datasets: usize,
        /// Length of the key column.
        keys: usize,
    },
    /// Row numbers are 32 bits wide.
    #[error("cannot divide {rows} rows: there may be at most 4294967295")]
    TooMany {
        /// How many rows were given.
        rows: usize,
    },
    /// No share of the rows.
    #[error("train ratio must lie between 0 and 1: {ratio}")]
    Ratio {
        /// The ratio as given.
        ratio: f64,
    },
    /// Shares that are no shares.
    #[error("shares must not be negative and must add up to 1: train {train}, validation {validation}, test {test}")]
    Shares {
        /// Share of the training part.
        train: f64,
        /// Share of the validation part.
        validation: f64,
        /// Share of the test part.
        test: f64,
    },
    /// A dataset to leave out that has no row.
    #[error("cannot leave out dataset `{dataset}`: no row belongs to it")]
    NoDataset {
        /// The dataset as given.
        dataset: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_different_length_are_refused() {
        let error = Rows::new(&["a", "a"], &["x"]).unwrap_err();
        assert_eq!(error.to_string(), "cannot divide rows: 2 dataset names but 1 keys");
    }
}
