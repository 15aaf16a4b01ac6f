//! Requests as they are sent.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::ask::{Image, Message, Part, Role, Sampling};
use crate::wire::{Api, Delivery};

const STREAM: Delivery = Delivery::Stream { usage_asked: true };
const ALL: [Api; 4] = [Api::OpenaiChat, Api::OpenaiCompletions, Api::Anthropic, Api::Google];

fn conversation() -> Vec<Message> {
    vec![
        Message::text(Role::System, "Be brief."),
        Message::text(Role::User, "1+1?"),
        Message::text(Role::Assistant, "2"),
        Message::text(Role::User, "2+2?"),
    ]
}

fn shown() -> Vec<Message> {
    let image = Image { sha256: "00".into(), media_type: "image/png", base64: Arc::from("aGk=") };
    vec![Message { role: Role::User, parts: vec![Part::Text("What is it?".into()), Part::Image(image)] }]
}

fn everything() -> Sampling {
    Sampling {
        temperature: Some(0.2),
        top_p: Some(0.9),
        max_tokens: Some(100),
        seed: Some(7),
        stop: vec!["END".into()],
        reasoning_effort: Some("low".into()),
        ..Sampling::default()
    }
}

#[test]
fn what_is_not_asked_is_left_to_the_provider() {
    let body = |api: Api| api.body("m", &[Message::text(Role::User, "hi")], &Sampling::default(), Delivery::Whole);
    let content = json!([{"type": "text", "text": "hi"}]);
    for (api, expected) in [
        (Api::OpenaiChat, json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]})),
        (Api::OpenaiCompletions, json!({"model": "m", "prompt": "hi"})),
        (Api::Anthropic, json!({"model": "m", "max_tokens": 4096, "messages": [{"role": "user", "content": content}]})),
        (Api::Google, json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]})),
    ] {
        assert_eq!(body(api), expected);
    }
}

#[test]
fn what_is_asked_is_said_in_each_provider_s_words() {
    let body = |api: Api| api.body("m", &conversation(), &everything(), STREAM);
    assert_eq!(
        body(Api::OpenaiChat),
        json!({
            "model": "m", "temperature": 0.2, "top_p": 0.9, "max_tokens": 100, "seed": 7, "stop": ["END"],
            "reasoning_effort": "low", "stream": true, "stream_options": {"include_usage": true},
            "messages": [
                {"role": "system", "content": "Be brief."}, {"role": "user", "content": "1+1?"},
                {"role": "assistant", "content": "2"}, {"role": "user", "content": "2+2?"},
            ],
        })
    );
    assert_eq!(
        body(Api::OpenaiCompletions),
        json!({
            "model": "m", "temperature": 0.2, "top_p": 0.9, "max_tokens": 100, "seed": 7, "stop": ["END"],
            "stream": true, "stream_options": {"include_usage": true}, "prompt": "Be brief.\n\n1+1?\n\n2\n\n2+2?",
        })
    );
    assert_eq!(
        body(Api::Anthropic),
        json!({
            "model": "m", "temperature": 0.2, "top_p": 0.9, "max_tokens": 100, "stop_sequences": ["END"],
            "output_config": {"effort": "low"}, "stream": true, "system": "Be brief.",
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "1+1?"}]},
                {"role": "assistant", "content": [{"type": "text", "text": "2"}]},
                {"role": "user", "content": [{"type": "text", "text": "2+2?"}]},
            ],
        })
    );
    assert_eq!(
        body(Api::Google),
        json!({
            "systemInstruction": {"parts": [{"text": "Be brief."}]},
            "contents": [
                {"role": "user", "parts": [{"text": "1+1?"}]}, {"role": "model", "parts": [{"text": "2"}]},
                {"role": "user", "parts": [{"text": "2+2?"}]},
            ],
            "generationConfig": {
                "temperature": 0.2, "topP": 0.9, "maxOutputTokens": 100, "seed": 7, "stopSequences": ["END"],
                "thinkingConfig": {"thinkingLevel": "low"},
            },
        })
    );
}

#[test]
fn an_image_goes_along_as_base64() {
    let body = |api: Api| api.body("m", &shown(), &Sampling::default(), Delivery::Whole);
    assert_eq!(
        body(Api::OpenaiChat)["messages"][0]["content"],
        json!([
            {"type": "text", "text": "What is it?"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
        ])
    );
    assert_eq!(
        body(Api::Anthropic)["messages"][0]["content"][1],
        json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}})
    );
    assert_eq!(
        body(Api::Google)["contents"][0]["parts"][1],
        json!({"inlineData": {"mimeType": "image/png", "data": "aGk="}})
    );
}

