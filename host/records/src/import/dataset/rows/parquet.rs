//! Parquet: the columns that are wanted, row by row.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Map, Value};

use crate::error::{Place, TableError};
use crate::import::dataset::content::Content;
use crate::import::dataset::rows::{Each, SourceRow, Wanted};
use crate::table::contain::contain;
use crate::table::open::check_parquet;

/// Rows decoded at a time. Few: a row may hold megabytes of tests.
const BATCH_ROWS: usize = 256;

pub(super) fn each_row(content: &mut Content, wanted: Wanted<'_>, each: Each<'_>) -> Result<(), TableError> {
    let path = content.path.clone();
    let damaged = |reason: String| TableError::Damaged { path: path.clone(), reason };
    check_parquet(content.file()?, &path)?;
    let handle = content.handle()?;
    let open = || {
        let builder = ParquetRecordBatchReaderBuilder::try_new(handle)?;
        let fields = builder.schema().fields().iter().enumerate();
        let roots: Vec<usize> = fields
            .filter(|(_, field)| wanted.is_none_or(|wanted| wanted.contains_key(field.name())))
            .map(|(at, _)| at)
            .collect();
        let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
        builder.with_projection(mask).with_batch_size(BATCH_ROWS).build()
    };
    let mut batches = contain(open).map_err(damaged)?.map_err(|error| damaged(error.to_string()))?;
    let mut row = 0;
    loop {
        let batch = contain(|| batches.next()).map_err(damaged)?;
        let Some(batch) = batch else { break };
        let batch = batch.map_err(|error| damaged(error.to_string()))?;
        let objects = contain(|| objects(&batch)).map_err(damaged)?;
        let objects = objects.map_err(|(column, kind)| TableError::ColumnType {
            path: path.clone(),
            column,
            expected: "text, number, truth value, list, struct or map".to_owned(),
            found: kind,
        })?;
        for object in objects {
            row += 1;
            each(SourceRow { place: Place::Row(row), object, all_text: false })?;
        }
    }
    if row == 0 { Err(TableError::NoRows { path }) } else { Ok(()) }
}

/// The rows of a batch; otherwise a column and its type, which has no JSON.
fn objects(batch: &RecordBatch) -> Result<Vec<Map<String, Value>>, (String, String)> {
    let mut objects = vec![Map::new(); batch.num_rows()];
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        for (at, object) in objects.iter_mut().enumerate() {
            let value = value_at(column, at).map_err(|kind| (field.name().clone(), kind))?;
            object.insert(field.name().clone(), value);
        }
    }
    Ok(objects)
}

/// One value of a column; otherwise the type that has no JSON.
fn value_at(column: &ArrayRef, at: usize) -> Result<Value, String> {
    if column.is_null(at) {
        return Ok(Value::Null);
    }
    /// A number of one of the primitive types.
    macro_rules! number {
        ($kind:ty) => {
            Value::from(column.as_primitive::<$kind>().value(at))
        };
    }
    Ok(match column.data_type() {
        DataType::Null => Value::Null,
        DataType::Boolean => Value::Bool(column.as_boolean().value(at)),
        DataType::Int8 => number!(Int8Type),
        DataType::Int16 => number!(Int16Type),
        DataType::Int32 => number!(Int32Type),
        DataType::Int64 => number!(Int64Type),
        DataType::UInt8 => number!(UInt8Type),
        DataType::UInt16 => number!(UInt16Type),
        DataType::UInt32 => number!(UInt32Type),
        DataType::UInt64 => number!(UInt64Type),
        DataType::Float32 => number!(Float32Type),
        DataType::Float64 => number!(Float64Type),
        DataType::Utf8 => Value::from(column.as_string::<i32>().value(at)),
        DataType::LargeUtf8 => Value::from(column.as_string::<i64>().value(at)),
        DataType::Utf8View => Value::from(column.as_string_view().value(at)),
        DataType::List(_) => list(&column.as_list::<i32>().value(at))?,
        DataType::LargeList(_) => list(&column.as_list::<i64>().value(at))?,
        DataType::FixedSizeList(..) => list(&column.as_fixed_size_list().value(at))?,
        DataType::Struct(fields) => {
            let mut object = Map::new();
            for (field, column) in fields.iter().zip(column.as_struct().columns()) {
                object.insert(field.name().clone(), value_at(column, at)?);
            }
            Value::Object(object)
        }
        DataType::Map(..) => {
            let entries = column.as_map().value(at);
            let [keys, values] = entries.columns() else { return Err(column.data_type().to_string()) };
            let mut object = Map::new();
            for at in 0..entries.len() {
                let Value::String(key) = value_at(keys, at)? else { return Err(column.data_type().to_string()) };
                object.insert(key, value_at(values, at)?);
            }
            Value::Object(object)
        }
        DataType::Dictionary(..) => {
            let dictionary = column.as_any_dictionary();
            let values = dictionary.values();
            let key = value_at(&dictionary.keys().slice(at, 1), 0)?;
            let at = key.as_u64().and_then(|key| usize::try_from(key).ok()).filter(|key| *key < values.len());
            value_at(values, at.ok_or_else(|| column.data_type().to_string())?)?
        }
        other => return Err(other.to_string()),
    })
}

fn list(values: &ArrayRef) -> Result<Value, String> {
    (0..values.len()).map(|at| value_at(values, at)).collect::<Result<Vec<_>, _>>().map(Value::Array)
}
