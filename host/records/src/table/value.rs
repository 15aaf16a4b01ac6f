//! What one column can hold: how a Rust value becomes an Arrow column and comes back.

use std::cmp::Ordering;

use arrow_array::{Array, ArrayRef};
use arrow_buffer::NullBuffer;
use arrow_schema::DataType;

/// Why a column's content cannot be read; `row` counts from 0 within the batch.
pub struct Flaw {
    pub(crate) row: usize,
    pub(crate) reason: String,
}

/// A Rust type that a column can hold.
///
/// Reading happens in two steps so that the work per row is small: `reader` checks and converts a whole batch of the
/// column, after which `read` cannot fail.
pub trait Value: Sized {
    /// Whether the column may hold nulls.
    const NULLABLE: bool = false;
    /// Whether few values fill many rows.
    const REPEATS: bool = false;
    /// The only words that the column may hold; empty where it may hold any.
    const WORDS: &'static [&'static str] = &[];
    /// Collects a column.
    type Builder;
    /// A column of one batch, checked.
    type Reader;
    /// Values seen in earlier batches, so that equal texts share their memory.
    type Memory: Default;

    /// The type that is written.
    fn data_type() -> DataType;
    /// The type to ask the decoder for, given the one in the file; none when the column is of the wrong kind.
    fn request(found: &DataType) -> Option<DataType>;
    fn builder() -> Self::Builder;
    fn append(&self, builder: &mut Self::Builder);
    fn append_null(builder: &mut Self::Builder);
    fn finish(builder: &mut Self::Builder) -> ArrayRef;
    /// Checks the rows that are not null.
    fn reader(array: &ArrayRef, memory: &mut Self::Memory) -> Result<Self::Reader, Flaw>;
    /// The reader of a column that the file does not have, where that is allowed.
    fn absent() -> Option<Self::Reader> {
        None
    }
    fn read(reader: &Self::Reader, row: usize) -> Self;
    fn compare(&self, other: &Self) -> Ordering;
    fn show(&self) -> String;
    /// Its length, if it is text: what makes rows differ in size.
    fn text_bytes(&self) -> usize {
        0
    }
}

/// A type's name as error messages spell it.
pub(crate) fn type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "string".to_owned(),
        DataType::Dictionary(_, value) => type_name(value),
        DataType::Float32 => "float".to_owned(),
        DataType::Float64 => "double".to_owned(),
        DataType::Boolean => "bool".to_owned(),
        DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _) => {
            format!("list<{}>", type_name(field.data_type()))
        }
        other => other.to_string().to_lowercase(),
    }
}

impl<T: Value> Value for Option<T> {
    const NULLABLE: bool = true;
    const REPEATS: bool = T::REPEATS;
    const WORDS: &'static [&'static str] = T::WORDS;
    type Builder = T::Builder;
    type Reader = Option<(Option<NullBuffer>, T::Reader)>;
    type Memory = T::Memory;

    fn data_type() -> DataType {
        T::data_type()
    }
    fn request(found: &DataType) -> Option<DataType> {
        T::request(found)
    }
    fn builder() -> Self::Builder {
        T::builder()
    }
    fn append(&self, builder: &mut Self::Builder) {
        match self {
            Some(value) => value.append(builder),
            None => T::append_null(builder),
        }
    }
    fn append_null(builder: &mut Self::Builder) {
        T::append_null(builder);
    }
    fn finish(builder: &mut Self::Builder) -> ArrayRef {
        T::finish(builder)
    }
    fn reader(array: &ArrayRef, memory: &mut Self::Memory) -> Result<Self::Reader, Flaw> {
        Ok(Some((array.nulls().cloned(), T::reader(array, memory)?)))
    }
    fn absent() -> Option<Self::Reader> {
        Some(None)
    }
    fn read(reader: &Self::Reader, row: usize) -> Self {
        let (nulls, values) = reader.as_ref()?;
        match nulls {
            Some(nulls) if nulls.is_null(row) => None,
            _ => Some(T::read(values, row)),
        }
    }
    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Some(a), Some(b)) => a.compare(b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        }
    }
    fn show(&self) -> String {
        self.as_ref().map_or_else(|| "null".to_owned(), Value::show)
    }
    fn text_bytes(&self) -> usize {
        self.as_ref().map_or(0, Value::text_bytes)
    }
}
