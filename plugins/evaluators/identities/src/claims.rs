//! Reading who is said to be what.

/// Knight or knave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Knight,
    Knave,
}

impl Role {
    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Knight => "knight",
            Self::Knave => "knave",
        }
    }

    /// The role that a word in lower case names.
    fn of(word: &str) -> Option<Self> {
        match word {
            "knight" | "knights" => Some(Self::Knight),
            "knave" | "knaves" => Some(Self::Knave),
            _ => None,
        }
    }

    fn other(self) -> Self {
        match self {
            Self::Knight => Self::Knave,
            Self::Knave => Self::Knight,
        }
    }
}

/// The person of a line of the key in lower case, `(1) Emma is a knight`, and what they are.
pub(crate) fn of_key(line: &str) -> Option<(String, Role)> {
    let lower = line.trim().to_lowercase();
    let start = lower.find(char::is_alphabetic)?;
    let (name, role) = lower[start..].split_once(" is a ")?;
    let name = name.trim();
    (!name.is_empty()).then_some((name.to_owned(), Role::of(role.trim_matches(|char: char| !char.is_alphabetic()))?))
}

/// What a text says about each person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Claim {
    /// Nothing.
    #[default]
    None,
    /// One role.
    Is(Role),
    /// Both roles.
    Both,
}

impl Claim {
    fn add(&mut self, role: Role) {
        *self = match self {
            Self::None => Self::Is(role),
            Self::Is(before) if *before == role => *self,
            _ => Self::Both,
        };
    }
}

/// Words between a name and its role that leave the claim as it is.
const FILLERS: [&str; 26] = [
    "is",
    "are",
    "a",
    "an",
    "the",
    "must",
    "be",
    "both",
    "and",
    "thus",
    "therefore",
    "hence",
    "so",
    "indeed",
    "also",
    "definitely",
    "has",
    "to",
    "as",
    "role",
    "identity",
    "s",
    "type",
    "was",
    "being",
    "all",
];

/// Words that make a sentence something else than a claim.
const NO_CLAIM: [&str; 27] = [
    "if",
    "suppose",
    "supposing",
    "supposed",
    "assume",
    "assumes",
    "assuming",
    "assumption",
    "would",
    "were",
    "unless",
    "whether",
    "either",
    "or",
    "says",
    "say",
    "said",
    "saying",
    "claims",
    "claim",
    "claimed",
    "states",
    "stated",
    "statement",
    "tells",
    "told",
    "case",
];

/// What a text in lower case says about each of these people, whose names are in lower case.
///
/// A claim is a name and a role in one sentence with nothing between them but words such as "is a" and signs such as a
/// colon, a dash or an arrow; or a role with a colon and then names. Sentences that suppose something or repeat what
/// somebody said claim nothing.
pub(crate) fn claims(text: &str, names: &[String]) -> Vec<Claim> {
    let mut claims = vec![Claim::None; names.len()];
    let ends = |char| matches!(char, '\n' | '.' | ';' | '!' | '?' | '\u{3002}');
    // Most sentences of a reasoning name no role, and that is seen at once.
    let has_role = |sentence: &&str| sentence.contains("knight") || sentence.contains("knave");
    for sentence in text.split(ends).filter(has_role) {
        if words(sentence).any(|(_, word)| NO_CLAIM.contains(&word)) {
            continue;
        }
        read_sentence(sentence, names, &mut claims);
    }
    claims
}

fn read_sentence(sentence: &str, names: &[String], claims: &mut [Claim]) {
    // People named since the last role, and whether a role came after them already.
    let mut people: Vec<usize> = Vec::new();
    let mut has_role = false;
    let mut negated = false;
    // After "knights:" names get this role.
    let mut heading = None;
    let mut skip_to = 0;
    for (at, word) in words(sentence) {
        if at < skip_to {
            continue;
        }
        if let Some(person) = names.iter().position(|name| is_at(sentence, at, name)) {
            skip_to = at + names[person].len();
            if let Some(role) = heading {
                claims[person].add(role);
                continue;
            }
            if has_role {
                people.clear();
                has_role = false;
            }
            negated = false;
            people.push(person);
        } else if let Some(role) = Role::of(word) {
            let is_heading = sentence[at + word.len()..].trim_start().starts_with([':', '\u{ff1a}']);
            if people.is_empty() || (has_role && is_heading) {
                heading = is_heading.then_some(role);
                people.clear();
            }
            let role = if negated { role.other() } else { role };
            people.iter().for_each(|&person| claims[person].add(role));
            has_role = !people.is_empty();
            negated = false;
        } else if matches!(word, "not" | "isn" | "cannot") {
            negated = true;
        } else if !FILLERS.contains(&word) && word != "t" && !word.bytes().all(|byte| byte.is_ascii_digit()) {
            people.clear();
            has_role = false;
            negated = false;
        }
    }
}

/// Whether the name stands here as a whole word.
fn is_at(text: &str, at: usize, name: &str) -> bool {
    text[at..].strip_prefix(name).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

/// Runs of letters and digits, each with its place.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find(char::is_alphanumeric)?;
        let length = text[start..].find(|char: char| !char.is_alphanumeric()).unwrap_or(text.len() - start);
        at = start + length;
        Some((start, &text[start..at]))
    })
}
