//! MinHash (Broder, "On the resemblance and containment of documents", 1997) with bands: which texts are worth a comparison.

use crate::duplicates::shingles::{Shingles, mixed};

/// Bands of a signature. Two texts are compared when one band of theirs is equal: of texts that share 0.8 of their
/// shingles all but 1 in 20,000 pairs are, of those that share 0.3 one in 17.
const BANDS: usize = 25;
/// Hashes of a band.
const ROWS: usize = 5;

/// For each band the least hash of the shingles under each of its functions, folded into one number.
fn bands(shingles: &Shingles) -> [u64; BANDS] {
    std::array::from_fn(|band| {
        (0..ROWS).fold(0, |folded, row| {
            let function = mixed((band * ROWS + row) as u64);
            let least = shingles.hashes().iter().map(|hash| mixed(hash ^ function)).min();
            mixed(folded ^ least.unwrap_or_default())
        })
    })
}

/// Calls `each` with every two texts that have a band in common, the lower number first; a pair may come several times.
/// Texts without words are left out.
pub(super) fn candidates(texts: &[Shingles], mut each: impl FnMut(usize, usize)) {
    let signatures: Vec<Option<[u64; BANDS]>> =
        texts.iter().map(|text| (!text.hashes().is_empty()).then(|| bands(text))).collect();
    for band in 0..BANDS {
        let mut places: Vec<(u64, usize)> = signatures
            .iter()
            .enumerate()
            .filter_map(|(at, signature)| signature.as_ref().map(|bands| (bands[band], at)))
            .collect();
        places.sort_unstable();
        for bucket in places.chunk_by(|a, b| a.0 == b.0) {
            for (skip, (_, one)) in bucket.iter().enumerate() {
                for (_, other) in &bucket[skip + 1..] {
                    each(*one, *other);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// A text of a hundred words in which the last `other` differ from those of every other text.
    fn text(number: usize, other: usize) -> String {
        let word = |at: usize| if at < 100 - other { format!("w{at}") } else { format!("n{number}x{at}") };
        (0..100).map(word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn texts_that_share_most_of_their_shingles_are_found() {
        // 91 of 101 and 86 of 106 shingles in common: 0.90 and 0.81.
        for other in [5, 10] {
            let texts: Vec<Shingles> = (0..100).map(|number| Shingles::of(&text(number, other))).collect();
            let mut found = BTreeSet::new();
            candidates(&texts, |a, b| {
                assert!(a < b);
                found.insert((a, b));
            });
            assert_eq!(found.len(), 4950, "{other}: every pair");
        }
    }

    #[test]
    fn texts_that_share_little_are_mostly_passed_over() {
        // 20 of 172 shingles in common: 0.12.
        let texts: Vec<Shingles> = (0..100).map(|number| Shingles::of(&text(number, 76))).collect();
        let mut found = BTreeSet::new();
        candidates(&texts, |a, b| {
            found.insert((a, b));
        });
        assert!(found.len() < 100, "{} of 4950 pairs", found.len());
        candidates(&[Shingles::of(""), Shingles::of("")], |_, _| panic!("texts without words are not alike"));
    }
}
