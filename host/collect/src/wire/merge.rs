//! Extra keys laid over a body.

use serde_json::{Map, Value};

/// Lays `over` on `body`: objects are merged key by key, everything else takes the place of what was there.
pub(super) fn merge(body: &mut Map<String, Value>, over: &Map<String, Value>) {
    for (key, value) in over {
        match (body.get_mut(key), value) {
            (Some(Value::Object(below)), Value::Object(above)) => merge(below, above),
            _ => {
                body.insert(key.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn objects_are_merged_and_everything_else_is_replaced() {
        let cases = [
            (json!({}), json!({"a": {"b": 1}}), json!({"a": {"b": 1}})),
            (json!({"a": {"b": 1, "c": 2}}), json!({"a": {"c": 3, "d": 4}}), json!({"a": {"b": 1, "c": 3, "d": 4}})),
            (json!({"a": [1, 2]}), json!({"a": [3]}), json!({"a": [3]})),
            (json!({"a": {"b": 1}}), json!({"a": null}), json!({"a": null})),
            (json!({"a": 1}), json!({"a": {"b": 1}}), json!({"a": {"b": 1}})),
        ];
        for (below, above, expected) in cases {
            let (Value::Object(mut body), Value::Object(over)) = (below, above) else { unreachable!() };
            merge(&mut body, &over);
            assert_eq!(Value::Object(body), expected);
        }
    }
}
