use routerlab_sdk::testing::{easy_and_hard, right_share, withstands_every_edge};
use routerlab_sdk::{InMemory, Preference, Router, Unavailable};

use super::{BestRoute, Config};

#[test]
fn money_moves_easy_queries_to_the_cheap_model_first() {
    let [train, validation, test] = [(400, 1), (100, 2), (200, 3)].map(|(rows, seed)| easy_and_hard(rows, seed));
    let right = |cost_weight| {
        let preference = Preference { cost_weight, latency_weight: 0.0 };
        right_share::<BestRoute>([&train, &validation, &test], Config::default(), preference)
    };
    // The dear model costs 0.01 USD more: that is worth 0.3 of a score at 30 per USD, and two scores at 200.
    assert!(right(30.0) > 0.95, "{}", right(30.0));
    let easy = test.best.iter().filter(|best| **best == 0).count() as f64 / 200.0;
    assert_eq!(right(200.0), easy);
}

#[test]
fn of_several_that_match_the_cheapest_is_taken() {
    // Models 1 and 2 are always right, model 0 never; model 2 is cheaper than 1, and 3 is the reference and dearest.
    let rows = 60;
    let embeddings = (0..rows).flat_map(|row| [1.0, (row % 7) as f32]).collect();
    let set = InMemory::new(4)
        .embeddings(2, embeddings)
        .scores([0.0, 1.0, 1.0, 1.0].repeat(rows))
        .costs_usd([0.001, 0.003, 0.002, 0.004].repeat(rows));
    let built = set.clone().build().unwrap();
    let config = || Config { reference: Some(3), threshold: Some(0.5), ..Config::default() };
    let router = BestRoute::load(BestRoute::train(&built, &built, config(), 1).unwrap()).unwrap();
    let choices = |unavailable: &[u32]| {
        let unavailable: Unavailable = unavailable.iter().copied().collect();
        let decided = router.route(&set.clone().queries().unwrap(), &[Preference::QUALITY], &unavailable).unwrap();
        decided[0].choices().to_vec()
    };
    assert_eq!(choices(&[]), vec![2; rows]);
    assert_eq!(choices(&[2]), vec![1; rows]);
    assert_eq!(choices(&[1, 2]), vec![3; rows]);
    assert_eq!(choices(&[1, 2, 3]), vec![0; rows]);
}

#[test]
fn it_withstands_every_edge() {
    withstands_every_edge::<BestRoute>(Config::default);
}
