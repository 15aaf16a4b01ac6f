//! Columns of lists: of floats, and of names.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::{ArrayBuilder, Float32Builder, ListBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::Float32Type;
use arrow_array::{Array, ArrayRef};
use arrow_buffer::{OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field};

use crate::ids::ModelName;
use crate::table::numbers::{converted, is_number};
use crate::table::value::{Flaw, Value, type_name};

/// A list of floats, such as an embedding. A null inside a list is an error.
impl Value for Vec<f32> {
    type Builder = ListBuilder<Float32Builder>;
    type Reader = (OffsetBuffer<i32>, ScalarBuffer<f32>);
    type Memory = ();

    fn data_type() -> DataType {
        DataType::List(Arc::new(Field::new("element", DataType::Float32, false)))
    }
    fn request(found: &DataType) -> Option<DataType> {
        match found {
            DataType::List(field) if is_number(field.data_type()) => Some(found.clone()),
            _ => None,
        }
    }
    fn builder() -> Self::Builder {
        ListBuilder::new(Float32Builder::new()).with_field(Field::new("element", DataType::Float32, false))
    }
    fn append(&self, builder: &mut Self::Builder) {
        builder.values().append_slice(self);
        builder.append(true);
    }
    fn append_null(builder: &mut Self::Builder) {
        builder.append(false);
    }
    fn finish(builder: &mut Self::Builder) -> ArrayRef {
        ArrayBuilder::finish(builder)
    }
    fn reader(array: &ArrayRef, _: &mut ()) -> Result<Self::Reader, Flaw> {
        let lists = array.as_list::<i32>();
        let offsets = lists.offsets().clone();
        let row_of = |element: usize| offsets.iter().skip(1).take_while(|&&end| end as usize <= element).count();
        let elements = lists.values();
        if let Some(hole) = elements.nulls().and_then(|nulls| (0..nulls.len()).find(|&i| nulls.is_null(i))) {
            return Err(Flaw { row: row_of(hole), reason: "the list holds a null".to_owned() });
        }
        let values = match elements.as_primitive_opt::<Float32Type>() {
            Some(values) => values.values().clone(),
            // Narrowing to f32 is what a list of numbers is for here.
            #[allow(clippy::cast_possible_truncation, reason = "embeddings are f32")]
            None => converted(elements, |_, float| Some(float as f32))
                .map_err(|flaw| Flaw { row: row_of(flaw.row), ..flaw })?
                .into(),
        };
        Ok((offsets, values))
    }
    fn read((offsets, values): &Self::Reader, row: usize) -> Self {
        values[offsets[row] as usize..offsets[row + 1] as usize].to_vec()
    }
    fn compare(&self, other: &Self) -> Ordering {
        self.len().cmp(&other.len())
    }
    fn show(&self) -> String {
        format!("list of {}", self.len())
    }
}

/// A list of models, few of which fill many lists. A null inside a list is an error.
impl Value for Vec<ModelName> {
    type Builder = ListBuilder<StringBuilder>;
    type Reader = (OffsetBuffer<i32>, Vec<ModelName>);
    type Memory = HashMap<Box<str>, ModelName>;

    fn data_type() -> DataType {
        DataType::List(Arc::new(Field::new("element", DataType::Utf8, false)))
    }
    fn request(found: &DataType) -> Option<DataType> {
        match found {
            DataType::List(field) if *field.data_type() == DataType::Utf8 => Some(found.clone()),
            _ => None,
        }
    }
    fn builder() -> Self::Builder {
        ListBuilder::new(StringBuilder::new()).with_field(Field::new("element", DataType::Utf8, false))
    }
    fn append(&self, builder: &mut Self::Builder) {
        self.iter().for_each(|name| builder.values().append_value(name.as_str()));
        builder.append(true);
    }
    fn append_null(builder: &mut Self::Builder) {
        builder.append(false);
    }
    fn finish(builder: &mut Self::Builder) -> ArrayRef {
        ArrayBuilder::finish(builder)
    }
    fn reader(array: &ArrayRef, memory: &mut Self::Memory) -> Result<Self::Reader, Flaw> {
        let lists = array.as_list::<i32>();
        let offsets = lists.offsets().clone();
        let row_of = |element: usize| offsets.iter().skip(1).take_while(|&&end| end as usize <= element).count();
        let Some(texts) = lists.values().as_string_opt::<i32>() else {
            return Err(Flaw { row: 0, reason: format!("the decoder gave {}", type_name(lists.values().data_type())) });
        };
        let mut names = Vec::with_capacity(texts.len());
        for (element, text) in texts.iter().enumerate() {
            let Some(text) = text else {
                return Err(Flaw { row: row_of(element), reason: "the list holds a null".to_owned() });
            };
            if !memory.contains_key(text) {
                memory.insert(text.into(), ModelName::from(text));
            }
            names.extend(memory.get(text).cloned());
        }
        Ok((offsets, names))
    }
    fn read((offsets, names): &Self::Reader, row: usize) -> Self {
        names[offsets[row] as usize..offsets[row + 1] as usize].to_vec()
    }
    fn compare(&self, other: &Self) -> Ordering {
        self.len().cmp(&other.len())
    }
    fn show(&self) -> String {
        format!("list of {}", self.len())
    }
    fn text_bytes(&self) -> usize {
        self.iter().map(|name| name.as_str().len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provenance::Provenance;
    use crate::table::row::table;
    use crate::table::{read_table, write_table};

    table! {
        /// A row with a list of names that may be missing.
        NamesRow: "names", version 1, key [index];
        /// The key.
        index: u64,
        /// The names.
        names: Option<Vec<ModelName>>,
    }

    #[test]
    fn lists_of_names_are_read_as_they_were_written() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("t.parquet");
        let names = |names: &[&str]| Some(names.iter().map(|name| ModelName::from(*name)).collect());
        let lists = [names(&["a", "b"]), None, names(&[]), names(&["b", "\u{fc}", "a"])];
        let rows: Vec<NamesRow> = (0..).zip(lists).map(|(index, names)| NamesRow { index, names }).collect();
        write_table(&path, &rows, &Provenance::default()).unwrap();
        assert_eq!(read_table::<NamesRow>(&path).unwrap().rows, rows);
    }
}
