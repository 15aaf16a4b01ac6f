//! Whether two answers are equal.

use super::answer::{Answer, Value};
use super::intervals::interval;
use super::tokens::Relation;
use crate::decision::same;
use crate::evaluation::{Domain, Point};
use crate::expression::Expr;
use crate::number::Number;

/// How many values may still be compared: lists are matched entry by entry.
#[derive(Debug)]
pub(super) struct Work {
    left: usize,
}

impl Default for Work {
    fn default() -> Self {
        Self { left: 300 }
    }
}

/// Whether what was found is what was wanted.
pub(super) fn equal(found: &Answer, wanted: &Answer, work: &mut Work) -> bool {
    match (found, wanted) {
        (Answer::Value(found), Answer::Value(wanted)) => values_equal(found, wanted, work),
        (Answer::Words(found), Answer::Words(wanted)) => found == wanted,
        (Answer::Words(words), Answer::Value(value)) | (Answer::Value(value), Answer::Words(words)) => {
            is_product_of_letters(words, &value.expr)
        }
        (Answer::List(found), Answer::List(wanted)) | (Answer::Union(found), Answer::Union(wanted)) => {
            equal_in_any_order(found, wanted, work)
        }
        (Answer::Tuple(open, close, found), Answer::Tuple(wanted_open, wanted_close, wanted)) => {
            open == wanted_open && close == wanted_close && equal_in_order(found, wanted, work)
        }
        (Answer::Matrix(kind, found), Answer::Matrix(wanted_kind, wanted)) => {
            let rows = |(found, wanted): (&Vec<Answer>, &Vec<Answer>)| equal_in_order(found, wanted, work);
            kind == wanted_kind && found.len() == wanted.len() && found.iter().zip(wanted).all(rows)
        }
        (Answer::Relation(found, signs), Answer::Relation(wanted, wanted_signs)) => {
            relations_equal((found, signs), (wanted, wanted_signs), work)
        }
        (Answer::Relation(sides, signs), other @ Answer::Tuple(..))
        | (other @ Answer::Tuple(..), Answer::Relation(sides, signs))
            if signs.iter().all(|sign| is_order(*sign)) =>
        {
            interval(sides, signs).is_some_and(|interval| equal(&interval, other, work))
        }
        (Answer::Relation(sides, signs), other) => named(sides, signs).is_some_and(|value| equal(value, other, work)),
        (other, Answer::Relation(sides, signs)) => named(sides, signs).is_some_and(|value| equal(other, value, work)),
        _ => false,
    }
}

fn equal_in_order(found: &[Answer], wanted: &[Answer], work: &mut Work) -> bool {
    found.len() == wanted.len() && found.iter().zip(wanted).all(|(found, wanted)| equal(found, wanted, work))
}

/// Each entry has a partner of its own.
fn equal_in_any_order(found: &[Answer], wanted: &[Answer], work: &mut Work) -> bool {
    if found.len() != wanted.len() {
        return false;
    }
    let mut left: Vec<&Answer> = wanted.iter().collect();
    found.iter().all(|found| match left.iter().position(|wanted| equal(found, wanted, work)) {
        Some(at) => {
            left.swap_remove(at);
            true
        }
        None => false,
    })
}

fn values_equal(found: &Value, wanted: &Value, work: &mut Work) -> bool {
    let differ = |a: &Option<String>, b: &Option<String>| a.is_some() && b.is_some() && a != b;
    if work.left == 0 || differ(&found.unit, &wanted.unit) || differ(&found.base, &wanted.base) {
        return false;
    }
    work.left -= 1;
    if let (Some(found), Some(wanted)) = (infinity(&found.expr), infinity(&wanted.expr)) {
        return found == wanted;
    }
    if let (Expr::Symbol(found), Expr::Symbol(wanted)) = (&found.expr, &wanted.expr) {
        return found == wanted || letters_equal(found, wanted);
    }
    if let (Some(found), Some(wanted)) = (fraction(&found.expr), fraction(&wanted.expr)) {
        return found == wanted;
    }
    if is_literal(&wanted.expr) && is_undone(&found.expr) {
        return false;
    }
    if same(&found.expr, &wanted.expr, Domain::Real) {
        return true;
    }
    let hundredth = |expr: &Expr| expr.clone().over(Expr::Number(Number::small(100)));
    match (found.percent, wanted.percent) {
        (true, false) => same(&hundredth(&found.expr), &wanted.expr, Domain::Real),
        (false, true) => same(&found.expr, &hundredth(&wanted.expr), Domain::Real),
        _ => false,
    }
}

/// An answer of one letter is a choice, whose case does not matter.
fn letters_equal(a: &str, b: &str) -> bool {
    a.len() == 1 && a.eq_ignore_ascii_case(b)
}

/// The sign of an infinity.
fn infinity(expr: &Expr) -> Option<bool> {
    match expr {
        Expr::Infinity => Some(true),
        Expr::Negative(inner) => infinity(inner).map(|positive| !positive),
        _ => None,
    }
}

/// A fraction of whole numbers as it is written: sign, upper, lower.
fn fraction(expr: &Expr) -> Option<(bool, i64, i64)> {
    match expr {
        Expr::Negative(inner) => fraction(inner).map(|(negative, above, below)| (!negative, above, below)),
        Expr::Quotient(parts) if is_literal(&parts.0) && is_literal(&parts.1) => {
            let (above, below) = (parts.0.as_whole()?, parts.1.as_whole()?);
            Some(((above < 0) != (below < 0), above.checked_abs()?, below.checked_abs()?))
        }
        _ => None,
    }
}

