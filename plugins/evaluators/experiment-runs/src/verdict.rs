//! Whether a judge takes two outputs for the same.

use routerlab_answers::json::embedded;
use routerlab_answers::judge::is_failure;
use routerlab_answers::thinking::after_thinking;
use serde_json::{Map, Value};

/// A JSON object whose `judgment` is "correct"; anything else is no.
pub(crate) fn compat(reply: &str) -> bool {
    judgment(reply).as_deref() == Some("correct")
}

/// The judgment of a JSON object in any case; without an object the last of the words "correct" and "incorrect" in the
/// reply, where "not correct" is "incorrect".
pub(crate) fn fixed(reply: &str) -> Option<bool> {
    if is_failure(reply) {
        return None;
    }
    let reply = after_thinking(reply);
    match judgment(reply) {
        Some(word) => said(&word),
        None => said(reply),
    }
}

fn judgment(reply: &str) -> Option<String> {
    let object: Map<String, Value> = embedded(reply, '{')?;
    object.get("judgment")?.as_str().map(str::to_owned)
}

fn said(text: &str) -> Option<bool> {
    let mut said = None;
    let mut before = "";
    for word in text.split(|char: char| !char.is_alphanumeric() && char != '\'').filter(|word| !word.is_empty()) {
        if word.eq_ignore_ascii_case("correct") {
            let negates = before.eq_ignore_ascii_case("not") || before.to_ascii_lowercase().ends_with("n't");
            said = Some(!negates);
        } else if word.eq_ignore_ascii_case("incorrect") {
            said = Some(false);
        }
        before = word;
    }
    said
}

#[cfg(test)]
mod tests {
    use super::{compat, fixed};

    #[test]
    fn a_verdict_in_prose_is_read_only_in_fixed() {
        let cases = [
            (r#"{"judgment": "correct", "reason": "incorrect rounding is fine"}"#, true, Some(true)),
            (r#"Here: {"judgment": "incorrect"}"#, false, Some(false)),
            (r#"{"judgment": " Correct."}"#, false, Some(true)),
            (r#"{"judgment": "who knows"}"#, false, None),
            ("looks correct", false, Some(true)),
            ("this is not correct", false, Some(false)),
            ("It isn't correct.", false, Some(false)),
            ("Incorrectly printed", false, None),
            ("Generation failed: correct", false, None),
            (r#"{"judgment": "correct""#, false, Some(true)),
            (r#"{"judgment": true}"#, false, None),
            ("", false, None),
        ];
        for (reply, strict, lenient) in cases {
            assert_eq!((compat(reply), fixed(reply)), (strict, lenient), "{reply}");
        }
    }
}
