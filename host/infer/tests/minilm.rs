//! all-MiniLM-L6-v2: the vectors of sentence-transformers, and the same bits in any batch.
//!
//! Needs the model (`make encoder` brings it); skips by name without it.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use routerlab_infer::{Device, Encoder, EncoderSettings, ModelFolder, Truncation};
use serde::Deserialize;

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The model, where it is installed.
fn minilm(test: &str) -> Option<ModelFolder> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| checkout().join("target"), PathBuf::from);
    let folder = target.join("encoders/all-MiniLM-L6-v2");
    if !folder.is_dir() {
        #[allow(clippy::print_stderr, reason = "a test that is skipped says so")]
        {
            eprintln!("skipped `{test}`: there is no `{}`; `make encoder` brings it", folder.display());
        }
        return None;
    }
    Some(ModelFolder::read(&folder).unwrap())
}

fn open(folder: &ModelFolder, threads: usize, settings: &EncoderSettings) -> Encoder {
    let device = Device::Cpu { threads: NonZeroUsize::new(threads).unwrap() };
    Encoder::open(folder, settings, &device).unwrap()
}

#[derive(Deserialize)]
struct Reference {
    texts: Vec<String>,
    tokens: Vec<u64>,
    truncated: Vec<bool>,
}

/// 200 texts of all lengths, and what sentence-transformers makes of them.
fn reference() -> (Reference, Vec<Vec<f32>>) {
    let folder = checkout().join("tests/encoders");
    let texts: Reference = serde_json::from_str(&std::fs::read_to_string(folder.join("minilm.json")).unwrap()).unwrap();
    let bytes = std::fs::read(folder.join("minilm.f32")).unwrap();
    let values: Vec<f32> = bytes.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect();
    (texts, values.chunks_exact(384).map(<[f32]>::to_vec).collect())
}

fn vectors(encoder: &Encoder, texts: &[&str]) -> Vec<Vec<f32>> {
    let found = encoder.encode(texts, &|_, _| {}).unwrap();
    found.into_iter().map(|embedding| embedding.unwrap().vector).collect()
}

fn bits(vector: &[f32]) -> Vec<u32> {
    vector.iter().map(|value| value.to_bits()).collect()
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    product(a, b) / (product(a, a) * product(b, b)).sqrt()
}

#[test]
fn vectors_are_those_of_sentence_transformers_for_texts_of_all_lengths() {
    let Some(folder) = minilm("vectors_are_those_of_sentence_transformers_for_texts_of_all_lengths") else { return };
    let encoder = open(&folder, 2, &EncoderSettings::default());
    let (reference, expected) = reference();
    let texts: Vec<&str> = reference.texts.iter().map(String::as_str).collect();
    let found = encoder.encode(&texts, &|_, _| {}).unwrap();
    assert_eq!((texts.len(), expected.len(), encoder.width()), (200, 200, 384));
    for (at, (found, expected)) in found.into_iter().zip(&expected).enumerate() {
        let found = found.unwrap();
        assert_eq!(found.tokens, reference.tokens[at], "{:?}", texts[at]);
        assert_eq!(found.truncated, reference.truncated[at], "{:?}", texts[at]);
        let cosine = cosine(&found.vector, expected);
        assert!(cosine >= 0.999_999, "{cosine} for {:?}", texts[at]);
        for (found, expected) in found.vector.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-5, "{found} {expected} for {:?}", texts[at]);
        }
    }
    assert!(reference.truncated.iter().filter(|cut| **cut).count() > 10);
}

