//! From tokens to an expression.

use super::commands::{self, Command};
use super::tokens::Token;
use crate::expression::{Expr, Function};

/// Deeper nesting is no answer.
pub(super) const DEEPEST: usize = 40;

/// The expression that the tokens are, and the base that a subscript of a number names; none for anything else.
pub(super) fn parse(tokens: &[Token]) -> Option<(Expr, Option<String>)> {
    let tokens = single_letters(tokens);
    let mut parser = Parser { tokens: &tokens, at: 0, digits_taken: 0, depth: 0, bars: 0, base: None };
    let expr = parser.sum()?;
    let whole = parser.at == tokens.len() && (parser.base.is_none() || matches!(expr, Expr::Number(_)));
    whole.then_some((expr, parser.base))
}

/// Words that are no names of functions or numbers are products of their letters.
fn single_letters(tokens: &[Token]) -> Vec<Token> {
    let mut result: Vec<Token> = Vec::with_capacity(tokens.len());
    for token in tokens {
        match token {
            Token::Word(word, blank) => match word.as_str() {
                "pi" | "π" => result.push(Token::Command(Command::Pi)),
                "inf" | "infinity" | "oo" => result.push(Token::Command(Command::Infinity)),
                "sqrt" => result.push(Token::Command(Command::Root)),
                "log" => result.push(Token::Command(Command::Log)),
                "lg" => result.push(Token::Command(Command::Lg)),
                name => match commands::function(name) {
                    Some(function) => result.push(Token::Command(Command::Function(function))),
                    None => result.extend(name.chars().map(|letter| match letter {
                        'π' => Token::Command(Command::Pi),
                        _ => Token::Word(letter.to_string(), *blank),
                    })),
                },
            },
            Token::GroupClose if result.last() == Some(&Token::GroupOpen) => {
                result.pop();
            }
            other => result.push(other.clone()),
        }
    }
    result
}

pub(super) struct Parser<'a> {
    pub(super) tokens: &'a [Token],
    pub(super) at: usize,
    /// How many digits of the number here a command without braces has taken.
    pub(super) digits_taken: usize,
    pub(super) depth: usize,
    bars: usize,
    pub(super) base: Option<String>,
}

impl<'a> Parser<'a> {
    pub(super) fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    pub(super) fn take(&mut self, token: &Token) -> bool {
        let found = self.peek() == Some(token);
        if found {
            self.advance();
        }
        found
    }

    pub(super) fn advance(&mut self) {
        self.at += 1;
        self.digits_taken = 0;
    }

