//! What a collection would take, from what answers have taken so far.
//!
//! Of n missing answers and m known ones with mean x and variance s², the total is n x, and with 95 % between
//! n x ± 1.96 s sqrt(n + n²/m): the spread of the answers to come, and of the mean that is known only so well.

use std::collections::HashMap;

use routerlab_records::CompletionState;
use serde::Serialize;

use super::Prepared;
use crate::questions::Questions;

/// A number that is not known exactly.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Range {
    /// What is expected; none where nothing is known of answers yet.
    pub expected: Option<f64>,
    /// At least.
    pub low: f64,
    /// At most; none where nothing bounds it.
    pub high: Option<f64>,
}

/// What one model would take.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelForecast {
    /// The model.
    pub model: String,
    /// Answers that are missing.
    pub calls: u64,
    /// Answers that are known: what the forecast is from.
    pub pilot: u64,
    /// Tokens of prompts.
    pub prompt_tokens: Range,
    /// Tokens of answers.
    pub completion_tokens: Range,
    /// US dollars; none where nobody knows what tokens cost.
    pub usd: Option<Range>,
}

/// What all would take.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Forecast {
    /// Each model, in the order of names.
    pub models: Vec<ModelForecast>,
    /// Answers that are missing.
    pub calls: u64,
    /// US dollars of those models whose cost is known.
    pub usd: Range,
    /// Models whose cost nobody knows.
    pub without_price: Vec<String>,
    /// US dollars that were spent from this folder before.
    pub spent_usd: f64,
}

/// Mean and variance, added up.
#[derive(Debug, Clone, Copy, Default)]
struct Sample {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Sample {
    fn add(&mut self, value: f64) {
        self.count += 1.0;
        self.sum += value;
        self.squares += value * value;
    }

