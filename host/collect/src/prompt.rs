//! From a query to the messages that a model gets.

use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, context};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ask::{Image, Message, Part, Role};
use crate::pool::MessageTemplate;

/// What templates know.
const KNOWN: [&str; 6] = ["prompt", "query", "dataset", "split", "metadata", "values"];

/// What is known of a query when it is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// The question as models are asked it.
    pub prompt: String,
    /// The question as the dataset has it.
    pub query: String,
    /// Its dataset.
    pub dataset: String,
    /// Its split.
    pub split: String,
    /// What else is known, as the text of a JSON object.
    pub metadata: String,
}

/// How a model is asked.
#[derive(Debug)]
pub struct Prompting {
    system: Option<String>,
    templates: Vec<Template>,
    environment: Environment<'static>,
    values: minijinja::Value,
}

#[derive(Debug)]
struct Template {
    role: Role,
    name: String,
    datasets: Option<Vec<String>>,
}

impl Prompting {
    /// The prompt as it is, after a system message where there is one; or messages of templates.
    ///
    /// # Errors
    /// When a message is no template, or asks for what no query has.
    pub fn new(
        system: Option<String>,
        messages: Option<Vec<MessageTemplate>>,
        values: &Map<String, Value>,
    ) -> Result<Self, String> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        let syntax = SyntaxConfig::builder().keep_trailing_newline(true).build();
        environment.set_syntax(syntax.map_err(|error| error.to_string())?);
        let mut templates = Vec::new();
        for (at, message) in messages.unwrap_or_default().into_iter().enumerate() {
            let name = format!("message {}", at + 1);
            environment
                .add_template_owned(name.clone(), message.text)
                .map_err(|error| format!("{name} is no template: {error}"))?;
            let known = |name: &str| KNOWN.contains(&name) || environment.globals().any(|(global, _)| global == name);
            let mut unknown: Vec<String> = environment
                .get_template(&name)
                .map(|template| template.undeclared_variables(false).into_iter().filter(|name| !known(name)).collect())
                .unwrap_or_default();
            unknown.sort_unstable();
            if let Some(unknown) = unknown.first() {
                let there = KNOWN.map(|name| format!("`{name}`")).join(", ");
                return Err(format!("{name} asks for `{unknown}`; there are {there}"));
            }
            templates.push(Template { role: message.role, name, datasets: message.datasets });
        }
        Ok(Self { system, templates, environment, values: minijinja::Value::from(Serde(values)) })
    }

    /// The messages of a question. Images stand where the prompt has `<image>`, those that are left over at the end of the
    /// last message of the user.
    ///
    /// # Errors
    /// When a template asks for what is not there.
    pub fn messages(&self, question: &Question, images: &[Image]) -> Result<Vec<Message>, String> {
        let mut messages = Vec::new();
        if self.templates.is_empty() {
            messages.extend(self.system.as_ref().map(|system| Message::text(Role::System, system)));
            messages.push(Message::text(Role::User, &question.prompt));
        } else {
            let metadata: Value = serde_json::from_str(&question.metadata)
                .map_err(|error| format!("the query's metadata are no JSON: {error}"))?;
            let known = context! {
                prompt => question.prompt.as_str(), query => question.query.as_str(), dataset => question.dataset.as_str(),
                split => question.split.as_str(), metadata => minijinja::Value::from(Serde(&metadata)), values => self.values.clone(),
            };
            for template in &self.templates {
                if template.datasets.as_ref().is_some_and(|datasets| !datasets.contains(&question.dataset)) {
                    continue;
                }
                let text = self
                    .environment
                    .get_template(&template.name)
                    .and_then(|found| found.render(&known))
                    .map_err(|error| format!("{} of `messages`: {error}", template.name))?;
                messages.push(Message::text(template.role, text));
            }
        }
        if !images.is_empty() {
            place(&mut messages, images)?;
        }
        if messages.is_empty() { Err("no message of `messages` is for this dataset".into()) } else { Ok(messages) }
    }
}

