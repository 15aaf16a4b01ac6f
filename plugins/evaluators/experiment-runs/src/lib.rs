//! Compares what completed programs printed with what they should have printed; runs nothing.

mod functions;
mod verdict;

use routerlab_answers::Mode;
use routerlab_answers::judge::{UNPARSABLE, Unparsable, fill, metadata, short};
use routerlab_answers::tags::{last_filled, last_tagged};
use routerlab_answers::thinking::after_thinking;
use routerlab_sdk::{Error, Evaluator, Item, Outcome, export_evaluator};
use serde::Deserialize;
use serde_json::{Map, Value};

/// What may be set.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whose rules are followed.
    pub mode: Mode,
    /// What a judge's reply without a readable verdict means. In compat always that the output is wrong.
    pub unparsable: Unparsable,
}

/// Outputs longer than this many bytes are cut where a judge sees them.
const SHOWN_BYTES: usize = 16_000;

/// The evaluator.
pub struct ExperimentRuns {
    config: Config,
}

/// One run of the program.
struct Run<'a> {
    expected: &'a str,
    /// None where the run did not end cleanly.
    printed: Option<&'a str>,
}

impl Evaluator for ExperimentRuns {
    const NAME: &'static str = "experiment-runs";
    const NEEDS_JUDGE: bool = true;
    const CONFIG_SCHEMA: &'static str = r#"{"type":"object","additionalProperties":false,"properties":{"mode":{"enum":["fixed","compat"],"default":"fixed"},"unparsable":{"enum":["wrong","unknown"],"default":"wrong"}}}"#;
    type Config = Config;

    fn new(config: Config) -> Result<Self, Error> {
        Ok(Self { config })
    }

    fn judge(&self, item: &Item) -> Vec<String> {
        let metadata = metadata(&item.metadata);
        let Ok(expected) = expected(&item.ground_truth) else { return Vec::new() };
        let Ok(runs) = runs(&expected, &metadata) else { return Vec::new() };
        let open = functions::open(&metadata).join("\n");
        let program = metadata.get("incomplete_main_code").and_then(Value::as_str).unwrap_or_default();
        let parts = [("functions", open.as_str()), ("program", program), ("reply", self.read(item))];
        let first = fill(include_str!("prompts/functions.txt"), &parts);
        let outputs = runs.iter().filter_map(|run| Some((run.expected, self.differing(run)?)));
        let outputs = outputs.map(|(expected, printed)| {
            let parts = [("expected", cut(expected)), ("printed", cut(printed))];
            fill(include_str!("prompts/outputs.txt"), &parts)
        });
        std::iter::once(first).chain(outputs).collect()
    }

    fn score(&self, item: &Item, replies: &[String]) -> Outcome {
        let metadata = metadata(&item.metadata);
        let expected = match expected(&item.ground_truth) {
            Ok(expected) => expected,
            Err(why) => return Outcome::unknown(why),
        };
        let runs = match runs(&expected, &metadata) {
            Ok(runs) => runs,
            Err(why) => return Outcome::unknown(why),
        };
        let answer = self.answer(item);
        let mut replies = replies.iter().map(String::as_str);
        let open = functions::open(&metadata);
        let cleaned = replies.next().unwrap_or_default();
        let replaces = |code: &str| functions::any_defined(code, &open, self.config.mode);
        if !open.is_empty() && !replaces(answer) && !replaces(cleaned) {
            return Outcome::right_if(false).predicted(answer).because("no open function is completed");
        }
        let verdicts: Vec<Option<bool>> = runs.iter().map(|run| self.verdict(run, &mut replies)).collect();
        let count = |wanted: Option<bool>| verdicts.iter().filter(|&&verdict| verdict == wanted).count();
        let (right, wrong, unread) = (count(Some(true)), count(Some(false)), count(None));
        let clean = runs.iter().filter(|run| run.printed.is_some()).count();
        let mut why = format!("{right} of {} runs pass, {clean} end cleanly", runs.len());
        if unread > 0 {
            why = format!("{UNPARSABLE}: {unread}; {why}");
        }
        // One wrong run decides, whatever the unreadable verdict on another might have been.
        let outcome = match unread > 0 && wrong == 0 && self.config.unparsable == Unparsable::Unknown {
            true => Outcome::default(),
            false => Outcome::right_if(right == runs.len()),
        };
        outcome.predicted(answer).because(why)
    }
}

impl ExperimentRuns {
    fn read<'a>(&self, item: &'a Item) -> &'a str {
        if self.config.mode == Mode::Compat { &item.raw_output } else { after_thinking(&item.raw_output) }
    }

    fn answer<'a>(&self, item: &'a Item) -> &'a str {
        let output = self.read(item);
        if self.config.mode == Mode::Compat { last_tagged(output, "answer") } else { last_filled(output, "answer") }
    }

    /// What a run printed where a judge must compare it.
    fn differing<'a>(&self, run: &Run<'a>) -> Option<&'a str> {
        let same = |printed: &str| match self.config.mode {
            Mode::Compat => printed == run.expected,
            Mode::Fixed => same_lines(printed, run.expected),
        };
        run.printed.filter(|printed| !same(printed))
    }

    /// Whether a run is right; none where nobody can tell. Takes a reply where the outputs differ.
    fn verdict<'a>(&self, run: &Run, replies: &mut impl Iterator<Item = &'a str>) -> Option<bool> {
        run.printed.map_or(Some(false), |_| match self.differing(run) {
            None => Some(true),
            Some(_) => {
                let reply = replies.next().unwrap_or_default();
                if self.config.mode == Mode::Compat { Some(verdict::compat(reply)) } else { verdict::fixed(reply) }
            }
        })
    }
}

/// The expected outputs.
fn expected(ground_truth: &str) -> Result<Vec<String>, String> {
    match serde_json::from_str::<Vec<String>>(ground_truth) {
        Ok(expected) if !expected.is_empty() => Ok(expected),
        _ => Err("the ground truth is not a JSON list of expected outputs".to_owned()),
    }
}

/// The runs: what was printed is `run_outputs` of the metadata, a text each or null. A run that is missing did not end.
fn runs<'a>(expected: &'a [String], metadata: &'a Map<String, Value>) -> Result<Vec<Run<'a>>, String> {
    let outputs = metadata.get("run_outputs").or_else(|| metadata.get("stub_run_outputs"));
    let Some(outputs) = outputs.and_then(Value::as_array) else {
        return Err("the metadata has no list `run_outputs`".to_owned());
    };
    if let Some(other) = outputs.iter().find(|output| !output.is_string() && !output.is_null()) {
        return Err(format!("an output is neither a text nor null: {}", short(&other.to_string(), 40)));
    }
    let printed = |place: usize| outputs.get(place).and_then(Value::as_str);
    Ok(expected.iter().enumerate().map(|(place, expected)| Run { expected, printed: printed(place) }).collect())
}

/// Whether two texts differ in nothing but white space at the ends of lines and of the whole.
fn same_lines(one: &str, other: &str) -> bool {
    one.trim_end().lines().map(str::trim_end).eq(other.trim_end().lines().map(str::trim_end))
}

/// The beginning of a text.
fn cut(text: &str) -> &str {
    let mut end = text.len().min(SHOWN_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

export_evaluator!(ExperimentRuns);

#[cfg(test)]
mod tests;
