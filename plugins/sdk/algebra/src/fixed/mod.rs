//! Both sides read as mathematics: brackets, roots and lists keep their meaning, words are words.

mod answer;
mod commands;
mod parser;
mod tokens;
mod units;
mod verdict;

use crate::number::Plain;

/// Longer texts are equal only to the same text.
const LONGEST_BYTES: usize = 4096;

/// Whether an answer is equal to the true one.
///
/// The two are not alike: where the truth is a whole number, a prediction that leaves a sum, product or power of whole
/// numbers undone is not equal to it. Fractions of whole numbers are equal only with the same parts. Everything else
/// is compared by value: the order of lists and sets does not matter, that of pairs does; units, names (`x = 5`) and
/// percent signs count only where both sides have them.
pub fn equal(prediction: &str, truth: &str) -> bool {
    let (prediction, truth) = (prediction.trim(), truth.trim());
    if prediction.is_empty() || truth.is_empty() {
        return false;
    }
    if prediction == truth {
        return true;
    }
    if let (Some(found), Some(wanted)) = (Plain::read(prediction), Plain::read(truth)) {
        if found.equals(&wanted) {
            return true;
        }
        // Another verdict is possible only where commas may separate the entries of a list.
        if !prediction.contains(',') && !truth.contains(',') {
            return false;
        }
    }
    if prediction.len().max(truth.len()) > LONGEST_BYTES {
        return false;
    }
    let mut work = verdict::Work::default();
    let commas_of_thousands = [prediction, truth].map(tokens::may_have_thousands);
    // A comma before three digits may be either kind; both sides are read alike.
    let readings: &[bool] = if commas_of_thousands == [false, false] { &[true] } else { &[true, false] };
    readings.iter().any(|&thousands| {
        let (found, wanted) = (tokens::read(prediction, thousands), tokens::read(truth, thousands));
        let (Some(found), Some(wanted)) = (found, wanted) else { return false };
        if tokens::same(&found, &wanted) || tokens::same_words(&found, &wanted) {
            return true;
        }
        match (answer::read(&found), answer::read(&wanted)) {
            (Some(found), Some(wanted)) => verdict::equal(&found, &wanted, &mut work),
            _ => false,
        }
    })
}
