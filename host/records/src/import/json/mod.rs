//! JSON that is read as it comes, never as one value.

mod limit;
mod text;
mod values;

pub(super) use limit::{Limited, RecordLimit};
pub(super) use text::AnyText;
pub(super) use values::{Number, Text, Texts, Truth, Whole};

/// In a visitor that looks for an object: what single values say, which is nothing.
macro_rules! pass_over_single_values {
    () => {
        fn visit_unit<E: Error>(self) -> Result<(), E> {
            Ok(())
        }
        fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
            Ok(())
        }
        fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
            Ok(())
        }
        fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
            Ok(())
        }
        fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
            Ok(())
        }
        fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
            Ok(())
        }
    };
}
pub(super) use pass_over_single_values;
