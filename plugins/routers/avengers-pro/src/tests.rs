use routerlab_sdk::Preference;
use routerlab_sdk::testing::{easy_and_hard, right_share, specialists, withstands_every_edge};

use super::Rule;
use super::{AvengersPro, Config};

#[test]
fn every_kind_of_query_goes_to_its_specialist() {
    let [train, validation, test] = [(600, 1), (100, 2), (200, 3)].map(|(rows, seed)| specialists(3, rows, seed));
    let share = right_share::<AvengersPro>([&train, &validation, &test], Config::default(), Preference::QUALITY);
    assert!(share > 0.95, "{share}");
}

#[test]
fn both_rules_move_easy_queries_to_the_cheap_model_first() {
    let [train, validation, test] = [(400, 1), (100, 2), (200, 3)].map(|(rows, seed)| easy_and_hard(rows, seed));
    let easy = test.best.iter().filter(|best| **best == 0).count() as f64 / 200.0;
    for rule in [Rule::Balance, Rule::PlugIn] {
        let right = |cost_weight| {
            let (preference, config) =
                (Preference { cost_weight, latency_weight: 0.0 }, Config { rule, ..Config::default() });
            right_share::<AvengersPro>([&train, &validation, &test], config, preference)
        };
        assert!(right(30.0) > 0.95, "{rule:?}: {}", right(30.0));
        assert_eq!(right(1e5), easy, "{rule:?}");
    }
}

#[test]
fn it_withstands_every_edge() {
    withstands_every_edge::<AvengersPro>(Config::default);
}
