//! Reads the plain text that the reference computes with: Python's operators, implicit products, `^` as power.

use crate::expression::{Expr, Function};
use crate::number::Number;

/// No answer needs more; each bounds how long a comparison can take.
const MOST_TOKENS: usize = 600;
const DEEPEST: usize = 40;

/// Names of at most two letters that mean something else in the reference's algebra than a product of letters. What a
/// text with them is worth is not followed up.
const TAKEN: [&str; 27] = [
    "all", "as", "csc", "eye", "ff", "fft", "frac", "fu", "gff", "id", "if", "im", "in", "is", "jn", "li", "nan",
    "ntt", "oo", "or", "re", "rf", "yn", "zoo", "hn1", "hn2", "sqrt",
];
/// Greek letters of two letters: one symbol.
const GREEK: [&str; 3] = ["mu", "nu", "xi"];

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Value(Expr),
    Call(Function),
    Plus,
    Minus,
    Times,
    Over,
    Power,
    Open,
    Close,
    Bang,
}

/// The expression; none for what is no expression there, or too large.
pub(super) fn read(text: &str) -> Option<Expr> {
    let tokens = tokens(text)?;
    let mut reader = Reader { tokens: &tokens, at: 0, depth: 0 };
    let expr = reader.sum()?;
    (reader.at == tokens.len()).then_some(expr)
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(char) = rest.chars().next() {
        if tokens.len() > MOST_TOKENS {
            return None;
        }
        let taken = match char {
            '0'..='9' | '.' => number(rest, &mut tokens)?,
            '+' => single(&mut tokens, Token::Plus),
            '-' => single(&mut tokens, Token::Minus),
            '*' if rest.starts_with("**") => 1 + single(&mut tokens, Token::Power),
            '^' => single(&mut tokens, Token::Power),
            '*' => single(&mut tokens, Token::Times),
            '/' if rest.starts_with("//") => return None,
            '/' => single(&mut tokens, Token::Over),
            '(' => single(&mut tokens, Token::Open),
            ')' => single(&mut tokens, Token::Close),
            '!' => single(&mut tokens, Token::Bang),
            _ if char.is_alphabetic() || char == '_' => name(rest, &mut tokens)?,
            _ => return None,
        };
        rest = &rest[taken..];
    }
    Some(tokens)
}

fn single(tokens: &mut Vec<Token>, token: Token) -> usize {
    tokens.push(token);
    1
}

/// Digits, point, exponent; a `j` behind them makes them imaginary. A whole number that begins with zeros ends after them.
fn number(text: &str, tokens: &mut Vec<Token>) -> Option<usize> {
    let bytes = text.as_bytes();
    // An underscore may stand between two digits.
    let belongs = |at: usize| match bytes.get(at) {
        Some(b'_') => {
            bytes[..at].last().is_some_and(u8::is_ascii_digit) && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)
        }
        byte => byte.is_some_and(u8::is_ascii_digit),
    };
    let digits = |from: usize| (from..).take_while(|&at| belongs(at)).count();
    let before = digits(0);
    let has_point = bytes.get(before) == Some(&b'.');
    let mut end = before + if has_point { 1 + digits(before + 1) } else { 0 };
    if end == 1 && has_point {
        return None;
    }
    if bytes.get(end) == Some(&b'e') {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = if end + 1 + sign <= bytes.len() { digits(end + 1 + sign) } else { 0 };
        end += if exponent > 0 { 1 + sign + exponent } else { 0 };
    }
    if end == before && bytes[0] == b'0' {
        end = bytes.iter().take_while(|&&byte| byte == b'0').count();
    }
    let value = Expr::Number(Number::read(&text[..end].replace('_', ""))?);
    match bytes.get(end) {
        Some(b'j') => {
            tokens.push(Token::Value(Expr::Product(vec![value, Expr::Imaginary])));
            end += 1;
        }
        Some(b'_') => return None,
        _ => tokens.push(Token::Value(value)),
    }
    Some(end)
}

