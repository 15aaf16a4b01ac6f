//! What makes a struct the row of a table.

use std::cmp::Ordering;
use std::path::Path;

use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema};

use crate::error::{Place, TableError};
use crate::table::value::{Flaw, Value};

/// One column of a table.
pub struct Column {
    pub(crate) name: &'static str,
    pub(crate) data_type: DataType,
    pub(crate) nullable: bool,
    pub(crate) repeats: bool,
    pub(crate) request: fn(&DataType) -> Option<DataType>,
    /// What the code says about it, line by line.
    pub(crate) about: &'static [&'static str],
    /// The words it may hold; empty where it may hold any.
    pub(crate) words: &'static [&'static str],
}

impl Column {
    pub fn of<T: Value>(name: &'static str, about: &'static [&'static str]) -> Self {
        Self {
            name,
            data_type: T::data_type(),
            nullable: T::NULLABLE,
            repeats: T::REPEATS,
            request: T::request,
            about,
            words: T::WORDS,
        }
    }
}

/// The row of a table: implemented by the row structs of this crate, and only by them.
///
/// A table is stored under its schema id `routerlab.<TABLE>/<VERSION>`, sorted by its key, whose values are unique.
pub trait Row: Clone + Sized + 'static {
    /// The table's name.
    const TABLE: &'static str;
    /// Grows when a column is added, removed or changed.
    const SCHEMA_VERSION: u32;
    /// The columns that name a row, in the order of sorting.
    const KEY: &'static [&'static str];
    /// Whether files of this shape come from elsewhere: no schema id is asked for, and a column that may be null may
    /// also be absent.
    #[doc(hidden)]
    const FOREIGN: bool = false;
    /// What the code says about the row, line by line.
    #[doc(hidden)]
    const ABOUT: &'static [&'static str];
    #[doc(hidden)]
    type Builders;
    #[doc(hidden)]
    type Memories: Default;

    /// `routerlab.<TABLE>/<VERSION>`.
    fn schema_id() -> String {
        format!("routerlab.{}/{}", Self::TABLE, Self::SCHEMA_VERSION)
    }
    /// Compares the keys of two rows: texts byte by byte, numbers by value.
    fn compare_keys(&self, other: &Self) -> Ordering;
    /// The key as `column=value` pairs, for messages.
    fn key_text(&self) -> String;
    /// The value of a column as text; none where there is no such column.
    #[doc(hidden)]
    fn show(&self, column: &str) -> Option<String>;
    /// Whether the row can be, beyond what its columns' types say; otherwise the column and the reason.
    #[doc(hidden)]
    fn check(&self) -> Result<(), (&'static str, String)> {
        Ok(())
    }
    /// How long its texts are.
    #[doc(hidden)]
    fn text_bytes(&self) -> usize;
    #[doc(hidden)]
    fn columns() -> Vec<Column>;
    #[doc(hidden)]
    fn builders() -> Self::Builders;
    #[doc(hidden)]
    fn append(&self, builders: &mut Self::Builders);
    #[doc(hidden)]
    fn finish(builders: &mut Self::Builders) -> Vec<ArrayRef>;
    #[doc(hidden)]
    fn decode(batch: &Batch<'_>, memories: &mut Self::Memories, rows: &mut Vec<Self>) -> Result<(), TableError>;
}

/// The Arrow schema of a table.
pub(crate) fn schema_of<R: Row>() -> Schema {
    let fields: Vec<Field> =
        R::columns().into_iter().map(|column| Field::new(column.name, column.data_type, column.nullable)).collect();
    Schema::new(fields)
}

/// Some rows of a file, still as columns.
pub struct Batch<'a> {
    pub(crate) path: &'a Path,
    pub(crate) batch: RecordBatch,
    /// Row of the file, from 0, at which the batch begins.
    pub(crate) first_row: u64,
    /// For each column of the table its place in the batch.
    pub(crate) places: &'a [Option<usize>],
}

impl Batch<'_> {
    pub fn rows(&self) -> usize {
        self.batch.num_rows()
    }

    /// Checks and opens one column.
    pub fn column<T: Value>(
        &self,
        index: usize,
        name: &'static str,
        memory: &mut T::Memory,
    ) -> Result<T::Reader, TableError> {
        let row = |row: usize| self.first_row + row as u64 + 1;
        let Some(place) = self.places.get(index).copied().flatten() else {
            return T::absent().ok_or_else(|| TableError::Damaged {
                path: self.path.to_owned(),
                reason: format!("the decoder gave no column `{name}`"),
            });
        };
        let array = self.batch.column(place);
        if !T::NULLABLE && array.null_count() > 0 {
            let hole = (0..array.len()).find(|&i| array.is_null(i)).unwrap_or_default();
            return Err(TableError::Null { path: self.path.to_owned(), column: name.to_owned(), row: row(hole) });
        }
        T::reader(array, memory).map_err(|Flaw { row: at, reason }| TableError::Value {
            path: self.path.to_owned(),
            place: Place::Row(row(at)),
            column: name.to_owned(),
            reason,
        })
    }
}

