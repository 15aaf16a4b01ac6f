//! Which vector instructions the machine has: chosen once at run time, and never visible in a result.

use std::cell::Cell;
use std::sync::OnceLock;

/// A set of vector instructions this machine has.
///
/// A value exists only for a level that was detected, so holding one is the proof that its instructions may be run.
/// Every level gives the same bits; they differ in speed alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Level(Kind);

/// The levels there are code bodies for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Whatever the compiler's baseline has; fused multiply-add in exact software.
    Portable,
    /// 8 lanes of f32, x86-64-v3.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 16 lanes of f32, x86-64-v4.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// 4 lanes of f32, every 64-bit ARM.
    #[cfg(target_arch = "aarch64")]
    Neon,
}

thread_local! {
    static FORCED: Cell<Option<Level>> = const { Cell::new(None) };
}

impl Level {
    /// Every level this machine has, the slowest first; the first is always the portable one.
    pub fn available() -> &'static [Level] {
        static LEVELS: OnceLock<Vec<Level>> = OnceLock::new();
        LEVELS.get_or_init(detect)
    }

    /// The level that operations called from this thread use: the fastest, unless [`Level::force`] chose another.
    pub fn current() -> Level {
        let fastest = || Level::available().last().copied().unwrap_or(Level(Kind::Portable));
        FORCED.get().unwrap_or_else(fastest)
    }

    /// Runs `work` with every operation it calls on this thread held to this level; for tests and benchmarks.
    pub fn force<T>(self, work: impl FnOnce() -> T) -> T {
        /// Puts the earlier choice back, also when `work` panics.
        struct Restore(Option<Level>);
        impl Drop for Restore {
            fn drop(&mut self) {
                FORCED.set(self.0);
            }
        }
        let _restore = Restore(FORCED.replace(Some(self)));
        work()
    }

    /// A short name: `portable`, `avx2`, `avx512` or `neon`.
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => "avx512",
            #[cfg(target_arch = "aarch64")]
            Kind::Neon => "neon",
        }
    }

    pub(crate) fn kind(self) -> Kind {
        self.0
    }
}

#[cfg(target_arch = "x86_64")]
fn detect() -> Vec<Level> {
    let mut levels = vec![Level(Kind::Portable)];
    // The features named here are the ones that `simd` enables; the two lists must stay equal.
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        levels.push(Level(Kind::Avx2));
        if is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
        {
            levels.push(Level(Kind::Avx512));
        }
    }
    levels
}

#[cfg(target_arch = "aarch64")]
fn detect() -> Vec<Level> {
    vec![Level(Kind::Portable), Level(Kind::Neon)]
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn detect() -> Vec<Level> {
    vec![Level(Kind::Portable)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forced_level_holds_until_its_work_ends_even_by_a_panic() {
        let before = Level::current();
        let portable = Level::available()[0];
        assert_eq!(portable.force(Level::current), portable);
        assert_eq!(Level::current(), before);
        let caught = std::panic::catch_unwind(|| portable.force(|| panic!("on purpose")));
        assert!(caught.is_err());
        assert_eq!(Level::current(), before);
    }
}
