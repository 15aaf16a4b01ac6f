//! Rows that are made durable many at a time: one after the other each would wait for the disk.

use tokio::task::{JoinError, JoinSet};

use crate::engine::call::Left;

/// Rows at a time; a group of the journal holds more.
const AT_ONCE: usize = 512;

/// Rows on their way to the disk.
pub(super) struct Rows {
    going: JoinSet<Result<Vec<u32>, Left>>,
    /// Items that are still to be asked.
    open: Vec<u32>,
    is_whole: bool,
}

impl Rows {
    pub(super) fn new() -> Self {
        Self { going: JoinSet::new(), open: Vec::new(), is_whole: true }
    }

    /// Begins one, which leaves items to be asked.
    pub(super) async fn put(&mut self, row: impl Future<Output = Result<Vec<u32>, Left>> + Send + 'static) {
        if self.going.len() >= AT_ONCE {
            self.next().await;
        }
        self.going.spawn(row);
    }

    async fn next(&mut self) -> bool {
        let Some(ended) = self.going.join_next().await else { return false };
        match joined(ended) {
            Ok(items) => self.open.extend(items),
            Err(Left) => self.is_whole = false,
        }
        true
    }

    /// Waits for all of them: the items that are still to be asked.
    pub(super) async fn end(mut self) -> Result<Vec<u32>, Left> {
        while self.next().await {}
        if self.is_whole { Ok(self.open) } else { Err(Left) }
    }
}

/// What a task came to. None is ever given up, so that an error is its panic.
pub(super) fn joined<T>(ended: Result<T, JoinError>) -> T {
    ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}
