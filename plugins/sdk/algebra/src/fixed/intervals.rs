//! Inequalities with one name as intervals: `1 < x <= 3` is `(1, 3]`.

use super::answer::{Answer, Value};
use super::tokens::Relation;
use crate::expression::Expr;

/// The interval that the name in the middle, or on one side, may lie in.
pub(super) fn interval(sides: &[Answer], signs: &[Relation]) -> Option<Answer> {
    let is_name = |side: &Answer| matches!(side, Answer::Value(value) if matches!(value.expr, Expr::Symbol(_)));
    let (lower, upper) = match (sides, signs) {
        ([name, bound], [sign]) if is_name(name) && !is_name(bound) => match sign {
            Relation::Less | Relation::LessOrEqual => (None, Some((bound, *sign))),
            Relation::Greater | Relation::GreaterOrEqual => (Some((bound, *sign)), None),
            _ => return None,
        },
        ([bound, name], [sign]) if is_name(name) && !is_name(bound) => match sign {
            Relation::Less | Relation::LessOrEqual => (Some((bound, *sign)), None),
            Relation::Greater | Relation::GreaterOrEqual => (None, Some((bound, *sign))),
            _ => return None,
        },
        ([low, name, high], [first, second]) if is_name(name) => match (first, second) {
            (Relation::Less | Relation::LessOrEqual, Relation::Less | Relation::LessOrEqual) => {
                (Some((low, *first)), Some((high, *second)))
            }
            (Relation::Greater | Relation::GreaterOrEqual, Relation::Greater | Relation::GreaterOrEqual) => {
                (Some((high, *second)), Some((low, *first)))
            }
            _ => return None,
        },
        _ => return None,
    };
    let is_closed = |sign: Relation| matches!(sign, Relation::LessOrEqual | Relation::GreaterOrEqual);
    let end = |bound: Option<(&Answer, Relation)>, infinite: Expr| match bound {
        Some((bound, sign)) => (bound.clone(), is_closed(sign)),
        None => (Answer::Value(Value { expr: infinite, unit: None, percent: false, base: None }), false),
    };
    let ((low, low_closed), (high, high_closed)) = (end(lower, Expr::Infinity.negated()), end(upper, Expr::Infinity));
    let (open, close) = (if low_closed { '[' } else { '(' }, if high_closed { ']' } else { ')' });
    Some(Answer::Tuple(open, close, vec![low, high]))
}
