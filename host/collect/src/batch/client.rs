//! The few requests that batches take.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::multipart::{Form, Part};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;

use super::error::BatchError;
use super::lines::Lines;
use super::{
    BatchAnswer, BatchApi, BatchInput, BatchStatus, Found, Results, Token, Unreadable, id, is_id, json, openai,
};
use crate::wire::{Failure, RateHeaders};

/// For a request whose answer is short.
const SHORT: Duration = Duration::from_secs(60);
/// For handing over a batch, which may be large and the line slow.
const LONG: Duration = Duration::from_secs(30 * 60);
/// Bytes of a short answer at most.
const ANSWER_BYTES_AT_MOST: usize = 32 << 20;
/// Pages of a list that are looked through at most.
const PAGES_AT_MOST: usize = 50;
/// By how much clocks may differ, in seconds.
const CLOCKS_DIFFER_S: u64 = 60 * 60;

/// A client of a provider's batches.
pub(crate) struct BatchClient {
    api: BatchApi,
    http: Client,
    base_url: String,
    headers: HeaderMap,
    /// Taken out of what the provider says.
    key: Option<String>,
}

impl fmt::Debug for BatchClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchClient").field("api", &self.api).field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

impl BatchClient {
    /// A client with the headers of the model's pool entry. `http` should follow no redirects: they would take the
    /// requests elsewhere, and here they are failures.
    ///
    /// # Errors
    /// Where the key or a header cannot be sent.
    pub(crate) fn new(
        api: BatchApi,
        http: Client,
        base_url: &str,
        key: Option<&str>,
        headers: &[(String, String)],
    ) -> Result<Self, BatchError> {
        let mut all = HeaderMap::new();
        let fixed = api.api().fixed_headers().iter().copied();
        for (name, value) in fixed.chain(headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))) {
            insert(&mut all, name, value)?;
        }
        if let Some(key) = key {
            let (name, prefix) = api.api().key_header();
            insert(&mut all, name, &format!("{prefix}{key}"))?;
        }
        let base_url = base_url.trim_end_matches('/').to_owned();
        Ok(Self { api, http, base_url, headers: all, key: key.map(str::to_owned) })
    }

    /// Submits a batch; returns its id.
    ///
    /// # Errors
    /// Where the provider does not take it. After an error that [`BatchError::is_retryable`] calls so it may have been
    /// taken all the same: look for it with [`Self::find`] before it is submitted again.
    pub(crate) async fn submit(&self, input: BatchInput) -> Result<String, BatchError> {
        if input.api() != self.api || input.requests() == 0 {
            return Err(BatchError::Input);
        }
        let token = input.token().clone();
        let made = match self.api {
            BatchApi::OpenAi => {
                // A file that is left behind by a crash can be told by its name.
                let part = Part::bytes(input.into_bytes()).file_name(format!("routerlab-{token}.jsonl"));
                let form = Form::new().text("purpose", "batch").part("file", part);
                let file = self.answer(self.http.post(self.url("/files")).multipart(form).timeout(LONG)).await?;
                let creation = openai::creation(id(&file, "id")?, &token).to_string();
                self.answer(self.post("/batches", creation.into_bytes()).timeout(SHORT)).await?
            }
            BatchApi::Anthropic => {
                self.answer(self.post("/messages/batches", input.into_bytes()).timeout(LONG)).await?
            }
        };
        Ok(id(&made, "id")?.to_owned())
    }

    /// How a batch stands.
    ///
    /// # Errors
    /// Where the provider does not say.
    pub(crate) async fn status(&self, batch: &str) -> Result<BatchStatus, BatchError> {
        let path = self.batch_path(batch)?;
        let body = self.body(self.http.get(self.url(&path)).timeout(SHORT)).await?;
        Ok(self.api.status(&body)?)
    }

    /// The answers of a batch, one after the other, in no particular order. They can be fetched again.
    pub(crate) fn answers(&self, results: &Results) -> Answers<'_> {
        Answers { client: self, paths: results.paths.clone().into_iter(), response: None, lines: Lines::default() }
    }

    /// Looks for a batch that was submitted with a token not before `since`, and whose id was lost.
    ///
    /// OpenAI keeps the token beside the batch. Anthropic keeps nothing: a batch shows its token in its answers, so one
    /// that has not ended and has the right number of requests may be it.
    ///
    /// # Errors
    /// Where the provider does not list its batches.
    pub(crate) async fn find(&self, token: &Token, requests: u64, since: SystemTime) -> Result<Found, BatchError> {
        let since_s = since.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs().saturating_sub(CLOCKS_DIFFER_S);
        let mut perhaps = Vec::new();
        let mut next = Some(self.api.list_path(None));
        for _ in 0..PAGES_AT_MOST {
            let Some(path) = next.take() else { break };
            let page = self.api.page(&self.body(self.http.get(self.url(&path)).timeout(SHORT)).await?)?;
            for batch in page.batches {
                if batch.created_at_s.is_some_and(|created_at_s| created_at_s < since_s) {
                    // The newest come first.
                    return Ok(found(perhaps));
                }
                match self.api {
                    BatchApi::OpenAi if batch.token.as_deref() == Some(token.as_str()) => {
                        return Ok(Found::One(batch.id));
                    }
                    BatchApi::Anthropic if batch.requests == requests => {
                        if !batch.ended {
                            perhaps.push(batch.id);
                        } else if self.has_token(&batch.id, token).await? {
                            return Ok(Found::One(batch.id));
                        }
                    }
                    BatchApi::OpenAi | BatchApi::Anthropic => {}
                }
            }
            next = page.next;
        }
        match next {
            // What was not looked at may be it.
            Some(_) => Err(Unreadable::new("the list of batches does not end").into()),
            None => Ok(found(perhaps)),
        }
    }

    /// Whether an ended batch of Anthropic's has the token.
    async fn has_token(&self, batch: &str, token: &Token) -> Result<bool, BatchError> {
        let results = Results { paths: vec![format!("{}/results", self.batch_path(batch)?)] };
        let first = self.answers(&results).next().await?;
        Ok(first.is_some_and(|answer| token.number(&answer.custom_id).is_some()))
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    fn batch_path(&self, batch: &str) -> Result<String, BatchError> {
        if is_id(batch) { Ok(self.api.batch_path(batch)) } else { Err(BatchError::Id) }
    }

    fn post(&self, path: &str, body: Vec<u8>) -> RequestBuilder {
        self.http.post(self.url(path)).header(CONTENT_TYPE, "application/json").body(body)
    }

    /// Sends a request; what comes back has a status of success.
    async fn send(&self, request: RequestBuilder) -> Result<Response, BatchError> {
        let response = request.headers(self.headers.clone()).send().await.map_err(connection)?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let header = |name: &str| response.headers().get(name)?.to_str().ok();
        let retry_after = RateHeaders::read(&header, SystemTime::now()).retry_after;
        // The status says enough where the body does not come.
        let body = whole(response).await.unwrap_or_default();
        let mut failure = self.without_key(self.api.api().failure(status.as_u16(), &body));
        failure.retry_after = retry_after.or(failure.retry_after);
        Err(failure.into())
    }

    async fn body(&self, request: RequestBuilder) -> Result<Vec<u8>, BatchError> {
        whole(self.send(request).await?).await
    }

    async fn answer(&self, request: RequestBuilder) -> Result<Value, BatchError> {
        Ok(json(&self.body(request).await?)?)
    }

    fn without_key(&self, failure: Failure) -> Failure {
        match &self.key {
            Some(key) => failure.without(key),
            None => failure,
        }
    }
}

