//! A provider's limits by the window of time, as its headers tell them.

use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::protocol::Protocol;
use crate::script::RateLimit;

/// What was used of the present window.
#[derive(Debug)]
pub(crate) struct Window {
    limit: RateLimit,
    used: Mutex<Used>,
}

#[derive(Debug)]
struct Used {
    start: Instant,
    requests: u64,
    tokens: u64,
}

impl Window {
    pub(crate) fn new(limit: RateLimit) -> Self {
        Self { limit, used: Mutex::new(Used { start: Instant::now(), requests: 0, tokens: 0 }) }
    }

    /// Takes a request out of the window: the headers that tell what is left, and whether there was room for it.
    pub(crate) fn take(&self, protocol: Protocol, tokens: u64) -> (String, bool) {
        let length = Duration::from_millis(self.limit.window_ms.max(1));
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.start.elapsed() >= length {
            *used = Used { start: Instant::now(), requests: 0, tokens: 0 };
        }
        let fits = used.requests < self.limit.requests && used.tokens + tokens <= self.limit.tokens;
        if fits || !self.limit.enforced {
            used.requests += 1;
            used.tokens += tokens;
        }
        let reset = length.saturating_sub(used.start.elapsed());
        let left = [
            ("requests", self.limit.requests, self.limit.requests.saturating_sub(used.requests)),
            ("tokens", self.limit.tokens, self.limit.tokens.saturating_sub(used.tokens)),
        ];
        drop(used);

        let mut headers = String::new();
        for (what, limit, remaining) in left {
            let _ = if protocol == Protocol::Messages {
                let until = humantime::format_rfc3339_seconds(SystemTime::now() + reset + Duration::from_secs(1));
                write!(
                    headers,
                    "anthropic-ratelimit-{what}-limit: {limit}\r\nanthropic-ratelimit-{what}-remaining: {remaining}\r\n\
                     anthropic-ratelimit-{what}-reset: {until}\r\n"
                )
            } else {
                write!(
                    headers,
                    "x-ratelimit-limit-{what}: {limit}\r\nx-ratelimit-remaining-{what}: {remaining}\r\n\
                     x-ratelimit-reset-{what}: {}\r\n",
                    span(reset)
                )
            };
        }
        let refused = !fits && self.limit.enforced;
        if refused {
            let milliseconds = reset.as_millis();
            let seconds = milliseconds.div_ceil(1000);
            let _ = write!(headers, "retry-after: {seconds}\r\nretry-after-ms: {milliseconds}\r\n");
        }
        (headers, !refused)
    }
}

/// A span of time as OpenAI writes it: `350ms`, `1.5s`, `6m0s`.
fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds >= 60 {
        format!("{}m{}s", seconds / 60, seconds % 60)
    } else if seconds > 0 {
        format!("{}s", duration.as_millis() as f64 / 1e3)
    } else {
        format!("{}ms", duration.as_millis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_tells_what_is_left_and_refuses_the_rest() {
        let window = Window::new(RateLimit { requests: 2, tokens: 100, window_ms: 3_600_000, enforced: true });
        let (headers, fits) = window.take(Protocol::Chat, 30);
        assert!(fits && headers.contains("x-ratelimit-remaining-requests: 1\r\n"), "{headers}");
        assert!(headers.contains("x-ratelimit-remaining-tokens: 70\r\n"), "{headers}");
        assert!(headers.contains("x-ratelimit-reset-tokens: 59m59s\r\n"), "{headers}");
        let (headers, fits) = window.take(Protocol::Messages, 30);
        assert!(fits && headers.contains("anthropic-ratelimit-tokens-remaining: 40\r\n"), "{headers}");
        let (headers, fits) = window.take(Protocol::Chat, 1);
        assert!(!fits && headers.contains("retry-after: 3600\r\n"), "{headers}");
    }

    #[test]
    fn spans_are_written_as_theirs() {
        assert_eq!(span(Duration::from_millis(350)), "350ms");
        assert_eq!(span(Duration::from_millis(1_500)), "1.5s");
        assert_eq!(span(Duration::from_secs(360)), "6m0s");
    }
}