#[test]
fn a_text_has_the_same_bits_alone_in_random_batches_sorted_and_unsorted() {
    let Some(folder) = minilm("a_text_has_the_same_bits_alone_in_random_batches_sorted_and_unsorted") else { return };
    let encoder = open(&folder, 1, &EncoderSettings::default());
    let texts = five_hundred();
    let alone: Vec<Vec<u32>> = texts.iter().map(|text| bits(&vectors(&encoder, &[text.as_str()])[0])).collect();
    let agree = |encoder: &Encoder, batch: &[usize]| {
        let of_batch: Vec<&str> = batch.iter().map(|&text| texts[text].as_str()).collect();
        for (vector, &text) in vectors(encoder, &of_batch).iter().zip(batch) {
            assert_eq!(bits(vector), alone[text], "{:?} among {} texts", texts[text], batch.len());
        }
    };
    let threads = open(&folder, 3, &EncoderSettings::default());
    let mut order: Vec<usize> = (0..texts.len()).collect();
    agree(&threads, &order);
    order.sort_by_key(|&text| texts[text].len());
    agree(&threads, &order);
    let mut random = Xoshiro256PlusPlus::seed_from_u64(42);
    let mut below = |end: usize| (random.next_u64() % end as u64) as usize;
    for _ in 0..20 {
        let size = 1 + below(60);
        agree(&threads, &(0..size).map(|_| below(texts.len())).collect::<Vec<usize>>());
    }
}

/// The reference's texts and pieces of them: 500 texts of 1 to some 1,000 tokens, most of them short.
fn five_hundred() -> Vec<String> {
    let (reference, _) = reference();
    let mut texts = reference.texts.clone();
    for (at, text) in reference.texts.iter().cycle().enumerate() {
        if texts.len() == 500 {
            break;
        }
        let (skip, take) = (at * 7 % 40, 10 + at * 13 % 150);
        texts.push(format!("{at} {}", text.chars().skip(skip).take(take).collect::<String>()));
    }
    texts
}

#[test]
fn settings_decide_what_is_read_and_what_comes_out() {
    let Some(folder) = minilm("settings_decide_what_is_read_and_what_comes_out") else { return };
    let long: String = (0..40).map(|word| format!("word{word} ")).collect();
    let of = |settings: EncoderSettings, text: &str| {
        open(&folder, 1, &settings).encode(&[text], &|_, _| {}).unwrap().remove(0).unwrap()
    };
    let default = EncoderSettings::default;
    let (end, start) = (
        of(EncoderSettings { max_tokens: Some(12), ..default() }, &long),
        of(EncoderSettings { max_tokens: Some(12), truncation: Truncation::Start, ..default() }, &long),
    );
    assert!(end.truncated && start.truncated && end.tokens == start.tokens && end.tokens > 12);
    // What is read of a text that is cut is its beginning or its end, inside the tokens that stand around every text.
    let words = |range: std::ops::Range<usize>| range.map(|word| format!("word{word} ")).collect::<String>();
    assert_eq!(end.vector, of(EncoderSettings { max_tokens: Some(12), ..default() }, &words(0..5)).vector);
    let last = of(EncoderSettings { max_tokens: Some(12), ..default() }, &words(35..40));
    assert!(cosine(&start.vector, &last.vector) > cosine(&end.vector, &last.vector));

    let prefixed = of(EncoderSettings { prefix: Some("query: ".into()), ..default() }, "a cat");
    assert_eq!(prefixed.vector, of(default(), "query: a cat").vector);
    let plain = of(EncoderSettings { normalize: Some(false), ..default() }, "a cat").vector;
    let unit = of(default(), "a cat").vector;
    let length = |vector: &[f32]| vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    assert!((length(&unit) - 1.0).abs() < 1e-6 && (length(&plain) - 1.0).abs() > 0.1);
    assert!(cosine(&plain, &unit) > 0.999_999_9);
}

#[test]
fn settings_that_do_not_fit_are_refused_with_what_would() {
    let Some(folder) = minilm("settings_that_do_not_fit_are_refused_with_what_would") else { return };
    let error = |settings: EncoderSettings| {
        let device = Device::Cpu { threads: NonZeroUsize::MIN };
        Encoder::open(&folder, &settings, &device).err().unwrap().to_string()
    };
    let default = EncoderSettings::default;
    assert_eq!(
        error(EncoderSettings { max_tokens: Some(513), ..default() }),
        "a limit of 513 tokens: the model has positions for 512"
    );
    assert_eq!(
        error(EncoderSettings { max_tokens: Some(2), ..default() }),
        "a limit of 2 tokens leaves none for the text: the model puts 2 around it"
    );
    assert_eq!(
        error(EncoderSettings { prompt: Some("query".into()), ..default() }),
        "the model has no prompts, so none called `query`"
    );
}
