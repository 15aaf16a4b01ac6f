//! Orders that carry no meaning: a keyed hash decides, so nothing depends on what else is in the set.

use sha2::{Digest, Sha256};

/// Positions `0..count` sorted by the hash of `purpose`, `seed` and the name of each position.
pub(crate) fn shuffled(purpose: &str, seed: u32, names: impl Iterator<Item = impl AsRef<str>>) -> Vec<u32> {
    let mut keyed: Vec<_> = names
        .enumerate()
        .map(|(position, name)| {
            let mut hash = Sha256::new();
            for part in [purpose.as_bytes(), &seed.to_le_bytes(), name.as_ref().as_bytes()] {
                hash.update((part.len() as u64).to_le_bytes());
                hash.update(part);
            }
            (<[u8; 32]>::from(hash.finalize()), position as u32)
        })
        .collect();
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, position)| position).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_depends_on_seed_and_purpose_and_holds_every_position_once() {
        let names: Vec<_> = (0..100).map(|i| i.to_string()).collect();
        let order = |purpose, seed| shuffled(purpose, seed, names.iter());
        assert_eq!(order("rows", 42), order("rows", 42));
        assert_ne!(order("rows", 42), order("rows", 43));
        assert_ne!(order("rows", 42), order("pool", 42));
        let mut sorted = order("rows", 42);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn adding_a_name_leaves_the_order_of_the_others() {
        let few = ["a", "b", "c", "d"];
        let more = ["a", "b", "c", "d", "e"];
        let kept: Vec<_> = shuffled("rows", 1, more.iter()).into_iter().filter(|i| *i < 4).collect();
        assert_eq!(kept, shuffled("rows", 1, few.iter()));
    }
}