    pub(super) fn sum(&mut self) -> Option<Expr> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let mut terms = Vec::new();
        loop {
            let sign = match self.peek() {
                Some(sign @ (Token::Plus | Token::Minus | Token::PlusMinus | Token::MinusPlus)) => Some(sign),
                _ => None,
            };
            if sign.is_none() && !terms.is_empty() {
                break;
            }
            if sign.is_some() {
                self.advance();
            }
            let term = self.product()?;
            terms.push(match sign {
                Some(Token::Minus) => term.negated(),
                Some(Token::PlusMinus) => Expr::PlusMinus(Box::new(term), false),
                Some(Token::MinusPlus) => Expr::PlusMinus(Box::new(term), true),
                _ => term,
            });
        }
        self.depth -= 1;
        Some(if terms.len() == 1 { terms.remove(0) } else { Expr::Sum(terms) })
    }

    fn product(&mut self) -> Option<Expr> {
        let mut factors = vec![self.signed()?];
        let mut quotients = 0;
        loop {
            if self.take(&Token::Over) {
                quotients += 1;
                if quotients > DEEPEST {
                    return None;
                }
                let below = self.signed()?;
                factors = vec![collected(factors).over(below)];
            } else if self.take(&Token::Times) {
                factors.push(self.signed()?);
            } else if self.starts_atom() {
                // Two numbers side by side are no product.
                if matches!(self.peek(), Some(Token::Number(..))) && matches!(factors.last(), Some(Expr::Number(_))) {
                    return None;
                }
                factors.push(self.power()?);
            } else {
                return Some(collected(factors));
            }
        }
    }

    fn signed(&mut self) -> Option<Expr> {
        let mut negative = false;
        while matches!(self.peek(), Some(Token::Minus | Token::Plus)) {
            negative ^= self.peek() == Some(&Token::Minus);
            self.advance();
        }
        let value = self.power()?;
        Some(if negative { value.negated() } else { value })
    }

    pub(super) fn starts_atom(&self) -> bool {
        match self.peek() {
            Some(Token::Number(..) | Token::Word(..) | Token::Symbol(_) | Token::Command(_) | Token::GroupOpen) => true,
            Some(Token::Open(bracket)) => *bracket != '{' && *bracket != '<',
            Some(Token::Bar) => self.bars == 0,
            _ => false,
        }
    }

    /// An atom with what is written behind it: factorial, exponent, degree sign.
    pub(super) fn power(&mut self) -> Option<Expr> {
        let mut value = self.atom()?;
        if self.take(&Token::Bang) {
            let function = if self.take(&Token::Bang) { Function::DoubleFactorial } else { Function::Factorial };
            value = Expr::Call(function, vec![value]);
        }
        if self.peek() == Some(&Token::Caret) {
            self.advance();
            let rest = &self.tokens[self.at..];
            let degrees: &[Token] = &[Token::GroupOpen, Token::Degree, Token::GroupClose];
            if rest.starts_with(degrees) || rest.first() == Some(&Token::Degree) {
                self.at += if rest.starts_with(degrees) { 3 } else { 1 };
                return Some(Expr::Degrees(Box::new(value)));
            }
            let exponent = self.exponent()?;
            value = value.raised_to(exponent);
            if self.take(&Token::Bang) {
                value = Expr::Call(Function::Factorial, vec![value]);
            }
        }
        Some(if self.take(&Token::Degree) { Expr::Degrees(Box::new(value)) } else { value })
    }

    pub(super) fn exponent(&mut self) -> Option<Expr> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let exponent = match self.peek()? {
            Token::GroupOpen => self.group()?,
            _ => self.signed()?,
        };
        self.depth -= 1;
        Some(exponent)
    }

    pub(super) fn group(&mut self) -> Option<Expr> {
        self.advance();
        let bars = std::mem::take(&mut self.bars);
        let inner = self.sum()?;
        self.bars = bars;
        self.take(&Token::GroupClose).then_some(inner)
    }

    pub(super) fn atom(&mut self) -> Option<Expr> {
        match self.peek()? {
            Token::Number(..) => self.number(),
            Token::Word(letter, _) => {
                self.advance();
                Some(self.named(letter.clone()))
            }
            Token::Symbol(name) => {
                self.advance();
                let mut name = format!("\\{name}");
                if self.peek() == Some(&Token::GroupOpen) {
                    name.push_str(&self.raw()?);
                }
                Some(self.named(name))
            }
            Token::GroupOpen => self.group(),
            Token::Open(bracket) => {
                self.advance();
                let bars = std::mem::take(&mut self.bars);
                let inner = self.sum()?;
                self.bars = bars;
                match (bracket, self.peek()?) {
                    ('(', Token::Close(')')) | ('[', Token::Close(']')) => {
                        self.advance();
                        Some(inner)
                    }
                    ('⌊', Token::Close('⌋')) => {
                        self.advance();
                        Some(Expr::Call(Function::Floor, vec![inner]))
                    }
                    ('⌈', Token::Close('⌉')) => {
                        self.advance();
                        Some(Expr::Call(Function::Ceil, vec![inner]))
                    }
                    _ => None,
                }
            }
            Token::Bar if self.bars == 0 => {
                self.advance();
                self.bars += 1;
                let inner = self.sum()?;
                self.bars -= 1;
                self.take(&Token::Bar).then(|| Expr::Call(Function::Abs, vec![inner]))
            }
            Token::Command(command) => {
                self.advance();
                self.command(*command)
            }
            _ => None,
        }
    }

    /// A symbol with its subscript and primes.
    fn named(&mut self, mut name: String) -> Expr {
        if self.take(&Token::Under) {
            name.push('_');
            name.push_str(&self.raw().unwrap_or_default());
        }
        while self.take(&Token::Prime) {
            name.push('\'');
        }
        match name.as_str() {
            "e" => Expr::Euler,
            "i" => Expr::Imaginary,
            _ => Expr::Symbol(name.into()),
        }
    }

    /// What a group or a single token looks like.
    pub(super) fn raw(&mut self) -> Option<String> {
        let mut depth = 0;
        let mut text = String::new();
        loop {
            match self.peek()? {
                Token::GroupOpen => depth += 1,
                Token::GroupClose => depth -= 1,
                Token::Number(part, _) | Token::Word(part, _) | Token::Text(part) | Token::Symbol(part) => {
                    text.push_str(part)
                }
                other => text.push_str(&format!("{other:?}")),
            }
            self.advance();
            if depth <= 0 {
                return Some(text);
            }
        }
    }
}

pub(super) fn collected(mut factors: Vec<Expr>) -> Expr {
    if factors.len() == 1 { factors.remove(0) } else { Expr::Product(factors) }
}
