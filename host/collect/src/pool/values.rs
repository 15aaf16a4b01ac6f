//! What can be wrong with single keys of a model.

use serde_json::{Map, Value};

use super::ModelSettings;
use super::place::{check_env, check_header, check_url, is_secret};

/// Keys of a body that the collector writes, and the one that would have it pay for answers it does not read.
const OWN_KEYS: [(&str, &str); 6] = [
    ("model", "it is the key `model` of the pool"),
    ("messages", "they are the key `messages` of the pool"),
    ("prompt", "it is the query's"),
    ("contents", "they are the key `messages` of the pool"),
    ("stream", "it is the key `stream` of the pool"),
    ("n", "several answers are asked for one by one, with `--samples`"),
];

/// Keys of a body under which some gateways take a secret.
const SECRET_KEYS: [&str; 6] = ["api_key", "apikey", "authorization", "key", "password", "token"];

impl ModelSettings {
    pub(super) fn check(&self, key: &str) -> Result<(), String> {
        if let Some(url) = &self.base_url {
            check_url(url).map_err(|reason| format!("`{key}.base_url` {reason}"))?;
        }
        let texts = [("model", &self.model), ("server", &self.server), ("system", &self.system)];
        for (name, value) in texts.into_iter().chain([("reasoning_effort", &self.reasoning_effort)]) {
            if value.as_ref().is_some_and(|text| text.trim().is_empty()) {
                return Err(format!("`{key}.{name}` is empty"));
            }
        }
        if let Some(name) = &self.key_env {
            check_env(name).map_err(|reason| format!("`{key}.key_env` {reason}"))?;
        }
        self.check_headers(key)?;
        self.check_numbers(key)?;
        self.check_price(key)?;
        if let Some(body) = &self.extra_body {
            let key = format!("{key}.extra_body");
            if let Some((name, instead)) = OWN_KEYS.iter().find(|(name, _)| body.contains_key(*name)) {
                return Err(format!("`{key}.{name}`: {instead}"));
            }
            check_json(&key, body)?;
            // It is part of every request, and what requests say is recorded.
            let secret = |(name, value): &(&String, &Value)| {
                value.as_str().is_some_and(|text| SECRET_KEYS.contains(&name.as_str()) || is_secret(text))
            };
            if let Some((name, _)) = body.iter().find(secret) {
                return Err(format!("`{key}.{name}` holds a secret; give keys with `key_env` or `headers`"));
            }
        }
        Ok(())
    }

    fn check_headers(&self, key: &str) -> Result<(), String> {
        let mut seen: Vec<String> = Vec::new();
        for (name, value) in self.headers.iter().flatten() {
            check_header(name, value).map_err(|reason| format!("`{key}.headers.{name}` {reason}"))?;
            let lower = name.to_ascii_lowercase();
            if seen.contains(&lower) {
                return Err(format!("`{key}.headers.{name}` is there twice: case does not tell headers apart"));
            }
            seen.push(lower);
        }
        Ok(())
    }

    fn check_price(&self, key: &str) -> Result<(), String> {
        for (of, price) in [("price", &self.price), ("batch_price", &self.batch_price)] {
            let Some(price) = price else { continue };
            let prices =
                [("input", Some(price.input)), ("output", Some(price.output)), ("cached_input", price.cached_input)];
            for (name, value) in prices {
                if let Some(value) = value.filter(|value| !value.is_finite() || *value < 0.0) {
                    return Err(format!("`{key}.{of}.{name}` is {value}, expected US dollars of 0 or more"));
                }
            }
        }
        Ok(())
    }

    fn check_numbers(&self, key: &str) -> Result<(), String> {
        let float = |name: &str, value: Option<f64>, least: f64, most: f64| match value {
            Some(value) if !(least..=most).contains(&value) => {
                Err(format!("`{key}.{name}` is {value}, expected {least} to {most}"))
            }
            _ => Ok(()),
        };
        float("temperature", self.temperature, 0.0, 2.0)?;
        float("top_p", self.top_p, 0.0, 1.0)?;
        float("timeout_s", self.timeout_s, 0.001, 86_400.0)?;
        float("stall_s", self.stall_s, 0.001, 86_400.0)?;
        float("deadline_s", self.deadline_s, 0.001, 604_800.0)?;
        float("backoff_s", self.backoff_s, 0.0, 3600.0)?;
        float("max_backoff_s", self.max_backoff_s, 0.0, 3600.0)?;
        float("batch_poll_s", self.batch_poll_s, 0.001, 86_400.0)?;
        float("max_usd", self.max_usd, 0.0, 1e9)?;
        let whole = |name: &str, value: Option<u64>, least: u64, most: u64| match value {
            Some(value) if !(least..=most).contains(&value) => {
                Err(format!("`{key}.{name}` is {value}, expected {least} to {most}"))
            }
            _ => Ok(()),
        };
        whole("max_tokens", self.max_tokens.map(u64::from), 1, 10_000_000)?;
        for (dataset, tokens) in self.max_tokens_for.iter().flatten() {
            whole(&format!("max_tokens_for.{dataset}"), Some(u64::from(*tokens)), 1, 10_000_000)?;
        }
        whole("concurrency", self.concurrency.map(u64::from), 1, 10_000)?;
        whole("max_concurrency", self.max_concurrency.map(u64::from), 1, 10_000)?;
        whole("requests_per_minute", self.requests_per_minute.map(u64::from), 1, 10_000_000)?;
        whole("tokens_per_minute", self.tokens_per_minute, 1, 1_000_000_000_000)?;
        whole("batch_size", self.batch_size.map(u64::from), 1, 50_000)?;
        whole("attempts", self.attempts.map(u64::from), 1, 100)?;
        whole("max_answer_mib", self.max_answer_mib.map(u64::from), 1, 1024)?;
        whole("max_total_tokens", self.max_total_tokens, 1, 1_000_000_000_000_000)?;
        let stops = self.stop.as_ref().map_or(0, Vec::len);
        if stops > 16 || self.stop.iter().flatten().any(String::is_empty) {
            return Err(format!("`{key}.stop` must have at most 16 texts, none of them empty"));
        }
        Ok(())
    }
}

/// What TOML can say and JSON cannot: dates, and numbers that are none.
pub(super) fn check_json(key: &str, values: &Map<String, Value>) -> Result<(), String> {
    values.iter().try_for_each(|(name, value)| check_value(&format!("{key}.{name}"), value))
}

fn check_value(key: &str, value: &Value) -> Result<(), String> {
    match value {
        Value::Null => Err(format!("`{key}` is no number that JSON has")),
        Value::Object(date) if date.contains_key(TOML_DATE) => Err(format!("`{key}` is a date; put it in quotes")),
        Value::Object(values) => check_json(key, values),
        Value::Array(values) => values.iter().try_for_each(|value| check_value(key, value)),
        _ => Ok(()),
    }
}

/// What the decoder makes of a date where any value may stand.
const TOML_DATE: &str = "$__toml_private_datetime";
