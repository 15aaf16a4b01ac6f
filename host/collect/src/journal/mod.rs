//! The journal: what was sent and what came of it, on disk before it counts.
//!
//! A folder of segments that only grow. A line is the CRC-32 of what follows in eight hex digits, a blank, and one JSON
//! object: `sent`, `attempt` or `row`. Lines are written in groups, and a group is synced once before anybody is told.
//! What a kill cut off at the end is passed over; a damaged line before it is too, and is counted.

mod entry;
mod read;
mod write;

pub(crate) use entry::{Entry, SentEntry};
pub(crate) use read::{Files, entry_at, line_at, recover, remove, segments};
pub(crate) use write::{Journal, Loc, Noted};
