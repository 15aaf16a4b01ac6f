//! What can be wrong with a pool beyond its types: the first thing found, with its key.

use super::place::is_secret;
use super::values::check_json;
use super::{DEADLINE_S, Header, ModelPool, ModelSettings, PriceBasis, TIMEOUT_S};
use crate::ask::{Role, Sampling};
use crate::batch::BatchApi;
use crate::prompt::Prompting;
use crate::serve::check_name;
use crate::wire::Api;

impl ModelPool {
    pub(super) fn check(&self) -> Result<(), String> {
        let plain = |char: char| char.is_ascii_alphanumeric() || "-_.".contains(char);
        if self.name.is_empty() || !self.name.chars().all(plain) {
            return Err(format!("`name` must have letters, digits, `-`, `_` and `.` only, found: {:?}", self.name));
        }
        if self.models.is_empty() {
            return Err("no model; add a `[models.NAME]` with a `base_url`".into());
        }
        if let Some(note) = &self.prices {
            check_day(&note.as_of)?;
        }
        check_json("values", &self.values)?;
        self.check_servers()?;
        self.check_defaults()?;
        for (name, model) in &self.models {
            if name.trim().is_empty() || name.chars().any(char::is_control) {
                return Err(format!("`models.{:?}` is no name for a model", name.as_str()));
            }
            let key = format!("models.{name}");
            model.check(&key)?;
            self.check_messages(&key, model)?;
            self.check_together(&key, model)?;
        }
        Ok(())
    }

    fn check_servers(&self) -> Result<(), String> {
        for (name, server) in &self.servers {
            let wrong = |reason| format!("`servers.{name}`: {reason}");
            check_name(name).map_err(wrong)?;
            server.check().map_err(wrong)?;
            let secret = |(variable, value): &(&String, &String)| {
                let ends = ["_KEY", "_TOKEN", "_SECRET", "PASSWORD"];
                ends.iter().any(|end| variable.ends_with(end)) || is_secret(value)
            };
            if let Some((variable, _)) = server.env.iter().find(secret) {
                return Err(format!(
                    "`servers.{name}.env.{variable}` holds a secret; set it where the collector is started, whose \
                     environment servers have too"
                ));
            }
        }
        Ok(())
    }

    fn check_defaults(&self) -> Result<(), String> {
        self.defaults.check("defaults")?;
        self.check_messages("defaults", &self.defaults)?;
        if self.defaults.model.is_some() {
            return Err("`defaults.model`: the name at the provider belongs to a model".into());
        }
        if self.defaults.base_url.is_none() && self.defaults.server.is_none() {
            let header = self.defaults.headers.iter().flatten().find(|(_, value)| matches!(value, Header::Env(_)));
            let header = header.map(|(name, _)| format!("headers.{name}"));
            if let Some(secret) = self.defaults.key_env.as_ref().map(|_| "key_env".to_owned()).or(header) {
                return Err(format!(
                    "`defaults.{secret}` without `defaults.base_url`: a secret is sent to the address beside it; say it \
                     in each model"
                ));
            }
        }
        Ok(())
    }

    fn check_messages(&self, key: &str, model: &ModelSettings) -> Result<(), String> {
        let Some(messages) = &model.messages else { return Ok(()) };
        if messages.is_empty() {
            return Err(format!("`{key}.messages` is empty: nothing would be asked"));
        }
        if !messages.iter().any(|message| message.role == Role::User) {
            return Err(format!("`{key}.messages` has no message with `role = \"user\"`: nothing would be asked"));
        }
        if let Some(at) = messages.iter().position(|message| message.datasets.as_ref().is_some_and(Vec::is_empty)) {
            return Err(format!("`{key}.messages`: message {} is for no dataset; remove `datasets` or it", at + 1));
        }
        let prompting = Prompting::new(None, Some(messages.clone()), &self.values);
        prompting.map(drop).map_err(|reason| format!("`{key}.messages`: {reason}"))
    }

