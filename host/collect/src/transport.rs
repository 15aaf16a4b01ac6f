//! Sending one request once, and what came of it.

use std::time::{Duration, Instant, SystemTime};

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Url};
use routerlab_records::AttemptOutcome;

use crate::error::CollectError;
use crate::pool::Model;
use crate::reply::{Reply, Withheld};
use crate::request::{Request, path};
use crate::wire::{Failure, FailureKind, RateHeaders};

/// Answers of one attempt.
#[derive(Debug)]
pub(crate) struct Sent {
    /// When it was sent.
    pub(crate) started_at: SystemTime,
    /// Until the first token.
    pub(crate) ttft: Option<Duration>,
    /// Until the last byte, or until it failed.
    pub(crate) latency: Duration,
    pub(crate) http_status: Option<u16>,
    pub(crate) rate: RateHeaders,
    pub(crate) outcome: AttemptOutcome,
    /// What is there of an answer.
    pub(crate) reply: Option<Reply>,
    /// What went wrong.
    pub(crate) error: Option<String>,
}

impl Sent {
    /// What came of a request in a batch; none where the batch ended without a word about it.
    pub(crate) fn by_batch(model: &Model, started_at: SystemTime, answer: Option<Result<Reply, Failure>>) -> Self {
        let missing = || Trouble::new(AttemptOutcome::Lost, "the batch ended without a word about this request");
        let answer = answer.map_or_else(|| Err(missing()), |answer| answer.map_err(Trouble::from));
        let (outcome, reply, error) = told(model, answer);
        let latency = started_at.elapsed().unwrap_or_default();
        Self { started_at, ttft: None, latency, http_status: None, rate: RateHeaders::default(), outcome, reply, error }
    }

    /// Whether the same request may well be answered a little later.
    pub(crate) fn is_retryable(&self) -> bool {
        use AttemptOutcome as O;
        matches!(
            self.outcome,
            O::RateLimited
                | O::Overloaded
                | O::ServerError
                | O::Timeout
                | O::Conflict
                | O::Connection
                | O::Cut
                | O::Unreadable
                | O::TooLarge
                | O::Empty
                | O::Lost
        )
    }

    /// Whether every other request to the model would fail in the same way.
    pub(crate) fn stops_the_model(&self) -> bool {
        use AttemptOutcome as O;
        matches!(self.outcome, O::KeyRefused | O::NoSuchModel | O::NoCredit)
    }
}

/// Connections to all endpoints.
#[derive(Debug, Clone)]
pub(crate) struct Transport {
    /// Through the proxy of the environment, if there is one.
    outside: Client,
    /// To this machine, where no proxy has anything to say.
    inside: Client,
}

impl Transport {
    pub(crate) fn new() -> Result<Self, CollectError> {
        // Fails when it is chosen already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = |proxied: bool| {
            let mut builder = Client::builder()
                .user_agent(concat!("routerlab/", env!("CARGO_PKG_VERSION")))
                // A redirect would carry keys to a place that nobody named.
                .redirect(reqwest::redirect::Policy::none())
                .connect_timeout(Duration::from_secs(30))
                .pool_max_idle_per_host(usize::MAX)
                .tcp_nodelay(true);
            if !proxied {
                builder = builder.no_proxy();
            }
            builder.build().map_err(|error| CollectError::Client(error.to_string()))
        };
        Ok(Self { outside: client(true)?, inside: client(false)? })
    }

    /// The client for an address.
    pub(crate) fn client(&self, base: &str) -> &Client {
        let host = Url::parse(base).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        let here = ["localhost", "127.", "[::1]"].iter().any(|start| host.starts_with(start));
        if here { &self.inside } else { &self.outside }
    }
}

/// The headers of every request to a model.
fn headers(model: &Model) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let mut put = |name: &str, value: &str, secret: bool| {
        let wrong = |_| format!("a header `{name}` cannot be sent");
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("`{name}` is no header"))?;
        let mut value = HeaderValue::from_str(value).map_err(wrong)?;
        value.set_sensitive(secret);
        headers.insert(name, value);
        Ok::<(), String>(())
    };
    for (name, value) in model.api.fixed_headers() {
        put(name, value, false)?;
    }
    for (name, value) in &model.headers {
        put(name, value, false)?;
    }
    for (name, secret) in &model.secret_headers {
        put(name, secret.value(), true)?;
    }
    if let Some(key) = &model.key {
        let (name, before) = model.api.key_header();
        put(name, &format!("{before}{}", key.value()), true)?;
    }
    Ok(headers)
}

