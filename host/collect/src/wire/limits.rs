//! What headers say about rate limits, and how long to wait.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Waits beyond it are taken for slips: nobody asks for more than a month of patience.
const WAIT_AT_MOST: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// How much of a limit is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// How much there is in all, where that is said.
    pub limit: Option<u64>,
    /// How much is left.
    pub remaining: u64,
    /// When all of it is back, from now, where that is said.
    pub resets_in: Option<Duration>,
}

/// The rate limits that an answer's headers tell of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RateHeaders {
    /// Of requests.
    pub requests: Option<Window>,
    /// Of tokens; of several the one with the least left.
    pub tokens: Option<Window>,
    /// How long to wait before the next request.
    pub retry_after: Option<Duration>,
}

impl RateHeaders {
    /// Reads them. `header` finds one by its name in lower case.
    pub fn read<'a>(header: &dyn Fn(&str) -> Option<&'a str>, now: SystemTime) -> Self {
        let window = |name: &dyn Fn(&str) -> String| {
            // First what a window cannot do without: most answers have none.
            let remaining = header(&name("remaining")).and_then(count)?;
            let limit = header(&name("limit")).and_then(count);
            let resets_in = header(&name("reset")).and_then(|text| resets_in(text, now));
            Some(Window { limit, remaining, resets_in })
        };
        let openai = |of: &str| window(&|what| format!("x-ratelimit-{what}{of}"));
        let anthropic = |of: &str| window(&|what| format!("anthropic-ratelimit-{of}-{what}"));
        let tokens = [openai("-tokens"), anthropic("tokens"), anthropic("input-tokens"), anthropic("output-tokens")];
        Self {
            // Without a word for what is limited it is requests.
            requests: openai("-requests").or_else(|| anthropic("requests")).or_else(|| openai("")),
            tokens: tokens.into_iter().flatten().min_by_key(|window| window.remaining),
            retry_after: retry_after(header, now),
        }
    }
}

fn retry_after<'a>(header: &dyn Fn(&str) -> Option<&'a str>, now: SystemTime) -> Option<Duration> {
    let milliseconds = header("retry-after-ms").and_then(|text| seconds(text, 1e-3));
    milliseconds.or_else(|| {
        let text = header("retry-after")?;
        seconds(text, 1.0).or_else(|| until(http_date(text)?, now))
    })
}

fn count(text: &str) -> Option<u64> {
    let text = text.trim();
    text.parse().ok().or_else(|| {
        // Some gateways write every number with a point.
        text.parse::<f64>().ok().filter(|count| (0.0..1e15).contains(count)).map(|count| count as u64)
    })
}

/// A reset as a span of time, or as the moment itself: RFC 3339, or seconds or milliseconds since 1970.
fn resets_in(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    if let Ok(number) = text.parse::<f64>() {
        let since_1970 = if number >= 1e11 { Some(number / 1e3) } else { (number >= 1e9).then_some(number) };
        return match since_1970 {
            Some(moment) => until(UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(moment).ok()?)?, now),
            None => seconds(text, 1.0),
        };
    }
    duration(text).or_else(|| until(humantime::parse_rfc3339(text).ok()?, now))
}

/// What is left until a moment: nothing if it has passed.
fn until(moment: SystemTime, now: SystemTime) -> Option<Duration> {
    Some(moment.duration_since(now).unwrap_or_default()).filter(|wait| *wait <= WAIT_AT_MOST)
}

fn seconds(text: &str, unit: f64) -> Option<Duration> {
    let number: f64 = text.trim().parse().ok()?;
    Duration::try_from_secs_f64(number * unit).ok().filter(|wait| *wait <= WAIT_AT_MOST)
}

/// A span of time like `1s`, `6m0s`, `20ms` or `2m59.56s`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut sum = Duration::ZERO;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?);
        let (unit, after) = after.split_at(after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len()));
        let unit = match unit {
            "ns" => 1e-9,
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => return None,
        };
        sum += seconds(number, unit)?;
        rest = after;
    }
    (sum <= WAIT_AT_MOST).then_some(sum)
}

