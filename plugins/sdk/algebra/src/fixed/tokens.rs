//! The pieces that an answer is read as.

use super::commands::Command;
use super::scanner::Scanner;

/// No answer needs more.
pub(super) const MOST_TOKENS: usize = 800;

/// How two things are related.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    NotEqual,
    About,
    In,
    Ratio,
    Arrow,
}

/// A piece of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// Digits, perhaps with a point and an exponent; whether a blank stands before it.
    Number(String, bool),
    /// Digits that repeat for ever.
    Repeating(String),
    /// Letters that stand together; whether a blank stands before them.
    Word(String, bool),
    /// What a text command holds.
    Text(String),
    /// A symbol that has a command for a name.
    Symbol(String),
    /// A command that takes arguments or means something.
    Command(Command),
    /// `(`, `[`, `⟨` and the like.
    Open(char),
    /// Their ends.
    Close(char),
    /// A brace that only groups.
    GroupOpen,
    GroupClose,
    Bar,
    Plus,
    Minus,
    PlusMinus,
    MinusPlus,
    Times,
    Over,
    Caret,
    Under,
    Bang,
    Prime,
    Percent,
    Degree,
    Comma,
    Union,
    Relation(Relation),
    Begin(String),
    End,
    Cell,
    Row,
}

/// Whether a comma stands between a digit and three digits.
pub(super) fn may_have_thousands(text: &str) -> bool {
    text.as_bytes()
        .windows(5)
        .any(|window| window[1] == b',' && [0, 2, 3, 4].iter().all(|&at: &usize| window[at].is_ascii_digit()))
}

/// The tokens; none for too many. With `thousands`, commas before three digits belong to the number.
pub(super) fn read(text: &str, thousands: bool) -> Option<Vec<Token>> {
    let mut scanner = Scanner::new(text, thousands);
    while !scanner.is_done() {
        scanner.step();
        if scanner.tokens.len() > MOST_TOKENS {
            return None;
        }
    }
    let mut tokens = scanner.tokens;
    while matches!(tokens.last(), Some(Token::Comma)) {
        tokens.pop();
    }
    join_unions(&mut tokens);
    Some(tokens)
}

/// A letter U between two intervals is a union.
fn join_unions(tokens: &mut [Token]) {
    for at in 1..tokens.len().saturating_sub(1) {
        let between = matches!(tokens[at - 1], Token::Close(_)) && matches!(tokens[at + 1], Token::Open(_));
        if between && matches!(&tokens[at], Token::Word(word, _) if word == "U") {
            tokens[at] = Token::Union;
        }
    }
}

/// Whether the same is written, apart from blanks and braces round single tokens.
pub(super) fn same(a: &[Token], b: &[Token]) -> bool {
    let plain = |tokens: &[Token]| -> Vec<Token> {
        let mut result: Vec<Token> = Vec::with_capacity(tokens.len());
        for token in tokens {
            let token = match token {
                Token::Number(digits, _) => Token::Number(digits.clone(), false),
                Token::Word(word, _) => Token::Word(word.clone(), false),
                other => other.clone(),
            };
            let count = result.len();
            if token == Token::GroupClose && count >= 2 && result[count - 2] == Token::GroupOpen {
                result.remove(count - 2);
            } else {
                result.push(token);
            }
        }
        result
    };
    !a.is_empty() && plain(a) == plain(b)
}

/// Whether both are nothing but the same words, in any case, with commas or without.
pub(super) fn same_words(a: &[Token], b: &[Token]) -> bool {
    words(a).is_some_and(|words_of_a| words(b).is_some_and(|words_of_b| words_of_a == words_of_b))
}

/// The words in small letters; none if there is anything else, or no word of two letters.
fn words(tokens: &[Token]) -> Option<Vec<String>> {
    let mut words = Vec::new();
    for token in tokens {
        match token {
            Token::Word(text, _) | Token::Text(text) => {
                words.extend(text.to_lowercase().split(|c: char| c == ',' || c.is_whitespace()).map(str::to_owned));
            }
            Token::Comma => {}
            Token::Minus if !words.is_empty() => words.push("-".to_owned()),
            Token::Prime if !words.is_empty() => words.push("'".to_owned()),
            _ => return None,
        }
    }
    words.retain(|word| !word.is_empty());
    words.iter().any(|word| word.chars().nth(1).is_some()).then_some(words)
}
