//! From tokens to an answer: one value, or several put together in a way that matters.

use super::tokens::{Relation, Token};
use super::{parser, units};
use crate::expression::Expr;

/// Deeper nesting is no answer.
const DEEPEST: usize = 12;

/// A single value and what is written with it.
#[derive(Debug, Clone)]
pub(super) struct Value {
    pub(super) expr: Expr,
    pub(super) unit: Option<String>,
    pub(super) percent: bool,
    /// The base that a subscript names.
    pub(super) base: Option<String>,
}

/// An answer.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    Value(Value),
    /// Words in small letters.
    Words(Vec<String>),
    /// In any order: what commas or a set's braces hold, or the two values of a plus-minus.
    List(Vec<Answer>),
    /// In this order, with these brackets: a point, an interval.
    Tuple(char, char, Vec<Answer>),
    Union(Vec<Answer>),
    /// With the first letter of its kind, and its rows.
    Matrix(char, Vec<Vec<Answer>>),
    /// One side more than signs.
    Relation(Vec<Answer>, Vec<Relation>),
}

/// The answer that the tokens are; none for what is not understood.
pub(super) fn read(tokens: &[Token]) -> Option<Answer> {
    list(tokens, 0)
}

fn list(tokens: &[Token], depth: usize) -> Option<Answer> {
    if depth > DEEPEST {
        return None;
    }
    let tokens = ungrouped(tokens);
    let (entries, _) = split(tokens, |token| *token == Token::Comma);
    if entries.len() == 1 {
        return relation(tokens, depth);
    }
    flat(entries.into_iter().filter(|entry| !entry.is_empty()), depth)
}

/// The entries as one list; lists in it are poured out.
fn flat<'a>(entries: impl Iterator<Item = &'a [Token]>, depth: usize) -> Option<Answer> {
    let mut result = Vec::new();
    for entry in entries {
        match list(entry, depth + 1)? {
            Answer::List(inner) => result.extend(inner),
            other => result.push(other),
        }
    }
    Some(if result.len() == 1 { result.remove(0) } else { Answer::List(result) })
}

fn relation(tokens: &[Token], depth: usize) -> Option<Answer> {
    let (sides, signs) = split(tokens, |token| matches!(token, Token::Relation(_)));
    if signs.is_empty() {
        return union(tokens, depth);
    }
    let signs = signs.into_iter().filter_map(|sign| match sign {
        Token::Relation(relation) => Some(*relation),
        _ => None,
    });
    let sides: Option<Vec<_>> = sides.into_iter().map(|side| union(ungrouped(side), depth)).collect();
    Some(Answer::Relation(sides?, signs.collect()))
}

fn union(tokens: &[Token], depth: usize) -> Option<Answer> {
    let (parts, _) = split(tokens, |token| *token == Token::Union);
    if parts.len() == 1 {
        return single(tokens, depth);
    }
    let parts: Option<Vec<_>> = parts.into_iter().map(|part| single(ungrouped(part), depth)).collect();
    parts.map(Answer::Union)
}

fn single(tokens: &[Token], depth: usize) -> Option<Answer> {
    match tokens {
        [] => return None,
        [Token::Symbol(name)] if matches!(name.as_str(), "emptyset" | "varnothing" | "∅") => return Some(empty_set()),
        [Token::Begin(kind), inner @ .., Token::End] => return matrix(kind, inner, depth),
        [Token::Open(open), inner @ .., Token::Close(close)] if closes_last(tokens) => {
            let (entries, _) = split(inner, |token| *token == Token::Comma);
            return match (*open, *close) {
                ('{', '}') if inner.is_empty() => Some(empty_set()),
                ('{', '}') => flat(entries.into_iter(), depth),
                ('⌊' | '⌈', _) => value(tokens),
                _ if entries.len() > 1 => {
                    let entries: Option<Vec<_>> = entries.into_iter().map(|entry| list(entry, depth + 1)).collect();
                    Some(Answer::Tuple(*open, *close, entries?))
                }
                ('(', ')') | ('[', ']') => list(inner, depth + 1),
                _ => None,
            };
        }
        _ => {}
    }
    if let Some(words) = words(tokens) {
        return Some(Answer::Words(words));
    }
    value(tokens)
}

