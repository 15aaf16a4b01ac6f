use routerlab_sdk::testing::{easy_and_hard, right_share, withstands_every_edge};
use routerlab_sdk::{Error, Preference, Router};

use super::{Config, HybridLlm};

#[test]
fn money_moves_easy_queries_to_the_cheap_model_first() {
    let [train, validation, test] = [(400, 1), (100, 2), (200, 3)].map(|(rows, seed)| easy_and_hard(rows, seed));
    let right = |cost_weight| {
        let preference = Preference { cost_weight, latency_weight: 0.0 };
        right_share::<HybridLlm>([&train, &validation, &test], Config::default(), preference)
    };
    // The dear model costs 0.01 USD more: that is worth 0.3 of a score at 30 per USD, and two scores at 200.
    assert!(right(30.0) > 0.95, "{}", right(30.0));
    let easy = test.best.iter().filter(|best| **best == 0).count() as f64 / 200.0;
    assert_eq!(right(200.0), easy);
}

#[test]
fn with_enough_slack_the_small_model_is_always_good_enough() {
    let [train, validation, test] = [(400, 1), (100, 2), (200, 3)].map(|(rows, seed)| easy_and_hard(rows, seed));
    let config = Config { slack: 1.0, ..Config::default() };
    let preference = Preference { cost_weight: 100.0, latency_weight: 0.0 };
    let easy = test.best.iter().filter(|best| **best == 0).count() as f64 / 200.0;
    assert_eq!(right_share::<HybridLlm>([&train, &validation, &test], config, preference), easy);
}

#[test]
fn a_model_that_does_not_exist_is_named() {
    let set = easy_and_hard(10, 1).set.build().unwrap();
    let refused = HybridLlm::train(&set, &set, Config { small: Some(2), ..Config::default() }, 1).unwrap_err();
    assert_eq!(refused, Error::config("small", "is model 2 of a pool of 2"));
}

#[test]
fn it_withstands_every_edge() {
    withstands_every_edge::<HybridLlm>(Config::default);
}
