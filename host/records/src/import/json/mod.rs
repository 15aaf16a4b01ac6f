//! JSON that is read as it comes, never as one value.

mod limit;
mod text;
mod values;

pub(super) use limit::{Limited, RecordLimit};
pub(super) use text::AnyText;
pub(super) use values::{Number, Text, Texts, Truth, Whole};
