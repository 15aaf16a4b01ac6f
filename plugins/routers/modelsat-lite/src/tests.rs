use routerlab_sdk::testing::{easy_and_hard, right_share, specialists, withstands_every_edge};
use routerlab_sdk::{Error, InMemory, Preference, Random, Router, Unavailable};

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

/// Eight models that are each good at one of two kinds of queries; `known` rows have a record of the last model.
fn two_kinds(rows: usize, known: usize, seed: u64) -> InMemory {
    let mut random = Random::new(seed);
    let (mut embeddings, mut scores, mut groups) = (vec![], vec![], vec![]);
    for row in 0..rows {
        let kind = row % 2;
        let near = |random: &mut Random| 0.3 * random.unit() as f32;
        embeddings.extend([kind as f32 + near(&mut random), 1.0 - kind as f32 + near(&mut random), 0.5]);
        for model in 0..8 {
            let right = random.unit() < if model % 2 == kind { 0.9 } else { 0.2 };
            scores.push(if model == 7 && row >= known { f32::NAN } else { f32::from(u8::from(right)) });
        }
        groups.push(kind as u32);
    }
    InMemory::new(8).embeddings(3, embeddings).scores(scores).groups(groups)
}

#[test]
fn a_model_that_is_hardly_known_is_judged_by_its_description() {
    let (train, validation) = (two_kinds(400, 16, 1), two_kinds(100, 0, 2));
    for clusters in [None, Some(2)] {
        let config = Config { clusters, ..Config::default() };
        let state = ModelSat::train(&train.clone().build().unwrap(), &validation.clone().build().unwrap(), config, 1);
        let router = ModelSat::load(state.unwrap()).unwrap();
        let queries = two_kinds(40, 0, 3).queries().unwrap();
        let all_but_the_last = (0..7).collect();
        let decided = router.route(&queries, &[Preference::QUALITY], &all_but_the_last).unwrap();
        let said = decided[0].utilities().unwrap();
        // Sixteen records say what the model is good at; the others taught what that means.
        let mean = |kind: usize| (0..20).map(|row| said.row(2 * row + kind)[7]).sum::<f32>() / 20.0;
        assert!(mean(1) > 0.75 && mean(0) < 0.4, "{clusters:?}: {} {}", mean(1), mean(0));
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let set = two_kinds(8, 8, 1).build().unwrap();
    let cases = [
        (Config { clusters: Some(0), ..Config::default() }, "clusters"),
        (Config { meeting: 0, ..Config::default() }, "meeting"),
        (Config { hidden: 0, ..Config::default() }, "hidden"),
    ];
    for (config, key) in cases {
        assert_eq!(ModelSat::train(&set, &set, config, 1).err(), Some(Error::config(key, "must be at least 1: 0")));
    }
}

#[test]
fn it_withstands_every_edge() {
    withstands_every_edge::<ModelSat>(Config::default);
    withstands_every_edge::<ModelSat>(|| Config { clusters: Some(4), ..Config::default() });
}