    /// What depends on the defaults too.
    fn check_together(&self, key: &str, own: &ModelSettings) -> Result<(), String> {
        let both = own.over(&self.defaults);
        match (&both.base_url, &both.server) {
            (None, None) => return Err(format!("`{key}` has neither `base_url` nor `server`: say where it answers")),
            (Some(_), Some(_)) => return Err(format!("`{key}` has `base_url` and `server`; remove one of them")),
            (None, Some(server)) if !self.servers.contains_key(server) => {
                return Err(format!("`{key}.server`: there is no `[servers.{server}]`"));
            }
            _ => {}
        }
        if both.system.is_some() && both.messages.is_some() {
            return Err(format!("`{key}` has `system` and `messages`; say the system's message in `messages`"));
        }
        if both.price.is_some() && self.prices.is_none() {
            return Err(format!("`{key}.price` needs `[prices]` with `as_of` and `basis`"));
        }
        if both.max_usd.is_some() && both.price.is_none() && self.basis() != Some(PriceBasis::Published) {
            return Err(format!("`{key}.max_usd` needs a `price`: without one nobody knows what an answer costs"));
        }
        check_order(key, &both)?;
        check_api(key, own, &both)
    }

    pub(super) fn basis(&self) -> Option<PriceBasis> {
        self.prices.as_ref().map(|note| note.basis)
    }
}

/// Pairs of which one may not be above the other. Only what the pool says counts: the rest is fitted to it.
fn check_order(key: &str, both: &ModelSettings) -> Result<(), String> {
    if let (Some(start), Some(most)) = (both.concurrency, both.max_concurrency)
        && most < start
    {
        return Err(format!("`{key}.concurrency` is {start}, above `max_concurrency`, which is {most}"));
    }
    if let (Some(first), Some(most)) = (both.backoff_s, both.max_backoff_s)
        && most < first
    {
        return Err(format!("`{key}.backoff_s` is {first}, above `max_backoff_s`, which is {most}"));
    }
    let (timeout, deadline) = (both.timeout_s.unwrap_or(TIMEOUT_S), both.deadline_s.unwrap_or(DEADLINE_S));
    if both.timeout_s.is_some() && deadline < timeout {
        return Err(format!("`{key}.timeout_s` is {timeout}, above `deadline_s`, which is {deadline}"));
    }
    Ok(())
}

/// What the form of requests has no place for.
fn check_api(key: &str, own: &ModelSettings, both: &ModelSettings) -> Result<(), String> {
    let api = both.api.unwrap_or(Api::OpenaiChat);
    let sampling = Sampling {
        seed: both.seed,
        reasoning_effort: both.reasoning_effort.clone(),
        max_completion_tokens: both.max_completion_tokens.unwrap_or(false),
        ..Sampling::default()
    };
    if let Some(name) = api.cannot_say(&sampling).first() {
        let said_here = match *name {
            "seed" => own.seed.is_some(),
            "reasoning_effort" => own.reasoning_effort.is_some(),
            _ => own.max_completion_tokens.is_some(),
        };
        let place = if said_here { key } else { "defaults" };
        return Err(format!("`{place}.{name}`: `{key}` is asked by api `{api}`, which has no such setting"));
    }
    let (header, _) = api.key_header();
    let twice = both.headers.iter().flatten().find(|(name, _)| name.eq_ignore_ascii_case(header));
    if let (Some(_), Some((name, _))) = (&both.key_env, twice) {
        return Err(format!("`{key}.headers.{name}` and `key_env` are the same header; remove one of them"));
    }
    if both.batch == Some(true) {
        if both.server.is_some() {
            return Err(format!("`{key}.batch`: a server of one's own has no batch API"));
        }
        if BatchApi::of(api).is_none() {
            return Err(format!("`{key}.batch`: no batch API is known for api `{api}`"));
        }
    }
    if both.batch_price.is_some() && both.price.is_none() {
        return Err(format!("`{key}.batch_price` needs a `price`: what a batch leaves open is asked one by one"));
    }
    Ok(())
}

fn check_day(day: &str) -> Result<(), String> {
    let shape = day.len() == 10
        && day
            .bytes()
            .enumerate()
            .all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() });
    if shape && humantime::parse_rfc3339(&format!("{day}T00:00:00Z")).is_ok() {
        return Ok(());
    }
    Err(format!("`prices.as_of` must be a day such as 2026-01-30, found: {day:?}"))
}
