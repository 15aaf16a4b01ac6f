//! Values as text: for lines of CSV, and for eyes.

use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::json::EncoderOptions;
use datafusion::arrow::json::writer::{NullableEncoder, make_encoder};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};

/// One column of a batch, ready to be written value by value.
pub(crate) struct Cells<'a> {
    array: &'a dyn Array,
    how: How<'a>,
}

enum How<'a> {
    /// Text as it is.
    Text,
    /// Lists and structs as JSON.
    Json(NullableEncoder<'a>),
    /// Everything else as the engine shows it.
    Shown(ArrayFormatter<'a>),
}

/// How the engine shows values.
pub(crate) const SHOWN: FormatOptions<'static> = FormatOptions::new();

impl<'a> Cells<'a> {
    pub(crate) fn new(
        field: &'a FieldRef,
        array: &'a dyn Array,
        options: &'a EncoderOptions,
    ) -> Result<Self, ArrowError> {
        let how = match array.data_type() {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => How::Text,
            nested if nested.is_nested() => How::Json(make_encoder(field, array, options)?),
            _ => How::Shown(ArrayFormatter::try_new(array, &SHOWN)?),
        };
        Ok(Self { array, how })
    }

    /// The value of a row; none where it is null.
    pub(crate) fn value(&mut self, row: usize) -> Result<Option<String>, ArrowError> {
        if self.array.is_null(row) {
            return Ok(None);
        }
        Ok(Some(match &mut self.how {
            How::Text => match self.array.data_type() {
                DataType::Utf8 => self.array.as_string::<i32>().value(row).to_owned(),
                DataType::LargeUtf8 => self.array.as_string::<i64>().value(row).to_owned(),
                _ => self.array.as_string_view().value(row).to_owned(),
            },
            How::Json(encoder) => {
                let mut json = Vec::new();
                encoder.encode(row, &mut json);
                String::from_utf8_lossy(&json).into_owned()
            }
            How::Shown(formatter) => formatter.value(row).try_to_string()?,
        }))
    }
}

/// Calls `each` with the values of every row of a batch.
pub(crate) fn each_row(
    batch: &RecordBatch,
    mut each: impl FnMut(Vec<Option<String>>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let (schema, options) = (batch.schema(), EncoderOptions::default());
    let columns = schema.fields().iter().zip(batch.columns());
    let mut columns =
        columns.map(|(field, array)| Cells::new(field, array, &options)).collect::<Result<Vec<_>, _>>()?;
    for row in 0..batch.num_rows() {
        each(columns.iter_mut().map(|cells| cells.value(row)).collect::<Result<_, _>>()?)?;
    }
    Ok(())
}

/// Text of strangers on a terminal: control characters become blanks, but for line feeds.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() && letter != '\n' { ' ' } else { letter }).collect()
}

/// Text in a cell of a table for eyes: in one line, and not too long.
pub(crate) fn short(text: &str) -> String {
    const LETTERS: usize = 60;
    let line: String =
        text.chars().take(LETTERS + 1).map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    match line.chars().count() > LETTERS {
        true => line.chars().take(LETTERS - 1).chain(['…']).collect(),
        false => line,
    }
}
