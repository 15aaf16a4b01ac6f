//! Grids and how they are written.

/// Rows of integers.
pub(crate) type Grid = Vec<Vec<i64>>;

/// A grid at the start of `text`, as JSON writes it (`true` is 1 and `false` is 0), and how many bytes it takes. It has a
/// row, and its rows are equally long.
pub(crate) fn grid_at(text: &str) -> Option<(Grid, usize)> {
    let mut reader = Reader { bytes: text.as_bytes(), text, at: 0 };
    let grid = reader.list(|reader| reader.list(Reader::cell))?;
    let is_valid = !grid.is_empty() && grid.iter().all(|row| row.len() == grid[0].len());
    is_valid.then_some((grid, reader.at))
}

/// The grid that the whole text is, but for blanks round it.
pub(crate) fn whole_grid(text: &str) -> Option<Grid> {
    let text = text.trim_matches(is_json_space);
    grid_at(text).filter(|&(_, length)| length == text.len()).map(|(grid, _)| grid)
}

/// Grids as JSON, `null` for a missing one.
pub(crate) fn as_json(grids: &[Option<Grid>]) -> String {
    let mut out = String::new();
    list_into(&mut out, grids, |out, grid| match grid {
        Some(grid) => list_into(out, grid, |out, row| list_into(out, row, cell_into)),
        None => out.push_str("null"),
    });
    out
}

fn list_into<T>(out: &mut String, elements: &[T], write: impl Fn(&mut String, &T)) {
    out.push('[');
    for (place, element) in elements.iter().enumerate() {
        if place > 0 {
            out.push_str(", ");
        }
        write(out, element);
    }
    out.push(']');
}

fn cell_into(out: &mut String, cell: &i64) {
    // Nearly all cells are colours from 0 to 9, and the general way takes most of the time of an item.
    match cell {
        0..=9 => out.push(char::from(b'0' + *cell as u8)),
        _ => out.push_str(&cell.to_string()),
    }
}

fn is_json_space(char: char) -> bool {
    matches!(char, ' ' | '\t' | '\n' | '\r')
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn skip(&mut self) {
        self.at += self.bytes[self.at..].iter().take_while(|&&byte| is_json_space(char::from(byte))).count();
    }

    fn takes(&mut self, byte: u8) -> bool {
        self.skip();
        let found = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }

    fn list<T>(&mut self, element: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        if !self.takes(b'[') {
            return None;
        }
        let mut elements = Vec::new();
        if self.takes(b']') {
            return Some(elements);
        }
        loop {
            elements.push(element(self)?);
            if self.takes(b']') {
                return Some(elements);
            }
            if !self.takes(b',') {
                return None;
            }
        }
    }

    fn cell(&mut self) -> Option<i64> {
        self.skip();
        let rest = &self.bytes[self.at..];
        for (word, value) in [("true", 1), ("false", 0)] {
            if rest.starts_with(word.as_bytes()) {
                self.at += word.len();
                return Some(value);
            }
        }
        let minus = usize::from(rest.first() == Some(&b'-'));
        let digits = rest[minus..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        // A zero in front is no JSON, and a number with a fraction or an exponent fails at the next sign.
        if digits > 1 && rest[minus] == b'0' {
            return None;
        }
        let value = self.text[self.at..self.at + minus + digits].parse().ok()?;
        self.at += minus + digits;
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::{as_json, whole_grid};

    #[test]
    fn a_grid_is_rows_of_equal_length() {
        let cases = [
            ("[[1, 0], [0, -1]]", Some("[[[1, 0], [0, -1]]]")),
            (" [\n[true,false]\n]\n", Some("[[[1, 0]]]")),
            ("[[]]", Some("[[[]]]")),
            ("[[1],[]]", None),
            ("[]", None),
            ("[1]", None),
            ("[[1],]", None),
            ("[[1.0]]", None),
            ("[[1e2]]", None),
            ("[[01]]", None),
            ("[[]", None),
            ("[[1]] x", None),
            ("[[[1]]]", None),
            ("[[99999999999999999999]]", None),
            ("\u{e9}", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let found = whole_grid(text).map(|grid| as_json(&[Some(grid)]));
            assert_eq!(found.as_deref(), expected, "{text:?}");
        }
        assert_eq!(as_json(&[None, Some(vec![vec![1]])]), "[null, [[1]]]");
    }
}