#[test]
fn the_limit_has_the_name_that_the_model_knows() {
    let sampling = Sampling { max_tokens: Some(5), max_completion_tokens: true, ..Sampling::default() };
    let body = Api::OpenaiChat.body("m", &conversation(), &sampling, Delivery::Whole);
    assert_eq!((&body["max_completion_tokens"], &body["max_tokens"]), (&json!(5), &Value::Null));
}

#[test]
fn usage_is_asked_for_only_where_it_may_be() {
    let asked = |delivery| Api::OpenaiChat.body("m", &conversation(), &Sampling::default(), delivery);
    assert_eq!(asked(Delivery::Whole)["stream"], Value::Null);
    let quiet = asked(Delivery::Stream { usage_asked: false });
    assert_eq!((&quiet["stream"], &quiet["stream_options"]), (&json!(true), &Value::Null));
}

#[test]
fn extra_keys_are_laid_over_the_body() {
    let Value::Object(extra_body) = json!({
        "temperature": 1, "generationConfig": {"thinkingConfig": {"thinkingBudget": 0}}, "provider": {"only": ["x"]},
    }) else {
        unreachable!()
    };
    let sampling = Sampling { extra_body, ..everything() };
    let body = Api::Google.body("m", &conversation(), &sampling, Delivery::Whole);
    assert_eq!(body["generationConfig"]["thinkingConfig"], json!({"thinkingLevel": "low", "thinkingBudget": 0}));
    assert_eq!((&body["generationConfig"]["seed"], &body["temperature"]), (&json!(7), &json!(1)));
    assert_eq!(body["provider"], json!({"only": ["x"]}));
}

#[test]
fn the_same_request_has_the_same_bytes() {
    let body = Api::OpenaiChat.body("m", &[Message::text(Role::User, "hi")], &everything(), STREAM);
    assert_eq!(
        body.to_string(),
        r#"{"max_tokens":100,"messages":[{"content":"hi","role":"user"}],"model":"m","reasoning_effort":"low","seed":7,"stop":["END"],"stream":true,"stream_options":{"include_usage":true},"temperature":0.2,"top_p":0.9}"#
    );
}

#[test]
fn what_a_form_has_no_word_for_is_told() {
    let sampling = Sampling { max_completion_tokens: true, ..everything() };
    for (api, expected) in [
        (Api::OpenaiChat, vec![]),
        (Api::OpenaiCompletions, vec!["reasoning_effort"]),
        (Api::Anthropic, vec!["seed", "max_completion_tokens"]),
        (Api::Google, vec!["max_completion_tokens"]),
    ] {
        assert_eq!(api.cannot_say(&sampling), expected);
        assert!(api.cannot_say(&Sampling::default()).is_empty());
    }
}

#[test]
fn a_request_goes_to_its_path_with_its_headers() {
    for (api, name, path, streamed, key) in [
        (Api::OpenaiChat, "openai-chat", "/chat/completions", "/chat/completions", ("authorization", "Bearer ")),
        (Api::OpenaiCompletions, "openai-completions", "/completions", "/completions", ("authorization", "Bearer ")),
        (Api::Anthropic, "anthropic", "/messages", "/messages", ("x-api-key", "")),
        (
            Api::Google,
            "google",
            "/models/gemini-2.5-pro:generateContent",
            "/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
            ("x-goog-api-key", ""),
        ),
    ] {
        assert_eq!(serde_json::from_value::<Api>(name.into()).unwrap(), api);
        assert_eq!(api.path("gemini-2.5-pro", Delivery::Whole), path);
        assert_eq!(api.path("gemini-2.5-pro", STREAM), streamed);
        assert_eq!(api.key_header(), key);
    }
    assert_eq!(Api::Google.path("tunedModels/mine", Delivery::Whole), "/tunedModels/mine:generateContent");
    assert_eq!(Api::Google.path("a?b#c", Delivery::Whole), "/models/a%3Fb%23c:generateContent");
    assert_eq!(Api::Anthropic.fixed_headers(), [("anthropic-version", "2023-06-01")]);
    assert!(ALL.iter().filter(|api| **api != Api::Anthropic).all(|api| api.fixed_headers().is_empty()));
}
