//! Which queries a page shows, where it cannot show all.

use std::collections::BTreeMap;

use routerlab_metrics::CORRECT;

use crate::report::html::choices::Choices;

/// Queries of a page, at most.
pub(super) const MOST: usize = 400;

/// The rule, for whoever reads the page.
pub(super) const RULE: &str = "Queries on which routers disagree (some right, some wrong, over all routers and seeds) come before the others. Both are taken in turn from every pair of dataset and number of right models, in each the most divided first, then by id.";

/// A query that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pick {
    /// Position in [`Choices::queries`].
    pub(super) query: usize,
    /// Choices that are right, over routers and seeds.
    pub(super) right: usize,
    /// All choices.
    pub(super) all: usize,
}

impl Pick {
    /// Whether some routers are right and others are not.
    pub(super) fn disagrees(&self) -> bool {
        self.right > 0 && self.right < self.all
    }

    /// How near to half of the choices are right: choices in the minority, in thousandths of all.
    fn divided(&self) -> usize {
        1000 * self.right.min(self.all - self.right) / self.all.max(1)
    }
}

/// Every query with its votes, in the order of the ids.
pub(super) fn votes(choices: &Choices) -> Vec<Pick> {
    let of_query = |query: usize| {
        let votes = || choices.routers.iter().flat_map(|router| &router.of_seed).filter_map(|of| of[query]);
        Pick { query, right: votes().filter(|choice| choice.score >= CORRECT).count(), all: votes().count() }
    };
    (0..choices.queries.len()).map(of_query).collect()
}

/// Those that are shown, the most divided first. `stratum` is the dataset and the number of right models of a query.
pub(super) fn pick(votes: &[Pick], stratum: impl Fn(usize) -> (String, u32), most: usize) -> Vec<Pick> {
    let mut picked: Vec<Pick> = Vec::new();
    for disagreeing in [true, false] {
        let mut strata: BTreeMap<(String, u32), Vec<Pick>> = BTreeMap::new();
        for vote in votes.iter().filter(|vote| vote.disagrees() == disagreeing) {
            strata.entry(stratum(vote.query)).or_default().push(*vote);
        }
        for of in strata.values_mut() {
            // Stable: equals stay in the order of their ids.
            of.sort_by_key(|vote| std::cmp::Reverse(vote.divided()));
        }
        let longest = strata.values().map(Vec::len).max().unwrap_or_default();
        let in_turn = (0..longest).flat_map(|turn| strata.values().filter_map(move |of| of.get(turn)));
        picked.extend(in_turn.take(most - picked.len()));
    }
    picked.sort_by_key(|vote| (std::cmp::Reverse(vote.divided()), vote.query));
    picked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vote(query: usize, right: usize) -> Pick {
        Pick { query, right, all: 10 }
    }

    #[test]
    fn disagreements_come_first_and_every_stratum_has_its_turn() {
        // Queries 0 to 5 of one dataset, the last two of another; routers agree on the odd ones.
        let votes: Vec<Pick> = (0..8).map(|query| vote(query, if query % 2 == 1 { 10 } else { query + 1 })).collect();
        let stratum = |query: usize| (if query < 6 { "a" } else { "b" }.to_owned(), 1);
        let shown = |most| pick(&votes, stratum, most).iter().map(|pick| pick.query).collect::<Vec<_>>();
        assert_eq!(shown(2), [4, 6], "one of each dataset, the most divided");
        assert_eq!(shown(4), [4, 2, 6, 0], "all disagreements");
        assert_eq!(shown(6), [4, 2, 6, 0, 1, 7], "then the others in turn");
        assert_eq!(shown(100).len(), 8);
    }
}
