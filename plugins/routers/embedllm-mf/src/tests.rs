use routerlab_learn::testing::gradient_error;
use routerlab_learn::{Dense, Network, Parameter};
use routerlab_sdk::testing::{easy_and_hard, right_share, specialists, withstands_every_edge};
use routerlab_sdk::{Error, Preference, Random, Router};

use super::{Config, EmbedLlm, Factors};

#[test]
fn every_kind_of_query_goes_to_its_specialist() {
    let [train, validation, test] = [(600, 1), (100, 2), (200, 3)].map(|(rows, seed)| specialists(3, rows, seed));
    let share = right_share::<EmbedLlm>([&train, &validation, &test], Config::default(), Preference::QUALITY);
    assert!(share > 0.95, "{share}");
}

#[test]
fn money_moves_easy_queries_to_the_cheap_model_first() {
    let [train, validation, test] = [(400, 1), (100, 2), (200, 3)].map(|(rows, seed)| easy_and_hard(rows, seed));
    let right = |cost_weight| {
        let preference = Preference { cost_weight, latency_weight: 0.0 };
        right_share::<EmbedLlm>([&train, &validation, &test], Config::default(), preference)
    };
    // The dear model costs 0.01 USD more: that is worth 0.3 of a score at 30 per USD, and two scores at 200.
    assert!(right(30.0) > 0.95, "{}", right(30.0));
    let easy = test.best.iter().filter(|best| **best == 0).count() as f64 / 200.0;
    assert_eq!(right(200.0), easy);
}

fn small() -> Factors {
    let mut projection = Dense::new(2, 2, &mut Random::new(1));
    projection.weights.values = vec![1.0, 0.0, 0.0, 2.0];
    projection.bias.values = vec![0.5, 0.0];
    let (vectors, classifier) = (vec![1.0, -1.0, 0.5, 2.0], vec![2.0, 1.0, 0.25]);
    Factors { projection, vectors: Parameter::new(vectors), classifier: Parameter::new(classifier), noise: 0.5 }
}

#[test]
fn a_logit_is_the_classified_product_of_query_and_model() {
    let (network, mut logits) = (small(), [0.0; 2]);
    network.forward(&[1.0, 3.0], &mut Vec::new(), &mut logits);
    // z = (1.5, 6); w . (p * z) + c.
    assert_eq!(logits, [2.0 * 1.5 - 6.0 + 0.25, 2.0 * 0.75 + 12.0 + 0.25]);
}

#[test]
fn gradients_are_those_of_the_logits() {
    let error = gradient_error(&mut small(), 2, 2, 8);
    assert!(error < 0.01, "{error}");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let set = specialists(2, 10, 1).set.build().unwrap();
    let cases = [
        (Config { factors: 0, ..Config::default() }, Error::config("factors", "must be at least 1: 0")),
        (Config { noise: -1.0, ..Config::default() }, Error::config("noise", "must be finite and not negative: -1")),
    ];
    for (config, expected) in cases {
        assert_eq!(EmbedLlm::train(&set, &set, config, 1).err(), Some(expected));
    }
}

#[test]
fn noise_is_drawn_for_training_only() {
    let mut input = [1.0, 1.0];
    small().disturb(&mut input, &mut Random::new(1));
    assert_ne!(input, [1.0, 1.0]);
    let written = small().write(routerlab_sdk::StateWriter::new("t")).finish(vec![]);
    let read = Factors::read(&mut written.reader("t").unwrap(), 2, 2).unwrap();
    assert_eq!(read.noise, 0.0);
}

#[test]
fn it_withstands_every_edge() {
    withstands_every_edge::<EmbedLlm>(Config::default);
}
