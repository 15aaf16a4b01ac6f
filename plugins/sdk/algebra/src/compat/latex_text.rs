//! LaTeX to plain text the way the reference's converter does it: a fraction is `a/b` without brackets, a root has no
//! index, what is not known vanishes and leaves its arguments.

use super::glyphs::{accent, alphabet, glyph, styled};

/// Deeper ones stay as they are.
const DEEPEST: usize = 60;

/// The text; none where the converter gives up.
pub(super) fn convert(text: &str) -> Option<String> {
    let text = text.replace("\\tfrac", "\\frac").replace("\\dfrac", "\\frac").replace("\\frac", " \\frac");
    let mut converter = Converter { text: &text, at: 0, depth: 0 };
    let mut result = String::with_capacity(text.len());
    while converter.at < text.len() {
        converter.until(&mut result, None)?;
        converter.at += 1; // A brace that was never opened, or an end of what never began.
        if !text.is_char_boundary(converter.at.min(text.len())) {
            return None;
        }
    }
    let signs = [("√", "sqrt"), ("π", "pi"), ("∞", "inf"), ("∪", "U"), ("·", "*"), ("×", "*")];
    let result = signs.iter().fold(result, |result, (from, to)| super::text_rules::replaced(result, from, to));
    Some(super::trimmed(&result).to_owned())
}

struct Converter<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Converter<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    /// Writes everything up to a closing brace, which is not taken, or through the end of an environment.
    fn until(&mut self, out: &mut String, environment: Option<&str>) -> Option<()> {
        const LIGATURES: [(&str, &str); 5] = [("---", "—"), ("--", "–"), ("``", "“"), ("''", "”"), ("~", "\u{a0}")];
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        while let Some(char) = self.rest().chars().next() {
            match char {
                '}' => break,
                '{' => {
                    self.at += 1;
                    self.group(out)?;
                }
                '\\' => {
                    let name = self.command();
                    if name == "end" && environment.is_some() {
                        self.argument(&mut String::new())?;
                        break;
                    }
                    self.written(name, out)?;
                }
                '&' => {
                    self.at += 1;
                    out.push_str(if environment.is_some_and(is_matrix) { " " } else { "   " });
                }
                _ => match LIGATURES.iter().find(|(from, _)| self.rest().starts_with(from)) {
                    Some((from, to)) => {
                        out.push_str(to);
                        self.at += from.len();
                    }
                    None => {
                        out.push(char);
                        self.at += char.len_utf8();
                    }
                },
            }
        }
        self.depth -= 1;
        Some(())
    }

    /// What stands in a group whose opening brace is taken, and its closing brace if it has one.
    fn group(&mut self, out: &mut String) -> Option<()> {
        self.until(out, None)?;
        self.at += usize::from(self.rest().starts_with('}'));
        Some(())
    }

    /// The name of the command here: letters and the blanks after them, or one other character.
    fn command(&mut self) -> &'a str {
        let rest = &self.rest()[1..];
        let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let length = if letters > 0 { letters } else { rest.chars().next().map_or(0, char::len_utf8) };
        self.at += 1 + length;
        if letters > 0 {
            self.skip_blanks();
        }
        &rest[..length]
    }

    /// One argument: a group, a bare command, or a character.
    fn argument(&mut self, out: &mut String) -> Option<()> {
        self.skip_blanks();
        match self.rest().chars().next()? {
            '{' => {
                self.at += 1;
                self.group(out)
            }
            '}' => None,
            '\\' => {
                let name = self.command();
                if matches!(name, "sqrt" | "frac" | "begin" | "end") {
                    return None;
                }
                out.push_str(glyph(name).unwrap_or_default());
                Some(())
            }
            char => {
                self.at += char.len_utf8();
                out.push(char);
                Some(())
            }
        }
    }

    fn optional(&mut self) {
        let rest = self.rest().trim_start();
        if rest.starts_with('[')
            && let Some(end) = rest.find(']')
        {
            self.at = self.text.len() - rest.len() + end + 1;
        }
    }

    fn written(&mut self, name: &str, out: &mut String) -> Option<()> {
        match name {
            "frac" | "nicefrac" => {
                self.argument(out)?;
                out.push('/');
                self.argument(out)
            }
            "sqrt" => {
                self.optional();
                out.push_str("sqrt(");
                self.argument(out)?;
                out.push(')');
                Some(())
            }
            "begin" => {
                let mut environment = String::new();
                self.argument(&mut environment)?;
                if environment == "array" {
                    self.optional();
                    self.argument(&mut String::new())?;
                }
                let matrix = is_matrix(&environment);
                out.push_str(if matrix { "[ " } else { "" });
                let mut inner = String::new();
                self.until(&mut inner, Some(&environment))?;
                if matrix {
                    inner = inner.trim_end().split('\n').map(str::trim).collect::<Vec<_>>().join("; ");
                }
                out.push_str(&inner);
                out.push_str(if matrix { " ]" } else { "" });
                Some(())
            }
            "\\" => {
                self.optional();
                out.push('\n');
                Some(())
            }
            "mbox" | "texttt" | "textsf" | "hspace" | "vspace" | "label" | "color" => self.argument(&mut String::new()),
            "left" | "right" => Some(()),
            "not" if self.rest().starts_with('=') => {
                self.at += 1;
                out.push('≠');
                Some(())
            }
            _ => {
                if let Some(capitals) = alphabet(name) {
                    let mut inner = String::new();
                    self.argument(&mut inner)?;
                    out.extend(inner.chars().map(|letter| styled(letter, capitals)));
                } else if let Some(mark) = accent(name) {
                    self.argument(out)?;
                    out.push(mark);
                } else {
                    out.push_str(glyph(name).unwrap_or_default());
                }
                Some(())
            }
        }
    }
}

/// Environments that become bracketed rows; the others keep their lines.
fn is_matrix(environment: &str) -> bool {
    matches!(environment, "array" | "pmatrix" | "bmatrix" | "smallmatrix")
}

#[cfg(test)]
mod tests {
    use super::convert;

    #[test]
    fn commands_become_plain_text() {
        let cases = [
            ("2\\frac{a+1}{b}", "2 a+1/b"),
            ("\\frac12", "1/2"),
            ("\\sqrt[3]{x}", "sqrt(x)"),
            ("\\sqrt2", "sqrt(2)"),
            ("\\binom{5}{2}", "52"),
            ("\\overline{AB}", "AB"),
            ("2 \\times 10^{-3}", "2 *10^-3"),
            ("\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}", "[ 1 2; 3 4 ]"),
            ("\\mathbb{R}", "ℝ"),
            ("\\left( a, b \\right]", "( a, b ]"),
            ("a} b\\pi", "a bpi"),
            ("\\unknown{x}", "x"),
        ];
        for (text, expected) in cases {
            let found = convert(text).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(found, expected, "{text}");
        }
        assert_eq!(convert("\\sqrt"), None);
        assert_eq!(convert(&"{".repeat(1000)), None);
    }
}
