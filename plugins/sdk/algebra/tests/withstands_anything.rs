//! No text makes a comparison panic or take long.

use std::time::{Duration, Instant};

use routerlab_algebra::{compat, equal};

/// A hundred times what the slowest comparison takes; the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(2);

const FRAGMENTS: [&str; 64] = [
    "\\frac{",
    "\\frac",
    "\\sqrt[",
    "\\sqrt",
    "\\binom",
    "^",
    "^{",
    "**",
    "_",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "\\{",
    "\\}",
    "|",
    "1",
    "23",
    "0.5",
    ".",
    ",",
    ";",
    "1,000",
    "9^9^9^9",
    "!",
    "!!",
    "x",
    "y",
    "ab",
    "e",
    "i",
    "\\pi",
    "\\infty",
    "\\text{",
    "\\text{ cm}",
    "\\mathrm{",
    "\\left",
    "\\right",
    "\\log_",
    "\\sin",
    "\\ln",
    "ln(",
    "+",
    "-",
    "*",
    "/",
    "\\cdot",
    "\\pm",
    "=",
    "<",
    "\\cup",
    " or ",
    " and ",
    "\\begin{pmatrix}",
    "\\end{pmatrix}",
    "&",
    "\\\\",
    "\\",
    "%",
    "é",
    "∞",
    "𝟙",
];

struct Random(u64);

impl Random {
    /// Marsaglia's xorshift.
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

fn compare(a: &str, b: &str) -> (bool, bool) {
    let start = Instant::now();
    let verdict = (compat::equal(a, b), equal(a, b));
    let took = start.elapsed();
    let show = |text: &str| text.chars().take(200).collect::<String>();
    assert!(took < PATIENCE, "{took:?} for {:?} and {:?}", show(a), show(b));
    verdict
}

#[test]
fn random_fragments_are_compared_in_bounded_time() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut text = |most: usize| -> String {
        (0..=random.below(most)).map(|_| FRAGMENTS[random.below(FRAGMENTS.len())]).collect()
    };
    for round in 0..20_000 {
        let most = if round % 500 == 0 { 400 } else { 12 };
        let (a, b) = (text(most), text(most));
        compare(&a, &b);
        assert!(equal(&a, &a) || a.trim().is_empty());
        assert_eq!(compare(&a, &b), compare(&a, &b), "the same again: {a:?} {b:?}");
    }
}

#[test]
fn monsters_end_quickly() {
    let nested = |open: &str, close: &str, depth: usize| format!("{}x{}", open.repeat(depth), close.repeat(depth));
    let mut monsters = vec![
        "9^9^9^9".to_owned(),
        "((((((9^9)^9)^9)^9)^9)^9)^9".to_owned(),
        "9**9**9**9**9".to_owned(),
        "9!!!!!!!".to_owned(),
        "((9!)!)!".to_owned(),
        "\\binom{10^{9}}{10^{8}}".to_owned(),
        "1e9999".to_owned(),
        "1e99999999999".to_owned(),
        "2^{2^{2^{2^{2^{2}}}}}".to_owned(),
        "7".repeat(3000),
        "7".repeat(100_000),
        format!("0.{}1", "0".repeat(3000)),
        "1,".repeat(2000),
        "1,000".repeat(2000),
        "x+".repeat(1500) + "x",
        "1/".repeat(1500) + "1",
        "x^".repeat(1500) + "x",
        "-".repeat(3000) + "1",
        "!".repeat(3000),
        "(x+1)^9".repeat(100),
        "\\pm 1".repeat(200),
        "\\sin ".repeat(1000) + "x",
        "\\sqrt ".repeat(1000) + "x",
        "\\frac ".repeat(1000),
        "\\text{".repeat(1000),
        "\\circ".repeat(3000),
        "meters".repeat(2500),
        " \u{a0}".repeat(4000),
        "𝟙".repeat(1000),
        "a\\cup".repeat(500),
        "a=".repeat(700),
        "|".repeat(3000),
    ];
    for depth in [10, 39, 100, 3000] {
        let pairs =
            [("(", ")"), ("{", "}"), ("[", "]"), ("\\{", "\\}"), ("\\sqrt{", "}"), ("\\frac{1}{", "}"), ("|", "|")];
        monsters.extend(pairs.map(|(open, close)| nested(open, close, depth)));
        monsters.extend([
            nested("\\sqrt[3]{", "}", depth),
            nested("x^{", "}", depth),
            nested("\\begin{matrix}", "\\end{matrix}", depth),
        ]);
        monsters.push("(".repeat(depth));
    }
    let plain = ["1".to_owned(), "x+1".to_owned(), "(1,2)".to_owned(), "\\frac{1}{2}".to_owned()];
    for monster in &monsters {
        for other in plain.iter().chain([monster, &format!("{monster}+0"), &format!("1*{monster}")]) {
            compare(monster, other);
            compare(other, monster);
        }
    }
    assert_eq!(compare("9^9^9^9", "9^9^9^8"), (false, false));
    let list = (0..150).map(|n| format!("\\sqrt{{{n}}}x")).collect::<Vec<_>>();
    compare(&list.join(","), &list.iter().rev().cloned().collect::<Vec<_>>().join(","));
}
