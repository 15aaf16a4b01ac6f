//! From tokens to an expression.

use super::commands::{self, Command};
use super::tokens::Token;
use crate::expression::{Expr, Function};
use crate::number::Number;

/// Deeper nesting is no answer.
const DEEPEST: usize = 40;

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

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    /// How many digits of the number here a command without braces has taken.
    digits_taken: usize,
    depth: usize,
    bars: usize,
    base: Option<String>,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    fn take(&mut self, token: &Token) -> bool {
        let found = self.peek() == Some(token);
        if found {
            self.advance();
        }
        found
    }

    fn advance(&mut self) {
        self.at += 1;
        self.digits_taken = 0;
    }

    fn sum(&mut self) -> Option<Expr> {
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

    fn starts_atom(&self) -> bool {
        match self.peek() {
            Some(Token::Number(..) | Token::Word(..) | Token::Symbol(_) | Token::Command(_) | Token::GroupOpen) => true,
            Some(Token::Open(bracket)) => *bracket != '{' && *bracket != '<',
            Some(Token::Bar) => self.bars == 0,
            _ => false,
        }
    }

    /// An atom with what is written behind it: factorial, exponent, degree sign.
    fn power(&mut self) -> Option<Expr> {
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
            value = value.to_the(exponent);
            if self.take(&Token::Bang) {
                value = Expr::Call(Function::Factorial, vec![value]);
            }
        }
        Some(if self.take(&Token::Degree) { Expr::Degrees(Box::new(value)) } else { value })
    }

    fn exponent(&mut self) -> Option<Expr> {
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

    fn group(&mut self) -> Option<Expr> {
        self.advance();
        let bars = std::mem::take(&mut self.bars);
        let inner = self.sum()?;
        self.bars = bars;
        self.take(&Token::GroupClose).then_some(inner)
    }

    fn atom(&mut self) -> Option<Expr> {
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
    fn raw(&mut self) -> Option<String> {
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

    /// A number, with the fraction of a mixed one, the digits that repeat, the base it is written in.
    fn number(&mut self) -> Option<Expr> {
        let Token::Number(digits, _) = self.peek()? else { return None };
        let digits = &digits[self.digits_taken..];
        self.advance();
        if let Some(Token::Repeating(period)) = self.peek() {
            self.advance();
            let before = digits.split_once('.').map_or(0, |(_, after)| after.len());
            let scale = format!("{}{}", "9".repeat(period.len()), "0".repeat(before));
            let rest = Expr::Number(Number::read(period)?).over(Expr::Number(Number::read(&scale)?));
            return Some(Expr::Number(Number::read(digits)?).plus(rest));
        }
        let number = Number::read(digits)?;
        if self.take(&Token::Under) {
            self.base = Some(self.raw()?);
            return Some(Expr::Number(number));
        }
        let start = (self.at, self.digits_taken);
        if number.is_integer
            && let Some(fraction) = self.proper_fraction()
        {
            return Some(Expr::Number(number).plus(fraction));
        }
        (self.at, self.digits_taken) = start;
        Some(Expr::Number(number))
    }

    /// The fraction of a mixed number: whole numbers, the upper one smaller.
    fn proper_fraction(&mut self) -> Option<Expr> {
        let fraction = match self.peek()? {
            Token::Command(Command::Fraction) => {
                self.advance();
                self.command(Command::Fraction)?
            }
            Token::Number(above, true) => {
                self.advance();
                if !self.take(&Token::Over) {
                    return None;
                }
                let Token::Number(below, _) = self.peek()? else { return None };
                self.advance();
                Expr::Number(Number::read(above)?).over(Expr::Number(Number::read(below)?))
            }
            _ => return None,
        };
        let Expr::Quotient(parts) = &fraction else { return None };
        match (&parts.0, &parts.1) {
            (Expr::Number(above), Expr::Number(below)) => (above.whole? < below.whole?).then_some(fraction),
            _ => None,
        }
    }

    /// An argument without brackets is one digit, letter or command, as in LaTeX.
    fn argument(&mut self) -> Option<Expr> {
        match self.peek()? {
            Token::GroupOpen => self.group(),
            Token::Number(digits, _) => {
                let digit = digits.get(self.digits_taken..=self.digits_taken)?;
                let number = Number::read(digit)?;
                self.digits_taken += 1;
                if self.digits_taken == digits.len() {
                    self.advance();
                }
                Some(Expr::Number(number))
            }
            Token::Minus => None,
            _ => {
                self.depth += 1;
                let value = if self.depth > DEEPEST { None } else { self.atom() };
                self.depth -= 1;
                value
            }
        }
    }

    fn command(&mut self, command: Command) -> Option<Expr> {
        match command {
            Command::Pi => Some(Expr::Pi),
            Command::Infinity => Some(Expr::Infinity),
            Command::Fraction => Some(self.argument()?.over(self.argument()?)),
            Command::Binomial => Some(Expr::Call(Function::Binomial, vec![self.argument()?, self.argument()?])),
            Command::Root => {
                let index = match self.take(&Token::Open('[')) {
                    true => {
                        let index = self.sum()?;
                        self.take(&Token::Close(']')).then_some(index)
                    }
                    false => None,
                };
                // Whoever writes a root of 12 without braces means all of it.
                let radicand = match self.peek()? {
                    Token::Number(..) => self.number()?,
                    _ => self.argument()?,
                };
                Some(match index {
                    Some(index) => Expr::Call(Function::Root, vec![index, radicand]),
                    None => Expr::Call(Function::Sqrt, vec![radicand]),
                })
            }
            Command::Function(function) => {
                let exponent = self.take(&Token::Caret).then(|| self.exponent());
                let (function, exponent) = match exponent {
                    None => (function, None),
                    Some(exponent) => match (exponent?, commands::inverse(function)) {
                        (exponent, Some(inverse)) if exponent.as_whole() == Some(-1) => (inverse, None),
                        (exponent, _) => (function, Some(exponent)),
                    },
                };
                let value = Expr::Call(function, vec![self.function_argument()?]);
                Some(exponent.map_or(value.clone(), |exponent| value.to_the(exponent)))
            }
            Command::Log => {
                let base = self.take(&Token::Under).then(|| self.base_of_logarithm());
                let base = if let Some(base) = base { Some(base?) } else { None };
                let argument = self.function_argument()?;
                Some(match base {
                    Some(base) => Expr::Call(Function::Log, vec![base, argument]),
                    None => Expr::Call(Function::Ln, vec![argument]),
                })
            }
            Command::Lg => {
                let argument = self.function_argument()?;
                Some(Expr::Call(Function::Log, vec![Expr::Number(Number::small(10)), argument]))
            }
        }
    }

    /// The whole number where an argument follows it, else one digit: `log_10 5`, `\log_28`.
    fn base_of_logarithm(&mut self) -> Option<Expr> {
        if let Token::Number(digits, _) = self.peek()? {
            let start = (self.at, self.digits_taken);
            self.advance();
            if self.starts_atom() {
                return Some(Expr::Number(Number::read(digits)?));
            }
            (self.at, self.digits_taken) = start;
        }
        self.argument()
    }

    /// One bracket, or the factors up to the next operator, bracket or function.
    fn function_argument(&mut self) -> Option<Expr> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let argument = match self.peek()? {
            Token::Open(_) => self.atom()?,
            Token::Command(Command::Function(_) | Command::Log | Command::Lg) => self.atom()?,
            _ => {
                let mut factors = vec![self.power()?];
                let stops = |parser: &Self| {
                    matches!(
                        parser.peek(),
                        Some(
                            Token::Open(_)
                                | Token::Bar
                                | Token::Command(Command::Function(_) | Command::Log | Command::Lg)
                        )
                    )
                };
                while self.starts_atom() && !stops(self) {
                    factors.push(self.power()?);
                }
                collected(factors)
            }
        };
        self.depth -= 1;
        Some(argument)
    }
}

fn collected(mut factors: Vec<Expr>) -> Expr {
    if factors.len() == 1 { factors.remove(0) } else { Expr::Product(factors) }
}
