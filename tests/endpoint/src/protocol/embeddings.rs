//! OpenAI's embeddings, right and wrong.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Problem, Protocol};
use crate::answer::word_count;
use crate::ask::EmbeddingAsk;
use crate::reply::{Reply, quoted};
use crate::script::Script;
use crate::slip::Slip;

/// Embeddings of texts. What the script never takes is refused, whatever stands beside it.
pub(crate) fn embeddings(script: &Script, ask: &EmbeddingAsk, slip: Option<Slip>) -> Reply {
    let holds = |marker: &Option<String>, text: &str| marker.as_ref().is_some_and(|marker| text.contains(marker));
    if ask.input.iter().any(|text| holds(&script.refused_text, text)) {
        let message = "'$.input' is invalid. Please check the API reference.";
        return Protocol::Embeddings.problem(&Problem { status: 400, code: "invalid_input", message });
    }
    let packed = (ask.encoding_format.as_deref() == Some("base64")) != (slip == Some(Slip::OtherFormat));
    let mut data: Vec<String> = Vec::new();
    for (index, text) in ask.input.iter().enumerate() {
        let mut numbers = script.expected_embedding(&ask.model, text);
        numbers.truncate(ask.dimensions.unwrap_or(usize::MAX));
        if slip == Some(Slip::Narrow) && index + 1 == ask.input.len() {
            numbers.pop();
        }
        let mut numbers = if packed {
            let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
            format!("\"{}\"", STANDARD.encode(bytes))
        } else {
            serde_json::to_string(&numbers).expect("numbers are JSON")
        };
        if holds(&script.null_text, text) || (slip == Some(Slip::Null) && index == 0) {
            numbers = "[null,0.5]".to_owned();
        }
        data.push(format!(r#"{{"object":"embedding","index":{index},"embedding":{numbers}}}"#));
    }
    match slip {
        Some(Slip::OneFewer) => drop(data.pop()),
        Some(Slip::Reversed) => data.reverse(),
        _ => {}
    }
    let tokens = ask.input.iter().map(|text| word_count(text)).sum();
    let model = quoted(&format!("{}-2025-01-01", ask.model));
    let mut body = br#"{"object":"list","data":["#.to_vec();
    body.extend_from_slice(data.join(",").as_bytes());
    let _ = write!(body, r#"],"model":{model},"usage":{{"prompt_tokens":{tokens},"total_tokens":{tokens}}}}}"#);
    let owed = slip.is_none_or(Slip::is_harmless).then_some((tokens, 0));
    Reply { owed, ..Reply::json(200, body) }
}
