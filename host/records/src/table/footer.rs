//! A look at a footer's schema before the decoder sees it. The decoder follows nested groups by recursion and makes room
//! for as many children as a group claims, so that a few wrong bytes could end the process: by its stack or its memory,
//! neither of which is an error that can be caught.
//!
//! The footer is a struct in Thrift's compact protocol. Numbers of fields and types are those of the Parquet format.

/// Groups within groups, the schema itself included. A list takes two, so this is far beyond any table.
const MAX_DEPTH: usize = 64;

const BOOLEANS: [u8; 2] = [1, 2];
const BYTE: u8 = 3;
const I16: u8 = 4;
const I32: u8 = 5;
const I64: u8 = 6;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const MAP: u8 = 11;
const STRUCT: u8 = 12;
const UUID: u8 = 13;

/// Holds when the schema is a tree that the decoder can follow.
pub(super) fn check_schema(footer: &[u8]) -> Result<(), String> {
    let mut scan = Scan { rest: footer };
    let mut last = 0;
    loop {
        match scan.field(last)? {
            Some((1, I32)) => scan.number().map(|_| last = 1)?,
            Some((2, LIST)) => break,
            _ => return Err("its footer does not begin with a version and a schema".to_owned()),
        }
    }
    let (kind, elements) = scan.list()?;
    if kind != STRUCT || elements > scan.rest.len() {
        return Err(format!("its schema claims {elements} elements in {} bytes", scan.rest.len()));
    }
    // How many children each open group still lacks.
    let mut lacking: Vec<usize> = Vec::new();
    for after in (0..elements).rev() {
        if let Some(group) = lacking.last_mut() {
            *group -= 1;
        }
        let children = scan.schema_element()?;
        let free = after.saturating_sub(lacking.iter().sum());
        match usize::try_from(children) {
            Ok(0) => {}
            Ok(children) if children <= free => lacking.push(children),
            _ => return Err(format!("a group of its schema claims {children} columns where {free} follow")),
        }
        if lacking.len() > MAX_DEPTH {
            return Err(format!("its schema has groups more than {MAX_DEPTH} deep"));
        }
        while lacking.last() == Some(&0) {
            lacking.pop();
        }
    }
    Ok(())
}

/// The bytes that are still to be looked at.
struct Scan<'a> {
    rest: &'a [u8],
}

impl Scan<'_> {
    /// How many children an element says it has.
    fn schema_element(&mut self) -> Result<i64, String> {
        let mut children = 0;
        let mut last = 0;
        while let Some((id, kind)) = self.field(last)? {
            // The decoder goes by the number of a field alone. With another type it would read other bytes than we do.
            match (id, kind) {
                (5, I32) => children = self.number()?,
                (1..=3 | 6..=9, I32) | (4, BINARY) | (10, STRUCT) => self.skip(kind, 0)?,
                (1..=10, _) => return Err(format!("field {id} of its schema has another type than the format says")),
                _ => self.skip(kind, 0)?,
            }
            last = id;
        }
        Ok(children)
    }

    /// Number and type of the next field; none where the struct ends.
    fn field(&mut self, last: i64) -> Result<Option<(i64, u8)>, String> {
        let head = self.byte()?;
        let kind = head & 15;
        if kind == 0 {
            return Ok(None);
        }
        let id = match head >> 4 {
            0 => self.number()?,
            step => last + i64::from(step),
        };
        Ok(Some((id, kind)))
    }

    /// Type and number of a list's items.
    fn list(&mut self) -> Result<(u8, usize), String> {
        let head = self.byte()?;
        let count = match head >> 4 {
            15 => self.length()?,
            count => usize::from(count),
        };
        Ok((head & 15, count))
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err(format!("its schema has fields more than {MAX_DEPTH} deep"));
        }
        match kind {
            // The type is the value.
            kind if BOOLEANS.contains(&kind) => Ok(()),
            BYTE => self.bytes(1),
            I16 | I32 | I64 => self.number().map(|_| ()),
            DOUBLE => self.bytes(8),
            UUID => self.bytes(16),
            BINARY => {
                let length = self.length()?;
                self.bytes(length)
            }
            LIST | SET => {
                let (kind, count) = self.list()?;
                // The decoder takes no bytes for truth values in a list, and nothing that it knows has such a list.
                let count = if BOOLEANS.contains(&kind) { 0 } else { count };
                (0..count).try_for_each(|_| self.skip(kind, depth + 1))
            }
            STRUCT => {
                while let Some((_, kind)) = self.field(0)? {
                    self.skip(kind, depth + 1)?;
                }
                Ok(())
            }
            MAP => Err("its schema holds a map".to_owned()),
            other => Err(format!("its schema has a field of the unknown type {other}")),
        }
    }

    /// A signed number: zigzag, seven bits a byte.
    fn number(&mut self) -> Result<i64, String> {
        let bits = self.unsigned()?;
        Ok((bits >> 1).cast_signed() ^ -(bits & 1).cast_signed())
    }

    fn length(&mut self) -> Result<usize, String> {
        usize::try_from(self.unsigned()?).map_err(|_| "its schema has a length beyond all memory".to_owned())
    }

    fn unsigned(&mut self) -> Result<u64, String> {
        let mut bits = 0;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            bits |= u64::from(byte & 127) << shift;
            if byte < 128 {
                return Ok(bits);
            }
        }
        Err("its schema has a number of more than 63 bits".to_owned())
    }

    fn byte(&mut self) -> Result<u8, String> {
        let byte = self.rest.first().copied().ok_or_else(ended)?;
        self.rest = &self.rest[1..];
        Ok(byte)
    }

    fn bytes(&mut self, count: usize) -> Result<(), String> {
        self.rest = self.rest.get(count..).ok_or_else(ended)?;
        Ok(())
    }
}

