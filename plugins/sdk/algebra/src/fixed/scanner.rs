//! How a text is cut into tokens.

use super::commands;
use super::tokens::{MOST_TOKENS, Relation, Token};
use crate::number::without_commas;

/// Goes through a text.
pub(super) struct Scanner<'a> {
    rest: &'a str,
    thousands: bool,
    /// How many round, square or set brackets are open.
    depth: usize,
    blank: bool,
    pub(super) tokens: Vec<Token>,
}

impl<'a> Scanner<'a> {
    /// At the start of a text.
    pub(super) fn new(text: &'a str, thousands: bool) -> Self {
        Self { rest: text, thousands, depth: 0, blank: false, tokens: Vec::new() }
    }

    /// Whether nothing is left.
    pub(super) fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

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

    /// Reads the next token, or skips what is none.
    pub(super) fn step(&mut self) {
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
        let is_words = inner.chars().all(|char| char.is_alphabetic() || char.is_whitespace() || ".'-/".contains(char));
        let is_words = is_words
            && !inner.starts_with('/')
            && (!inner.contains('/') || !name.starts_with("math") || !self.tokens.is_empty());
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
