//! The same rules with both sides read alike, once, and the last answer rather than the first.

use routerlab_answers::{boxed, thinking};
use routerlab_sdk::Outcome;

use crate::compat::{alternatives, characters, inequalities, integers, puzzle};
use crate::read::{Level, dollar_boxed, double, dropped, single};
use crate::task::{Rule, Task};

pub(super) fn score(reply: &str, truth: &str, task: &Task) -> Outcome {
    let reply = thinking::after_thinking(reply);
    let Some(found) = last(reply) else {
        return Outcome::right_if(false).because("nothing in brackets or in a box");
    };
    let key = double(truth).last().copied().unwrap_or(truth).trim();
    Outcome::right_if(same(found, key, task.rule(key))).predicted(found)
}

/// The last in double brackets, else in a box, else in single brackets.
fn last(text: &str) -> Option<&str> {
    let double = double(text).last().copied();
    let boxed = || dollar_boxed(text).last().copied().or_else(|| boxed::last_box(text));
    double.or_else(boxed).or_else(|| single(text).last().copied()).map(str::trim)
}

fn same(found: &str, key: &str, rule: Rule) -> bool {
    // Single quotes are decoration as double ones are.
    let clean = |text: &str| dropped(text, Level::Clean).replace('\'', "");
    let logic = |text: &str| dropped(text, Level::Logic).replace('\'', "");
    match rule {
        Rule::LogicParts => {
            let parts = |text: &str| {
                let mut parts: Vec<String> = logic(text).split(';').map(str::to_owned).collect();
                parts.sort();
                parts
            };
            parts(found) == parts(key)
        }
        Rule::Logic => logic(found) == logic(key),
        Rule::Inequalities => inequalities(found) == inequalities(key),
        Rule::Characters => characters(found) == characters(key),
        Rule::Integers => integers(found) == integers(key),
        Rule::Algebra => routerlab_algebra::equal(&dropped(found, Level::Math), &dropped(key, Level::Math)),
        Rule::Alternatives => alternatives(found) == alternatives(key),
        Rule::Puzzle(rule) => puzzle(found, key, rule),
        Rule::Text => clean(found) == clean(key),
    }
}
