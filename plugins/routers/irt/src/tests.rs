use routerlab_learn::{Dense, Network, Parameter};
use routerlab_sdk::testing::{easy_and_hard, right_share, specialists, withstands_every_edge};
use routerlab_sdk::{Preference, Random};

use super::{Config, Irt, Items};

#[test]
fn every_kind_of_query_goes_to_its_specialist() {
    let [train, validation, test] = [(600, 1), (100, 2), (200, 3)].map(|(rows, seed)| specialists(3, rows, seed));
    let share = right_share::<Irt>([&train, &validation, &test], Config::default(), Preference::QUALITY);
    assert!(share > 0.95, "{share}");
}

#[test]
fn money_moves_easy_queries_to_the_cheap_model_first() {
    let [train, validation, test] = [(400, 1), (100, 2), (200, 3)].map(|(rows, seed)| easy_and_hard(rows, seed));
    let right = |cost_weight| {
        let preference = Preference { cost_weight, latency_weight: 0.0 };
        right_share::<Irt>([&train, &validation, &test], Config::default(), preference)
    };
    // The dear model costs 0.01 USD more: that is worth 0.3 of a score at 30 per USD, and two scores at 200.
    assert!(right(30.0) > 0.95, "{}", right(30.0));
    let easy = test.best.iter().filter(|best| **best == 0).count() as f64 / 200.0;
    assert_eq!(right(200.0), easy);
}

#[test]
fn a_logit_is_ability_times_what_is_asked_less_difficulty() {
    let mut items = Dense::new(1, 3, &mut Random::new(1));
    items.weights.values = vec![1.0, 2.0, 3.0];
    items.bias.values = vec![0.0, 0.0, 1.0];
    let mut network = Items { items, abilities: Parameter::new(vec![1.0, 0.0, 0.5, 0.5]) };
    let (mut hidden, mut logits) = (Vec::new(), [0.0; 2]);
    network.forward(&[2.0], &mut hidden, &mut logits);
    // a = (2, 4), b = 7.
    assert_eq!(logits, [2.0 - 7.0, 3.0 - 7.0]);
    network.backward(&[2.0], &hidden, &[1.0, 1.0]);
    assert_eq!(network.abilities.gradient, [2.0, 4.0, 2.0, 4.0]);
    assert_eq!(network.items.bias.gradient, [1.5, 0.5, -2.0]);
}

#[test]
fn it_withstands_every_edge() {
    withstands_every_edge::<Irt>(Config::default);
}