/// A name that is known, or one that falls apart into letters and numbers; with an underscore it stays whole.
fn name(text: &str, tokens: &mut Vec<Token>) -> Option<usize> {
    let end = text.find(|char: char| !(char.is_alphanumeric() || char == '_')).unwrap_or(text.len());
    let name = &text[..end];
    if end > 100 {
        return None;
    }
    match name {
        "pi" => tokens.push(Token::Value(Expr::Pi)),
        "sqrt" | "ln" if text[end..].starts_with('(') => {
            tokens.push(Token::Call(if name == "ln" { Function::Ln } else { Function::Sqrt }));
        }
        "ln" => return None,
        _ if TAKEN.contains(&name) => return None,
        _ if GREEK.contains(&name) || name.contains('_') => tokens.push(Token::Value(Expr::Symbol(name.into()))),
        _ => {
            let mut rest = name;
            while let Some(char) = rest.chars().next() {
                let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
                let taken = if digits > 0 { digits } else { char.len_utf8() };
                tokens.push(Token::Value(match digits {
                    0 if char.is_alphabetic() => Expr::Symbol(rest[..taken].into()),
                    0 => return None,
                    _ => Expr::Number(Number::read(&rest[..taken])?),
                }));
                rest = &rest[taken..];
            }
        }
    }
    Some(end)
}

struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn next_is(&mut self, token: &Token) -> bool {
        let found = self.tokens.get(self.at) == Some(token);
        self.at += usize::from(found);
        found
    }

    fn sum(&mut self) -> Option<Expr> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let mut terms = vec![self.product()?];
        loop {
            if self.next_is(&Token::Plus) {
                terms.push(self.product()?);
            } else if self.next_is(&Token::Minus) {
                terms.push(self.product()?.negated());
            } else {
                break;
            }
        }
        self.depth -= 1;
        Some(if terms.len() == 1 { terms.remove(0) } else { Expr::Sum(terms) })
    }

    fn product(&mut self) -> Option<Expr> {
        let mut factors = vec![self.signed()?];
        let mut quotients = 0;
        loop {
            if self.next_is(&Token::Over) {
                quotients += 1;
                if quotients > DEEPEST {
                    return None;
                }
                let below = self.signed()?;
                factors = vec![collected(factors).over(below)];
            } else if self.next_is(&Token::Times) {
                factors.push(self.signed()?);
            } else if matches!(self.tokens.get(self.at), Some(Token::Value(_) | Token::Call(_) | Token::Open)) {
                factors.push(self.power()?);
            } else {
                return Some(collected(factors));
            }
        }
    }

    fn signed(&mut self) -> Option<Expr> {
        let mut negative = false;
        loop {
            if self.next_is(&Token::Minus) {
                negative = !negative;
            } else if !self.next_is(&Token::Plus) {
                break;
            }
        }
        let value = self.power()?;
        Some(if negative { value.negated() } else { value })
    }

    fn power(&mut self) -> Option<Expr> {
        let mut base = self.atom()?;
        if self.next_is(&Token::Bang) {
            let twice = self.next_is(&Token::Bang);
            base = Expr::Call(if twice { Function::DoubleFactorial } else { Function::Factorial }, vec![base]);
        }
        if !self.next_is(&Token::Power) {
            return Some(base);
        }
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let mut exponent = self.signed()?;
        self.depth -= 1;
        // There, x to the power of 2.0 is not x squared: a full stop behind `x^2` makes it wrong.
        let is_float = matches!(&exponent, Expr::Number(number) if !number.is_integer && number.float.fract() == 0.0);
        if is_float && base.any(&|part| matches!(part, Expr::Symbol(_))) {
            exponent = Expr::Product(vec![exponent, Expr::Symbol("1.0".into())]);
        }
        Some(base.raised_to(exponent))
    }

    fn atom(&mut self) -> Option<Expr> {
        let token = self.tokens.get(self.at)?;
        self.at += 1;
        match token {
            Token::Value(value) => Some(value.clone()),
            Token::Open => {
                let inner = self.sum()?;
                self.next_is(&Token::Close).then_some(inner)
            }
            Token::Call(function) if self.next_is(&Token::Open) => {
                let inner = self.sum()?;
                self.next_is(&Token::Close).then(|| Expr::Call(*function, vec![inner]))
            }
            _ => None,
        }
    }
}

fn collected(mut factors: Vec<Expr>) -> Expr {
    if factors.len() == 1 { factors.remove(0) } else { Expr::Product(factors) }
}
