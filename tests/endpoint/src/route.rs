//! What a request is for, by its path.

use serde::{Deserialize, Serialize};

use crate::protocol::Protocol;

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// OpenAI's chat completions.
    ChatCompletions,
    /// OpenAI's completions of bare texts.
    Completions,
    /// Anthropic's messages.
    Messages,
    /// Google's contents.
    GenerateContent,
    /// OpenAI's embeddings.
    Embeddings,
    /// Files of OpenAI's batches.
    Files,
    /// OpenAI's batches.
    Batches,
    /// Anthropic's batches.
    MessageBatches,
}

impl Route {
    /// Every one, in order.
    pub const ALL: [Self; 8] = [
        Self::ChatCompletions,
        Self::Completions,
        Self::Messages,
        Self::GenerateContent,
        Self::Embeddings,
        Self::Files,
        Self::Batches,
        Self::MessageBatches,
    ];
}

/// A path, understood.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target<'a> {
    /// A question to a model, which is named in the path by Google alone.
    Ask {
        route: Route,
        protocol: Protocol,
        named: Option<Named<'a>>,
    },
    /// Something about batches: the segments after the route's own.
    Batch {
        route: Route,
        rest: Vec<&'a str>,
    },
    Models,
    Health,
    Seen,
    Unknown,
}

/// What Google's paths say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Named<'a> {
    pub(crate) model: &'a str,
    pub(crate) stream: bool,
}

/// Understands a path without its query.
pub(crate) fn target<'a>(is_post: bool, path: &'a str) -> Target<'a> {
    if is_post {
        let ask = |route, protocol| Target::Ask { route, protocol, named: None };
        for (end, route, protocol) in [
            ("/chat/completions", Route::ChatCompletions, Protocol::Chat),
            ("/completions", Route::Completions, Protocol::Text),
            ("/messages", Route::Messages, Protocol::Messages),
            ("/embeddings", Route::Embeddings, Protocol::Embeddings),
        ] {
            if path.ends_with(end) {
                return ask(route, protocol);
            }
        }
        if let Some((_, last)) = path.split_once("/models/")
            && let Some((model, verb)) = last.rsplit_once(':')
            && let Some(stream) =
                [("generateContent", false), ("streamGenerateContent", true)].iter().find(|(name, _)| *name == verb)
        {
            let named = Some(Named { model, stream: stream.1 });
            return Target::Ask { route: Route::GenerateContent, protocol: Protocol::Contents, named };
        }
    } else {
        match path {
            "/health" => return Target::Health,
            "/__seen" => return Target::Seen,
            _ if path.ends_with("/models") => return Target::Models,
            _ => {}
        }
    }
    let segments: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let at = |name: &str| segments.iter().position(|segment| *segment == name);
    let (route, start) = match (at("batches"), at("files")) {
        (Some(at), _) if at > 0 && segments[at - 1] == "messages" => (Route::MessageBatches, at),
        (Some(at), _) => (Route::Batches, at),
        (None, Some(at)) => (Route::Files, at),
        (None, None) => return Target::Unknown,
    };
    Target::Batch { route, rest: segments[start + 1..].to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_by_their_ends() {
        let route = |path| match target(true, path) {
            Target::Ask { route, .. } | Target::Batch { route, .. } => Some(route),
            _ => None,
        };
        assert_eq!(route("/v1/chat/completions"), Some(Route::ChatCompletions));
        assert_eq!(route("/api/v1/completions"), Some(Route::Completions));
        assert_eq!(route("/v1/messages"), Some(Route::Messages));
        assert_eq!(route("/v1/messages/batches"), Some(Route::MessageBatches));
        assert_eq!(route("/v1/batches/batch_1/cancel"), Some(Route::Batches));
        assert_eq!(route("/v1/files"), Some(Route::Files));
        assert_eq!(route("/v1/other"), None);
        let Target::Ask { named: Some(named), .. } = target(true, "/v1beta/models/g-1:streamGenerateContent") else {
            panic!("not a question");
        };
        assert_eq!(named, Named { model: "g-1", stream: true });
        let Target::Batch { rest, .. } = target(false, "/v1/files/file-1/content") else { panic!("not a file") };
        assert_eq!(rest, ["file-1", "content"]);
    }
}
