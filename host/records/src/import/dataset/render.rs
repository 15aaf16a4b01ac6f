//! The templates of a definition, over the fields of a row.

use std::collections::BTreeMap;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value as Seen, ValueKind};
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};
use serde_json::{Map, Value};

use crate::definition::{DatasetDefinition, Split};
use crate::import::dataset::places::SourceFile;

/// Names that templates know beside the fields: where the row is from, and all of its fields as one object.
const OWN_NAMES: [&str; 2] = ["source", "row"];

/// What a row becomes.
pub(super) struct Rendered {
    pub(super) origin_query: String,
    pub(super) prompt: String,
    pub(super) ground_truth: Option<String>,
    pub(super) metadata: String,
    pub(super) group: String,
}

/// The templates and expressions of a definition, ready to be rendered.
pub(super) struct Templates {
    environment: Environment<'static>,
    metadata: Vec<(String, String)>,
    condition: Option<String>,
}

type Wrong = (String, String);

impl Templates {
    /// Reads the templates. The error names the key.
    pub(super) fn of(definition: &DatasetDefinition, split: &Split) -> Result<Self, String> {
        let names = definition.fields.keys().chain(definition.join.iter().map(|join| &join.field));
        for name in names {
            if OWN_NAMES.contains(&name.as_str()) {
                return Err(format!("no field can be called `{name}`: templates know something else by that name"));
            }
        }
        if definition.prompt.is_empty() {
            return Err("no `prompt`; add a template of what models are asked".to_owned());
        }
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let mut syntax = SyntaxConfig::builder();
        let syntax = syntax.trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(|error| told(&error))?);
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        environment.add_filter("lettered", lettered);
        environment.add_filter("pick", pick);
        let mut texts = vec![("prompt".to_owned(), definition.prompt.clone())];
        if !definition.origin_query.is_empty() {
            texts.push(("origin_query".to_owned(), definition.origin_query.clone()));
        }
        texts.extend(definition.ground_truth.clone().map(|text| ("ground_truth".to_owned(), text)));
        texts.extend(definition.group.clone().map(|text| ("group".to_owned(), text)));
        texts.extend(definition.join.iter().enumerate().map(|(at, join)| (join_name(at), join.file.clone())));
        for (name, text) in texts {
            environment
                .add_template_owned(name.clone(), text)
                .map_err(|error| format!("`{name}`: {}", told(&error)))?;
        }
        let metadata: Vec<_> = definition.metadata.clone().into_iter().collect();
        let expressions = metadata.iter().map(|(name, text)| (format!("metadata.{name}"), text));
        let condition = split.condition.clone();
        for (name, text) in expressions.chain(condition.iter().map(|text| ("where".to_owned(), text))) {
            environment.compile_expression(text).map_err(|error| format!("`{name}`: {}", told(&error)))?;
        }
        Ok(Self { environment, metadata, condition })
    }

    /// What templates see of a row.
    pub(super) fn context(&self, fields: &Map<String, Value>, file: &SourceFile) -> Seen {
        let mut seen = fields.clone();
        let source = serde_json::json!({ "file": file.name(), "folder": file.folder(), "stem": file.stem() });
        seen.insert("row".to_owned(), Value::Object(fields.clone()));
        seen.insert("source".to_owned(), source);
        Seen::from(Serde(seen))
    }

    /// Whether a row belongs to the split.
    pub(super) fn holds(&self, seen: &Seen) -> Result<bool, Wrong> {
        let Some(condition) = &self.condition else { return Ok(true) };
        Ok(self.expression("where", condition, seen)?.is_true())
    }

    /// The name of the file of a join.
    pub(super) fn join_file(&self, at: usize, seen: &Seen) -> Result<String, Wrong> {
        self.text(&join_name(at), seen).map(Option::unwrap_or_default)
    }

    /// Everything that a row becomes.
    pub(super) fn render(&self, seen: &Seen) -> Result<Rendered, Wrong> {
        let prompt = self.text("prompt", seen)?.unwrap_or_default();
        let origin_query = self.text("origin_query", seen)?.unwrap_or_else(|| prompt.clone());
        let group = self.text("group", seen)?.unwrap_or_else(|| origin_query.clone());
        let mut metadata = Map::new();
        for (name, text) in &self.metadata {
            let key = format!("metadata.{name}");
            let value = self.expression(&key, text, seen)?;
            if value.is_undefined() {
                return Err((key, format!("`{text}` is not defined")));
            }
            let value = serde_json::to_value(&value).map_err(|error| (key, error.to_string()))?;
            metadata.insert(name.clone(), value);
        }
        Ok(Rendered {
            prompt,
            origin_query,
            group,
            ground_truth: self.text("ground_truth", seen)?.filter(|text| !text.is_empty()),
            metadata: Value::Object(metadata).to_string(),
        })
    }

    /// A rendered template; none when the definition has no such key.
    fn text(&self, name: &str, seen: &Seen) -> Result<Option<String>, Wrong> {
        let Ok(template) = self.environment.get_template(name) else { return Ok(None) };
        template.render(seen).map(Some).map_err(|error| (name.to_owned(), told(&error)))
    }

    fn expression(&self, name: &str, text: &str, seen: &Seen) -> Result<Seen, Wrong> {
        let compiled = self.environment.compile_expression(text);
        compiled.and_then(|expression| expression.eval(seen)).map_err(|error| (name.to_owned(), told(&error)))
    }
}

fn join_name(at: usize) -> String {
    format!("join {}", at + 1)
}

/// What is wrong with a template, in one line.
fn told(error: &Error) -> String {
    let detail = error.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
    let line = error.line().map(|line| format!(" (line {line} of the template)")).unwrap_or_default();
    format!("{}{detail}{line}", error.kind())
}

/// Options with their letters: `letter` and `text` of each. A map has the letters already; a list gets A, B, C. Options that
/// are null are left out: they come from files that keep all questions in the same columns.
fn lettered(options: &Seen) -> Result<Vec<Seen>, Error> {
    let option = |letter: Seen, text: Seen| Seen::from(BTreeMap::from([("letter", letter), ("text", text)]));
    match options.kind() {
        ValueKind::Map => {
            let mut found = Vec::new();
            for letter in options.try_iter()? {
                let text = options.get_item(&letter)?;
                if !text.is_none() {
                    found.push(option(letter, text));
                }
            }
            Ok(found)
        }
        ValueKind::Seq | ValueKind::Iterable => {
            let texts = options.try_iter()?.filter(|text| !text.is_none());
            Ok(('A'..='Z').map(|letter| Seen::from(letter.to_string())).zip(texts).map(|(a, b)| option(a, b)).collect())
        }
        other => {
            Err(Error::new(ErrorKind::InvalidOperation, format!("`lettered` is for lists and maps, not for {other}")))
        }
    }
}

/// Of each object of a list, the two keys named.
fn pick(list: &Seen, first: &str, second: &str) -> Result<Vec<Seen>, Error> {
    let missing = |name: &str| Error::new(ErrorKind::InvalidOperation, format!("`pick`: an object has no `{name}`"));
    let one = |object: &Seen| {
        let mut pairs = BTreeMap::new();
        for name in [first, second] {
            let value = object.get_attr(name).ok().filter(|value| !value.is_undefined());
            pairs.insert(name.to_owned(), value.ok_or_else(|| missing(name))?);
        }
        Ok(Seen::from(pairs))
    };
    list.try_iter()?.map(|object| one(&object)).collect()
}
