//! Sources of which no part was made.

/// Files that were left out for one reason.
#[derive(Debug, Default)]
pub(crate) struct LeftOut {
    count: u64,
    /// The first few.
    names: Vec<String>,
}

impl LeftOut {
    /// Counts a file.
    pub(crate) fn add(&mut self, name: &str) {
        const NAMED: usize = 3;
        self.count += 1;
        if self.names.len() < NAMED {
            self.names.push(format!("`{name}`"));
        }
    }

    /// How many, `what` they are, and the first few; none where there are none.
    pub(crate) fn note(&self, what: &str) -> Option<String> {
        let more = if self.count > self.names.len() as u64 { ", ..." } else { "" };
        (self.count > 0).then(|| format!("{} {what}: {}{more}", self.count, self.names.join(", ")))
    }
}
