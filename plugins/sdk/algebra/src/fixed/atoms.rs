//! Numbers, and commands with their arguments.

use super::commands::{self, Command};
use super::parser::{DEEPEST, Parser, collected};
use super::tokens::Token;
use crate::expression::{Expr, Function};
use crate::number::Number;

impl Parser<'_> {
    /// A number, with the fraction of a mixed one, the digits that repeat, the base it is written in.
    pub(super) fn number(&mut self) -> Option<Expr> {
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

    pub(super) fn command(&mut self, command: Command) -> Option<Expr> {
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
                Some(exponent.map_or(value.clone(), |exponent| value.raised_to(exponent)))
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