/// Puts images into the last message of the user.
fn place(messages: &mut [Message], images: &[Image]) -> Result<(), String> {
    const TAG: &str = "<image>";
    let last = messages.iter_mut().rev().find(|message| message.role == Role::User);
    let last = last.ok_or("no message of the user has a place for the query's images")?;
    let text = last.words();
    let mut waiting = images.iter().cloned();
    let mut parts = Vec::new();
    let mut rest = text.as_str();
    // Any case; ASCII letters keep their length, so places fit.
    while let Some(at) = rest.to_ascii_lowercase().find(TAG) {
        let words = &rest[..at];
        if !words.is_empty() {
            parts.push(Part::Text(words.to_owned()));
        }
        parts.extend(waiting.next().map(Part::Image));
        rest = &rest[at + TAG.len()..];
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    parts.extend(waiting.map(Part::Image));
    last.parts = parts;
    Ok(())
}

/// An image of a query, read once.
///
/// # Errors
/// When the file cannot be read or is no image that providers take.
pub(crate) fn read_image(folder: &std::path::Path, name: &str) -> Result<Image, String> {
    use base64::Engine;
    let bytes = std::fs::read(folder.join(name)).map_err(|error| format!("image `{name}` cannot be read: {error}"))?;
    let media_type = match bytes.as_slice() {
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [b'G', b'I', b'F', b'8', ..] => "image/gif",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
        _ => return Err(format!("image `{name}` is no PNG, JPEG, GIF or WebP")),
    };
    let base64: Arc<str> = base64::engine::general_purpose::STANDARD.encode(&bytes).into();
    Ok(Image { sha256: routerlab_records::digest_bytes(&bytes), media_type, base64 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(prompt: &str) -> Question {
        Question {
            prompt: prompt.into(),
            query: "q".into(),
            dataset: "facts".into(),
            split: "test".into(),
            metadata: r#"{"evaluator":"number"}"#.into(),
        }
    }

    fn image(name: &str) -> Image {
        Image { sha256: name.into(), media_type: "image/png", base64: "".into() }
    }

    fn template(role: Role, text: &str, datasets: Option<&[&str]>) -> MessageTemplate {
        let datasets = datasets.map(|all| all.iter().map(|one| (*one).to_owned()).collect());
        MessageTemplate { role, text: text.into(), datasets }
    }

    #[test]
    fn a_prompt_is_asked_as_it_is() {
        let odd = "{{ not a template }} <b>\n";
        let plain = Prompting::new(None, None, &Map::new()).unwrap();
        assert_eq!(plain.messages(&question(odd), &[]).unwrap(), [Message::text(Role::User, odd)]);
        let system = Prompting::new(Some("Be short.".into()), None, &Map::new()).unwrap();
        let messages = system.messages(&question("p"), &[]).unwrap();
        assert_eq!(messages, [Message::text(Role::System, "Be short."), Message::text(Role::User, "p")]);
    }

    #[test]
    fn templates_know_the_query_and_the_values_of_the_pool() {
        let values = serde_json::json!({"examples": {"facts": {"number": "2 + 2"}}});
        let messages = vec![
            template(Role::User, "{{ values.examples[dataset][metadata.evaluator] }}", None),
            template(Role::Assistant, "only for logic", Some(&["logic"])),
            template(Role::User, "{{ prompt }} <&>\n", None),
        ];
        let prompting = Prompting::new(None, Some(messages), values.as_object().unwrap()).unwrap();
        let asked: Vec<_> = prompting.messages(&question("p"), &[]).unwrap().iter().map(Message::words).collect();
        assert_eq!(asked, ["2 + 2", "p <&>\n"]);
        let missing = vec![template(Role::User, "{{ values.nothing.here }}", None)];
        let message = Prompting::new(None, Some(missing), &Map::new()).unwrap().messages(&question("p"), &[]);
        assert!(message.unwrap_err().starts_with("message 1 of `messages`: undefined value"));
    }

    #[test]
    fn images_stand_at_their_tags_and_surplus_ones_at_the_end() {
        let plain = Prompting::new(None, None, &Map::new()).unwrap();
        let shown = |prompt: &str, images: &[&str]| -> Vec<String> {
            let images: Vec<Image> = images.iter().map(|name| image(name)).collect();
            let message = plain.messages(&question(prompt), &images).unwrap().remove(0);
            let show = |part: &Part| match part {
                Part::Text(text) => text.clone(),
                Part::Image(image) => format!("[{}]", image.sha256),
            };
            message.parts.iter().map(show).collect()
        };
        assert_eq!(shown("a<image>b<IMAGE>", &["x", "y"]), ["a", "[x]", "b", "[y]"]);
        assert_eq!(shown("what is it?", &["x", "y"]), ["what is it?", "[x]", "[y]"]);
        assert_eq!(shown("<image><image>two", &["x"]), ["[x]", "two"]);
    }
}
