//! Compares the last number of the answer with the ground truth by value.

use routerlab_sdk::answer::labelled_rest;
use routerlab_sdk::{Error, Evaluator, Item, NoConfig, Outcome, export_evaluator};

/// The evaluator.
pub struct Number;

impl Evaluator for Number {
    const NAME: &'static str = "number";
    type Config = NoConfig;

    fn new(_: NoConfig) -> Result<Self, Error> {
        Ok(Self)
    }

    fn score(&self, item: &Item, _: &[String]) -> Outcome {
        let truth = item.ground_truth.trim();
        let Some(wanted) = last_number(truth).filter(|found| found.len() == truth.len()) else {
            return Outcome::unknown(format!("the ground truth is not a number: `{truth}`"));
        };
        let in_rest = labelled_rest(&item.raw_output).and_then(last_number);
        match in_rest.or_else(|| last_number(&item.raw_output)) {
            Some(found) => Outcome::right_if(value(found) == value(wanted)).predicted(found),
            None => Outcome::right_if(false).because("no number in the output"),
        }
    }
}

/// The last number in a text: digits with commas between them, an optional minus sign and an optional fraction.
fn last_number(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let mut last = None;
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let start = if at > 0 && bytes[at - 1] == b'-' { at - 1 } else { at };
        let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let follows = |at: usize, sign: u8| bytes.get(at) == Some(&sign) && digits(at + 1) > 0;
        at += digits(at);
        while follows(at, b',') {
            at += 1 + digits(at + 1);
        }
        if follows(at, b'.') {
            at += 1 + digits(at + 1);
        }
        last = Some(&text[start..at]);
    }
    last
}

/// Sign, whole part and fraction without anything that does not change the value. Exact for any length.
fn value(number: &str) -> (bool, String, String) {
    let plain = number.replace(',', "");
    let (negative, digits) = plain.strip_prefix('-').map_or((false, plain.as_str()), |digits| (true, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let is_zero = whole.is_empty() && fraction.is_empty();
    (negative && !is_zero, whole.to_owned(), fraction.to_owned())
}

export_evaluator!(Number);

#[cfg(test)]
mod tests {
    use super::Number;
    use routerlab_sdk::{Evaluator, Item};

    fn score(output: &str, truth: &str) -> Option<f64> {
        let item = Item { raw_output: output.into(), ground_truth: truth.into(), ..Item::default() };
        Number.score(&item, &[]).score
    }

    #[test]
    fn the_last_number_of_the_labelled_rest_counts_by_value() {
        let cases = [
            ("42", "42", 1.0),
            ("Answer: 3 + 4 = 7\nThat took 2 steps", "7", 1.0),
            ("Answer: seven\nthat is 7", "7", 1.0),
            ("1,234.50 dollars", "1234.5", 1.0),
            ("It is -0.0", "0", 1.0),
            ("It is -5", "5", 0.0),
            ("007.", "7", 1.0),
            ("100000000000000000000000001", "100000000000000000000000002", 0.0),
            ("none", "7", 0.0),
            ("1.2.3", "3", 1.0),
        ];
        for (output, truth, expected) in cases {
            assert_eq!(score(output, truth), Some(expected), "{output:?}");
        }
    }

    #[test]
    fn a_ground_truth_that_is_no_number_gives_no_score() {
        assert_eq!(score("7", "seven"), None);
        assert_eq!(score("7", "7 apples"), None);
        assert_eq!(score("7", ""), None);
    }
}
