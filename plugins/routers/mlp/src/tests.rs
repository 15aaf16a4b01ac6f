use routerlab_sdk::testing::Planted;
use routerlab_sdk::testing::{easy_and_hard, right_share, specialists, withstands_every_edge};
use routerlab_sdk::{InMemory, Preference, Random, Router, Unavailable};

use super::{Config, Mlp};

#[test]
fn every_kind_of_query_goes_to_its_specialist() {
    let [train, validation, test] = [(600, 1), (100, 2), (200, 3)].map(|(rows, seed)| specialists(3, rows, seed));
    let share = right_share::<Mlp>([&train, &validation, &test], Config::default(), Preference::QUALITY);
    assert!(share > 0.95, "{share}");
}

#[test]
fn money_moves_easy_queries_to_the_cheap_model_first() {
    let [train, validation, test] = [(400, 1), (100, 2), (200, 3)].map(|(rows, seed)| easy_and_hard(rows, seed));
    let right = |cost_weight| {
        let preference = Preference { cost_weight, latency_weight: 0.0 };
        right_share::<Mlp>([&train, &validation, &test], Config::default(), preference)
    };
    // The dear model costs 0.01 USD more: that is worth 0.3 of a score at 30 per USD, and two scores at 200.
    assert!(right(30.0) > 0.95, "{}", right(30.0));
    let easy = test.best.iter().filter(|best| **best == 0).count() as f64 / 200.0;
    assert_eq!(right(200.0), easy);
}

/// Model 0 is right where two signs agree, model 1 where they differ: no linear rule tells them apart.
fn agreeing(rows: usize, seed: u64) -> Planted {
    let mut random = Random::new(seed);
    let (mut embeddings, mut scores, mut best) = (vec![], vec![], vec![]);
    for _ in 0..rows {
        let sides = [random.below(2), random.below(2)];
        let differ = sides[0] ^ sides[1];
        embeddings.extend(sides.map(|side| side as f32 * 2.0 - 1.0 + random.unit() as f32 * 0.4 - 0.2));
        scores.extend([1.0 - differ as f32, differ as f32]);
        best.push(differ);
    }
    Planted { set: InMemory::new(2).embeddings(2, embeddings).scores(scores), best }
}

#[test]
fn the_hidden_layer_learns_what_no_linear_rule_can() {
    let [train, validation, test] = [(600, 1), (100, 2), (200, 3)].map(|(rows, seed)| agreeing(rows, seed));
    let share = |hidden| {
        let config = Config { hidden, ..Config::default() };
        right_share::<Mlp>([&train, &validation, &test], config, Preference::QUALITY)
    };
    assert!(share(32) > 0.95 && share(0) < 0.75, "{} {}", share(32), share(0));
}

#[test]
fn a_free_model_of_which_no_score_is_known_is_never_preferred() {
    let scores = [0.2, 0.9, f32::NAN].repeat(30);
    let set = InMemory::new(3).embeddings(1, vec![1.0; 30]).scores(scores).costs_usd([0.01, 0.02, 0.0].repeat(30));
    let built = set.clone().build().unwrap();
    let router = Mlp::load(Mlp::train(&built, &built, Config::default(), 1).unwrap()).unwrap();
    let preferences = [0.0, 1e6].map(|cost_weight| Preference { cost_weight, latency_weight: 0.0 });
    let decided = router.route(&set.queries().unwrap(), &preferences, &Unavailable::NONE).unwrap();
    assert!(decided[0].choices().iter().all(|&choice| choice == 1));
    assert!(decided[1].choices().iter().all(|&choice| choice == 0));
}

#[test]
fn it_withstands_every_edge() {
    withstands_every_edge::<Mlp>(Config::default);
}
