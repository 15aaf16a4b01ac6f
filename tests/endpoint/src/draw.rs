//! Seeded draws: each is a function of the script's seed, what it is for, a digest and a number.

use std::fmt;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use sha2::{Digest as _, Sha256};

/// SHA-256 of a request's body; prints as hex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl Digest {
    /// In the place of one that nobody needs.
    pub(crate) const EMPTY: Self = Self([0; 32]);

    /// Of a body as it came.
    pub fn of(body: &[u8]) -> Self {
        Self(Sha256::digest(body).into())
    }

    /// Of a model's name and a prompt, which cannot run into each other.
    pub(crate) fn of_question(model: &str, prompt: &str) -> Self {
        let mut digest = Sha256::new();
        digest.update((model.len() as u64).to_le_bytes());
        digest.update(model);
        digest.update(prompt);
        Self(digest.finalize().into())
    }

    /// Its first bytes, as hex.
    pub(crate) fn short(&self) -> String {
        self.to_string()[..24].to_owned()
    }

    fn word(&self) -> u64 {
        u64::from_le_bytes(*self.0.first_chunk().expect("32 bytes"))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = b"0123456789abcdef";
        let hex: [u8; 64] = std::array::from_fn(|at| {
            let byte = self.0[at / 2];
            digits[usize::from(if at % 2 == 0 { byte >> 4 } else { byte & 15 })]
        });
        out.write_str(std::str::from_utf8(&hex).expect("digits are ASCII"))
    }
}

/// What something is drawn for; each has a stream of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    Answer = 1,
    Verdict,
    Usage,
    Fault,
    Delivery,
    Delay,
    Embedding,
    BatchItem,
    Slip,
}

/// A stream of numbers.
pub(crate) struct Draw(Xoshiro256PlusPlus);

impl Draw {
    pub(crate) fn new(seed: u64, purpose: Purpose, digest: &Digest, number: u64) -> Self {
        let mut state = digest.word();
        for part in [seed, purpose as u64, number] {
            state = mixed(state ^ mixed(part));
        }
        Self(Xoshiro256PlusPlus::seed_from_u64(state))
    }

    /// Below 1.
    pub(crate) fn share(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// From the first to the last, both included.
    pub(crate) fn within(&mut self, first: u64, last: u64) -> u64 {
        let count = last.saturating_sub(first) + 1;
        first + ((u128::from(self.0.next_u64()) * u128::from(count)) >> 64) as u64
    }

    /// One of several; none of none.
    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> Option<T> {
        let last = choices.len().checked_sub(1)?;
        Some(choices[self.within(0, last as u64) as usize])
    }

    pub(crate) fn coin(&mut self) -> bool {
        self.0.next_u64() >> 63 == 1
    }
}

/// Steele's finaliser: neighbours end far apart.
fn mixed(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_prints_as_hex() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Digest::of(b"").to_string(), empty);
    }

    #[test]
    fn a_draw_differs_in_each_of_its_parts() {
        let first = |seed, purpose, body: &[u8], number| Draw::new(seed, purpose, &Digest::of(body), number).share();
        let here = first(1, Purpose::Fault, b"a", 0);
        assert_eq!(here, first(1, Purpose::Fault, b"a", 0));
        for other in [
            first(2, Purpose::Fault, b"a", 0),
            first(1, Purpose::Delay, b"a", 0),
            first(1, Purpose::Fault, b"b", 0),
            first(1, Purpose::Fault, b"a", 1),
        ] {
            assert_ne!(here, other);
        }
    }
}