/// Defines the row of a table: the struct, its schema, its builder and its reader from one list of fields.
///
/// `checked` names a function that looks at whole rows when they are read.
/// A field of type `Option` is a column that may be null. A new column is one line here and a higher version.
///
/// What is said about a row and its fields stays as text: `docs/tables.md` is made of it.
macro_rules! table {
    (
        $(#[$($doc:tt)*])*
        $vis:vis $row:ident: $table:literal, version $version:literal, key [$($key:ident),+]
        $(, foreign $foreign:literal)? $(, checked $check:path)?;
        $($(#[$($field_doc:tt)*])* $field:ident: $type:ty,)+
    ) => {
        $(#[$($doc)*])*
        #[derive(Debug, Clone, PartialEq)]
        $vis struct $row {
            $($(#[$($field_doc)*])* $vis $field: $type,)+
        }

        #[allow(unreachable_pub, reason = "seen through the hidden types of `Row` only")]
        const _: () = {
            use $crate::table::row::{Batch, Column, Row, said};
            use $crate::table::value::Value;

            pub struct Builders { $($field: <$type as Value>::Builder,)+ }

            #[derive(Default)]
            pub struct Memories { $($field: <$type as Value>::Memory,)+ }

            impl Row for $row {
                const TABLE: &'static str = $table;
                const SCHEMA_VERSION: u32 = $version;
                const KEY: &'static [&'static str] = &[$(stringify!($key)),+];
                $(const FOREIGN: bool = $foreign;)?
                const ABOUT: &'static [&'static str] = &[$(said!($($doc)*)),*];
                type Builders = Builders;
                type Memories = Memories;

                fn compare_keys(&self, other: &Self) -> std::cmp::Ordering {
                    std::cmp::Ordering::Equal$(.then_with(|| self.$key.compare(&other.$key)))+
                }
                fn key_text(&self) -> String {
                    [$(format!(concat!("`", stringify!($key), "={}`"), self.$key.show())),+].join(", ")
                }
                fn show(&self, column: &str) -> Option<String> {
                    match column {
                        $(stringify!($field) => Some(self.$field.show()),)+
                        _ => None,
                    }
                }
                $(fn check(&self) -> Result<(), (&'static str, String)> {
                    $check(self)
                })?
                fn text_bytes(&self) -> usize {
                    0 $(+ self.$field.text_bytes())+
                }
                fn columns() -> Vec<Column> {
                    vec![$(Column::of::<$type>(stringify!($field), &[$(said!($($field_doc)*)),*])),+]
                }
                fn builders() -> Builders {
                    Builders { $($field: <$type as Value>::builder(),)+ }
                }
                fn append(&self, builders: &mut Builders) {
                    $(self.$field.append(&mut builders.$field);)+
                }
                fn finish(builders: &mut Builders) -> Vec<arrow_array::ArrayRef> {
                    vec![$(<$type as Value>::finish(&mut builders.$field)),+]
                }
                fn decode(
                    batch: &Batch<'_>,
                    memories: &mut Memories,
                    rows: &mut Vec<Self>,
                ) -> Result<(), $crate::error::TableError> {
                    let mut index = 0;
                    $(
                        let $field = batch.column::<$type>(index, stringify!($field), &mut memories.$field)?;
                        index += 1;
                    )+
                    let _ = index;
                    rows.reserve(batch.rows());
                    for row in 0..batch.rows() {
                        rows.push(Self { $($field: <$type as Value>::read(&$field, row),)+ });
                    }
                    Ok(())
                }
            }
        };
    };
}
pub(crate) use table;

/// The text of an attribute, if it is a line of documentation.
macro_rules! said {
    (doc = $line:expr) => {
        $line
    };
    ($($other:tt)*) => {
        ""
    };
}
pub(crate) use said;

/// Lines of documentation as one text.
pub(crate) fn sentences(lines: &[&str]) -> String {
    let lines: Vec<&str> = lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect();
    lines.join(" ")
}