fn ended() -> String {
    "its footer ends within the schema".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unsigned(mut value: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        while value >= 128 {
            bytes.push((value & 127) as u8 | 128);
            value >>= 7;
        }
        bytes.push(value as u8);
        bytes
    }

    /// An element named `x` with this number of children.
    fn element(children: u64) -> Vec<u8> {
        [&[0x48, 1, b'x', 0x15][..], &unsigned(children * 2), &[0]].concat()
    }

    /// A footer: version 1 and a schema of `claimed` elements.
    fn footer(claimed: u64, elements: &[Vec<u8>]) -> Vec<u8> {
        [&[0x15, 2, 0x19, 0xfc][..], &unsigned(claimed), &elements.concat(), &[0]].concat()
    }

    fn nested(depth: u64) -> Vec<u8> {
        let elements: Vec<_> = (0..depth).map(|_| element(1)).chain([element(0)]).collect();
        footer(depth + 1, &elements)
    }

    #[test]
    fn a_schema_that_is_a_tree_passes() {
        assert_eq!(check_schema(&nested(0)), Ok(()));
        assert_eq!(check_schema(&nested(64)), Ok(()));
        let tree = [element(3), element(2), element(0), element(0), element(0), element(1), element(0)];
        assert_eq!(check_schema(&footer(7, &tree)), Ok(()));
        // A field that we do not know, and a logical type.
        let more = [0x48, 1, b'x', 0x6c, 0x1c, 0, 0, 0x15, 2, 0x18, 2, 1, 1, 0].to_vec();
        assert_eq!(check_schema(&footer(2, &[element(1), more])), Ok(()));
    }

    #[test]
    fn a_schema_that_would_end_the_process_is_refused() {
        let cases = [
            (nested(10_000), "its schema has groups more than 64 deep"),
            (footer(1, &[element(0x7fff_ffff)]), "a group of its schema claims 2147483647 columns where 0 follow"),
            (footer(3, &[element(2), element(1), element(0)]), "a group of its schema claims 1 columns where 0 follow"),
            (footer(1 << 30, &[element(0)]), "its schema claims 1073741824 elements in 7 bytes"),
            (footer(3, &[element(1)]), "its footer ends within the schema"),
            (footer(1, &[vec![0x45, 1, 0]]), "field 4 of its schema has another type than the format says"),
            (vec![0x16, 2], "its footer does not begin with a version and a schema"),
            (vec![0x15, 2, 0x29, 0xfc], "its footer does not begin with a version and a schema"),
            ([vec![0x15], vec![255; 20]].concat(), "its schema has a number of more than 63 bits"),
            (footer(1, &[[vec![0x48, 1, b'x'], vec![0x7c; 100]].concat()]), "its schema has fields more than 64 deep"),
        ];
        for (footer, expected) in cases {
            assert_eq!(check_schema(&footer), Err(expected.to_owned()));
        }
    }

    #[test]
    fn any_bytes_get_an_answer() {
        let good = nested(3);
        for at in 0..good.len() {
            for byte in 0..=255 {
                let mut bad = good.clone();
                bad[at] = byte;
                let _ = check_schema(&bad);
                let _ = check_schema(&bad[..at]);
            }
        }
    }
}
