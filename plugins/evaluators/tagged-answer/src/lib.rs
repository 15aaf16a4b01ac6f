//! Compares a tagged short answer with the key, also after a judge has written it in the expected form.

use routerlab_answers::json::embedded;
use routerlab_answers::judge::{fill, is_failure, metadata, question};
use routerlab_answers::tags::{last_filled, last_tagged};
use routerlab_answers::thinking::after_thinking;
use routerlab_answers::{Mode, strip};
use routerlab_sdk::{Error, Evaluator, Item, Outcome, export_evaluator};
use serde::Deserialize;
use serde_json::Value;

/// What may be set.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whose rules are followed.
    pub mode: Mode,
}

/// The evaluator.
pub struct TaggedAnswer {
    config: Config,
}

impl Evaluator for TaggedAnswer {
    const NAME: &'static str = "tagged-answer";
    const NEEDS_JUDGE: bool = true;
    const CONFIG_SCHEMA: &'static str = r#"{"type":"object","additionalProperties":false,"properties":{"mode":{"enum":["fixed","compat"],"default":"fixed"}}}"#;
    type Config = Config;

    fn new(config: Config) -> Result<Self, Error> {
        Ok(Self { config })
    }

    fn judge(&self, item: &Item) -> Vec<String> {
        if strip(&item.ground_truth).is_empty() {
            return Vec::new();
        }
        let metadata = metadata(&item.metadata);
        // The example shows the kind of answer and nothing of the key.
        let example = if decimal(strip(&item.ground_truth)).is_some() { "12.5" } else { "a short phrase" };
        let form = include_str!("prompts/form.txt");
        let steps = fill(
            include_str!("prompts/steps.txt"),
            &[
                ("question", question(&metadata, &item.prompt)),
                ("steps", &steps(metadata.get("steps"))),
                ("key", &item.ground_truth),
                ("reply", self.read(item)),
            ],
        );
        vec![fill(form, &[("example", example), ("answer", self.answer(item))]), steps]
    }

    fn score(&self, item: &Item, replies: &[String]) -> Outcome {
        let key = strip(&item.ground_truth);
        if key.is_empty() {
            return Outcome::unknown("there is no reference answer");
        }
        let answer = self.answer(item);
        let rewritten = replies.first().map_or("", String::as_str);
        let right = self.is_key(answer, key) || self.is_key(self.rewritten(rewritten), key);
        let steps = replies.get(1).and_then(|reply| accuracy(self.without_thinking(reply)));
        let mut why = steps.unwrap_or_else(|| "no step was judged".to_owned());
        if is_failure(rewritten) {
            why.push_str("; the answer was compared as it stands");
        }
        Outcome::right_if(right).predicted(answer).because(why)
    }
}

impl TaggedAnswer {
    fn without_thinking<'a>(&self, text: &'a str) -> &'a str {
        if self.config.mode == Mode::Compat { text } else { after_thinking(text) }
    }

    fn read<'a>(&self, item: &'a Item) -> &'a str {
        self.without_thinking(&item.raw_output)
    }

    fn tagged<'a>(&self, text: &'a str) -> &'a str {
        if self.config.mode == Mode::Compat { last_tagged(text, "answer") } else { last_filled(text, "answer") }
    }

    /// The judge may put its form of the answer into a tag as well.
    fn rewritten<'a>(&self, reply: &'a str) -> &'a str {
        if self.config.mode == Mode::Compat { reply } else { self.tagged(after_thinking(reply)) }
    }

    fn answer<'a>(&self, item: &'a Item) -> &'a str {
        self.tagged(self.read(item))
    }

    /// Literally the key in compat; in fixed also in another spelling of the same text or number.
    fn is_key(&self, answer: &str, key: &str) -> bool {
        let answer = strip(answer);
        if self.config.mode == Mode::Compat || answer == key {
            return answer == key;
        }
        let (answer, key) = (plain(answer), plain(key));
        !answer.is_empty() && (answer == key || decimal(&answer).is_some_and(|value| decimal(&key) == Some(value)))
    }
}

/// In small letters, with single blanks, without markup and a full stop at the ends.
fn plain(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ").to_lowercase();
    let marks = ['*', '_', '`', '"', '\'', '$', ' '];
    let text = text.trim_matches(marks);
    text.strip_suffix('.').unwrap_or(text).trim_matches(marks).to_owned()
}

