use routerlab_sdk::Preference;
use routerlab_sdk::testing::{easy_and_hard, right_share, specialists, withstands_every_edge};

use super::{Config, Guessing};

#[test]
fn every_kind_of_query_goes_to_its_specialist() {
    let [train, validation, test] = [(600, 1), (100, 2), (200, 3)].map(|(rows, seed)| specialists(3, rows, seed));
    let share = right_share::<Guessing>([&train, &validation, &test], Config::default(), Preference::QUALITY);
    assert!(share > 0.95, "{share}");
}

#[test]
fn money_moves_easy_queries_to_the_cheap_model_first() {
    let [train, validation, test] = [(400, 1), (100, 2), (200, 3)].map(|(rows, seed)| easy_and_hard(rows, seed));
    let right = |cost_weight| {
        let preference = Preference { cost_weight, latency_weight: 0.0 };
        right_share::<Guessing>([&train, &validation, &test], Config::default(), preference)
    };
    // The dear model costs 0.01 USD more: that is worth 0.3 of a score at 30 per USD, and two scores at 200.
    assert!(right(30.0) > 0.95, "{}", right(30.0));
    let easy = test.best.iter().filter(|best| **best == 0).count() as f64 / 200.0;
    assert_eq!(right(200.0), easy);
}

#[test]
fn it_withstands_every_edge() {
    withstands_every_edge::<Guessing>(Config::default);
}