/// The answers of a batch as they are fetched.
#[derive(Debug)]
pub(crate) struct Answers<'a> {
    client: &'a BatchClient,
    paths: std::vec::IntoIter<String>,
    response: Option<Response>,
    lines: Lines,
}

impl Answers<'_> {
    /// The next answer; none after the last.
    ///
    /// # Errors
    /// Where the answers do not come to their end. Those that came stand; the rest can be fetched again.
    pub(crate) async fn next(&mut self) -> Result<Option<BatchAnswer>, BatchError> {
        loop {
            if let Some(line) = self.lines.next(self.response.is_none()) {
                let BatchAnswer { custom_id, answer } = self.client.api.answer(line)?;
                let answer = answer.map_err(|failure| self.client.without_key(failure));
                return Ok(Some(BatchAnswer { custom_id, answer }));
            }
            match &mut self.response {
                Some(response) => match piece(response).await? {
                    Some(piece) => self.lines.feed(piece.as_ref())?,
                    None => self.response = None,
                },
                None => match self.paths.next() {
                    Some(path) => {
                        let asked = self.client.send(self.client.http.get(self.client.url(&path)));
                        self.response =
                            Some(tokio::time::timeout(SHORT, asked).await.map_err(|_| BatchError::Stalled)??);
                    }
                    None => return Ok(None),
                },
            }
        }
    }
}

fn found(perhaps: Vec<String>) -> Found {
    if perhaps.is_empty() { Found::None } else { Found::Perhaps(perhaps) }
}

fn insert(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), BatchError> {
    let wrong = || BatchError::Header(name.escape_debug().to_string());
    let known = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
    let mut value = HeaderValue::from_str(value).map_err(|_| wrong())?;
    // Headers of pool entries hold keys too.
    value.set_sensitive(true);
    headers.insert(known, value);
    Ok(())
}

/// An address may hold what is nobody's business.
fn connection(error: reqwest::Error) -> BatchError {
    BatchError::Connection(error.without_url())
}

async fn piece(response: &mut Response) -> Result<Option<impl AsRef<[u8]> + use<>>, BatchError> {
    let piece = tokio::time::timeout(SHORT, response.chunk()).await.map_err(|_| BatchError::Stalled)?;
    piece.map_err(connection)
}

async fn whole(mut response: Response) -> Result<Vec<u8>, BatchError> {
    let mut body = Vec::new();
    while let Some(piece) = piece(&mut response).await? {
        body.extend_from_slice(piece.as_ref());
        if body.len() > ANSWER_BYTES_AT_MOST {
            return Err(Unreadable::new("it is too long").into());
        }
    }
    Ok(body)
}
