//! Compares the steps of a laboratory protocol with those of the key: their order and their parameters.

mod protocol;

use std::collections::BTreeMap;

use routerlab_answers::Mode;
use routerlab_answers::tags::{last_filled, last_tagged};
use routerlab_answers::thinking::after_thinking;
use routerlab_sdk::{Error, Evaluator, Item, Outcome, export_evaluator};
use serde::Deserialize;

use crate::protocol::{Step, references, steps};

/// What may be set.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whose rules are followed.
    pub mode: Mode,
}

/// The evaluator.
pub struct ProtocolSteps {
    config: Config,
}

impl Evaluator for ProtocolSteps {
    const NAME: &'static str = "protocol-steps";
    const CONFIG_SCHEMA: &'static str = r#"{"type":"object","additionalProperties":false,"properties":{"mode":{"enum":["fixed","compat"],"default":"fixed"}}}"#;
    type Config = Config;

    fn new(config: Config) -> Result<Self, Error> {
        Ok(Self { config })
    }

    fn score(&self, item: &Item, _: &[String]) -> Outcome {
        let key = steps(&item.ground_truth);
        if key.is_empty() {
            return Outcome::unknown("the ground truth has no steps");
        }
        let is_compat = self.config.mode == Mode::Compat;
        let output = if is_compat { &item.raw_output } else { after_thinking(&item.raw_output) };
        let answer = if is_compat { last_tagged(output, "answer") } else { last_filled(output, "answer") };
        let found = steps(answer);
        if found.is_empty() {
            return Outcome::right_if(false).predicted(answer).because("no steps in the output");
        }
        let (wanted, given) = (self.actions(&key), self.actions(&found));
        let order = match wanted.len() == given.len() {
            false => 0.0,
            true if is_compat => same_alphabetical_order(&wanted, &given),
            true => kept_order(&wanted, &given),
        };
        let longer = key.len().max(found.len());
        let right = self.right_steps(&key, &found);
        let parameters = right as f64 / longer as f64;
        let why = format!("order {order:.2}, parameters of {right} of {longer} steps right");
        let outcome = Outcome { score: Some((order + parameters) / 2.0), ..Outcome::default() };
        outcome.predicted(answer).because(why)
    }
}

impl ProtocolSteps {
    /// As typed in compat; in fixed blanks and letter case do not matter.
    fn name(&self, name: &str) -> String {
        match self.config.mode {
            Mode::Compat => name.to_owned(),
            Mode::Fixed => name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase(),
        }
    }

    fn actions(&self, steps: &[Step]) -> Vec<String> {
        steps.iter().map(|step| self.name(step.action)).collect()
    }

    /// How many steps have the action, the parameters' names and the references of the key's step in their place.
    fn right_steps(&self, key: &[Step], found: &[Step]) -> usize {
        let (mut known_key, mut known_found) = (BTreeMap::new(), BTreeMap::new());
        let mut right = 0;
        for (place, (wanted, given)) in key.iter().zip(found).enumerate() {
            let same_action = self.name(wanted.action) == self.name(given.action);
            right +=
                usize::from(same_action && self.references(wanted, &known_key) == self.references(given, &known_found));
            // Results are known by what made them, not by their names.
            known_key.extend(wanted.outputs.iter().enumerate().map(|(output, &name)| (name, (place, output))));
            known_found.extend(given.outputs.iter().enumerate().map(|(output, &name)| (name, (place, output))));
        }
        right
    }

    /// Which results of earlier steps each parameter takes. Values of its own may be what they like.
    fn references<'a>(
        &self,
        step: &Step<'a>,
        known: &BTreeMap<&'a str, (usize, usize)>,
    ) -> BTreeMap<String, Vec<(usize, usize)>> {
        let taken = |value: &'a str| references(value, |name| known.get(name).copied());
        step.parameters.iter().map(|(name, value)| (self.name(name), taken(value))).collect()
    }
}

