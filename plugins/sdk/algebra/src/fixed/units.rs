//! What stands behind a value: units, counted things, scale words, percent.

use super::tokens::Token;
use crate::expression::Expr;
use crate::number::Number;

/// A value's tokens and what was cut off behind them.
#[derive(Debug)]
pub(super) struct Measured<'a> {
    pub(super) value: &'a [Token],
    /// In one spelling, without plural.
    pub(super) unit: Option<String>,
    pub(super) percent: bool,
    /// The power of ten that words like "million" mean.
    pub(super) scale: u32,
}

/// Splits a value from its unit. A unit is a text command, a known word, or a word of four letters and more with a blank
/// before it, behind something that is a value, and nothing but units follows it.
pub(super) fn split(tokens: &[Token]) -> Measured<'_> {
    let whole = Measured { value: tokens, unit: None, percent: false, scale: 0 };
    let starts = |at: &usize| *at > 0 && (is_unit(&tokens[*at]) || tokens[*at] == Token::Percent);
    let Some(at) = (0..tokens.len()).find(starts) else { return whole };
    let all_units = tokens[at..].iter().all(|token| {
        let joins = matches!(
            token,
            Token::Over
                | Token::Caret
                | Token::Minus
                | Token::Times
                | Token::GroupOpen
                | Token::GroupClose
                | Token::Percent
        );
        joins || is_unit(token) || matches!(token, Token::Number(..) | Token::Word(..))
    });
    let (mut value, units) = tokens.split_at(at);
    while matches!(value.last(), Some(Token::Times)) {
        value = &value[..value.len() - 1];
    }
    let balanced = |open: &Token, close: &Token| {
        let count = |wanted: &Token| value.iter().filter(|token| *token == wanted).count();
        count(open) == count(close)
    };
    if !all_units || value.is_empty() || !balanced(&Token::GroupOpen, &Token::GroupClose) {
        return whole;
    }
    let mut measured = Measured { value, unit: None, percent: false, scale: 0 };
    let mut unit = String::new();
    for token in units {
        match token {
            Token::Percent => measured.percent = true,
            Token::Word(word, _) | Token::Text(word) => {
                for word in word.split_whitespace() {
                    match scale(word) {
                        Some(digits) => measured.scale += digits,
                        None if matches!(word.to_lowercase().as_str(), "percent" | "pct") => measured.percent = true,
                        None => unit.push_str(&spelling(word)),
                    }
                }
            }
            Token::Number(digits, _) => unit.push_str(digits),
            Token::Over => unit.push('/'),
            Token::Caret => unit.push('^'),
            Token::Minus => unit.push('-'),
            _ => {}
        }
    }
    measured.unit = (!unit.is_empty()).then_some(unit);
    measured
}

/// The value with its scale.
pub(super) fn scaled(expr: Expr, scale: u32) -> Expr {
    if scale == 0 {
        return expr;
    }
    let power = Expr::Number(Number::small(10)).raised_to(Expr::Number(Number::small(scale)));
    Expr::Product(vec![expr, power])
}

fn is_unit(token: &Token) -> bool {
    match token {
        Token::Text(_) => true,
        Token::Word(word, blank) => {
            let lower = word.to_lowercase();
            let known =
                SPELLINGS.iter().any(|(unit, _)| *unit == lower.as_str() && unit.len() > 1) || scale(word).is_some();
            let is_math = matches!(lower.as_str(), "sqrt" | "infinity" | "sinh" | "cosh" | "tanh" | "floor" | "ceil")
                || super::commands::function(&lower).is_some();
            known || (*blank && word.chars().count() >= 4 && !is_math)
        }
        _ => false,
    }
}

fn scale(word: &str) -> Option<u32> {
    Some(match word.to_lowercase().as_str() {
        "thousand" | "thousands" => 3,
        "million" | "millions" => 6,
        "billion" | "billions" => 9,
        "trillion" | "trillions" => 12,
        _ => return None,
    })
}

/// Units that are written in more than one way, and the one that is compared. Those of one letter are units only in a
/// text command.
const SPELLINGS: [(&str, &str); 56] = [
    ("cm", "centimeter"),
    ("centimetre", "centimeter"),
    ("centimeter", "centimeter"),
    ("centimeters", "centimeter"),
    ("mm", "millimeter"),
    ("millimetre", "millimeter"),
    ("km", "kilometer"),
    ("kilometre", "kilometer"),
    ("m", "meter"),
    ("metre", "meter"),
    ("ft", "foot"),
    ("feet", "foot"),
    ("foot", "foot"),
    ("in", "inch"),
    ("inch", "inch"),
    ("inches", "inch"),
    ("yd", "yard"),
    ("mi", "mile"),
    ("s", "second"),
    ("sec", "second"),
    ("secs", "second"),
    ("min", "minute"),
    ("mins", "minute"),
    ("h", "hour"),
    ("hr", "hour"),
    ("hrs", "hour"),
    ("kg", "kilogram"),
    ("g", "gram"),
    ("mg", "milligram"),
    ("lb", "pound"),
    ("lbs", "pound"),
    ("oz", "ounce"),
    ("ml", "milliliter"),
    ("l", "liter"),
    ("litre", "liter"),
    ("deg", "degree"),
    ("mph", "mile/hour"),
    ("sq", "square"),
    ("cu", "cubic"),
    ("usd", "dollar"),
    ("cents", "cent"),
    ("cent", "cent"),
    ("day", "day"),
    ("days", "day"),
    ("men", "man"),
    ("women", "woman"),
    ("people", "person"),
    ("children", "child"),
    ("ways", "way"),
    ("way", "way"),
    ("per", "/"),
    ("each", ""),
    ("units", ""),
    ("unit", ""),
    ("total", ""),
    ("percent", "percent"),
];

/// One spelling for a unit: small letters, no plural, no abbreviation.
fn spelling(word: &str) -> String {
    let word = word.trim_matches('.').to_lowercase();
    if let Some((above, below)) = word.split_once('/') {
        return format!("{}/{}", spelling(above), below.split('/').map(spelling).collect::<Vec<_>>().join("/"));
    }
    let find = |word: &str| SPELLINGS.iter().find(|(unit, _)| *unit == word).map(|(_, name)| (*name).to_owned());
    if let Some(name) = find(&word) {
        return name;
    }
    let singular = word.strip_suffix('s').unwrap_or(&word);
    find(singular).unwrap_or_else(|| singular.to_owned())
}
