//! What a request asks, whichever provider's form it has.

use std::borrow::Cow;
use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A question to a model.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) model: Cow<'a, str>,
    /// The texts of the messages, system first, with a line break between two.
    pub(crate) prompt: Cow<'a, str>,
    pub(crate) stream: bool,
    pub(crate) include_usage: bool,
}

impl<'a> Ask<'a> {
    /// Reads a body of any provider: their keys do not collide.
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, String> {
        let body: Form<'a> = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let instructions = body.system_instruction.map(|message| message.content);
        let messages = body.messages.into_iter().map(|message| message.content);
        let mut texts = body.system.into_iter().chain(instructions).chain(messages).chain(body.prompt);
        let Text(mut prompt) = texts.next().ok_or("neither `messages` nor `contents` nor `prompt`")?;
        for Text(text) in texts {
            let prompt = prompt.to_mut();
            prompt.push('\n');
            prompt.push_str(&text);
        }
        Ok(Self {
            model: body.model.unwrap_or_default(),
            prompt,
            stream: body.stream.unwrap_or(false),
            include_usage: body.stream_options.is_some_and(|options| options.include_usage),
        })
    }
}

#[derive(Deserialize)]
struct Form<'a> {
    #[serde(borrow)]
    model: Option<Cow<'a, str>>,
    #[serde(borrow, default, alias = "contents")]
    messages: Vec<Message<'a>>,
    #[serde(borrow)]
    system: Option<Text<'a>>,
    #[serde(borrow, alias = "systemInstruction")]
    system_instruction: Option<Message<'a>>,
    #[serde(borrow)]
    prompt: Option<Text<'a>>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
}

#[derive(Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default, alias = "parts")]
    content: Text<'a>,
}

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow)]
    text: Option<Text<'a>>,
}

/// A text, or the texts of a list of parts without anything between them. Images have none.
#[derive(Debug, Default)]
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a text or a list of parts")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Text::default())
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let part = Part::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
        Ok(part.text.unwrap_or_default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Self::Value, A::Error> {
        let mut whole = Text::default();
        while let Some(Text(text)) = parts.next_element::<Text<'de>>()? {
            if whole.0.is_empty() {
                whole = Text(text);
            } else {
                whole.0.to_mut().push_str(&text);
            }
        }
        Ok(whole)
    }
}

/// What is to be embedded.
#[derive(Debug, Deserialize)]
pub(crate) struct EmbeddingAsk {
    pub(crate) model: String,
    #[serde(deserialize_with = "one_or_more")]
    pub(crate) input: Vec<String>,
    pub(crate) encoding_format: Option<String>,
    pub(crate) dimensions: Option<usize>,
}

fn one_or_more<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Input {
        One(String),
        More(Vec<String>),
    }
    Ok(match Input::deserialize(from)? {
        Input::One(text) => vec![text],
        Input::More(texts) => texts,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(body: &str) -> String {
        Ask::parse(body.as_bytes()).unwrap().prompt.into_owned()
    }

    #[test]
    fn every_form_of_one_question_is_the_same_prompt() {
        let forms = [
            r#"{"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Why?"}]}"#,
            r#"{"system":"Be brief.","messages":[{"role":"user","content":[{"type":"text","text":"Why?"}]}]}"#,
            r#"{"system":[{"type":"text","text":"Be brief."}],"messages":[{"role":"user","content":"Why?"}]}"#,
            r#"{"contents":[{"role":"user","parts":[{"text":"Why?"}]}],"systemInstruction":{"parts":[{"text":"Be brief."}]}}"#,
            r#"{"prompt":"Be brief.\nWhy?"}"#,
        ];
        for form in forms {
            assert_eq!(prompt(form), "Be brief.\nWhy?", "{form}");
        }
    }

    #[test]
    fn parts_of_a_message_are_joined_and_images_have_no_text() {
        let form = r#"{"messages":[{"content":[{"type":"text","text":"a"},
            {"type":"image_url","image_url":{"url":"data:,"}},{"type":"text","text":"b\u00e9"}]},{"content":null}]}"#;
        assert_eq!(prompt(form), "abé\n");
    }

    #[test]
    fn what_asks_nothing_is_refused() {
        assert!(Ask::parse(b"{}").is_err());
        assert!(Ask::parse(b"{").is_err());
    }
}