    /// The sum of `more` values like these.
    fn range(&self, more: f64) -> Range {
        const WITHIN: f64 = 1.96;
        let mean = self.sum / self.count;
        let variance = if self.count > 1.0 {
            ((self.squares - self.sum * mean) / (self.count - 1.0)).max(0.0)
        } else {
            // One value says nothing about their spread: as large as the value itself.
            mean * mean
        };
        let spread = WITHIN * (variance * (more + more * more / self.count)).sqrt();
        Range { expected: Some(more * mean), low: (more * mean - spread).max(0.0), high: Some(more * mean + spread) }
    }
}

#[allow(clippy::cast_precision_loss, reason = "counts of tokens and answers")]
pub(super) fn forecast(
    prepared: &Prepared,
    states: &[CompletionState],
    questions: &Questions,
    samples: u32,
) -> Result<Forecast, String> {
    let mut known: HashMap<&str, [Sample; 3]> = HashMap::new();
    for state in states {
        let of_model = known.entry(state.model.as_str()).or_default();
        for (sample, value) in of_model.iter_mut().zip([
            state.prompt_tokens.map(|tokens| tokens as f64),
            state.completion_tokens.map(|tokens| tokens as f64),
            state.cost_usd,
        ]) {
            if let Some(value) = value {
                sample.add(value);
            }
        }
    }
    // A rule of thumb where no answer has told yet: four letters to a token.
    let mut letters: HashMap<u32, u64> = HashMap::new();
    let mut about = |query: u32| -> Result<u64, String> {
        if let Some(known) = letters.get(&query) {
            return Ok(*known);
        }
        let length = questions.question(query)?.prompt.len() as u64;
        letters.insert(query, length);
        Ok(length)
    };
    let mut models = Vec::new();
    for (model, items) in prepared.models.iter().zip(&prepared.wanted) {
        let calls = items.len() as f64;
        let [prompt, completion, cost] = known.get(model.name.as_str()).copied().unwrap_or_default();
        let prompt_tokens = if prompt.count > 0.0 {
            prompt.range(calls)
        } else {
            let mut sum = 0;
            for item in items {
                sum += about(item / samples)?.div_ceil(4);
            }
            Range { expected: Some(sum as f64), low: sum as f64 / 2.0, high: Some(sum as f64 * 2.0) }
        };
        let completion_tokens = if completion.count > 0.0 {
            completion.range(calls)
        } else {
            Range { expected: None, low: calls, high: model.max_tokens().map(|most| calls * f64::from(most)) }
        };
        let usd = if cost.count > 0.0 {
            Some(cost.range(calls))
        } else {
            (if model.batch { model.batch_prices } else { model.prices }).map(|prices| {
                let cost = |prompt: f64, completion: f64| {
                    (prompt * prices.price.input + completion * prices.price.output) / 1e6
                };
                let expected = prompt_tokens.expected.zip(completion_tokens.expected);
                Range {
                    expected: expected.map(|(prompt, completion)| cost(prompt, completion)),
                    low: cost(prompt_tokens.low, completion_tokens.low),
                    high: prompt_tokens.high.zip(completion_tokens.high).map(|(prompt, tokens)| cost(prompt, tokens)),
                }
            })
        };
        models.push(ModelForecast {
            model: model.name.to_string(),
            calls: items.len() as u64,
            pilot: cost.count.max(completion.count) as u64,
            prompt_tokens,
            completion_tokens,
            usd,
        });
    }
    Ok(total(models, prepared.spent().0))
}

/// Bounds of several models together: expected values add up, and so do the squares of how far bounds are from them, as
/// models answer for themselves; where nothing is expected, the bounds themselves.
fn total(models: Vec<ModelForecast>, spent_usd: f64) -> Forecast {
    let asked = || models.iter().filter(|model| model.calls > 0);
    let mut usd = Range { expected: Some(0.0), low: 0.0, high: Some(0.0) };
    let (mut below, mut above) = (0.0_f64, 0.0_f64);
    for range in asked().filter_map(|model| model.usd) {
        match (range.expected, range.high) {
            (Some(expected), Some(high)) => {
                usd.expected = usd.expected.map(|sum| sum + expected);
                usd.low += expected;
                usd.high = usd.high.map(|sum| sum + expected);
                below += (expected - range.low).powi(2);
                above += (high - expected).powi(2);
            }
            (_, high) => {
                usd.expected = None;
                usd.low += range.low;
                usd.high = usd.high.zip(high).map(|(sum, high)| sum + high);
            }
        }
    }
    usd.low = (usd.low - below.sqrt()).max(0.0);
    usd.high = usd.high.map(|high| high + above.sqrt());
    let without_price = asked().filter(|model| model.usd.is_none()).map(|model| model.model.clone()).collect();
    Forecast { calls: asked().map(|model| model.calls).sum(), usd, without_price, spent_usd, models }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forecast_widens_with_what_is_unknown() {
        let mut sample = Sample::default();
        for value in [1.0, 3.0, 2.0, 2.0] {
            sample.add(value);
        }
        // Mean 2, variance 2/3; 1.96 sqrt(2/3 (100 + 2500)) = 81.6.
        let range = sample.range(100.0);
        assert_eq!(range.expected, Some(200.0));
        assert!((range.low - 118.4).abs() < 0.1 && (range.high.unwrap() - 281.6).abs() < 0.1, "{range:?}");
    }

    #[test]
    fn what_nothing_bounds_makes_the_whole_unbounded() {
        let model = |name: &str, usd: Option<Range>| ModelForecast {
            model: name.into(),
            calls: 1,
            pilot: 0,
            prompt_tokens: Range::default(),
            completion_tokens: Range::default(),
            usd,
        };
        let known = Range { expected: Some(2.0), low: 1.0, high: Some(3.0) };
        let open = Range { expected: None, low: 0.5, high: None };
        let both = total(vec![model("a", Some(known)), model("b", Some(known)), model("c", None)], 0.0);
        assert_eq!(both.usd.expected, Some(4.0));
        assert!((both.usd.low - (4.0 - 2_f64.sqrt())).abs() < 1e-12);
        assert_eq!(both.without_price, ["c"]);
        let unbounded = total(vec![model("a", Some(known)), model("b", Some(open))], 0.0);
        assert_eq!((unbounded.usd.expected, unbounded.usd.high), (None, None));
        assert!((unbounded.usd.low - 1.5).abs() < 1e-12);
    }
}