/// A whole number as it is written, with a sign or without.
fn is_literal(expr: &Expr) -> bool {
    match expr {
        Expr::Number(number) => number.is_integer,
        Expr::Negative(inner) => is_literal(inner),
        _ => false,
    }
}

/// A sum, product or power of whole numbers that nobody worked out. Powers of ten are a way to write numbers.
fn is_undone(expr: &Expr) -> bool {
    let is_power_of_ten = |expr: &Expr| match expr {
        Expr::Power(parts) => parts.0.as_whole() == Some(10),
        _ => false,
    };
    let worked_on = |part: &Expr| {
        let literal = matches!(part, Expr::Number(number) if number.is_integer);
        let step = matches!(part, Expr::Sum(_) | Expr::Product(_) | Expr::Power(_) | Expr::Negative(_));
        !literal && !step
    };
    !is_literal(expr) && !expr.any(&worked_on) && !expr.any(&is_power_of_ten)
}

/// The value that `x = 5` and its like give a name to: the last side, when the first is a name, or all are numbers.
fn named<'a>(sides: &'a [Answer], signs: &[Relation]) -> Option<&'a Answer> {
    let ([first, ..], [.., last]) = (sides, sides) else { return None };
    match signs {
        [Relation::In | Relation::About] if is_name(first) => Some(last),
        _ if signs.iter().any(|sign| *sign != Relation::Equal) => None,
        _ if is_name(first) => Some(last),
        _ if is_name(last) => Some(first),
        _ if is_constant(first) && is_constant(last) && equal(first, last, &mut Work::default()) => Some(last),
        _ => None,
    }
}

/// A name, or names joined by operators as in `m + n`: no number, no power.
fn is_name(side: &Answer) -> bool {
    match side {
        Answer::Words(_) => true,
        Answer::Value(value) => {
            let unnamed = |part: &Expr| matches!(part, Expr::Number(_) | Expr::Power(_) | Expr::Infinity | Expr::Pi);
            let is_application = matches!(&value.expr, Expr::Product(factors)
                if matches!(factors.as_slice(), [Expr::Symbol(_), Expr::Number(_)]));
            value.unit.is_none() && (is_application || !value.expr.any(&unnamed))
        }
        Answer::Tuple(_, _, entries) => entries.iter().all(is_name),
        _ => false,
    }
}

fn is_constant(side: &Answer) -> bool {
    matches!(side, Answer::Value(value) if !value.expr.any(&|part| matches!(part, Expr::Symbol(_))))
}

type Sides<'a> = (&'a [Answer], &'a [Relation]);

fn relations_equal(found: Sides, wanted: Sides, work: &mut Work) -> bool {
    let all_equal = |signs: &[Relation]| signs.iter().all(|sign| *sign == Relation::Equal);
    if found.1 == wanted.1 && equal_in_order(found.0, wanted.0, work) {
        return true;
    }
    if found.1.len() == wanted.1.len() {
        let turned: Vec<Relation> = found.1.iter().rev().map(|sign| reversed(*sign)).collect();
        let sides: Vec<Answer> = found.0.iter().rev().cloned().collect();
        if turned == wanted.1 && equal_in_order(&sides, wanted.0, work) {
            return true;
        }
    }
    if !all_equal(found.1) || !all_equal(wanted.1) {
        return false;
    }
    let ends = |sides: &[Answer]| Some((sides.first()?.clone(), sides.last()?.clone()));
    let (Some(found), Some(wanted)) = (ends(found.0), ends(wanted.0)) else { return false };
    // A chain may have steps between its ends.
    if equal(&found.0, &wanted.0, work) && equal(&found.1, &wanted.1, work) {
        return true;
    }
    match (difference(&found), difference(&wanted)) {
        (Some(found), Some(wanted)) => proportional(&found, &wanted),
        _ => false,
    }
}

fn is_order(sign: Relation) -> bool {
    reversed(sign) != sign
}

fn reversed(sign: Relation) -> Relation {
    match sign {
        Relation::Less => Relation::Greater,
        Relation::LessOrEqual => Relation::GreaterOrEqual,
        Relation::Greater => Relation::Less,
        Relation::GreaterOrEqual => Relation::LessOrEqual,
        other => other,
    }
}

/// What an equation says to be zero.
fn difference(sides: &(Answer, Answer)) -> Option<Expr> {
    match sides {
        (Answer::Value(left), Answer::Value(right)) => Some(left.expr.clone().plus(right.expr.clone().negated())),
        _ => None,
    }
}

/// Whether two equations are the same but for a factor: the quotient of what they say to be zero is the same everywhere.
fn proportional(found: &Expr, wanted: &Expr) -> bool {
    let mut first = None;
    let mut agreed = 0;
    for number in 0..12 {
        let at = Point { domain: Domain::Real, number };
        let (Some(above), Some(below)) = (at.evaluate(found), at.evaluate(wanted)) else { continue };
        let Some(factor) = above.over(below) else { continue };
        match first {
            None if factor.is_zero() => return false,
            None => first = Some(factor),
            Some(first) if !factor.equals(first) => return false,
            Some(_) => agreed += 1,
        }
    }
    agreed >= 4
}

/// `xy` alone is a word; beside `x y` or `x \cdot y` it is a product.
fn is_product_of_letters(words: &[String], expr: &Expr) -> bool {
    let ([word], Expr::Product(factors)) = (words, expr) else { return false };
    let mut letters: Vec<char> = word.chars().collect();
    let all_letters = factors.iter().all(|factor| match factor {
        Expr::Symbol(name) => match letters.iter().position(|letter| name.len() == 1 && name.starts_with(*letter)) {
            Some(at) => {
                letters.swap_remove(at);
                true
            }
            None => false,
        },
        _ => false,
    });
    all_letters && letters.is_empty()
}
