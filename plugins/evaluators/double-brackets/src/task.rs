//! Which of KOR-Bench's tasks a question belongs to, and how its answers are compared.

use serde::Deserialize;

/// The five kinds of task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Cipher,
    Operation,
    Puzzle,
    Counterfactual,
    Logic,
}

/// What the metadata of a query must say.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Task {
    question_type: Kind,
    rule_id: String,
    idx: String,
}

/// How two answers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Parts between semicolons, in any order.
    LogicParts,
    /// Text without blanks, quotes and full stops.
    Logic,
    /// Pairs of a sign and a number, in any order.
    Inequalities,
    /// Letters and digits, in any order.
    Characters,
    /// Whole numbers in order.
    Integers,
    /// Equal as algebra.
    Algebra,
    /// Alternatives joined by "or", in any order.
    Alternatives,
    /// A puzzle, by its rule's number.
    Puzzle(u32),
    /// Text without blanks, quotes and brackets.
    Text,
}

/// Numbers of the operations whose answers are formulas: first and last of each run.
const ALGEBRA: [(u32, u32); 22] = [
    (18, 18),
    (73, 74),
    (77, 77),
    (94, 94),
    (115, 117),
    (121, 123),
    (125, 125),
    (131, 132),
    (134, 136),
    (141, 141),
    (143, 143),
    (145, 147),
    (149, 149),
    (151, 156),
    (160, 162),
    (164, 166),
    (170, 170),
    (206, 206),
    (209, 209),
    (211, 215),
    (217, 217),
    (218, 218),
];

impl Task {
    pub(super) fn read(metadata: &str) -> Result<Self, String> {
        serde_json::from_str(metadata).map_err(|error| {
            format!("the metadata do not name the task by `question_type`, `rule_id` and `idx`: {error}")
        })
    }

    /// The first rule that applies. `truth` is the key.
    pub(super) fn rule(&self, truth: &str) -> Rule {
        let rule_id: Option<u32> = self.rule_id.parse().ok();
        let idx: Option<u32> = self.idx.parse().ok();
        let is_algebra = |idx: u32| ALGEBRA.iter().any(|(first, last)| (*first..=*last).contains(&idx));
        match self.question_type {
            Kind::Logic if rule_id == Some(5) => Rule::LogicParts,
            Kind::Logic => Rule::Logic,
            Kind::Operation if matches!(idx, Some(178 | 179)) => Rule::Inequalities,
            Kind::Operation if rule_id == Some(18) => Rule::Characters,
            Kind::Operation if matches!(rule_id, Some(23..=25)) => Rule::Integers,
            Kind::Operation if idx.is_some_and(is_algebra) => Rule::Algebra,
            Kind::Operation if truth.contains("or") => Rule::Alternatives,
            Kind::Puzzle => Rule::Puzzle(rule_id.unwrap_or_default()),
            Kind::Operation | Kind::Cipher | Kind::Counterfactual => Rule::Text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ALGEBRA;

    #[test]
    fn the_algebraic_operations_are_forty_five() {
        assert_eq!(ALGEBRA.iter().map(|(first, last)| last - first + 1).sum::<u32>(), 45);
    }
}
