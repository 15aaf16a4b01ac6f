use routerlab_sdk::testing::{easy_and_hard, right_share, specialists, withstands_every_edge};
use routerlab_sdk::{InMemory, Preference, Random, Router, Unavailable};

use super::{CarrotKnn, Config};

#[test]
fn every_kind_of_query_goes_to_its_specialist() {
    let [train, validation, test] = [(600, 1), (100, 2), (200, 3)].map(|(rows, seed)| specialists(3, rows, seed));
    let share = right_share::<CarrotKnn>([&train, &validation, &test], Config::default(), Preference::QUALITY);
    assert!(share > 0.95, "{share}");
}

#[test]
fn money_moves_easy_queries_to_the_cheap_model_first() {
    let [train, validation, test] = [(400, 1), (100, 2), (200, 3)].map(|(rows, seed)| easy_and_hard(rows, seed));
    let right = |cost_weight| {
        let preference = Preference { cost_weight, latency_weight: 0.0 };
        right_share::<CarrotKnn>([&train, &validation, &test], Config::default(), preference)
    };
    // The dear model costs 0.01 USD more: that is worth 0.3 of a score at 30 per USD, and two scores at 200.
    assert!(right(30.0) > 0.95, "{}", right(30.0));
    let easy = test.best.iter().filter(|best| **best == 0).count() as f64 / 200.0;
    assert_eq!(right(200.0), easy);
}

#[test]
fn costs_are_those_of_queries_nearby() {
    // Both models are always right; which one is dear depends on the side that a query lies on.
    let mut random = Random::new(1);
    let (mut embeddings, mut costs) = (vec![], vec![]);
    for _ in 0..100 {
        let side = random.below(2) as f32;
        embeddings.extend([side * 2.0 - 1.0, random.unit() as f32 * 0.2]);
        costs.extend([0.001 + 0.01 * side, 0.011 - 0.01 * side]);
    }
    let set = InMemory::new(2).embeddings(2, embeddings).scores(vec![1.0; 200]).costs_usd(costs);
    let built = set.build().unwrap();
    let router = CarrotKnn::load(CarrotKnn::train(&built, &built, Config::default(), 1).unwrap()).unwrap();
    let queries = InMemory::new(0).embeddings(2, vec![-1.0, 0.1, 1.0, 0.1]).queries().unwrap();
    let preference = Preference { cost_weight: 10.0, latency_weight: 0.0 };
    let decided = router.route(&queries, &[preference], &Unavailable::NONE).unwrap();
    assert_eq!(decided[0].choices(), [0, 1]);
}

#[test]
fn it_withstands_every_edge() {
    withstands_every_edge::<CarrotKnn>(Config::default);
}
