//! The fields of a row, checked against what the definition says of them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::definition::{FieldKind, FieldType};
use crate::import::dataset::packed::unpack;
use crate::queries::kind_of;

/// The fields that a definition names. A field that may be missing is null when it is; others of the row are left out.
/// `all_text`: the row comes from a format that knows nothing but texts.
///
/// The error is the field and what is wrong with it.
pub(super) fn check_fields(
    types: &BTreeMap<String, FieldType>,
    mut row: Map<String, Value>,
    all_text: bool,
) -> Result<Map<String, Value>, (String, String)> {
    let mut fields = Map::new();
    for (name, kind) in types {
        let given = row.remove(name).filter(|value| !value.is_null());
        // An empty cell says nothing, unless a text is asked for.
        let given = given.filter(|value| !all_text || kind.kind == FieldKind::Text || value != "");
        let value = match given {
            Some(value) => checked(kind.kind, value, all_text).map_err(|reason| (name.clone(), reason))?,
            None if kind.optional => Value::Null,
            None => return Err((name.clone(), "missing".to_owned())),
        };
        fields.insert(name.clone(), value);
    }
    Ok(fields)
}

fn checked(kind: FieldKind, value: Value, all_text: bool) -> Result<Value, String> {
    match (kind, value) {
        (FieldKind::PackedJson, Value::String(text)) => unpack(&text),
        (FieldKind::Json, Value::String(text)) => from_json(&text),
        (FieldKind::List | FieldKind::Object | FieldKind::Number, Value::String(text)) if all_text => {
            checked(kind, from_json(&text)?, false)
        }
        // A list or an object that was written as text; anything else is the text itself.
        (FieldKind::Any, Value::String(text)) if all_text && text.starts_with(['[', '{']) => from_json(&text),
        (FieldKind::Text | FieldKind::Plain, value @ Value::String(_))
        | (FieldKind::Number | FieldKind::Plain, value @ Value::Number(_))
        | (FieldKind::List, value @ Value::Array(_))
        | (FieldKind::Object, value @ Value::Object(_))
        | (FieldKind::Any | FieldKind::Json | FieldKind::PackedJson, value) => Ok(value),
        (kind, value) => Err(format!("expected {}, found {}", expected(kind), kind_of(&value))),
    }
}

fn from_json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))
}

fn expected(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Text => "a text",
        FieldKind::Number => "a number",
        FieldKind::Plain => "a text or a number",
        FieldKind::List => "a list",
        FieldKind::Object => "an object",
        FieldKind::Any | FieldKind::Json | FieldKind::PackedJson => "a value",
    }
}
