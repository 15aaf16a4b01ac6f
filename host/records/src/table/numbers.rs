//! Columns of numbers and of truth values.

use std::cmp::Ordering;
use std::fmt::Display;

use arrow_array::builder::{ArrayBuilder, BooleanBuilder, PrimitiveBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, BooleanArray};
use arrow_buffer::ScalarBuffer;
use arrow_schema::DataType;

use crate::table::value::{Flaw, Value, type_name};

/// A number as it is stored in a column of another width; none when it does not fit.
trait Narrow: Copy + Display {
    fn whole(self) -> Option<i128>;
    fn float(self) -> f64;
}

macro_rules! narrow {
    ($($native:ty: $whole:expr;)+) => {$(
        impl Narrow for $native {
            fn whole(self) -> Option<i128> {
                let convert: fn($native) -> Option<i128> = $whole;
                convert(self)
            }
            #[allow(clippy::cast_lossless, reason = "one body for every width; whole numbers beyond 2^53 are rounded")]
            fn float(self) -> f64 {
                self as f64
            }
        }
    )+};
}
narrow! {
    i8: |v| Some(v.into()); i16: |v| Some(v.into()); i32: |v| Some(v.into()); i64: |v| Some(v.into());
    u8: |v| Some(v.into()); u16: |v| Some(v.into()); u32: |v| Some(v.into()); u64: |v| Some(v.into());
    f32: |_| None; f64: |_| None;
}

/// Converts a column of numbers, whatever its width, by `convert`.
pub(super) fn converted<N: Default + Copy>(
    array: &ArrayRef,
    convert: impl Fn(Option<i128>, f64) -> Option<N>,
) -> Result<Vec<N>, Flaw> {
    fn each<P, N>(array: &ArrayRef, convert: impl Fn(Option<i128>, f64) -> Option<N>) -> Result<Vec<N>, Flaw>
    where
        P: ArrowPrimitiveType<Native: Narrow>,
        N: Default + Copy,
    {
        let array = array.as_primitive::<P>();
        let mut values = Vec::with_capacity(array.len());
        for (row, value) in array.iter().enumerate() {
            values.push(match value {
                None => N::default(),
                Some(value) => convert(value.whole(), value.float()).ok_or_else(|| Flaw {
                    row,
                    reason: format!("{value} is out of range for {}", std::any::type_name::<N>()),
                })?,
            });
        }
        Ok(values)
    }
    match array.data_type() {
        DataType::Int8 => each::<Int8Type, N>(array, convert),
        DataType::Int16 => each::<Int16Type, N>(array, convert),
        DataType::Int32 => each::<Int32Type, N>(array, convert),
        DataType::Int64 => each::<Int64Type, N>(array, convert),
        DataType::UInt8 => each::<UInt8Type, N>(array, convert),
        DataType::UInt16 => each::<UInt16Type, N>(array, convert),
        DataType::UInt32 => each::<UInt32Type, N>(array, convert),
        DataType::UInt64 => each::<UInt64Type, N>(array, convert),
        DataType::Float32 => each::<Float32Type, N>(array, convert),
        DataType::Float64 => each::<Float64Type, N>(array, convert),
        other => Err(Flaw { row: 0, reason: format!("the decoder gave {}", type_name(other)) }),
    }
}

macro_rules! numbers {
    ($($native:ty, $arrow:ty, $accepts:expr, $convert:expr;)+) => {$(
        impl Value for $native {
            type Builder = PrimitiveBuilder<$arrow>;
            type Reader = ScalarBuffer<$native>;
            type Memory = ();

            fn data_type() -> DataType {
                <$arrow>::DATA_TYPE
            }
            fn request(found: &DataType) -> Option<DataType> {
                let accepts: fn(&DataType) -> bool = $accepts;
                accepts(found).then(|| found.clone())
            }
            fn builder() -> Self::Builder {
                PrimitiveBuilder::new()
            }
            fn append(&self, builder: &mut Self::Builder) {
                builder.append_value(*self);
            }
            fn append_null(builder: &mut Self::Builder) {
                builder.append_null();
            }
            fn finish(builder: &mut Self::Builder) -> ArrayRef {
                ArrayBuilder::finish(builder)
            }
            fn reader(array: &ArrayRef, _: &mut ()) -> Result<Self::Reader, Flaw> {
                match array.as_primitive_opt::<$arrow>() {
                    Some(array) => Ok(array.values().clone()),
                    None => Ok(converted(array, $convert)?.into()),
                }
            }
            fn read(reader: &Self::Reader, row: usize) -> Self {
                reader[row]
            }
            #[allow(clippy::unnecessary_cast, reason = "one body for whole numbers and floats")]
            fn compare(&self, other: &Self) -> Ordering {
                self.partial_cmp(other).unwrap_or_else(|| (*self as f64).total_cmp(&(*other as f64)))
            }
            fn show(&self) -> String {
                self.to_string()
            }
        }
    )+};
}
numbers! {
    u32, UInt32Type, DataType::is_integer, |whole, _| whole?.try_into().ok();
    u64, UInt64Type, DataType::is_integer, |whole, _| whole?.try_into().ok();
    i64, Int64Type, DataType::is_integer, |whole, _| whole?.try_into().ok();
    f64, Float64Type, is_number, |_, float| Some(float);
}

pub(super) fn is_number(data_type: &DataType) -> bool {
    data_type.is_integer() || matches!(data_type, DataType::Float32 | DataType::Float64)
}

impl Value for bool {
    type Builder = BooleanBuilder;
    type Reader = BooleanArray;
    type Memory = ();

    fn data_type() -> DataType {
        DataType::Boolean
    }
    fn request(found: &DataType) -> Option<DataType> {
        matches!(found, DataType::Boolean).then(|| found.clone())
    }
    fn builder() -> Self::Builder {
        BooleanBuilder::new()
    }
    fn append(&self, builder: &mut Self::Builder) {
        builder.append_value(*self);
    }
    fn append_null(builder: &mut Self::Builder) {
        builder.append_null();
    }
    fn finish(builder: &mut Self::Builder) -> ArrayRef {
        ArrayBuilder::finish(builder)
    }
    fn reader(array: &ArrayRef, _: &mut ()) -> Result<Self::Reader, Flaw> {
        Ok(array.as_boolean().clone())
    }
    fn read(reader: &Self::Reader, row: usize) -> Self {
        reader.value(row)
    }
    fn compare(&self, other: &Self) -> Ordering {
        self.cmp(other)
    }
    fn show(&self) -> String {
        self.to_string()
    }
}
