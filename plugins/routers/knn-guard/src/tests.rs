use routerlab_sdk::testing::{easy_and_hard, right_share, specialists, withstands_every_edge};
use routerlab_sdk::{Error, InMemory, Matrix, Preference, Router, State, StateWriter, Unavailable};

use super::{Config, KnnGuard, TAG};

const NONE: f32 = f32::NAN;

#[test]
fn every_kind_of_query_goes_to_its_specialist() {
    let [train, validation, test] = [(600, 1), (100, 2), (200, 3)].map(|(rows, seed)| specialists(3, rows, seed));
    let share = right_share::<KnnGuard>([&train, &validation, &test], Config::default(), Preference::QUALITY);
    assert!(share > 0.95, "{share}");
}

#[test]
fn money_moves_easy_queries_to_the_cheap_model_first() {
    let [train, validation, test] = [(400, 1), (100, 2), (200, 3)].map(|(rows, seed)| easy_and_hard(rows, seed));
    let right = |cost_weight| {
        let preference = Preference { cost_weight, latency_weight: 0.0 };
        right_share::<KnnGuard>([&train, &validation, &test], Config::default(), preference)
    };
    // The dear model costs 0.01 USD more: that is worth 0.3 of a score at 30 per USD, and two scores at 200.
    assert!(right(30.0) > 0.95, "{}", right(30.0));
    let easy = test.best.iter().filter(|best| **best == 0).count() as f64 / 200.0;
    assert_eq!(right(200.0), easy);
}

/// Ten neighbours at one place; model 0 is right on `single` of them and model 1 on `other`, never on the same.
fn choice(single: usize, other: usize, guard: f64) -> u32 {
    let scores = (0..10).flat_map(|row| [f32::from(u8::from(row < single)), f32::from(u8::from(row >= 10 - other))]);
    // Far away model 0 is right on twenty queries more, so it is the best single one.
    let scores: Vec<f32> = scores.chain([1.0, 0.0].repeat(20)).collect();
    let embeddings = [[1.0, 0.0].repeat(10), [0.0, 1.0].repeat(20)].concat();
    let set = InMemory::new(2).embeddings(2, embeddings).scores(scores).build().unwrap();
    let nothing = InMemory::new(2).embeddings(2, vec![]).build().unwrap();
    let config = Config { k: Some(10), guard: Some(guard) };
    let router = KnnGuard::load(KnnGuard::train(&set, &nothing, config, 1).unwrap()).unwrap();
    let queries = InMemory::new(0).embeddings(2, vec![1.0, 0.0]).queries().unwrap();
    router.route(&queries, &[Preference::QUALITY], &Unavailable::NONE).unwrap()[0].choices()[0]
}

#[test]
fn the_best_single_model_is_left_only_for_an_advantage_beyond_its_error() {
    // 6 against 4 of 10: a mean difference of 0.2 with a standard error of sqrt(0.96 x 10 / 9 / 10) = 0.327.
    assert_eq!(choice(4, 6, 0.0), 1);
    assert_eq!(choice(4, 6, 0.5), 1);
    assert_eq!(choice(4, 6, 1.0), 0);
    // 9 against 1: 0.8 with a standard error of 0.2.
    assert_eq!(choice(1, 9, 2.0), 1);
    // No difference is no advantage, whatever the guard.
    assert_eq!(choice(5, 5, 0.0), 0);
}

/// Neighbours at one place, one row each, and thirty queries far away with the last row.
fn chosen(near: &[[f32; 3]], far: [f32; 3], unavailable: &[u32]) -> u32 {
    let scores = [near.concat(), far.repeat(30)].concat();
    let embeddings = [[1.0, 0.0].repeat(near.len()), [0.0, 1.0].repeat(30)].concat();
    let set = InMemory::new(3).embeddings(2, embeddings).scores(scores).build().unwrap();
    let nothing = InMemory::new(3).embeddings(2, vec![]).build().unwrap();
    let config = Config { k: Some(10), guard: Some(1.0) };
    let router = KnnGuard::load(KnnGuard::train(&set, &nothing, config, 1).unwrap()).unwrap();
    let queries = InMemory::new(0).embeddings(2, vec![1.0, 0.0]).queries().unwrap();
    let unavailable = unavailable.iter().copied().collect();
    router.route(&queries, &[Preference::QUALITY], &unavailable).unwrap()[0].choices()[0]
}

#[test]
fn without_the_best_single_model_the_next_one_is_guarded() {
    // Model 0 is best everywhere; then comes model 2, which model 1 beats nearby by 6 to 4 only.
    let near: Vec<[f32; 3]> = (0..10).map(|row| [1.0, f32::from(row < 6), f32::from(row >= 6)]).collect();
    assert_eq!(chosen(&near, [1.0, 0.0, 0.5], &[]), 0);
    assert_eq!(chosen(&near, [1.0, 0.0, 0.5], &[0]), 2);
    assert_eq!(chosen(&near, [1.0, 0.0, 0.5], &[0, 2]), 1);
}

#[test]
fn a_row_without_any_record_is_no_neighbour_and_few_in_common_are_no_evidence() {
    // Ten rows that say nothing lie nearest by their number; behind them model 1 is always right, model 0 never.
    let near = |known: usize| [vec![[NONE; 3]; 10], vec![[0.0, 1.0, NONE]; known]].concat();
    assert_eq!(chosen(&near(10), [1.0, 0.0, NONE], &[]), 1);
    let few = |common: usize| -> Vec<[f32; 3]> {
        (0..10).map(|row| [0.0, if row < common { 1.0 } else { NONE }, NONE]).collect()
    };
    assert_eq!(chosen(&few(5), [1.0, 0.0, NONE], &[]), 1);
    assert_eq!(chosen(&few(4), [1.0, 0.0, NONE], &[]), 0);
}

#[test]
fn settings_that_make_no_sense_and_states_that_do_not_fit_are_refused() {
    let set = InMemory::new(1).embeddings(1, vec![1.0]).scores(vec![1.0]).build().unwrap();
    let refused = |config| KnnGuard::train(&set, &set, config, 1).err();
    let zero = refused(Config { k: Some(0), guard: None });
    assert_eq!(zero, Some(Error::config("k", "must be at least 1: 0")));
    let negative = refused(Config { k: None, guard: Some(-1.0) });
    assert_eq!(negative, Some(Error::config("guard", "must be finite and not negative: -1")));
    assert!(KnnGuard::load(State::default()).is_err());
    let writer = StateWriter::new(TAG).u32(1).f64(1.0).f32s(&[0.5]).f32s(&[0.5, 0.5]).f32s(&[]).f32s(&[]);
    let state = writer.finish(vec![Matrix::new(1, 1, vec![1.0]).unwrap()]);
    assert_eq!(KnnGuard::load(state).err(), Some(Error::malformed("the parts of the state do not fit together")));
}

#[test]
fn it_withstands_every_edge() {
    withstands_every_edge::<KnnGuard>(Config::default);
}