/// Where attempts of one model go.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) client: Client,
    /// What stands before the path of a request.
    pub(crate) base: String,
    url: Url,
    headers: HeaderMap,
}

/// What of an attempt is known while it runs.
struct Running {
    begun: Instant,
    ttft: Option<Duration>,
    http_status: Option<u16>,
    rate: RateHeaders,
}

impl Line {
    /// To a model at an address. Its requests differ in nothing but their bodies.
    pub(crate) fn new(transport: &Transport, base: &str, model: &Model) -> Result<Self, String> {
        let url = Url::parse(&format!("{base}{}", path(model))).map_err(|error| format!("`{base}`: {error}"))?;
        Ok(Self { client: transport.client(base).clone(), base: base.to_owned(), url, headers: headers(model)? })
    }

    /// Sends a request once. Whatever happens is in what comes back; dropping the future gives the attempt up.
    pub(crate) async fn send(&self, model: &Model, request: &Request) -> Sent {
        let started_at = SystemTime::now();
        let mut running =
            Running { begun: Instant::now(), ttft: None, http_status: None, rate: RateHeaders::default() };
        let answer = tokio::time::timeout(model.timeout, self.exchange(model, request, &mut running)).await;
        let seconds = model.timeout.as_secs_f64();
        let answer = answer.unwrap_or_else(|_| Err(Trouble::timeout(format!("no whole answer within {seconds} s"))));
        let latency = running.begun.elapsed();
        let (outcome, reply, error) = told(model, answer);
        let Running { ttft, http_status, rate, .. } = running;
        Sent { started_at, ttft, latency, http_status, rate, outcome, reply, error }
    }

    async fn exchange(&self, model: &Model, request: &Request, running: &mut Running) -> Result<Reply, Trouble> {
        let sent = self.client.post(self.url.clone()).headers(self.headers.clone()).body(request.body.clone()).send();
        let answer = tokio::time::timeout(model.stall, sent).await.map_err(|_| Trouble::stalled(model))?;
        let mut answer = answer.map_err(Trouble::before)?;
        let status = answer.status();
        running.http_status = Some(status.as_u16());
        let header = |name: &str| text_of(answer.headers(), name);
        running.rate = RateHeaders::read(&header, SystemTime::now());
        let kind = header(CONTENT_TYPE.as_str()).unwrap_or_default().to_ascii_lowercase();
        if !status.is_success() {
            // What a provider takes back for good must be read whole to be believed; for the rest the status tells.
            let final_word = status.is_client_error() && ![408, 409, 425, 429].contains(&status.as_u16());
            let body = match self.rest(&mut answer, model).await {
                Err(trouble) if final_word => return Err(trouble),
                body => body.unwrap_or_default(),
            };
            if final_word && kind.contains("json") && serde_json::from_slice::<serde::de::IgnoredAny>(&body).is_err() {
                return Err(Trouble::new(AttemptOutcome::Unreadable, format!("an unreadable {}", status.as_u16())));
            }
            let failure = model.api.failure(status.as_u16(), &body);
            running.rate.retry_after = running.rate.retry_after.or(failure.retry_after);
            return Err(failure.into());
        }
        if kind.starts_with("text/event-stream") {
            return self.stream(&mut answer, model, running).await;
        }
        if kind.starts_with("text/html") {
            return Err(Trouble::new(AttemptOutcome::Unreadable, "an HTML page in place of an answer"));
        }
        let body = self.rest(&mut answer, model).await?;
        Ok(model.api.reply(&body)?)
    }

    /// The next piece of the body.
    async fn piece(&self, answer: &mut reqwest::Response, model: &Model) -> Result<Option<impl AsRef<[u8]>>, Trouble> {
        let piece = tokio::time::timeout(model.stall, answer.chunk()).await;
        piece.map_err(|_| Trouble::stalled(model))?.map_err(Trouble::inside)
    }

    async fn rest(&self, answer: &mut reqwest::Response, model: &Model) -> Result<Vec<u8>, Trouble> {
        let mut body = Vec::new();
        while let Some(piece) = self.piece(answer, model).await? {
            body.extend_from_slice(piece.as_ref());
            if body.len() > model.max_answer_bytes {
                return Err(Trouble::too_large(model));
            }
        }
        Ok(body)
    }

