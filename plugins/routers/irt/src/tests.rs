use routerlab_learn::{normal, sigmoid};
use routerlab_sdk::testing::{easy_and_hard, right_share, specialists, withstands_every_edge};
use routerlab_sdk::{Error, InMemory, Preference, Random, Router, Unavailable};

use super::{Config, Irt};

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

/// Abilities and demands in two dimensions, difficulties, and scores that are drawn as the model says; a model that has no
/// idea is right in one of five. The embedding is the demands and the difficulty.
fn answered(rows: usize, seed: u64) -> (InMemory, Vec<[f32; 2]>) {
    const ABILITIES: [[f32; 2]; 2] = [[3.0, 0.0], [0.0, 3.0]];
    let mut random = Random::new(seed);
    let (mut embeddings, mut scores, mut chances) = (vec![], vec![], vec![]);
    for _ in 0..rows {
        let mut draw = || normal(&mut random);
        let (asked, difficulty) = ([1.0 + draw(), 1.0 + draw()], draw());
        let right = ABILITIES.map(|of| 0.2 + 0.8 * sigmoid(of[0] * asked[0] + of[1] * asked[1] - difficulty));
        embeddings.extend([asked[0], asked[1], difficulty, 4.0]);
        scores.extend(right.map(|right| f32::from(u8::from((random.unit() as f32) < right))));
        chances.push(right);
    }
    (InMemory::new(2).embeddings(4, embeddings).scores(scores), chances)
}

#[test]
fn planted_abilities_demands_and_guesses_are_found_again() {
    let [train, validation] = [(3000, 1), (500, 2)].map(|(rows, seed)| answered(rows, seed).0.build().unwrap());
    let (queries, chances) = answered(400, 3);
    let queries = queries.queries().unwrap();
    let error = |guessing| {
        let config = Config { abilities: 2, guessing, ..Config::default() };
        let router = Irt::load(Irt::train(&train, &validation, config, 1).unwrap()).unwrap();
        let decided = router.route(&queries, &[Preference::QUALITY], &Unavailable::NONE).unwrap();
        let said = decided[0].utilities().unwrap();
        let off = |(query, chances): (usize, &[f32; 2])| {
            said.row(query).iter().zip(chances).map(|(said, chance)| (said - chance).abs()).sum::<f32>()
        };
        chances.iter().enumerate().map(off).sum::<f32>() / 800.0
    };
    let (with, without) = (error(true), error(false));
    assert!(with < 0.06 && with < without, "{with} {without}");
}

#[test]
fn no_abilities_are_refused() {
    let set = answered(4, 1).0.build().unwrap();
    let refused = Irt::train(&set, &set, Config { abilities: 0, ..Config::default() }, 1).unwrap_err();
    assert_eq!(refused, Error::config("abilities", "must be at least 1: 0"));
}

#[test]
fn it_withstands_every_edge() {
    withstands_every_edge::<Irt>(Config::default);
    withstands_every_edge::<Irt>(|| Config { guessing: true, ..Config::default() });
}