/// Sign, whole part and decimals of a plain decimal number, without what does not change its value.
fn decimal(text: &str) -> Option<(bool, &str, &str)> {
    let (negative, digits) = match text.strip_prefix(['-', '\u{2212}']) {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let are_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !are_digits(whole) || !are_digits(decimals) || whole.len() + decimals.len() == 0 {
        return None;
    }
    let (whole, decimals) = (whole.trim_start_matches('0'), decimals.trim_end_matches('0'));
    Some((negative && whole.len() + decimals.len() > 0, whole, decimals))
}

/// The reference's steps as text, one a line.
fn steps(steps: Option<&Value>) -> String {
    let text = |step: &Value| step.as_str().map_or_else(|| step.to_string(), str::to_owned);
    match steps {
        None | Some(Value::Null) => "(none are given)".to_owned(),
        Some(Value::Array(steps)) => steps.iter().map(text).collect::<Vec<_>>().join("\n"),
        Some(other) => text(other),
    }
}

/// The share of the steps that the judge calls correct, in words. JSON that does not read is not repaired.
fn accuracy(reply: &str) -> Option<String> {
    let steps: Vec<Value> = embedded(reply, '[')?;
    let is_correct = |step: &&Value| {
        step.get("judge").and_then(Value::as_str).is_some_and(|word| strip(word).eq_ignore_ascii_case("correct"))
    };
    let correct = steps.iter().filter(is_correct).count();
    (!steps.is_empty()).then(|| format!("{correct} of {} steps correct", steps.len()))
}

export_evaluator!(TaggedAnswer);

#[cfg(test)]
mod tests {
    use super::{Config, TaggedAnswer};
    use routerlab_answers::Mode;
    use routerlab_sdk::{Evaluator, Item, Outcome};

    fn item(output: &str, key: &str) -> Item {
        let metadata = r#"{"question": "How far?", "steps": ["look", {"then": 2}]}"#.into();
        Item { prompt: "p".into(), raw_output: output.into(), ground_truth: key.into(), metadata }
    }

    fn score(mode: Mode, output: &str, key: &str, replies: &[&str]) -> Outcome {
        let replies: Vec<String> = replies.iter().map(|&reply| reply.into()).collect();
        TaggedAnswer { config: Config { mode } }.score(&item(output, key), &replies)
    }

    #[test]
    fn who_rewrites_the_answer_does_not_see_the_key() {
        let asked = TaggedAnswer { config: Config::default() }.judge(&item("so <answer>4 km</answer>", "4.25"));
        let [form, steps] = &asked[..] else { panic!("two questions: {asked:?}") };
        assert!(form.contains("\n4 km\n") && form.contains("\n12.5\n") && !form.contains("4.25"), "{form}");
        assert!(steps.contains("How far?\n") && steps.contains("look\n{\"then\":2}\n") && steps.contains("\n4.25\n"));
        assert!(TaggedAnswer { config: Config::default() }.judge(&item("x", " ")).is_empty());
    }

    #[test]
    fn the_answer_or_its_rewritten_form_must_be_the_key() {
        let cases = [
            ("<answer>Oslo</answer>", "Oslo", "?", 1.0, 1.0),
            ("<answer>it is Oslo</answer>", "Oslo", "Oslo", 1.0, 1.0),
            ("<answer>**oslo**.</answer>", "Oslo", "?", 0.0, 1.0),
            ("<answer>0.250</answer>", "0.25", "?", 0.0, 1.0),
            ("<answer>-0.25</answer>", "0.25", "?", 0.0, 0.0),
            ("<answer>Bergen</answer>", "Oslo", "Bergen", 0.0, 0.0),
            ("<answer>in Oslo</answer>", "Oslo", "<answer>Oslo</answer>", 0.0, 1.0),
            ("<answer>Oslo</answer>, as <answer></answer> says", "Oslo", "?", 0.0, 1.0),
            ("<answer>Oslo</answer></think>Bergen", "Oslo", "?", 1.0, 0.0),
            ("", "Oslo", "", 0.0, 0.0),
            ("<answer>1.</answer>", ".", "", 0.0, 0.0),
        ];
        for (output, key, rewritten, compat, fixed) in cases {
            for (mode, expected) in [(Mode::Compat, compat), (Mode::Fixed, fixed)] {
                assert_eq!(score(mode, output, key, &[rewritten]).score, Some(expected), "{mode:?} {output}");
            }
        }
        assert_eq!(score(Mode::Fixed, "Oslo", "", &[]).score, None);
    }

    #[test]
    fn the_steps_are_counted_for_the_reader() {
        let why = |reply: &str| score(Mode::Fixed, "x", "x", &["x", reply]).explanation.unwrap();
        assert_eq!(why(r#"```json [{"judge": "correct"}, {"judge": "incorrect"}, 3]```"#), "1 of 3 steps correct");
        for reply in ["[]", "{}", "[{\"judge\": \"correct\"", "", "import os"] {
            assert_eq!(why(reply), "no step was judged", "{reply}");
        }
        let failed = score(Mode::Fixed, "x", "x", &["Generation failed: TimeoutError"]);
        assert_eq!(failed.score, Some(1.0));
        assert_eq!(failed.explanation.unwrap(), "no step was judged; the answer was compared as it stands");
    }
}