/// The reference's similarity: the share of pairs of places whose two actions are in the same alphabetical order in both
/// lists, whatever the actions are.
fn same_alphabetical_order(wanted: &[String], given: &[String]) -> f64 {
    let (wanted, given) = (ranks(wanted), ranks(given));
    share_of_pairs(wanted.len(), |i, j| wanted[i].cmp(&wanted[j]) == given[i].cmp(&given[j])).unwrap_or(1.0)
}

/// The share of pairs of wanted actions that are both given, in the wanted order. Of equal actions the first is the
/// first.
fn kept_order(wanted: &[String], given: &[String]) -> f64 {
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, action) in given.iter().enumerate().rev() {
        places.entry(action).or_default().push(place);
    }
    let place = |action: &String| places.get_mut(action.as_str()).and_then(Vec::pop);
    let places: Vec<Option<usize>> = wanted.iter().map(place).collect();
    let kept = |i: usize, j: usize| places[i].is_some() && places[j].is_some() && places[i] < places[j];
    let single = if wanted == given { 1.0 } else { 0.0 };
    share_of_pairs(places.len(), kept).unwrap_or(single)
}

/// The share of pairs that pass; none where there is no pair.
fn share_of_pairs(count: usize, passes: impl Fn(usize, usize) -> bool) -> Option<f64> {
    let pairs = count * count.saturating_sub(1) / 2;
    let passing: usize = (0..count).map(|i| (i + 1..count).filter(|&j| passes(i, j)).count()).sum();
    (pairs > 0).then(|| passing as f64 / pairs as f64)
}

/// Numbers in the alphabetical order of the texts, so that a pair costs one comparison.
fn ranks(texts: &[String]) -> Vec<usize> {
    let mut sorted: Vec<&String> = texts.iter().collect();
    sorted.sort_unstable();
    sorted.dedup();
    texts.iter().map(|text| sorted.partition_point(|other| *other < text)).collect()
}

export_evaluator!(ProtocolSteps);

#[cfg(test)]
mod tests {
    use super::{Config, ProtocolSteps};
    use routerlab_answers::Mode;
    use routerlab_sdk::{Evaluator, Item};

    const KEY: &str = "x = <Take>(\n of=\"sand\"\n)\ny = <Wash>(\n what=x\n)\nz = <Dry>(\n what=y, hours=3\n)";

    fn scores(output: &str, key: &str) -> (Option<f64>, Option<f64>) {
        let item = Item { raw_output: output.into(), ground_truth: key.into(), ..Item::default() };
        let score = |mode| ProtocolSteps { config: Config { mode } }.score(&item, &[]).score;
        (score(Mode::Compat), score(Mode::Fixed))
    }

    #[test]
    fn order_and_parameters_count_by_halves() {
        let both = |score| (Some(score), Some(score));
        assert_eq!(scores(KEY, KEY), both(1.0));
        assert_eq!(scores(&KEY.replace("what=y", "what=x"), KEY), both(0.5 + 1.0 / 3.0));
        assert_eq!(scores(&KEY.replace("hours=3", "hours=z9"), KEY), both(1.0));
        assert_eq!(scores(&KEY.replace("hours", "minutes"), KEY), both(0.5 + 1.0 / 3.0));
        assert_eq!(scores(&format!("{KEY}\nq = <Wait>()"), KEY), both(3.0 / 8.0));
        assert_eq!(scores("wash it", KEY), both(0.0));
        assert_eq!(scores(KEY, "wash it"), (None, None));
    }

    #[test]
    fn other_actions_have_no_order_to_keep() {
        let cases = [
            ("a = <Fry>()", "a = <Boil>()", 0.5, 0.0),
            ("a = <Boil>()", "a = <Boil>()", 1.0, 1.0),
            ("a = < boil>()", "a = <Boil>()", 0.5, 1.0),
            ("a = <A>()\nb = <Z>()", "a = <B>()\nb = <C>()", 0.5, 0.0),
            ("a = <B>()\nb = <B>()", "a = <B>()\nb = <B>()", 1.0, 1.0),
        ];
        for (output, key, compat, fixed) in cases {
            assert_eq!(scores(output, key), (Some(compat), Some(fixed)), "{output}");
        }
    }
}
