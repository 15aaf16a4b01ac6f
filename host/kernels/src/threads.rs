//! How many threads an operation may use, and the queue they share.
//!
//! A part of the work owns its part of the output and computes it by a definition that does not mention the parts, so
//! neither their number nor the order in which threads take them can be seen in a result.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// How many threads one operation may use; never seen in its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Threads(NonZeroUsize);

impl Threads {
    /// The calling thread alone.
    pub const ONE: Threads = Threads(NonZeroUsize::MIN);

    /// As many as given.
    pub fn new(count: NonZeroUsize) -> Threads {
        Threads(count)
    }

    /// As many as the process may run at once.
    pub fn all() -> Threads {
        Threads(thread::available_parallelism().unwrap_or(NonZeroUsize::MIN))
    }

    /// How many.
    pub fn count(self) -> usize {
        self.0.get()
    }

    /// Fewer, so that each thread has at least a quarter of a million multiply-adds to do: starting one costs as much
    /// as some ten thousands.
    pub(crate) fn for_work(self, multiply_adds: u128) -> Threads {
        let worth = usize::try_from(multiply_adds >> 18).unwrap_or(usize::MAX);
        Threads(NonZeroUsize::new(worth).map_or(NonZeroUsize::MIN, |worth| worth.min(self.0)))
    }

    /// Into how many parts to divide work: one for a single thread, otherwise several for each, so that a thread the
    /// machine keeps waiting does not keep the others waiting.
    pub(crate) fn parts(self) -> usize {
        if self.0 == NonZeroUsize::MIN { 1 } else { self.0.get().saturating_mul(4) }
    }
}

/// Does `work` on every part and gives the results in the order of the parts.
pub(crate) fn for_each_part<P: Send, R: Send>(
    threads: Threads,
    parts: impl ExactSizeIterator<Item = P> + Send,
    work: impl Fn(P) -> R + Sync,
) -> Vec<R> {
    let workers = threads.count().min(parts.len()).saturating_sub(1);
    if workers == 0 {
        return parts.map(work).collect();
    }
    let queue = Mutex::new(parts.enumerate());
    let drain = || {
        let mut done = Vec::new();
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            match next {
                Some((position, part)) => done.push((position, work(part))),
                None => return done,
            }
        }
    };
    let mut done = thread::scope(|scope| {
        // A thread that the system refuses leaves its share in the queue for the others.
        let workers: Vec<_> =
            (0..workers).filter_map(|_| thread::Builder::new().spawn_scoped(scope, drain).ok()).collect();
        let mut done = drain();
        for worker in workers {
            match worker.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(position, _)| *position);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Divides `len` things into at most `parts` ranges of a multiple of `grain` things each, in order.
pub(crate) fn ranges(len: usize, parts: usize, grain: usize) -> Vec<std::ops::Range<usize>> {
    let grain = grain.max(1);
    let each = len.div_ceil(grain).div_ceil(parts.max(1)).max(1) * grain;
    (0..len).step_by(each).map(|start| start..(start + each).min(len)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_parts_for_any_number_of_threads() {
        for count in [1, 2, 7, 64] {
            let threads = Threads::new(NonZeroUsize::new(count).unwrap());
            let squares = for_each_part(threads, 0..100usize, |part| part * part);
            assert_eq!(squares, (0..100usize).map(|part| part * part).collect::<Vec<_>>(), "{count} threads");
        }
    }

    #[test]
    fn ranges_cover_everything_once_in_order() {
        for (len, parts, grain) in [(0, 3, 4), (1, 3, 4), (10, 3, 4), (100, 7, 1), (48, 2, 48), (49, 2, 48)] {
            let all: Vec<usize> = ranges(len, parts, grain).into_iter().flatten().collect();
            assert_eq!(all, (0..len).collect::<Vec<_>>(), "{len} in {parts} parts of grain {grain}");
            assert!(ranges(len, parts, grain).len() <= parts);
        }
    }

    #[test]
    fn small_work_stays_on_the_calling_thread() {
        let many = Threads::new(NonZeroUsize::new(8).unwrap());
        assert_eq!(many.for_work(1_000), Threads::ONE);
        assert_eq!(many.for_work(1 << 40), many);
    }
}
