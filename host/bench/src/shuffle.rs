//! Orders that carry no meaning: a keyed hash decides, so nothing depends on what else is in the set.

use sha2::{Digest, Sha256};

/// What orders are drawn from. Whoever knows it can undo them, so a run that must withstand a router made for its data
/// has a secret.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key<'a> {
    /// The seed of the cell.
    pub(crate) seed: u32,
    /// The run's secret, if it has one.
    pub(crate) secret: Option<&'a str>,
}

impl Key<'_> {
    /// Positions `0..count` sorted by the hash of `purpose`, the key and the name of each position.
    pub(crate) fn shuffled(self, purpose: &str, names: impl Iterator<Item = impl AsRef<str>>) -> Vec<u32> {
        let mut keyed: Vec<_> =
            names.enumerate().map(|(position, name)| (self.hash(purpose, name.as_ref()), position as u32)).collect();
        keyed.sort_unstable();
        keyed.into_iter().map(|(_, position)| position).collect()
    }

    /// A seed for routers, from which nobody learns the seed of the orders.
    pub(crate) fn router_seed(self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.hash("router seed", "");
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }

    fn hash(self, purpose: &str, name: &str) -> [u8; 32] {
        let mut hash = Sha256::new();
        let secret = self.secret.unwrap_or_default();
        for part in [purpose.as_bytes(), &self.seed.to_le_bytes(), secret.as_bytes(), name.as_bytes()] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        hash.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_depends_on_seed_and_purpose_and_holds_every_position_once() {
        let names: Vec<_> = (0..100).map(|i| i.to_string()).collect();
        let order = |purpose, seed| Key { seed, secret: None }.shuffled(purpose, names.iter());
        assert_eq!(order("rows", 42), order("rows", 42));
        assert_ne!(order("rows", 42), order("rows", 43));
        assert_ne!(order("rows", 42), order("pool", 42));
        assert_ne!(order("rows", 42), Key { seed: 42, secret: Some("s") }.shuffled("rows", names.iter()));
        let mut sorted = order("rows", 42);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn adding_a_name_leaves_the_order_of_the_others() {
        let few = ["a", "b", "c", "d"];
        let more = ["a", "b", "c", "d", "e"];
        let key = Key { seed: 1, secret: Some("s") };
        let kept: Vec<_> = key.shuffled("rows", more.iter()).into_iter().filter(|i| *i < 4).collect();
        assert_eq!(kept, key.shuffled("rows", few.iter()));
    }

    #[test]
    fn a_router_gets_a_seed_of_its_own() {
        let seed = |seed, secret| Key { seed, secret }.router_seed();
        assert_eq!(seed(42, None), seed(42, None));
        assert_ne!(seed(42, None), 42);
        assert_ne!(seed(42, None), seed(43, None));
        assert_ne!(seed(42, None), seed(42, Some("s")));
    }
}
