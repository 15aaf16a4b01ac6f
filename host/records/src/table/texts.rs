//! Columns of text: long and different in every row, or few values in many rows.

use std::cmp::Ordering;
use std::collections::HashMap;

use arrow_array::builder::{ArrayBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, StringViewArray};
use arrow_buffer::ScalarBuffer;
use arrow_schema::DataType;

use crate::ids::{DatasetId, EncoderName, ModelName, PluginName, QueryId, RunId, SharedText, SplitName};
use crate::table::value::{Flaw, Value, type_name};

/// Long text, different in every row: stored plain.
impl Value for String {
    type Builder = StringBuilder;
    type Reader = StringViewArray;
    type Memory = ();

    fn data_type() -> DataType {
        DataType::Utf8
    }
    fn request(found: &DataType) -> Option<DataType> {
        // Views carry no 32-bit offsets, so a batch of long texts cannot overflow them.
        matches!(found, DataType::Utf8).then_some(DataType::Utf8View)
    }
    fn builder() -> Self::Builder {
        StringBuilder::new()
    }
    fn append(&self, builder: &mut Self::Builder) {
        builder.append_value(self);
    }
    fn append_null(builder: &mut Self::Builder) {
        builder.append_null();
    }
    fn finish(builder: &mut Self::Builder) -> ArrayRef {
        ArrayBuilder::finish(builder)
    }
    fn reader(array: &ArrayRef, _: &mut ()) -> Result<Self::Reader, Flaw> {
        Ok(array.as_string_view().clone())
    }
    fn read(reader: &Self::Reader, row: usize) -> Self {
        reader.value(row).to_owned()
    }
    fn compare(&self, other: &Self) -> Ordering {
        self.cmp(other)
    }
    fn show(&self) -> String {
        self.clone()
    }
    fn text_bytes(&self) -> usize {
        self.len()
    }
}

/// Text that fills many rows with few values: stored as a dictionary, parsed once per value, shared in memory.
pub trait Repeated: Clone + Ord {
    /// All texts there are; empty where there may be any.
    const ALL_TEXTS: &'static [&'static str] = &[];
    fn text(&self) -> &str;
    fn parse(text: &str) -> Result<Self, String>;
}

impl<T: Repeated> Value for T {
    const REPEATS: bool = true;
    const WORDS: &'static [&'static str] = T::ALL_TEXTS;
    type Builder = StringBuilder;
    type Reader = (ScalarBuffer<i32>, Vec<T>);
    type Memory = HashMap<Box<str>, T>;

    fn data_type() -> DataType {
        DataType::Utf8
    }
    fn request(found: &DataType) -> Option<DataType> {
        matches!(found, DataType::Utf8)
            .then(|| DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)))
    }
    fn builder() -> Self::Builder {
        StringBuilder::new()
    }
    fn append(&self, builder: &mut Self::Builder) {
        builder.append_value(self.text());
    }
    fn append_null(builder: &mut Self::Builder) {
        builder.append_null();
    }
    fn finish(builder: &mut Self::Builder) -> ArrayRef {
        ArrayBuilder::finish(builder)
    }
    fn reader(array: &ArrayRef, memory: &mut Self::Memory) -> Result<Self::Reader, Flaw> {
        let Some(dictionary) = array.as_dictionary_opt::<Int32Type>() else {
            return Err(Flaw { row: 0, reason: format!("the decoder gave {}", type_name(array.data_type())) });
        };
        let keys = dictionary.keys();
        let mut values = Vec::with_capacity(dictionary.values().len());
        for (key, text) in dictionary.values().as_string::<i32>().iter().enumerate() {
            let text = text.unwrap_or_default();
            if let Some(value) = memory.get(text) {
                values.push(Some(value.clone()));
                continue;
            }
            match T::parse(text) {
                Ok(value) => {
                    memory.insert(text.into(), value.clone());
                    values.push(Some(value));
                }
                // The decoder gives null rows an empty text of their own, so only a value in use must be right.
                Err(reason) => match keys.iter().position(|used| used.is_some_and(|used| used as usize == key)) {
                    Some(row) => return Err(Flaw { row, reason }),
                    None => values.push(None),
                },
            }
        }
        // Values that no row uses get any other value; where there is none, no row will ask.
        let filler = values.iter().flatten().next().cloned();
        let values = values.into_iter().filter_map(|value| value.or_else(|| filler.clone())).collect();
        Ok((keys.values().clone(), values))
    }
    fn read((keys, values): &Self::Reader, row: usize) -> Self {
        values[keys[row] as usize].clone()
    }
    fn compare(&self, other: &Self) -> Ordering {
        self.text().cmp(other.text())
    }
    fn show(&self) -> String {
        self.text().to_owned()
    }
    fn text_bytes(&self) -> usize {
        self.text().len()
    }
}

macro_rules! repeated {
    ($($name:ident),+) => {$(
        impl Repeated for $name {
            fn text(&self) -> &str {
                self.as_str()
            }
            fn parse(text: &str) -> Result<Self, String> {
                Ok(Self::from(text))
            }
        }
    )+};
}
repeated!(DatasetId, SplitName, ModelName, PluginName, EncoderName, RunId, SharedText);

impl Repeated for QueryId {
    fn text(&self) -> &str {
        self.as_str()
    }
    fn parse(text: &str) -> Result<Self, String> {
        QueryId::parse(text).map_err(|error| error.to_string())
    }
}

/// Defines an enumeration whose cases are words in a column.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$case_doc:meta])* $case:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$case_doc])* $case,)+
        }

        impl $name {
            /// Every case, in the order of their definition.
            pub const ALL: &'static [Self] = &[$(Self::$case),+];

            /// The word in the column.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$case => $word,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($word => Ok(Self::$case),)+
                    _ => Err(format!("`{text}` is none of {}", [$(concat!("`", $word, "`")),+].join(", "))),
                }
            }
        }

        impl $crate::table::texts::Repeated for $name {
            const ALL_TEXTS: &'static [&'static str] = &[$($word),+];
            fn text(&self) -> &str {
                self.as_str()
            }
            fn parse(text: &str) -> Result<Self, String> {
                text.parse()
            }
        }
    };
}
pub(crate) use words;
