//! What commands of LaTeX and single signs mean.

use super::tokens::{Relation, Token};
use crate::expression::Function;

/// A command that is more than a sign.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Command {
    Fraction,
    Root,
    Binomial,
    Pi,
    Infinity,
    Function(Function),
    /// Logarithm: its base may stand below it.
    Log,
    /// To base ten.
    Lg,
}

/// Commands that hold text or set letters upright, bold and so on.
pub(super) fn is_text(name: &str) -> bool {
    matches!(
        name,
        "text"
            | "textbf"
            | "textit"
            | "textrm"
            | "textsf"
            | "texttt"
            | "mbox"
            | "mathrm"
            | "mathbf"
            | "mathit"
            | "mathsf"
            | "boldsymbol"
            | "bm"
            | "operatorname"
            | "rm"
    )
}

/// The meaning of a command's name without its backslash.
pub(super) fn meaning(name: &str) -> Option<Token> {
    Some(match name {
        "frac" | "dfrac" | "tfrac" | "cfrac" => Token::Command(Command::Fraction),
        "sqrt" => Token::Command(Command::Root),
        "binom" | "dbinom" | "tbinom" => Token::Command(Command::Binomial),
        "pi" => Token::Command(Command::Pi),
        "infty" | "infinity" => Token::Command(Command::Infinity),
        "log" => Token::Command(Command::Log),
        "lg" => Token::Command(Command::Lg),
        "cdot" | "times" | "ast" => Token::Times,
        "div" => Token::Over,
        "pm" => Token::PlusMinus,
        "mp" => Token::MinusPlus,
        "cup" | "bigcup" => Token::Union,
        "circ" | "degree" => Token::Degree,
        "le" | "leq" | "leqslant" => Token::Relation(Relation::LessOrEqual),
        "ge" | "geq" | "geqslant" => Token::Relation(Relation::GreaterOrEqual),
        "lt" => Token::Relation(Relation::Less),
        "gt" => Token::Relation(Relation::Greater),
        "ne" | "neq" => Token::Relation(Relation::NotEqual),
        "approx" | "approxeq" => Token::Relation(Relation::About),
        "in" => Token::Relation(Relation::In),
        "to" | "rightarrow" | "mapsto" => Token::Relation(Relation::Arrow),
        "%" => Token::Percent,
        "{" | "lbrace" => Token::Open('{'),
        "}" | "rbrace" => Token::Close('}'),
        "langle" => Token::Open('<'),
        "rangle" => Token::Close('>'),
        "lfloor" => Token::Open('⌊'),
        "rfloor" => Token::Close('⌋'),
        "lceil" => Token::Open('⌈'),
        "rceil" => Token::Close('⌉'),
        "vert" | "lvert" | "rvert" | "mid" | "|" => Token::Bar,
        "prime" => Token::Prime,
        "\\" => Token::Row,
        "&" => Token::Comma,
        _ => Token::Command(Command::Function(function(name)?)),
    })
}

/// The function of this name.
pub(super) fn function(name: &str) -> Option<Function> {
    Some(match name {
        "abs" => Function::Abs,
        "exp" => Function::Exp,
        "ln" => Function::Ln,
        "sin" => Function::Sin,
        "cos" => Function::Cos,
        "tan" => Function::Tan,
        "cot" => Function::Cot,
        "sec" => Function::Sec,
        "csc" => Function::Csc,
        "arcsin" | "asin" => Function::Arcsin,
        "arccos" | "acos" => Function::Arccos,
        "arctan" | "atan" => Function::Arctan,
        "sinh" => Function::Sinh,
        "cosh" => Function::Cosh,
        "tanh" => Function::Tanh,
        "floor" => Function::Floor,
        "ceil" => Function::Ceil,
        _ => return None,
    })
}

/// The inverse that an exponent of -1 on the name of a function means.
pub(super) fn inverse(function: Function) -> Option<Function> {
    Some(match function {
        Function::Sin => Function::Arcsin,
        Function::Cos => Function::Arccos,
        Function::Tan => Function::Arctan,
        _ => return None,
    })
}

/// The meaning of a single sign; none for blanks and whatever else has none.
pub(super) fn sign(char: char) -> Option<Token> {
    Some(match char {
        '(' | '[' => Token::Open(char),
        ')' | ']' => Token::Close(char),
        '{' => Token::GroupOpen,
        '}' => Token::GroupClose,
        '|' => Token::Bar,
        '+' => Token::Plus,
        '-' | '\u{2212}' | '\u{2013}' => Token::Minus,
        '±' => Token::PlusMinus,
        '∓' => Token::MinusPlus,
        '*' | '×' | '·' | '⋅' => Token::Times,
        '/' | '÷' | '\u{2044}' => Token::Over,
        '^' => Token::Caret,
        '_' => Token::Under,
        '!' => Token::Bang,
        '\'' | '’' | '′' => Token::Prime,
        '%' => Token::Percent,
        '°' => Token::Degree,
        ',' | ';' | '，' => Token::Comma,
        '∪' => Token::Union,
        '∞' => Token::Command(Command::Infinity),
        '√' => Token::Command(Command::Root),
        '=' => Token::Relation(Relation::Equal),
        '<' => Token::Relation(Relation::Less),
        '>' => Token::Relation(Relation::Greater),
        '≤' | '⩽' => Token::Relation(Relation::LessOrEqual),
        '≥' | '⩾' => Token::Relation(Relation::GreaterOrEqual),
        '≠' => Token::Relation(Relation::NotEqual),
        '≈' => Token::Relation(Relation::About),
        '∈' => Token::Relation(Relation::In),
        ':' => Token::Relation(Relation::Ratio),
        '→' => Token::Relation(Relation::Arrow),
        '&' => Token::Cell,
        _ => return None,
    })
}
