//! Cutting texts into batches by tokens.

use std::ops::Range;

/// Places of texts in the order in which they are run: the longest first, so that batches hold texts of like length and the
/// last ones are small. Texts of the same length keep their order.
pub(crate) fn by_length(lengths: &[usize]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_by_key(|&text| std::cmp::Reverse(lengths[text]));
    order
}

/// Ranges of `order` of at most `budget` tokens and `most` texts each; a text longer than the budget is a batch of its own.
pub(crate) fn batches(order: &[usize], lengths: &[usize], budget: usize, most: usize) -> Vec<Range<usize>> {
    let mut all = Vec::new();
    let (mut start, mut tokens) = (0, 0);
    for (at, &text) in order.iter().enumerate() {
        if at > start && (tokens + lengths[text] > budget || at - start == most) {
            all.push(start..at);
            (start, tokens) = (at, 0);
        }
        tokens += lengths[text];
    }
    if start < order.len() {
        all.push(start..order.len());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_hold_every_text_once_and_keep_to_the_budget() {
        let lengths = [3, 9, 1, 4, 4, 12, 2];
        let order = by_length(&lengths);
        assert_eq!(order, [5, 1, 3, 4, 0, 6, 2]);
        let cases: [(usize, usize, &[usize]); 4] =
            [(10, 9, &[1, 1, 2, 3]), (1, 9, &[1; 7]), (100, 9, &[7]), (100, 3, &[3, 3, 1])];
        for (budget, most, sizes) in cases {
            let found = batches(&order, &lengths, budget, most);
            assert_eq!(found.iter().map(Range::len).collect::<Vec<_>>(), sizes, "{budget} tokens, {most} texts");
            assert_eq!(found.into_iter().flatten().collect::<Vec<_>>(), (0..7).collect::<Vec<_>>());
        }
        assert!(batches(&[], &[], 10, 10).is_empty());
    }
}
