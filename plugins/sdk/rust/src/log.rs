//! Lines for the plugin's log. In the sandbox the host keeps them with the run; natively they go to standard error.

/// How important a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// For the plugin's author.
    Debug,
    /// For whoever runs the plugin.
    Info,
    /// Something is off, but the result stands.
    Warn,
    /// Something failed.
    Error,
}

/// Adds a line at any level.
pub fn say(level: Level, text: &str) {
    crate::backend::say(level, text);
}

/// Adds a line for the plugin's author.
pub fn debug(text: impl AsRef<str>) {
    say(Level::Debug, text.as_ref());
}

/// Adds a line for whoever runs the plugin.
pub fn info(text: impl AsRef<str>) {
    say(Level::Info, text.as_ref());
}

/// Says that something is off, but the result stands.
pub fn warn(text: impl AsRef<str>) {
    say(Level::Warn, text.as_ref());
}