    async fn stream(
        &self,
        answer: &mut reqwest::Response,
        model: &Model,
        running: &mut Running,
    ) -> Result<Reply, Trouble> {
        let mut reader = model.api.stream();
        let mut bytes = 0;
        // Beyond what ends the stream there may be a count of tokens; the connection's end tells.
        while let Some(piece) = self.piece(answer, model).await? {
            let piece = piece.as_ref();
            bytes += piece.len();
            if bytes > model.max_answer_bytes {
                return Err(Trouble::too_large(model));
            }
            let fed = reader.feed(piece)?;
            if fed.first_token && running.ttft.is_none() {
                running.ttft = Some(running.begun.elapsed());
            }
        }
        Ok(reader.finish()?)
    }
}

fn text_of<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// What came of an attempt, without the secrets that a provider may quote.
fn told(model: &Model, answer: Result<Reply, Trouble>) -> (AttemptOutcome, Option<Reply>, Option<String>) {
    let (outcome, reply, error) = match answer {
        Ok(reply) => judged(reply),
        Err(trouble) => (trouble.outcome, None, Some(trouble.words)),
    };
    // A provider may quote what it was sent.
    let hide = |text: String| model.hide(text);
    let reply = reply.map(|reply| Reply {
        text: hide(reply.text),
        finish_reason: reply.finish_reason.map(hide),
        provider_model: reply.provider_model.map(hide),
        ..reply
    });
    (outcome, reply, error.map(hide))
}

/// What an answer comes to.
fn judged(reply: Reply) -> (AttemptOutcome, Option<Reply>, Option<String>) {
    let (outcome, words) = match reply.withheld {
        Some(Withheld::Filtered) => (AttemptOutcome::Filtered, Some("the provider withheld the answer")),
        Some(Withheld::Refused) => (AttemptOutcome::Refused, Some("the model declined")),
        // All of it was reasoning: asking again would cost as much and end in the same place.
        None if reply.is_empty() && reply.at_limit() => {
            (AttemptOutcome::Ok, Some("the limit of tokens was reached before the answer began"))
        }
        None if reply.is_empty() => (AttemptOutcome::Empty, Some("an answer without text")),
        None => (AttemptOutcome::Ok, None),
    };
    (outcome, Some(reply), words.map(str::to_owned))
}

/// Why there is no answer.
struct Trouble {
    outcome: AttemptOutcome,
    words: String,
}

impl Trouble {
    fn new(outcome: AttemptOutcome, words: impl Into<String>) -> Self {
        Self { outcome, words: words.into() }
    }

    fn timeout(words: String) -> Self {
        Self::new(AttemptOutcome::Timeout, words)
    }

    fn stalled(model: &Model) -> Self {
        Self::timeout(format!("nothing came for {} s", model.stall.as_secs_f64()))
    }

    fn too_large(model: &Model) -> Self {
        let mib = model.max_answer_bytes >> 20;
        Self::new(AttemptOutcome::TooLarge, format!("more than {mib} MiB, see `max_answer_mib`"))
    }

    /// Nothing of the answer has come.
    fn before(error: reqwest::Error) -> Self {
        let outcome = if error.is_timeout() { AttemptOutcome::Timeout } else { AttemptOutcome::Connection };
        Self::new(outcome, words(error))
    }

    /// A part of the answer has come.
    fn inside(error: reqwest::Error) -> Self {
        Self::new(AttemptOutcome::Cut, words(error))
    }
}

/// The whole chain in one line, without the address.
fn words(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        use AttemptOutcome as O;
        let outcome = match failure.kind {
            FailureKind::RateLimited => O::RateLimited,
            FailureKind::Overloaded => O::Overloaded,
            FailureKind::ServerError => O::ServerError,
            FailureKind::Timeout => O::Timeout,
            FailureKind::Conflict => O::Conflict,
            FailureKind::Unreadable => O::Unreadable,
            FailureKind::Cut => O::Cut,
            FailureKind::Rejected => O::Rejected,
            FailureKind::ContextTooLong => O::ContextTooLong,
            FailureKind::Filtered => O::Filtered,
            FailureKind::KeyRefused => O::KeyRefused,
            FailureKind::NoSuchModel => O::NoSuchModel,
            FailureKind::NoCredit => O::NoCredit,
        };
        Self::new(outcome, failure.message)
    }
}
