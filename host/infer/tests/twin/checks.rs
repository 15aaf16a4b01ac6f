//! What holds of a device, whichever it is.

use routerlab_infer::cuda_testing::CudaModel;
use routerlab_infer::cuda_testing::{device, open, pool};
use routerlab_infer::{Pooling, Precision};

use super::{Model, Seeded, VOCABULARY};

/// Lengths at and beside the borders of tiles.
pub const LENGTHS: [usize; 11] = [1, 2, 15, 16, 17, 63, 64, 65, 127, 129, 150];

pub fn texts(lengths: &[usize], seed: u64) -> Vec<Vec<u32>> {
    let mut seeded = Seeded(seed);
    lengths.iter().map(|&length| (0..length).map(|_| seeded.below(VOCABULARY) as u32).collect()).collect()
}

pub fn opened(model: &Model, pooling: Pooling, devices: &[usize], precision: Precision) -> CudaModel {
    let folder = tempfile::tempdir().unwrap();
    model.write(folder.path());
    open(folder.path(), pooling, devices, precision).unwrap()
}

/// Vectors of texts, in their order.
pub fn vectors(on: &CudaModel, texts: &[Vec<u32>]) -> Vec<Vec<f32>> {
    let slices: Vec<&[u32]> = texts.iter().map(Vec::as_slice).collect();
    let (all, tokens) = pool(on, &slices).unwrap();
    assert_eq!(tokens, texts.iter().map(|text| text.len() as u64).sum::<u64>(), "every token is reported once");
    let width = all.len() / texts.len();
    all.chunks_exact(width).map(<[f32]>::to_vec).collect()
}

/// A model's vectors are those of its twin, up to what the precision rounds away. Returns the largest difference, as a part
/// of the vector's length.
pub fn agrees(model: &Model, on: &CudaModel, pooling: Pooling, precision: Precision, lengths: &[usize]) -> f64 {
    let texts = texts(lengths, 7);
    let mut largest: f64 = 0.0;
    for (text, found) in texts.iter().zip(vectors(on, &texts)) {
        let expected = model.vector(text, pooling);
        let off: f64 = found.iter().zip(&expected).map(|(a, b)| (f64::from(*a) - b).powi(2)).sum();
        let size: f64 = expected.iter().map(|value| value * value).sum();
        let off = (off / size).sqrt();
        assert!(!off.is_nan(), "{} {precision:?}: no number in a text of {}", model.family, text.len());
        largest = largest.max(off);
    }
    let most = match precision {
        Precision::F32 => 1e-5,
        Precision::F16 => 5e-3,
        Precision::Bf16 => 4e-2,
    };
    assert!(largest < most, "{} {precision:?} {pooling:?} on {}: off by {largest:.2e}", model.family, device(on));
    largest
}

/// Vectors have the same bits whatever else is in the call.
pub fn is_invariant(on: &CudaModel, lengths: &[usize], rounds: u64) {
    let all = texts(lengths, 11);
    let expected = vectors(on, &all);
    for round in 0..rounds {
        let mut seeded = Seeded(100 + round);
        // Some of the texts, some of them twice, among others, in another order.
        let mut picked: Vec<(Option<usize>, Vec<u32>)> = Vec::new();
        for _ in 0..1 + seeded.below(2 * all.len()) {
            let text = seeded.below(all.len());
            picked.push((Some(text), all[text].clone()));
            if seeded.below(2) == 0 {
                let length = 1 + seeded.below(lengths.iter().copied().max().unwrap());
                picked.push((None, texts(&[length], round).remove(0)));
            }
        }
        let call: Vec<Vec<u32>> = picked.iter().map(|(_, text)| text.clone()).collect();
        for ((text, tokens), found) in picked.iter().zip(vectors(on, &call)) {
            if let Some(text) = text {
                let bits = |vector: &[f32]| vector.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
                assert!(bits(&found) == bits(&expected[*text]), "round {round}: a text of {} differs", tokens.len());
            }
        }
    }
}

/// A text whose numbers overflow leaves those beside it as they are. `on` is a model in f16 with [`Model::with_overflow`].
pub fn overflow_stays_in_its_text(on: &CudaModel) {
    let clean: Vec<Vec<u32>> =
        [20, 65, 7].iter().map(|&length| (1..=length).map(|token| token % 49 + 1).collect()).collect();
    let expected = vectors(on, &clean);
    let broken = vec![vec![0; 20], vec![3, 0, 3], vec![0; 64]];
    let found = vectors(on, &[clean.clone(), broken].concat());
    assert!(found[..3] == expected[..], "a text is changed by one that overflows");
    assert!(found[3..].iter().all(|vector| vector.iter().all(|value| value.is_nan())));
}
