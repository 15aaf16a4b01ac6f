//! Decoders may panic on damaged input. Here such a panic becomes a value, and nothing is printed.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
}
static HOOK: Once = Once::new();

/// Runs `decode`; a panic inside comes back as its message.
///
/// What `decode` was changing must not be used after an error: it may be half changed.
pub(crate) fn contain<T>(decode: impl FnOnce() -> T) -> Result<T, String> {
    // The hook in place stays in charge of every other panic, on this thread and on others.
    HOOK.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !CONTAINED.get() {
                others(info);
            }
        }));
    });
    let outer = CONTAINED.replace(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(decode));
    CONTAINED.set(outer);
    outcome.map_err(|panic| {
        let message = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        message.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no reason given".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_comes_back_as_its_message() {
        assert_eq!(contain(|| 7), Ok(7));
        assert_eq!(contain(|| panic!("out of bounds")), Err::<(), _>("out of bounds".to_owned()));
        let seven = 7;
        assert_eq!(contain(|| panic!("no row {seven}")), Err::<(), _>("no row 7".to_owned()));
    }
}
