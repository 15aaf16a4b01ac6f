//! The `log` import: what a plugin may say, and where it goes.

use crate::bindings::router::routerlab::plugin::log::{Host, Level};
use crate::state::StoreState;

/// Lines that a plugin has said in one store, as plain text.
#[derive(Debug, Default)]
pub(crate) struct Log {
    text: String,
    bytes_left: usize,
    bytes_dropped: usize,
    last_error: Option<String>,
}

impl Log {
    pub(crate) fn new(bytes: usize) -> Self {
        Self { bytes_left: bytes, ..Self::default() }
    }

    fn push(&mut self, level: &str, text: &str) {
        let clean = plain(text);
        if level == "error" {
            self.last_error = Some(clean.chars().take(500).collect());
        }
        for line in clean.lines() {
            let needed = level.len() + 2 + line.len() + 1;
            if needed > self.bytes_left {
                self.bytes_dropped += needed;
                continue;
            }
            self.bytes_left -= needed;
            self.text.push_str(level);
            self.text.push_str(": ");
            self.text.push_str(line);
            self.text.push('\n');
        }
    }

    pub(crate) fn last_error(&self) -> Option<&str> {
        self.last_error.as_deref()
    }

    /// Lets go of the last error, so that a later trap is not explained by it.
    pub(crate) fn forget_error(&mut self) {
        self.last_error = None;
    }

    /// Everything that was kept, and how much was not.
    pub(crate) fn take(&mut self) -> String {
        let mut text = std::mem::take(&mut self.text);
        if self.bytes_dropped > 0 {
            text.push_str(&format!("({} bytes over `limits.log_bytes` were not kept)\n", self.bytes_dropped));
            self.bytes_dropped = 0;
        }
        text
    }
}

/// Text without terminal escapes and without control characters other than line breaks and tabs.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => skip_escape(&mut chars),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || is_direction(c) => {}
            c => out.push(c),
        }
    }
    out
}

/// Marks that turn the direction of text around can make a line show something else than it says.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

/// Skips the rest of an escape sequence: `[` up to its final letter, `]` up to its terminator, or one character.
fn skip_escape(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match chars.next() {
        Some('[') => while chars.next().is_some_and(|c| !('\u{40}'..='\u{7e}').contains(&c)) {},
        Some(']') => while chars.next().is_some_and(|c| c != '\u{7}' && c != '\u{1b}') {},
        _ => {}
    }
}

impl Host for StoreState {
    fn say(&mut self, level: Level, text: String) -> wasmtime::Result<()> {
        self.enter()?;
        self.charge(text.len() as u64)?;
        let level = match level {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        };
        self.log.push(level, &text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_escapes_and_control_characters_are_removed() {
        let cases = [
            ("plain", "plain"),
            ("a\tb\nc", "a\tb\nc"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}rest", "rest"),
            ("bell\u{7} back\u{8}", "bell back"),
            ("\u{1b}", ""),
            ("\u{1b}[", ""),
            ("over\u{202e}turned", "overturned"),
        ];
        for (said, kept) in cases {
            assert_eq!(plain(said), kept, "{said:?}");
        }
    }

    #[test]
    fn what_is_over_the_limit_is_counted_not_kept() {
        let mut log = Log::new(12);
        log.push("info", "hello");
        log.push("info", "again");
        assert_eq!(log.take(), "info: hello\n(12 bytes over `limits.log_bytes` were not kept)\n");
    }

    #[test]
    fn the_last_error_is_remembered_even_when_the_log_is_full() {
        let mut log = Log::new(0);
        log.push("error", "it broke");
        assert_eq!(log.last_error(), Some("it broke"));
    }
}
