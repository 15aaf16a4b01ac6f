//! Randomness from a seed.

/// A small seeded generator, splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
/// The stream is fixed by the seed for ever.
#[derive(Debug, Clone)]
pub struct Random {
    state: u64,
}

impl Random {
    /// A generator whose whole stream follows from `seed`.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// A generator for one thing among many: the same seed and content give the same stream wherever the content
    /// stands. A router that draws lots per query must use this, because its answer may not depend on the batch.
    pub fn for_content(seed: u64, content: &[u8]) -> Self {
        // FNV-1a gathers the bytes; the generator's own mixing spreads them.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for &byte in content {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        let seed = Self::new(seed).next_u64();
        Self::new(seed ^ Self::new(hash).next_u64())
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, each equally likely; 0 when `bound` is 0.
    pub fn below(&mut self, bound: u32) -> u32 {
        if bound == 0 {
            return 0;
        }
        // Lemire's multiplication, rejecting the few draws that would make small numbers likelier.
        let bound = u64::from(bound);
        let reject_below = bound.wrapping_neg() % bound;
        loop {
            let wide = u128::from(self.next_u64()) * u128::from(bound);
            if wide as u64 >= reject_below {
                return (wide >> 64) as u32;
            }
        }
    }

    /// A number from 0 up to but not including 1.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn the_stream_is_the_published_one() {
        let mut random = Random::new(1_234_567);
        let drawn: Vec<u64> = (0..3).map(|_| random.next_u64()).collect();
        assert_eq!(drawn, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn every_number_below_the_bound_is_equally_likely() {
        let mut random = Random::new(7);
        let mut seen = [0_u32; 5];
        for _ in 0..50_000 {
            seen[random.below(5) as usize] += 1;
        }
        assert!(seen.iter().all(|&count| (9_600..10_400).contains(&count)), "{seen:?}");
        assert_eq!(random.below(0), 0);
    }

    #[test]
    fn content_decides_the_stream_and_so_does_the_seed() {
        let draw = |seed, content: &str| Random::for_content(seed, content.as_bytes()).next_u64();
        assert_eq!(draw(1, "a query"), draw(1, "a query"));
        assert_ne!(draw(1, "a query"), draw(2, "a query"));
        assert_ne!(draw(1, "a query"), draw(1, "another query"));
    }
}
