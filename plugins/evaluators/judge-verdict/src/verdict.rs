//! One verdict, and many taken together.

use routerlab_sdk::Outcome;

/// What one reply of the judge says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Verdict {
    /// 0 to 1.
    pub(crate) score: f64,
    /// The answer or the grade that the judge names.
    pub(crate) prediction: Option<String>,
    /// What else it says.
    pub(crate) note: Option<String>,
}

impl Verdict {
    /// Right or wrong.
    pub(crate) fn right_if(right: bool) -> Self {
        Self { score: if right { 1.0 } else { 0.0 }, ..Self::default() }
    }

    /// The verdict as the outcome of an item.
    pub(crate) fn into_outcome(self) -> Outcome {
        Outcome { score: Some(self.score), prediction: self.prediction, explanation: self.note }
    }
}

/// Of `asked` votes these could be read; the others count as wrong. Marks are averaged. Otherwise more than half of all
/// must say right, and answer and note come from the first vote on the side that won.
pub(crate) fn together(verdicts: Vec<Verdict>, asked: usize, average: bool) -> Outcome {
    let sum: f64 = verdicts.iter().map(|verdict| verdict.score).sum();
    let votes = asked.max(1) as f64;
    let score = match average {
        true => sum / votes,
        false => f64::from(u8::from(sum * 2.0 > votes)),
    };
    let unread = asked.saturating_sub(verdicts.len());
    let is_right = score > 0.5;
    let speaker = verdicts.iter().position(|verdict| (verdict.score > 0.5) == is_right).unwrap_or(0);
    let Some(chosen) = verdicts.into_iter().nth(speaker) else {
        return Outcome { score: Some(score), ..Outcome::default() };
    };
    let outcome = Outcome { score: Some(score), ..chosen.into_outcome() };
    if asked <= 1 {
        return outcome;
    }
    let tally = match (average, unread) {
        (true, 0) => format!("mean of {asked} marks"),
        (true, unread) => format!("mean of {asked} marks, {unread} unreadable"),
        (false, 0) => format!("{sum} of {asked} votes say right"),
        (false, unread) => format!("{sum} of {asked} votes say right, {unread} unreadable"),
    };
    let why = outcome.explanation.as_ref().map_or(tally.clone(), |note| format!("{tally}; {note}"));
    outcome.because(why)
}
