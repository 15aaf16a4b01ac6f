//! Columns of lists of floats.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow_array::builder::{ArrayBuilder, Float32Builder, ListBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::Float32Type;
use arrow_array::{Array, ArrayRef};
use arrow_buffer::{OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field};

use crate::table::numbers::{converted, is_number};
use crate::table::value::{Flaw, Value};

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
