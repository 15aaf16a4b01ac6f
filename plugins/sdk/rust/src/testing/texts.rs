//! Texts that nobody would write, for evaluators: put together from fragments, always the same ones, and very long ones.

use crate::{Evaluator, Item, Random};

/// Texts put together at random from fragments; the same seed gives the same texts.
#[derive(Debug, Clone)]
pub struct OddTexts(Random);

impl OddTexts {
    /// Texts that follow from `seed`.
    pub fn new(seed: u64) -> Self {
        Self(Random::new(seed))
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0.below(u32::try_from(bound).unwrap_or(u32::MAX)) as usize
    }

    /// Up to `most` fragments in a row.
    pub fn text(&mut self, fragments: &[&str], most: usize) -> String {
        let count = self.below(most + 1);
        (0..count).map(|_| fragments[self.below(fragments.len())]).collect()
    }
}

/// What odd items are made of.
#[derive(Debug, Clone, Copy)]
pub struct OddItems<'a> {
    /// Pieces of replies, prompts and what a judge says.
    pub fragments: &'a [&'a str],
    /// Reference answers that can be read; half of the items have pieces instead.
    pub keys: &'a [&'a str],
    /// Metadata, whole.
    pub metadata: &'a [&'a str],
}

/// Asks and scores thousands of odd items with odd replies, also with too few and too many of them.
///
/// # Panics
/// When the evaluator does, gives the same item two outcomes, or a score that is not between 0 and 1.
pub fn withstands_odd_items<E: Evaluator>(evaluator: &E, seed: u64, of: OddItems<'_>) {
    let mut odd = OddTexts::new(seed);
    for _ in 0..4_000 {
        let item = Item {
            prompt: odd.text(of.fragments, 3),
            raw_output: odd.text(of.fragments, 12),
            ground_truth: if odd.below(2) == 0 { odd.text(of.fragments, 4) } else { odd.text(of.keys, 1) },
            metadata: odd.text(of.metadata, 1),
        };
        let asked = evaluator.judge(&item).len() + usize::from(odd.below(4) == 0);
        let replies: Vec<String> = (0..asked).map(|_| odd.text(of.fragments, 12)).collect();
        let first = evaluator.score(&item, &replies);
        assert_eq!(first, evaluator.score(&item, &replies));
        assert!(first.score.is_none_or(|score| (0.0..=1.0).contains(&score)), "{first:?} of {item:?}");
        evaluator.score(&item, &replies[..odd.below(asked + 1)]);
    }
}

/// Asks and scores texts of a fragment, alone and with a blank or a line end, repeated to a great length. Work that grows
/// with the square of the length would not end.
///
/// # Panics
/// When the evaluator does.
pub fn withstands_long_texts<E: Evaluator>(evaluator: &E, fragments: &[&str], key: &str, metadata: &str) {
    const LENGTH: usize = 100_000;
    for first in fragments {
        for second in ["", " ", "\n"] {
            let pair = [*first, second].concat();
            let text = pair.repeat(LENGTH / pair.len().max(1));
            let item = Item {
                prompt: String::new(),
                raw_output: text.clone(),
                ground_truth: key.to_owned(),
                metadata: metadata.to_owned(),
            };
            let replies = vec![text; evaluator.judge(&item).len()];
            evaluator.score(&item, &replies);
        }
    }
}
