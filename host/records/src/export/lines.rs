//! Batches as comma-separated lines (RFC 4180, lines end with a line feed).
//!
//! Two things that a general writer does not tell apart here are: null is nothing between two commas, an empty text is two
//! quotes. A list is the text of a JSON list.

use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch};
use arrow_json::EncoderOptions;
use arrow_json::writer::make_encoder;
use arrow_schema::{ArrowError, DataType, Schema};

/// Turns batches of one schema into lines.
pub(super) struct CsvLines {
    names: Vec<u8>,
    block: Vec<u8>,
}

impl CsvLines {
    pub(super) fn new(schema: &Schema) -> Self {
        let mut names = Vec::new();
        for (at, field) in schema.fields().iter().enumerate() {
            separate(&mut names, at);
            field_of(&mut names, field.name().as_bytes());
        }
        names.push(b'\n');
        Self { names, block: Vec::new() }
    }

    /// The first line.
    pub(super) fn names(&self) -> &[u8] {
        &self.names
    }

    /// The lines of a batch.
    pub(super) fn block(&mut self, batch: &RecordBatch) -> Result<&[u8], ArrowError> {
        let (schema, options) = (batch.schema(), EncoderOptions::default());
        // Texts go as they are; everything else as JSON writes it.
        let mut columns = Vec::with_capacity(batch.num_columns());
        for (field, array) in schema.fields().iter().zip(batch.columns()) {
            let as_json = *array.data_type() != DataType::Utf8;
            columns.push((array, if as_json { Some(make_encoder(field, array, &options)?) } else { None }));
        }
        self.block.clear();
        let mut value = Vec::new();
        for row in 0..batch.num_rows() {
            for (at, (array, encoder)) in columns.iter_mut().enumerate() {
                separate(&mut self.block, at);
                if array.is_null(row) {
                    continue;
                }
                match encoder {
                    None => field_of(&mut self.block, array.as_string::<i32>().value(row).as_bytes()),
                    Some(encoder) => {
                        value.clear();
                        encoder.encode(row, &mut value);
                        field_of(&mut self.block, &value);
                    }
                }
            }
            self.block.push(b'\n');
        }
        Ok(&self.block)
    }
}

fn separate(block: &mut Vec<u8>, at: usize) {
    if at > 0 {
        block.push(b',');
    }
}

/// Adds one field to a line of comma-separated values: nothing for null, two quotes for an empty text.
pub fn push_csv_field(line: &mut Vec<u8>, value: Option<&[u8]>) {
    if let Some(value) = value {
        field_of(line, value);
    }
}

/// One field, in quotes where it needs them.
fn field_of(block: &mut Vec<u8>, value: &[u8]) {
    let plain = !value.is_empty() && !value.iter().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r'));
    if plain {
        block.extend_from_slice(value);
        return;
    }
    block.push(b'"');
    for &byte in value {
        if byte == b'"' {
            block.push(b'"');
        }
        block.push(byte);
    }
    block.push(b'"');
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::builder::{Float32Builder, ListBuilder};
    use arrow_array::{ArrayRef, Float64Array, StringArray, UInt64Array};

    use super::*;

    #[test]
    fn null_and_an_empty_text_differ_and_nothing_is_rounded() {
        let mut lists = ListBuilder::new(Float32Builder::new());
        lists.append_value([Some(0.1), Some(-2.0)]);
        lists.append_null();
        lists.append_value([]);
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("a,b", Arc::new(StringArray::from(vec![Some("x"), None, Some("")]))),
            ("n", Arc::new(UInt64Array::from(vec![Some(u64::MAX), None, Some(0)]))),
            ("f", Arc::new(Float64Array::from(vec![Some(0.1), None, Some(1e-9)]))),
            ("t", Arc::new(StringArray::from(vec!["say \"it\"", "two\nlines", "é"]))),
            ("l", Arc::new(lists.finish())),
        ];
        let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, a)| (n, a, true))).unwrap();
        let mut lines = CsvLines::new(&batch.schema());
        assert_eq!(lines.names(), b"\"a,b\",n,f,t,l\n");
        let block = String::from_utf8(lines.block(&batch).unwrap().to_vec()).unwrap();
        let expected =
            "x,18446744073709551615,0.1,\"say \"\"it\"\"\",\"[0.1,-2.0]\"\n,,,\"two\nlines\",\n\"\",0,1.0e-9,é,[]\n";
        assert_eq!(block, expected);
    }
}
