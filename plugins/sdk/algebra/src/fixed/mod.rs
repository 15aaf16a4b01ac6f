//! Both sides read as mathematics: brackets, roots and lists keep their meaning, words are words.

mod answer;
mod atoms;
mod commands;
mod intervals;
mod parser;
mod scanner;
mod tokens;
mod units;
mod verdict;

use crate::number::Plain;

/// Longer texts are equal only to the same text.
const LONGEST_BYTES: usize = 4096;

/// Whether an answer is equal to the true one.
///
/// The two are not alike: where the truth is a whole number, a prediction that leaves a sum, product or power of whole
/// numbers undone is not equal to it. Fractions of whole numbers are equal only with the same parts. Everything else
/// is compared by value: the order of lists and sets does not matter, that of pairs does; units, names (`x = 5`) and
/// percent signs count only where both sides have them.
pub fn equal(prediction: &str, truth: &str) -> bool {
    let (prediction, truth) = (prediction.trim(), truth.trim());
    if prediction.is_empty() || truth.is_empty() {
        return false;
    }
    if prediction == truth {
        return true;
    }
    if let (Some(found), Some(wanted)) = (Plain::read(prediction), Plain::read(truth)) {
        if found.equals(&wanted) {
            return true;
        }
        // Another verdict is possible only where commas may separate the entries of a list.
        if !prediction.contains(',') && !truth.contains(',') {
            return false;
        }
    }
    if prediction.len().max(truth.len()) > LONGEST_BYTES {
        return false;
    }
    let mut work = verdict::Work::default();
    let commas_of_thousands = [prediction, truth].map(tokens::may_have_thousands);
    // A comma before three digits may be either kind; both sides are read alike.
    let readings: &[bool] = if commas_of_thousands == [false, false] { &[true] } else { &[true, false] };
    readings.iter().any(|&thousands| {
        let (found, wanted) = (tokens::read(prediction, thousands), tokens::read(truth, thousands));
        let (Some(found), Some(wanted)) = (found, wanted) else { return false };
        if tokens::same(&found, &wanted) || tokens::same_words(&found, &wanted) {
            return true;
        }
        match (answer::read(&found), answer::read(&wanted)) {
            (Some(found), Some(wanted)) => verdict::equal(&found, &wanted, &mut work),
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::equal;

    /// What the rules say, each way round unless arithmetic is left undone.
    #[test]
    fn answers_are_compared_as_mathematics() {
        let equal_ones: &[&[&str]] = &[
            // Numbers.
            &["7", "7.0", "007", "$7$", "7.", "\\boxed{7}", "(7)", "7\\text{ cm}", "7 apples", "7\\%"],
            &["1000000", "1,000,000", "1{,}000{,}000", "1\\,000\\,000", "10^6", "1\\times10^{6}", "1 million", "1e6"],
            &["\\frac{7}{2}", "\\dfrac72", "7/2", "3.5", "3\\frac12", "3 1/2", "\\frac{-7}{-2}"],
            &["\\frac13", "0.\\overline{3}", "0.1\\overline{6} \\cdot 2"],
            &["60^\\circ", "60^{\\circ}", "60", "60 degrees"],
            &["0.25", "25\\%", "25 percent"],
            // Roots, powers, functions.
            &["\\sqrt[3]{27}", "3", "\\log_2 8", "\\log_{10} 1000", "\\binom{3}{1}", "\\sqrt9"],
            &["\\sqrt[3]{-8}", "-2", "2e^{i\\pi}"],
            &["\\frac{1}{\\sqrt2}", "\\frac{\\sqrt{2}}{2}", "\\sin 45^\\circ", "\\cos\\frac{\\pi}{4}", "sqrt(2)/2"],
            &["\\sqrt{3+2\\sqrt{2}}", "1+\\sqrt2"],
            &["2\\pi r", "2r\\pi", "2\\cdot r\\cdot\\pi"],
            &["a+b+c", "c+b+a"],
            &["\\frac{1}{y+2}", "1/(y+2)", "(y+2)^{-1}"],
            &["x^{12}+1", "1+x^12", "1+x**12"],
            &["\\sqrt{x^2}", "|x|", "|-x|"],
            &["n!", "n(n-1)!"],
            &["\\cot x", "\\frac{\\cos x}{\\sin x}"],
            // Put together.
            &["1,2", "2, 1", "\\{1,2\\}", "1 and 2", "x=1 or x=2", "x=2, y=1", "2 \\text{ and } 1"],
            &["1\\pm\\sqrt2", "1+\\sqrt2, 1-\\sqrt2", "x = 1 \\mp \\sqrt{2}"],
            &["(-\\infty,0)\\cup[1,2)", "[1,2) \\cup (-\\infty, 0)", "(-oo,0)U[1,2)"],
            &["[2,\\infty)", "x \\ge 2", "2 \\leq x", "x \\in [2, \\infty)"],
            &["(0.5,\\frac42)", "\\left(\\frac12, 2\\right)"],
            &["\\begin{pmatrix} 1/2 \\\\ 2 \\end{pmatrix}", "\\begin{bmatrix}0.5\\\\2\\end{bmatrix}"],
            &["y=2x+1", "2x-y+1=0", "1+2x=y"],
            &["5", "m+n=5", "area = 5", "\\text{area} = 5", "f(2) = 5", "x = 2+3 = 5"],
            // Words.
            &["\\text{Even}", "even", "EVEN", "Even."],
            &["apple banana", "apple, banana", "Apple Banana"],
            &["(B)", "B", "\\text{(B)}", "b"],
            &["] ) >", "])>"],
        ];
        for group in equal_ones {
            for (at, a) in group.iter().enumerate() {
                assert!(equal(a, group[0]) && equal(group[0], a), "{a} {} ({at})", group[0]);
            }
        }
        let different = [
            ("ab", "ba"),
            ("\\frac{1}{y+2}", "\\frac{1}{y}+2"),
            ("\\sqrt[3]{27}", "\\sqrt{27}"),
            ("\\binom{7}{3}", "73"),
            ("(3,456)", "(3456)"),
            ("(1,2)", "1,2"),
            ("(1,2)", "(2,1)"),
            ("[1,2)", "(1,2)"),
            ("1,1,2", "1,2,2"),
            ("1,234", "1,999"),
            ("6.28", "2\\pi"),
            ("3.141592653589793", "\\pi"),
            ("\\sqrt{10^{20}+1}", "10^{10}"),
            ("12345678901234567890", "12345678901234567891"),
            ("10^{-13}", "0"),
            ("12 million", "12 billion"),
            ("5 cm", "5 km"),
            ("6xyz", "6"),
            ("0.25", "25"),
            ("1011_2", "1011_3"),
            ("x=5", "y=5"),
            ("x=3,y=5", "x=5,y=3"),
            ("x^2+y^2=4", "4"),
            ("3=4", "4"),
            ("x<3", "x\\le 3"),
            ("|x|", "x"),
            ("x^{1}2", "x^{12}"),
            ("banana apple", "apple banana"),
            ("] ) >", "] ( >"),
            ("\\begin{pmatrix} 1 & 2 \\end{pmatrix}", "\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}"),
            ("", ""),
        ];
        for (a, b) in different {
            assert!(!equal(a, b) && !equal(b, a), "{a} {b}");
        }
    }

    #[test]
    fn a_whole_number_is_not_arithmetic_left_undone() {
        for undone in ["2^6", "60+4", "8\\cdot 8", "4^3", "-(-64)^1"] {
            assert!(!equal(undone, "64"), "{undone}");
        }
        assert!(equal("64", "2^6") && equal("\\frac{128}{2}", "64") && equal("6.4\\times10^1", "64"));
        assert!(!equal("\\frac{6}{8}", "\\frac{3}{4}"));
    }
}
