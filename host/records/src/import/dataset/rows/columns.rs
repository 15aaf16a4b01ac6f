//! An object of lists: a column under each name.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::definition::{FieldKind, FieldType};

/// The rows of an object of columns; the object itself when it is a row.
///
/// It holds columns when every field that a row must have is a list there, all of the same length, and one of them could
/// not be a list in a row.
pub(super) fn rows_of_columns(
    object: Map<String, Value>,
    fields: &BTreeMap<String, FieldType>,
) -> Result<Vec<Map<String, Value>>, Map<String, Value>> {
    let needed: Vec<_> = fields.iter().filter(|(_, kind)| !kind.optional).collect();
    let length = |name: &str| object.get(name).and_then(Value::as_array).map(Vec::len);
    let Some(rows) = needed.first().and_then(|(name, _)| length(name)) else { return Err(object) };
    let no_list = [FieldKind::Text, FieldKind::Number, FieldKind::Plain, FieldKind::Object];
    let are_columns = needed.iter().all(|(name, _)| length(name) == Some(rows))
        && needed.iter().any(|(_, kind)| no_list.contains(&kind.kind));
    if !are_columns {
        return Err(object);
    }
    let mut found = vec![Map::new(); rows];
    for (name, column) in object {
        if let Value::Array(values) = column
            && values.len() == rows
        {
            for (row, value) in found.iter_mut().zip(values) {
                row.insert(name.clone(), value);
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_object_of_lists_is_rows_only_where_a_row_could_not_be_so() {
        let fields = |kinds: &[(&str, &str)]| -> BTreeMap<String, FieldType> {
            let read = |kind: &str| FieldType::try_from(kind.to_owned()).unwrap();
            kinds.iter().map(|(name, kind)| ((*name).to_owned(), read(kind))).collect()
        };
        let rows = |value: Value, kinds: &[(&str, &str)]| {
            let Value::Object(object) = value else { panic!("an object") };
            rows_of_columns(object, &fields(kinds)).ok().map(|rows| json!(rows))
        };
        let qa = [("q", "text"), ("o", "list")];
        assert_eq!(
            rows(json!({"q": ["a", "b"], "o": [[1], [2]], "more": 7}), &qa),
            Some(json!([{"q": "a", "o": [1]}, {"q": "b", "o": [2]}]))
        );
        assert_eq!(rows(json!({"q": "a", "o": [1]}), &qa), None);
        assert_eq!(rows(json!({"q": ["a"], "o": [1, 2]}), &qa), None);
        assert_eq!(rows(json!({"train": [1], "test": [2]}), &[("train", "list"), ("test", "list")]), None);
    }
}
