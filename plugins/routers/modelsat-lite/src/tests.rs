use routerlab_sdk::testing::{easy_and_hard, right_share, specialists, withstands_every_edge};
use routerlab_sdk::{InMemory, Preference, Random, Router, Unavailable};

use super::{Config, ModelSat};

#[test]
fn every_kind_of_query_goes_to_its_specialist() {
    let [train, validation, test] = [(600, 1), (100, 2), (200, 3)].map(|(rows, seed)| specialists(3, rows, seed));
    let share = right_share::<ModelSat>([&train, &validation, &test], Config::default(), Preference::QUALITY);
    assert!(share > 0.95, "{share}");
}

#[test]
fn money_moves_easy_queries_to_the_cheap_model_first() {
    let [train, validation, test] = [(400, 1), (100, 2), (200, 3)].map(|(rows, seed)| easy_and_hard(rows, seed));
    let right = |cost_weight| {
        let preference = Preference { cost_weight, latency_weight: 0.0 };
        right_share::<ModelSat>([&train, &validation, &test], Config::default(), preference)
    };
    // The dear model costs 0.01 USD more: that is worth 0.3 of a score at 30 per USD, and two scores at 200.
    assert!(right(30.0) > 0.95, "{}", right(30.0));
    let easy = test.best.iter().filter(|best| **best == 0).count() as f64 / 200.0;
    assert_eq!(right(200.0), easy);
}

#[test]
fn models_that_are_described_alike_are_judged_alike() {
    // Models 0 and 1 give the same answers; model 2 is right where they are wrong.
    let mut random = Random::new(4);
    let (mut embeddings, mut scores, mut groups) = (vec![], vec![], vec![]);
    for row in 0..300 {
        let right = random.below(2) as f32;
        embeddings.extend([right * 2.0 - 1.0, random.unit() as f32 - 0.5, 1.0]);
        scores.extend([right, right, 1.0 - right]);
        groups.push(row % 2);
    }
    let set = InMemory::new(3).embeddings(3, embeddings).scores(scores).groups(groups);
    let nothing = InMemory::new(3).embeddings(3, vec![]).build().unwrap();
    let state = ModelSat::train(&set.clone().build().unwrap(), &nothing, Config::default(), 1).unwrap();
    let router = ModelSat::load(state).unwrap();
    let decided = router.route(&set.queries().unwrap(), &[Preference::QUALITY], &Unavailable::NONE).unwrap();
    let utilities = decided[0].utilities().unwrap();
    assert!((0..300).all(|row| utilities.row(row)[0] == utilities.row(row)[1]));
    assert!((0..300).any(|row| utilities.row(row)[0] > 0.9) && (0..300).any(|row| utilities.row(row)[2] > 0.9));
}

#[test]
fn it_withstands_every_edge() {
    withstands_every_edge::<ModelSat>(Config::default);
}