/// A moment as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`. Its two older forms are not sent by anybody.
fn http_date(text: &str) -> Option<SystemTime> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_, date) = text.trim().split_once(", ")?;
    let mut words = date.split_ascii_whitespace();
    let mut next = || words.next();
    let (day, month, year, time, zone) = (next()?, next()?, next()?, next()?, next()?);
    let month = 1 + MONTHS.iter().position(|name| *name == month)?;
    (zone == "GMT" && next().is_none()).then_some(())?;
    humantime::parse_rfc3339(&format!("{year:0>4}-{month:02}-{day:0>2}T{time}Z")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-01-30T12:00:00Z.
    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_769_774_400)
    }

    fn read(headers: &[(&str, &str)]) -> RateHeaders {
        let find = |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        RateHeaders::read(&find, now())
    }

    fn window(limit: u64, remaining: u64, resets_in: Duration) -> Option<Window> {
        Some(Window { limit: Some(limit), remaining, resets_in: Some(resets_in) })
    }

    #[test]
    fn openai_says_what_is_left_of_requests_and_of_tokens() {
        let read = read(&[
            ("x-ratelimit-limit-requests", "10000"),
            ("x-ratelimit-limit-tokens", "2000000"),
            ("x-ratelimit-remaining-requests", "9999"),
            ("x-ratelimit-remaining-tokens", "1999712"),
            ("x-ratelimit-reset-requests", "6ms"),
            ("x-ratelimit-reset-tokens", "1m8.5s"),
        ]);
        assert_eq!(read.requests, window(10_000, 9_999, Duration::from_millis(6)));
        assert_eq!(read.tokens, window(2_000_000, 1_999_712, Duration::from_millis(68_500)));
        assert_eq!(read.retry_after, None);
    }

    #[test]
    fn anthropic_s_tightest_limit_of_tokens_counts() {
        let read = read(&[
            ("anthropic-ratelimit-requests-limit", "50"),
            ("anthropic-ratelimit-requests-remaining", "0"),
            ("anthropic-ratelimit-requests-reset", "2026-01-30T12:00:07Z"),
            ("anthropic-ratelimit-input-tokens-limit", "40000"),
            ("anthropic-ratelimit-input-tokens-remaining", "39000"),
            ("anthropic-ratelimit-input-tokens-reset", "2026-01-30T12:00:01Z"),
            ("anthropic-ratelimit-output-tokens-limit", "8000"),
            ("anthropic-ratelimit-output-tokens-remaining", "1000"),
            ("anthropic-ratelimit-output-tokens-reset", "2026-01-30T11:59:00Z"),
            ("retry-after", "7"),
        ]);
        assert_eq!(read.requests, window(50, 0, Duration::from_secs(7)));
        assert_eq!(read.tokens, window(8_000, 1_000, Duration::ZERO));
        assert_eq!(read.retry_after, Some(Duration::from_secs(7)));
    }

    #[test]
    fn a_limit_without_a_word_for_what_is_one_of_requests() {
        for (reset, resets_in) in
            [("1769774460000", 60), ("1769774430", 30), ("12", 12), ("2026-01-30T12:01:00+00:00", 60)]
        {
            let headers = [("x-ratelimit-limit", "20"), ("x-ratelimit-remaining", "3"), ("x-ratelimit-reset", reset)];
            assert_eq!(read(&headers).requests, window(20, 3, Duration::from_secs(resets_in)), "{reset}");
        }
    }

    #[test]
    fn nothing_is_made_of_headers_that_say_nothing() {
        assert_eq!(read(&[]), RateHeaders::default());
        assert_eq!(read(&[("x-ratelimit-limit-requests", "100")]), RateHeaders::default());
        let odd = [("x-ratelimit-remaining-tokens", "many"), ("x-ratelimit-remaining-requests", "-1")];
        assert_eq!(read(&odd), RateHeaders::default());
        let left = read(&[("x-ratelimit-remaining-requests", "5"), ("x-ratelimit-reset-requests", "soon")]).requests;
        assert_eq!(left, Some(Window { limit: None, remaining: 5, resets_in: None }));
    }

    #[test]
    fn a_wait_is_seconds_or_a_date() {
        for (value, expected) in [
            ("0", Some(0.0)),
            ("20", Some(20.0)),
            (" 1.5 ", Some(1.5)),
            ("Fri, 30 Jan 2026 12:00:30 GMT", Some(30.0)),
            ("Fri, 30 Jan 2026 11:00:00 GMT", Some(0.0)),
            ("Fri, 30 Jan 2036 11:00:00 GMT", None),
            ("Fri, 30 Foo 2026 12:00:30 GMT", None),
            ("Fri, 30 Jan 2026 12:00:30 CET", None),
            ("Friday", None),
            ("-3", None),
            ("NaN", None),
            ("inf", None),
            ("1e300", None),
            ("", None),
        ] {
            let expected = expected.map(Duration::from_secs_f64);
            assert_eq!(read(&[("retry-after", value)]).retry_after, expected, "{value}");
        }
        let both = read(&[("retry-after-ms", "250"), ("retry-after", "1")]);
        assert_eq!(both.retry_after, Some(Duration::from_millis(250)));
        let odd = read(&[("retry-after-ms", "?"), ("retry-after", "1")]);
        assert_eq!(odd.retry_after, Some(Duration::from_secs(1)));
    }

    #[test]
    fn a_span_of_time_is_numbers_with_units() {
        for (text, expected) in [
            ("1s", Some(1.0)),
            ("6m0s", Some(360.0)),
            ("20ms", Some(0.02)),
            ("2m59.5s", Some(179.5)),
            ("1h2m3s", Some(3723.0)),
            ("1d", Some(86_400.0)),
            ("0s", Some(0.0)),
            ("5", None),
            ("", None),
            ("s", None),
            ("1.2.3s", None),
            ("5 s", None),
            ("1fortnight", None),
            ("99999999999999999999d", None),
        ] {
            assert_eq!(duration(text), expected.map(Duration::from_secs_f64), "{text}");
        }
    }
}
