//! Rows of files beside a row's file that belong to the row.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};

use crate::definition::Join;
use crate::error::{Place, TableError};
use crate::import::dataset::content::Content;
use crate::import::dataset::places::{Places, SourceFile};
use crate::import::dataset::render::Templates;
use crate::import::dataset::rows::each_row;
use crate::import::dataset::wrong_row;

/// The rows of a file by the text of their key.
type Index = HashMap<String, Vec<Value>>;

/// The joins of an import, with the files read so far.
pub(super) struct Joins<'a> {
    joins: &'a [Join],
    places: &'a Places,
    read: HashMap<(String, String), Index>,
    digests: BTreeMap<String, String>,
}

impl<'a> Joins<'a> {
    pub(super) fn new(joins: &'a [Join], places: &'a Places) -> Self {
        Self { joins, places, read: HashMap::new(), digests: BTreeMap::new() }
    }

    /// SHA-256 of every file that was read, by its path.
    pub(super) fn digests(&self) -> impl Iterator<Item = (&String, &String)> {
        self.digests.iter()
    }

    /// Adds what belongs to a row.
    pub(super) fn add(
        &mut self,
        templates: &Templates,
        fields: &mut Map<String, Value>,
        file: &SourceFile,
        place: Place,
    ) -> Result<(), TableError> {
        for (at, join) in self.joins.iter().enumerate() {
            let wrong = |column: &str, reason: String| TableError::Value {
                path: file.path.clone(),
                place,
                column: column.to_owned(),
                reason,
            };
            let name = templates
                .join_file(at, &templates.context(fields, file))
                .map_err(|(column, reason)| wrong(&column, reason))?;
            let by = fields.get(&join.by).and_then(plain);
            let by = by.ok_or_else(|| wrong(&join.by, "expected a text or a number".to_owned()))?;
            let Some(other) = self.places.beside(file, &name) else {
                if join.optional {
                    fields.insert(join.field.clone(), Value::Null);
                    continue;
                }
                return Err(wrong(&join.field, format!("there is no `{name}` in the same folder")));
            };
            let found = self.index(join, other)?.get(&by).map_or(&[][..], Vec::as_slice);
            let value = match found {
                [] if join.optional => Value::Null,
                [] => return Err(wrong(&join.by, format!("`{name}` has no row with `{by}` as its `{}`", join.key))),
                all if join.many => Value::Array(all.to_vec()),
                [only] => only.clone(),
                all => {
                    let reason = format!("`{name}` has {} rows with `{by}` as their `{}`", all.len(), join.key);
                    return Err(wrong(&join.by, reason));
                }
            };
            fields.insert(join.field.clone(), value);
        }
        Ok(())
    }

    fn index(&mut self, join: &Join, file: &SourceFile) -> Result<&Index, TableError> {
        let key = (file.relative(), join.key.clone());
        if !self.read.contains_key(&key) {
            let mut content = Content::open(file)?;
            self.digests.insert(key.0.clone(), content.digest()?);
            let mut index = Index::new();
            let path = content.path.clone();
            each_row(&mut content, None, &mut |row| {
                let name = row.object.get(&join.key).and_then(plain);
                let name =
                    name.ok_or_else(|| wrong_row(&path, row.place, format!("no text or number as `{}`", join.key)))?;
                index.entry(name).or_default().push(Value::Object(row.object));
                Ok(())
            })?;
            self.read.insert(key.clone(), index);
        }
        Ok(&self.read[&key])
    }
}

/// A text or a number, as text: files disagree about which of the two an id is.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
