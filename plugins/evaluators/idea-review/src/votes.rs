//! What a judge's vote says.

/// Effectiveness, novelty, detailedness, feasibility.
pub(crate) const DIMENSIONS: [&str; 4] = ["Effectiveness", "Novelty", "Detailedness", "Feasibility"];

/// Which idea won, A or B.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Winner {
    A,
    B,
}

/// The reference's reading: the first "Name: [Win A]" of the vote, as typed.
pub(crate) fn compat(vote: &str, dimension: &str) -> Option<Winner> {
    let label = format!("{dimension}: [Win ");
    vote.match_indices(&label).find_map(|(at, label)| {
        let rest = &vote[at + label.len()..];
        if rest.starts_with("A]") { Some(Winner::A) } else { rest.starts_with("B]").then_some(Winner::B) }
    })
}

/// The last line that begins with the name, whatever markup is round it, and names a winner: "[Win A]", "Win: B", "A".
pub(crate) fn fixed(vote: &str, dimension: &str) -> Option<Winner> {
    let is_mark = |char: char| !char.is_alphanumeric();
    vote.lines().rev().find_map(|line| {
        let start = line.trim_start_matches(|char: char| is_mark(char) || char.is_ascii_digit());
        let name = start.get(..dimension.len()).filter(|name| name.eq_ignore_ascii_case(dimension))?;
        let mut words = start[name.len()..].split(is_mark).filter(|word| !word.is_empty());
        let first = words.next().filter(|_| start[name.len()..].starts_with(is_mark))?;
        let is_filler =
            |word: &str| ["win", "winner", "wins", "idea"].iter().any(|other| word.eq_ignore_ascii_case(other));
        let word = if is_filler(first) { words.find(|word| !is_filler(word))? } else { first };
        match word {
            "A" | "a" if word == "A" || is_filler(first) => Some(Winner::A),
            "B" | "b" => Some(Winner::B),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{Winner, compat, fixed};

    #[test]
    fn winners_are_read() {
        let (a, b) = (Some(Winner::A), Some(Winner::B));
        let cases = [
            ("Novelty: [Win A] because", a, a),
            ("**Novelty:** [Win B]", None, b),
            ("2. novelty: Win: B", None, b),
            ("Novelty: [Win A]\nNovelty: [Win B]", a, b),
            ("Novelty: B", None, b),
            ("Novelty: [Win X]", None, None),
            ("Novelty: a matter of taste", None, None),
            ("Noveltyx: [Win A]", None, None),
            ("The Novelty: [Win A]", a, None),
            ("Novelty\u{e9}", None, None),
            ("Novelty:", None, None),
            ("", None, None),
        ];
        for (vote, strict, lenient) in cases {
            assert_eq!((compat(vote, "Novelty"), fixed(vote, "Novelty")), (strict, lenient), "{vote}");
        }
    }
}
