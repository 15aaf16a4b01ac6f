//! What can be measured of an idea, each on a scale of 0 to 100.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::idea::{FIELDS, Idea, plain};

/// Similarities that need an embedding; whoever has one puts them into the metadata under `similarities`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Similarities {
    /// Of the idea and the list of keywords.
    pub(crate) keywords: Option<f64>,
    /// The mean distance from known work, and from recent work.
    pub(crate) known_distance: Option<f64>,
    pub(crate) recent_distance: Option<f64>,
    /// The mean similarity of the idea's sentences.
    pub(crate) sentences: Option<f64>,
}

impl Similarities {
    /// Those of the metadata that are numbers, kept between 0 and 1.
    pub(crate) fn of(metadata: &Map<String, Value>) -> Self {
        let number = |name: &str| {
            let number = metadata.get("similarities")?.get(name)?.as_f64()?;
            Some(number.clamp(0.0, 1.0))
        };
        Self {
            keywords: number("keywords"),
            known_distance: number("known_distance"),
            recent_distance: number("recent_distance"),
            sentences: number("sentences"),
        }
    }

    /// Whether all that effectiveness and novelty need is there.
    pub(crate) fn are_complete(&self) -> bool {
        self.keywords.is_some() && self.known_distance.is_some() && self.recent_distance.is_some()
    }
}

/// Effectiveness, novelty, detailedness, feasibility. What would need a similarity that nobody gave is 0.
pub(crate) fn measures(idea: &Idea, key: &Idea, similarities: &Similarities) -> [f64; 4] {
    let distance = |distance: Option<f64>| distance.unwrap_or(0.0);
    [
        100.0 * similarities.keywords.unwrap_or(0.0),
        50.0 * distance(similarities.known_distance) + 50.0 * distance(similarities.recent_distance),
        detailedness(idea, similarities.sentences),
        100.0
            * (0.6 * overlap(&edges(idea.order()), &edges(key.order()))
                + 0.4 * overlap(&words(idea.steps()), &words(key.steps()))),
    ]
}

/// Completeness, and the penalties for repetition and for length, each out of ten.
fn detailedness(idea: &Idea, sentences: Option<f64>) -> f64 {
    let completeness = 10.0 * idea.filled() as f64 / FIELDS.len() as f64;
    // A mean similarity of 0.2 is that of any two sentences on one subject; 1 is saying one thing only.
    let repetition = (sentences.unwrap_or(0.0) - 0.2).max(0.0) / 0.8 * 10.0;
    let length = idea.text().chars().count() as f64;
    let outside = (300.0 - length).max(length - 700.0).max(0.0);
    let penalty = (outside / 100.0).min(10.0);
    10.0 * (0.2 * completeness + 0.4 * (10.0 - repetition) + 0.4 * (10.0 - penalty))
}

/// The share of what either has that both have; 0 where neither has anything.
fn overlap<T: Ord>(one: &BTreeSet<T>, other: &BTreeSet<T>) -> f64 {
    let both = one.intersection(other).count();
    let either = one.len() + other.len() - both;
    if either == 0 { 0.0 } else { both as f64 / either as f64 }
}

/// The pairs of steps of which one follows the other: "1-2", "1 -> 2"; "1-2-3" is two of them.
fn edges(order: &Value) -> BTreeSet<(String, String)> {
    let mut edges = BTreeSet::new();
    let mut add = |chain: &str| {
        let mut before: Option<&str> = None;
        for step in chain.split(|char: char| !char.is_alphanumeric()).filter(|step| !step.is_empty()) {
            if let Some(before) = before {
                edges.insert((before.to_owned(), step.to_owned()));
            }
            before = Some(step);
        }
    };
    match order {
        Value::Array(chains) => chains.iter().for_each(|chain| add(&plain(chain))),
        other => plain(other).split([',', ';', '\n']).for_each(add),
    }
    edges
}

/// The words of the steps, in small letters.
fn words(steps: &Value) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    let mut add = |text: &str| {
        let each = text.split(|char: char| !char.is_alphanumeric()).filter(|word| !word.is_empty());
        words.extend(each.map(str::to_lowercase));
    };
    match steps {
        Value::Object(steps) => steps.values().for_each(|step| add(&plain(step))),
        Value::Array(steps) => steps.iter().for_each(|step| add(&plain(step))),
        other => add(&plain(other)),
    }
    words
}

#[cfg(test)]
mod tests {
    use super::{Similarities, measures};
    use crate::idea::Idea;
    use serde_json::{Value, json};

    fn idea(text: &str, steps: Value, order: Value) -> Idea {
        let map = json!({"Idea": text, "ImplementationSteps": steps, "ImplementationOrder": order});
        Idea::of_reply(&map.to_string()).unwrap()
    }

    #[test]
    fn length_and_completeness_make_detailedness() {
        let of = |chars: usize| {
            let idea = idea(&"\u{e9}".repeat(chars), json!(["a"]), json!(["1-2"]));
            measures(&idea, &idea, &Similarities::default())[2]
        };
        // Three of six fields: 5 of 10 points for completeness.
        for (chars, expected) in [(300, 90.0), (700, 90.0), (750, 88.0), (200, 86.0), (5_000, 50.0)] {
            assert!((of(chars) - expected).abs() < 1e-9, "{chars}: {}", of(chars));
        }
    }

    #[test]
    fn graphs_overlap_by_edges_and_words() {
        let key = idea("x", json!({"1": "Load data", "2": "train"}), json!(["1-2", "2-3"]));
        let feasibility = |steps, order| measures(&idea("x", steps, order), &key, &Similarities::default())[3];
        assert!((feasibility(json!(["load DATA, train"]), json!("1 -> 2; 2 -> 3")) - 100.0).abs() < 1e-9);
        assert!((feasibility(json!(["load", "data", "train"]), json!(["1-2-4"])) - (20.0 + 40.0)).abs() < 1e-9);
        assert!((feasibility(json!(3), json!(null))).abs() < 1e-9);
    }

    #[test]
    fn similarities_come_from_the_metadata() {
        let metadata =
            json!({"similarities": {"keywords": 0.5, "known_distance": 1, "recent_distance": 0.2, "sentences": 7}});
        let similarities = Similarities::of(metadata.as_object().unwrap());
        assert!(similarities.are_complete());
        let idea = idea(&"x".repeat(400), json!(["a"]), json!(["1-2"]));
        let [effectiveness, novelty, detailedness, _] = measures(&idea, &idea, &similarities);
        assert!(
            (effectiveness - 50.0).abs() < 1e-9 && (novelty - 60.0).abs() < 1e-9 && (detailedness - 50.0).abs() < 1e-9
        );
        for odd in [json!({}), json!({"similarities": []}), json!({"similarities": {"keywords": "x"}})] {
            assert_eq!(Similarities::of(odd.as_object().unwrap()), Similarities::default(), "{odd}");
        }
    }
}
