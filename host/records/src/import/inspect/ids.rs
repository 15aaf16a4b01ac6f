//! Numbers for samples: their place among the ids of all logs, so that a query has one number in every log.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::error::TableError;
use crate::import::inspect::log::list_ids;
use crate::import::staged::SourceRead;
use crate::provenance::ContentDigest;

/// Numbers go before texts, and by their value.
type Rank = (bool, u64, String);

/// The ids of every task.
#[derive(Default)]
pub(super) struct Ids {
    found: BTreeMap<String, BTreeSet<Rank>>,
    index: HashMap<String, HashMap<String, u64>>,
}

impl Ids {
    /// Takes in the ids of a log.
    pub(super) fn add(&mut self, source: &mut SourceRead<'_>) -> Result<(), TableError> {
        if let Some((task, ids)) = list_ids(source)? {
            self.found.entry(task).or_default().extend(ids.into_iter().map(rank));
        }
        Ok(())
    }

    /// The same with a number for each.
    pub(super) fn ranked(mut self) -> Self {
        let numbered = |ids: &BTreeSet<Rank>| ids.iter().map(|(.., id)| id.clone()).zip(1..).collect();
        self.index = self.found.iter().map(|(task, ids)| (task.clone(), numbered(ids))).collect();
        self
    }

    /// The number of a sample, from 1.
    pub(super) fn index(&self, task: &str, id: &str) -> Option<u64> {
        self.index.get(task)?.get(id).copied()
    }

    /// Equal for equal ids.
    pub(super) fn digest(&self) -> String {
        let mut digest = ContentDigest::new();
        for (task, ids) in &self.found {
            digest.text(task).number(ids.len() as u64);
            ids.iter().for_each(|(.., id)| {
                digest.text(id);
            });
        }
        digest.hex()
    }
}

fn rank(id: String) -> Rank {
    match id.parse() {
        Ok(number) => (false, number, id),
        Err(_) => (true, 0, id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_before_texts_and_by_their_value() {
        let given = ["b", "10", "9", "a-1", "09"].map(str::to_owned);
        let found = BTreeMap::from([("t".to_owned(), given.into_iter().map(rank).collect())]);
        let ids = Ids { found, ..Ids::default() }.ranked();
        let order = ["09", "9", "10", "a-1", "b"].map(|id| ids.index("t", id));
        assert_eq!(order, [1, 2, 3, 4, 5].map(Some));
        assert_eq!((ids.index("t", "c"), ids.index("u", "b")), (None, None));
    }
}