fn empty_set() -> Answer {
    Answer::Words(vec!["∅".to_owned()])
}

/// Text of one letter in a text command, or words of any length.
fn words(tokens: &[Token]) -> Option<Vec<String>> {
    let mut words = Vec::new();
    for token in tokens {
        match token {
            Token::Word(word, _) if tokens.len() == 1 && is_name(word) => return None,
            Token::Word(text, _) | Token::Text(text) => words.extend(text.split_whitespace().map(str::to_lowercase)),
            _ => return None,
        }
    }
    // Single letters side by side are a product.
    words.iter().any(|word| word.chars().nth(1).is_some()).then_some(words)
}

fn is_name(word: &str) -> bool {
    word.chars().nth(1).is_none() || matches!(word, "pi" | "inf" | "infinity" | "oo")
}

fn value(tokens: &[Token]) -> Option<Answer> {
    let measured = units::split(tokens);
    let (expr, base) = parser::parse(measured.value)?;
    let expr = units::scaled(expr, measured.scale);
    let value = |expr| Value { expr, unit: measured.unit.clone(), percent: measured.percent, base: base.clone() };
    if expr.any(&|part| matches!(part, Expr::PlusMinus(..))) {
        return Some(Answer::List([true, false].map(|upper| Answer::Value(value(expr.with_sign(upper)))).into()));
    }
    Some(Answer::Value(value(expr)))
}

fn matrix(kind: &str, inner: &[Token], depth: usize) -> Option<Answer> {
    let (rows, _) = split(inner, |token| *token == Token::Row);
    let rows: Option<Vec<Vec<_>>> = rows
        .into_iter()
        .filter(|row| !row.is_empty())
        .map(|row| split(row, |token| *token == Token::Cell).0.into_iter().map(|cell| list(cell, depth + 1)).collect())
        .collect();
    // Round and square brackets are two ways to write one thing; bars are not.
    let kind = kind.chars().next().filter(|kind| matches!(kind, 'v' | 'V' | 'c')).unwrap_or('m');
    Some(Answer::Matrix(kind, rows?))
}

/// Without braces round the whole.
fn ungrouped(mut tokens: &[Token]) -> &[Token] {
    while let [Token::GroupOpen, inner @ .., Token::GroupClose] = tokens
        && closes_last(tokens)
    {
        tokens = inner;
    }
    tokens
}

/// Whether the bracket that opens first is closed by the last token.
fn closes_last(tokens: &[Token]) -> bool {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        depth = deeper(depth, token);
        if depth == 0 {
            return at + 1 == tokens.len();
        }
    }
    false
}

fn deeper(depth: usize, token: &Token) -> usize {
    match token {
        Token::Open(_) | Token::GroupOpen | Token::Begin(_) => depth + 1,
        Token::Close(_) | Token::GroupClose | Token::End => depth.saturating_sub(1),
        _ => depth,
    }
}

/// The pieces between separators outside all brackets, and the separators.
fn split(tokens: &[Token], separates: impl Fn(&Token) -> bool) -> (Vec<&[Token]>, Vec<&Token>) {
    let (mut pieces, mut separators) = (Vec::new(), Vec::new());
    let (mut depth, mut start) = (0, 0);
    for (at, token) in tokens.iter().enumerate() {
        depth = deeper(depth, token);
        if depth == 0 && separates(token) {
            pieces.push(&tokens[start..at]);
            separators.push(token);
            start = at + 1;
        }
    }
    pieces.push(&tokens[start..]);
    (pieces, separators)
}
