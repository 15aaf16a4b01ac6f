//! From LaTeX or plain text to tokens.

use super::commands::{self, Command};
use crate::number::without_commas;

/// No answer needs more.
const MOST_TOKENS: usize = 800;

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
    let mut scanner = Scanner { rest: text, thousands, depth: 0, blank: false, tokens: Vec::new() };
    while !scanner.rest.is_empty() {
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

struct Scanner<'a> {
    rest: &'a str,
    thousands: bool,
    /// How many round, square or set brackets are open.
    depth: usize,
    blank: bool,
    tokens: Vec<Token>,
}

impl<'a> Scanner<'a> {
    fn push(&mut self, token: Token, bytes: usize) {
        match token {
            Token::Open(_) => self.depth += 1,
            Token::Close(_) => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.tokens.push(token);
        self.skip(bytes);
        self.blank = false;
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn step(&mut self) {
        let rest = self.rest;
        let Some(char) = rest.chars().next() else { return };
        let starts_number =
            char.is_ascii_digit() || (char == '.' && rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit));
        if starts_number {
            return self.number();
        }
        if char == '\\' {
            return self.command();
        }
        if char.is_alphabetic() {
            return self.word();
        }
        let pairs = [
            ("**", Token::Caret),
            ("<=", Token::Relation(Relation::LessOrEqual)),
            (">=", Token::Relation(Relation::GreaterOrEqual)),
            ("!=", Token::Relation(Relation::NotEqual)),
            ("==", Token::Relation(Relation::Equal)),
            ("->", Token::Relation(Relation::Arrow)),
            ("+-", Token::PlusMinus),
            ("{,}", Token::Comma),
        ];
        if rest.starts_with("{,}") && self.digits_join(3) {
            return self.skip(3);
        }
        if let Some((text, token)) = pairs.into_iter().find(|(text, _)| rest.starts_with(text)) {
            return self.push(token, text.len());
        }
        let bytes = char.len_utf8();
        match commands::sign(char) {
            Some(token) => self.push(token, bytes),
            None => {
                self.blank |= char.is_whitespace();
                // A full stop ends a sentence, and a dollar sign is money or LaTeX's own; neither is part of an answer.
                match char {
                    '$' | '.' | '"' | '`' | '€' | '£' | '?' => self.skip(bytes),
                    _ if char.is_whitespace() => self.skip(bytes),
                    _ => self.push(Token::Symbol(char.to_string()), bytes),
                }
            }
        }
    }

    /// Whether three digits and then no more stand so many bytes ahead, behind a number of a few digits.
    fn digits_join(&self, ahead: usize) -> bool {
        let bytes = self.rest.as_bytes();
        let digit = |at: usize| bytes.get(ahead + at).is_some_and(u8::is_ascii_digit);
        let after_number = matches!(self.tokens.last(), Some(Token::Number(digits, _)) if !digits.contains('.'));
        after_number && !self.blank && digit(0) && digit(1) && digit(2) && !digit(3)
    }

    fn number(&mut self) {
        let bytes = self.rest.as_bytes();
        let digits =
            |from: usize| bytes[from.min(bytes.len())..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let mut end = digits(0);
        let mut whole = self.rest[..end].to_owned();
        let grouped = self.rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b',').count();
        let grouped = self.rest[..grouped].trim_end_matches(',');
        // Inside brackets a comma separates, unless what follows could be no number of its own.
        let joins =
            self.thousands && (self.depth == 0 || grouped.split(',').skip(1).all(|group| group.starts_with('0')));
        if joins
            && grouped.contains(',')
            && let Some(joined) = without_commas(grouped)
        {
            end = grouped.len();
            whole = joined;
        }
        let mut text = whole;
        if bytes.get(end) == Some(&b'.') && digits(end + 1) > 0 {
            let fraction = digits(end + 1);
            text.push_str(&self.rest[end..=end + fraction]);
            end += 1 + fraction;
        } else if self.rest[end..].starts_with(".\\overline{") || self.rest[end..].starts_with(".\\bar{") {
            text.push('.');
            end += 1;
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let exponent = digits(end + 1 + sign);
            if (1..=4).contains(&exponent) {
                text.push_str(&self.rest[end..end + 1 + sign + exponent]);
                end += 1 + sign + exponent;
            }
        }
        let blank = self.blank;
        if let Some(Token::Number(before, _)) = self.tokens.last_mut()
            && !blank
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && !before.contains('.')
        {
            before.push_str(&text); // Digits joined over a thin space or a braced comma.
            return self.skip(end);
        }
        self.push(Token::Number(text, blank), end);
    }

    fn word(&mut self) {
        let end = self.rest.find(|char: char| !char.is_alphabetic()).unwrap_or(self.rest.len());
        let word = &self.rest[..end];
        let blank = self.blank || self.tokens.is_empty();
        let token = match (word, self.tokens.is_empty()) {
            ("and" | "or", false) => Token::Comma,
            _ => Token::Word(word.to_owned(), blank),
        };
        self.push(token, end);
    }

    fn command(&mut self) {
        let after = &self.rest[1..];
        let letters = after.bytes().take_while(u8::is_ascii_alphabetic).count();
        let length = if letters > 0 { letters } else { after.chars().next().map_or(0, char::len_utf8) };
        let name = &after[..length];
        let taken = 1 + length;
        if commands::is_text(name) {
            return self.text(taken, name);
        }
        match name {
            "begin" | "end" => {
                let (environment, bytes) = braced(&self.rest[taken..]).unwrap_or(("", 0));
                let columns = match environment {
                    "array" if name == "begin" => braced(&self.rest[taken + bytes..]).map_or(0, |(_, columns)| columns),
                    _ => 0,
                };
                let token = if name == "begin" { Token::Begin(environment.to_owned()) } else { Token::End };
                self.push(token, taken + bytes + columns);
            }
            "overline" | "bar" if matches!(self.tokens.last(), Some(Token::Number(digits, _)) if digits.contains('.')) => {
                match braced(&self.rest[taken..]) {
                    Some((digits, bytes)) if digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.is_empty() => {
                        self.push(Token::Repeating(digits.to_owned()), taken + bytes);
                    }
                    _ => self.push(Token::Symbol(name.to_owned()), taken),
                }
            }
            "boxed" | "fbox" | "left" | "right" | "displaystyle" | "textstyle" | "limits" | "big" | "Big" | "bigg"
            | "Bigg" | "bigl" | "bigr" | "Bigl" | "Bigr" | "$" | "(" | ")" | "[" | "]" | "nolimits" => {
                // `\left.` has no bracket.
                let point = usize::from(matches!(name, "left" | "right") && self.rest[taken..].starts_with('.'));
                self.skip(taken + point);
            }
            "," | "!" if self.thousands_gap(taken) => self.skip(taken),
            "," | ";" | ":" | "!" | " " | "quad" | "qquad" | ">" | "thinspace" | "enspace" | "\n" => {
                self.blank = true;
                self.skip(taken);
            }
            _ => {
                let token = commands::meaning(name).unwrap_or_else(|| Token::Symbol(name.to_owned()));
                self.push(token, taken);
            }
        }
    }

    /// Whether a thin space stands between digits in groups of three, or after a comma of thousands.
    fn thousands_gap(&mut self, taken: usize) -> bool {
        if matches!(self.tokens.last(), Some(Token::Comma)) && self.thousands {
            let comma = self.tokens.pop();
            if self.digits_join(taken) {
                return true;
            }
            self.tokens.extend(comma);
            return false;
        }
        self.digits_join(taken)
    }

    /// A text command: words stay text, and what is mathematics is read as such.
    fn text(&mut self, taken: usize, name: &str) {
        let Some((content, bytes)) = braced(&self.rest[taken..]) else { return self.skip(taken) };
        let inner = content.trim();
        match inner {
            "and" | "or" | "," | ", and" | ", or" | ",and" if !self.tokens.is_empty() => {
                return self.push(Token::Comma, taken + bytes);
            }
            "" => return self.skip(taken + bytes),
            _ => {}
        }
        let is_words = inner.chars().all(|char| char.is_alphabetic() || char.is_whitespace() || ".'-".contains(char));
        let single = inner.chars().nth(1).is_none();
        let upright = !name.starts_with("text") && !matches!(name, "mbox" | "mathrm" | "rm");
        if is_words && !(single && (upright || self.tokens.is_empty())) && commands::meaning(inner).is_none() {
            let inner = inner.trim_end_matches('.').to_owned();
            return self.push(Token::Text(inner), taken + bytes);
        }
        let rest = &self.rest[taken + bytes..];
        let (thousands, depth, blank) = (self.thousands, self.depth, true);
        let mut scanner = Scanner { rest: inner, thousands, depth, blank, tokens: std::mem::take(&mut self.tokens) };
        while !scanner.rest.is_empty() && scanner.tokens.len() <= MOST_TOKENS {
            // Text in text is read flat: nothing to descend into.
            if scanner.rest.starts_with('\\') && scanner.rest[1..].starts_with("text") {
                scanner.skip(1);
            }
            scanner.step();
        }
        self.depth = scanner.depth;
        self.tokens = scanner.tokens;
        self.rest = rest;
        self.blank = true;
    }
}

/// What a pair of braces encloses at the start of a text, and how many bytes it takes; one character without braces.
fn braced(text: &str) -> Option<(&str, usize)> {
    let trimmed = text.trim_start_matches(' ');
    let skipped = text.len() - trimmed.len();
    let Some(inner) = trimmed.strip_prefix('{') else {
        let length = trimmed.chars().next().filter(|char| char.is_alphanumeric())?.len_utf8();
        return Some((&trimmed[..length], skipped + length));
    };
    let mut depth = 1;
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return Some((&inner[..at], skipped + at + 2)),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}
