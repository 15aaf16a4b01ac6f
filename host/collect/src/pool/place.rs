//! Where a model answers and what goes with every request: URLs, names of environment variables, headers. A secret in the
//! wrong place is not repeated in what is said about it.

use super::Header;

/// Headers that the collector sets.
const OWN_HEADERS: [&str; 5] = ["content-length", "content-type", "host", "transfer-encoding", "connection"];
/// Parts of the names of headers that hold a secret.
const SECRET_NAMES: [&str; 6] = ["auth", "cookie", "key", "password", "secret", "token"];
/// Beginnings of values that are secrets, wherever they stand.
const SECRET_VALUES: [&str; 4] = ["basic ", "bearer ", "hf_", "sk-"];

pub(crate) fn check_url(url: &str) -> Result<(), String> {
    const EXAMPLE: &str = "expected one such as `https://api.openai.com/v1`";
    let parsed = reqwest::Url::parse(url).map_err(|error| format!("is no URL ({error}), {EXAMPLE}"))?;
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err("has a name or a password in it; a key belongs into an environment variable, see `key_env`".into());
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Err("has a `?` or `#` part; a base URL ends with its path, such as `/v1`".into());
    }
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err(format!("does not begin with `https://` or `http://`, {EXAMPLE}"));
    }
    let path = parsed.path().trim_end_matches('/');
    if ["/chat/completions", "/completions", "/messages", "/embeddings"].iter().any(|end| path.ends_with(end)) {
        return Err("ends with the path of a request; a base URL ends before it, such as `/v1`".into());
    }
    Ok(())
}

/// What does not look like the name of a variable may be a key: it is not repeated.
pub(crate) fn check_env(name: &str) -> Result<(), String> {
    let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    if !name.is_empty() && name.len() <= 128 && name.bytes().all(plain) && !name.as_bytes()[0].is_ascii_digit() {
        return Ok(());
    }
    Err("must be the name of an environment variable (A-Z, 0-9, `_`) that holds the key; \
         a key itself never belongs into a file"
        .into())
}

pub(super) fn check_header(name: &str, value: &Header) -> Result<(), String> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if name.is_empty() || !name.bytes().all(token) {
        return Err("is no name of a header".into());
    }
    let lower = name.to_ascii_lowercase();
    if OWN_HEADERS.contains(&lower.as_str()) {
        return Err("is set by the collector itself".into());
    }
    match value {
        Header::Env(from) => check_env(&from.env),
        Header::Plain(text) if SECRET_NAMES.iter().any(|part| lower.contains(part)) || is_secret(text) => {
            Err("holds a secret: give it as `{ env = \"NAME\" }`, with the environment variable that has it".into())
        }
        Header::Plain(text) if text.chars().any(char::is_control) => Err("has a control character".into()),
        Header::Plain(_) => Ok(()),
    }
}

/// Whether a value begins as secrets do.
pub(super) fn is_secret(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    SECRET_VALUES.iter().any(|start| value.starts_with(start))
}
