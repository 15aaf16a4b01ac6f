//! Which comparison belongs to a question of KORBench (arXiv 2410.06526).

/// How reply and key are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Parts between semicolons, in any order.
    LogicParts,
    /// The text without blanks and full stops.
    Logic,
    /// Signs of inequality, each with its number, in any order.
    Inequalities,
    /// Word characters in any order.
    Characters,
    /// Integers in their order.
    Integers,
    /// Algebraic equality.
    Algebra,
    /// Alternatives between "or", in any order.
    Alternatives,
    /// Letters in any case.
    Letters,
    /// One of several words.
    AnyWord,
    /// Words in any order.
    Words,
    /// A part of the key.
    Part,
    /// Elements between commas, in any order.
    List,
    /// An equation with the key's operators and the key's result.
    Equation,
    /// An expression of the key's numbers that is 24.
    TwentyFour,
    /// The text without commas, blanks and brackets.
    Cells,
    /// Word characters in their order.
    WordCharacters,
    /// The text without blanks, quotation marks and brackets.
    Clean,
}

impl Rule {
    /// The first rule that applies.
    pub(crate) fn of(kind: &str, rule_id: &str, idx: &str, key: &str) -> Self {
        match (kind, rule_id) {
            ("logic", "5") => Self::LogicParts,
            ("logic", _) => Self::Logic,
            ("operation", _) if matches!(idx, "178" | "179") => Self::Inequalities,
            ("operation", "18") => Self::Characters,
            ("operation", "23" | "24" | "25") => Self::Integers,
            ("operation", _) if is_algebra(idx) => Self::Algebra,
            ("operation", _) if key.contains("or") => Self::Alternatives,
            ("puzzle", "1") => Self::Letters,
            ("puzzle", "2") => Self::AnyWord,
            ("puzzle", "3") => Self::Words,
            ("puzzle", "4") => Self::Part,
            ("puzzle", "5") => Self::List,
            ("puzzle", "9") => Self::Equation,
            ("puzzle", "10") => Self::TwentyFour,
            ("puzzle", "18") => Self::Cells,
            ("puzzle", _) => Self::WordCharacters,
            _ => Self::Clean,
        }
    }
}

/// The operation questions whose answers are expressions.
fn is_algebra(idx: &str) -> bool {
    let Ok(idx) = idx.parse::<u32>() else { return false };
    matches!(
        idx,
        18 | 73 | 74 | 77 | 94
            | 115..=117
            | 121..=123
            | 125
            | 131
            | 132
            | 134..=136
            | 141
            | 143
            | 145..=147
            | 149
            | 151..=156
            | 160..=162
            | 164..=166
            | 170
            | 206
            | 209
            | 211..=215
            | 217
            | 218
    )
}

#[cfg(test)]
mod tests {
    use super::{Rule, is_algebra};

    #[test]
    fn the_first_rule_that_applies_is_taken() {
        let cases = [
            ("logic", "5", "105", Rule::LogicParts),
            ("operation", "18", "178", Rule::Inequalities),
            ("operation", "18", "171", Rule::Characters),
            ("operation", "24", "218", Rule::Integers),
            ("operation", "8", "73", Rule::Algebra),
            ("operation", "8", "75", Rule::Alternatives),
            ("operation", "8", "", Rule::Alternatives),
            ("puzzle", "6", "73", Rule::WordCharacters),
            ("cipher", "5", "73", Rule::Clean),
        ];
        for (kind, rule_id, idx, expected) in cases {
            assert_eq!(Rule::of(kind, rule_id, idx, "[[1or2]]"), expected, "{kind} {rule_id} {idx}");
        }
        assert_eq!(Rule::of("operation", "8", "75", "[[1]]"), Rule::Clean);
        assert_eq!((0..=250).filter(|idx| is_algebra(&idx.to_string())).count(), 45);
    }
}
