//! Where the rows of a dataset come from, and what they must have.

use serde::Deserialize;

use crate::ids::SplitName;

/// One `[[split]]` of a definition: a part of the dataset and the files that hold it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// The dataset's own word for it.
    pub name: SplitName,
    /// Its files, in the order of their rows: a path below the folder that is imported, `*` for any part of a name. What
    /// several files match is taken in the order of their names. A file may have another ending than the one named here,
    /// and may be packed.
    pub files: Vec<String>,
    /// How many rows it has.
    #[serde(default)]
    pub rows: Option<u64>,
    /// SHA-256 of its only file, unpacked, where the original is known to never change.
    #[serde(default)]
    pub sha256: Option<String>,
    /// Which rows belong to it: an expression over the fields; all when there is no such key.
    #[serde(default, rename = "where")]
    pub condition: Option<String>,
    /// Whether it is the one that is imported when none is asked for.
    #[serde(default)]
    pub default: bool,
}

/// One `[[join]]` of a definition: rows of a file beside that of a row that belong to the row.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// The field that they become.
    pub field: String,
    /// The file, in the folder of the row's file: a template over the fields.
    pub file: String,
    /// Its field that must equal `by`.
    pub key: String,
    /// The field of the row that names what belongs to it.
    pub by: String,
    /// Whether the field becomes the list of all such rows; otherwise there must be exactly one.
    #[serde(default)]
    pub many: bool,
    /// Whether the file, or a row in it, may be missing; the field is null then.
    #[serde(default)]
    pub optional: bool,
}

/// The examples of a prompt, for readers of the definition.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shots {
    /// How many.
    #[serde(default)]
    pub count: u32,
    /// Where they come from.
    #[serde(default)]
    pub from: String,
}

/// What a field must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// `text`.
    Text,
    /// `number`.
    Number,
    /// `plain`: a text or a number.
    Plain,
    /// `list`.
    List,
    /// `object`.
    Object,
    /// `any`: whatever it is.
    Any,
    /// `json`: a text that holds JSON, which is read; or the value itself.
    Json,
    /// `packed-json`: the same, or a base64 text of zlib of a Python pickle of one text that holds JSON.
    PackedJson,
}

/// One entry of `[fields]`: a kind, with `?` after it where the field may be missing or null.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct FieldType {
    /// What it must be.
    pub kind: FieldKind,
    /// Whether it may be missing or null; templates see null then.
    pub optional: bool,
}

const KINDS: [(&str, FieldKind); 8] = [
    ("text", FieldKind::Text),
    ("number", FieldKind::Number),
    ("plain", FieldKind::Plain),
    ("list", FieldKind::List),
    ("object", FieldKind::Object),
    ("any", FieldKind::Any),
    ("json", FieldKind::Json),
    ("packed-json", FieldKind::PackedJson),
];

impl TryFrom<String> for FieldType {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let word = text.strip_suffix('?').unwrap_or(&text);
        match KINDS.iter().find(|(name, _)| *name == word) {
            Some((_, kind)) => Ok(Self { kind: *kind, optional: word.len() < text.len() }),
            None => {
                let known: Vec<String> = KINDS.iter().map(|(name, _)| format!("`{name}`")).collect();
                Err(format!(
                    "unknown kind of field `{text}`, expected one of {}, with `?` where it may be missing",
                    known.join(", ")
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_a_word_with_a_question_mark_where_the_field_may_be_missing() {
        let read = |text: &str| FieldType::try_from(text.to_owned());
        assert_eq!(read("list"), Ok(FieldType { kind: FieldKind::List, optional: false }));
        assert_eq!(read("packed-json?"), Ok(FieldType { kind: FieldKind::PackedJson, optional: true }));
        for wrong in ["", "?", "List", "text??", "string"] {
            assert_eq!(
                read(wrong).unwrap_err(),
                format!(
                    "unknown kind of field `{wrong}`, expected one of `text`, `number`, `plain`, `list`, `object`, \
                     `any`, `json`, `packed-json`, with `?` where it may be missing"
                )
            );
        }
    }
}
