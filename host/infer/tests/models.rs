//! Small models of every family give the vectors that their reference implementation gives.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use routerlab_infer::{Attention, Device, Encoder, EncoderSettings, ModelFolder};
use serde::Deserialize;

#[derive(Deserialize)]
struct Expected {
    limit: u64,
    prefix: String,
    texts: Vec<String>,
    token_ids: Vec<Vec<u32>>,
    embeddings: Vec<Vec<f32>>,
}

const CPU: Device = Device::Cpu { threads: NonZeroUsize::MIN };

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/encoders")
}

fn expected(model: &str, file: &str) -> Expected {
    let path = fixtures().join(model).join(file);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The largest difference of a number from that of the reference, over all texts.
fn farthest(model: &str, file: &str, settings: EncoderSettings) -> f32 {
    let expected = expected(model, file);
    let settings = EncoderSettings { prefix: Some(expected.prefix.clone()), ..settings };
    let folder = ModelFolder::read(&fixtures().join(model)).unwrap();
    let encoder = Encoder::open(&folder, &settings, &CPU).unwrap();
    assert_eq!(encoder.about()["max_tokens"], expected.limit.to_string(), "{model}");
    let texts: Vec<&str> = expected.texts.iter().map(String::as_str).collect();
    let found = encoder.encode(&texts, &|_, _| {}).unwrap();
    let mut farthest = 0f32;
    for (at, found) in found.into_iter().enumerate() {
        let found = found.unwrap();
        let read = found.tokens.min(expected.limit);
        assert_eq!(read, expected.token_ids[at].len() as u64, "{model}: tokens of text {at}");
        assert_eq!(found.truncated, found.tokens > expected.limit, "{model}: text {at}");
        assert_eq!(found.vector.len(), expected.embeddings[at].len());
        for (a, b) in found.vector.iter().zip(&expected.embeddings[at]) {
            farthest = farthest.max((a - b).abs());
        }
    }
    farthest
}

#[test]
fn every_family_gives_the_vectors_of_its_reference() {
    let models =
        ["bert-cls", "bert-mean", "e5-like", "xlm-roberta", "roberta-mean", "mpnet", "distilbert", "qwen2", "qwen3"];
    for model in models {
        let apart = farthest(model, "expected.json", EncoderSettings::default());
        assert!(apart < 1e-5, "{model}: {apart}");
    }
    let both = EncoderSettings { attention: Some(Attention::Bidirectional), ..EncoderSettings::default() };
    let apart = farthest("qwen2", "expected_bidirectional.json", both);
    assert!(apart < 1e-5, "qwen2, bidirectional: {apart}");
}
