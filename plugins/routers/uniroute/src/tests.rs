use routerlab_sdk::testing::{easy_and_hard, right_share, specialists, withstands_every_edge};
use routerlab_sdk::{Error, InMemory, Matrix, Preference, Router, State, StateWriter, Unavailable};

use super::{Config, TAG, UniRoute};

#[test]
fn every_kind_of_query_goes_to_its_specialist() {
    let [train, validation, test] = [(600, 1), (100, 2), (200, 3)].map(|(rows, seed)| specialists(3, rows, seed));
    let share = right_share::<UniRoute>([&train, &validation, &test], Config::default(), Preference::QUALITY);
    assert!(share > 0.95, "{share}");
}

#[test]
fn money_moves_easy_queries_to_the_cheap_model_first() {
    let [train, validation, test] = [(400, 1), (100, 2), (200, 3)].map(|(rows, seed)| easy_and_hard(rows, seed));
    let right = |cost_weight| {
        let preference = Preference { cost_weight, latency_weight: 0.0 };
        right_share::<UniRoute>([&train, &validation, &test], Config::default(), preference)
    };
    // The dear model costs 0.01 USD more: that is worth 0.3 of a score at 30 per USD, and two scores at 200.
    assert!(right(30.0) > 0.95, "{}", right(30.0));
    let easy = test.best.iter().filter(|best| **best == 0).count() as f64 / 200.0;
    assert_eq!(right(200.0), easy);
}

#[test]
fn a_models_score_is_one_less_its_error_in_the_querys_cluster() {
    let embeddings = [[1.0, 0.0].repeat(4), [0.0, 1.0].repeat(4)].concat();
    let scores = vec![1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, f32::NAN, 0.5, 1.0, 0.5, 1.0, 0.5, 0.0, 0.5, 0.0];
    let set = InMemory::new(2).embeddings(2, embeddings).scores(scores).build().unwrap();
    let config = Config { clusters: Some(2), ..Config::default() };
    let router = UniRoute::load(UniRoute::train(&set, &set, config, 1).unwrap()).unwrap();
    let queries = InMemory::new(0).embeddings(2, vec![1.0, 0.1, 0.1, 1.0]).queries().unwrap();
    let decided = router.route(&queries, &[Preference::QUALITY], &Unavailable::NONE).unwrap();
    let utilities = decided[0].utilities().unwrap();
    assert_eq!((utilities.row(0), utilities.row(1)), (&[0.5, 0.0][..], &[0.5, 0.5][..]));
}

#[test]
fn a_model_is_described_alike_whoever_else_is_in_the_pool() {
    let all = specialists(3, 120, 1).set.build().unwrap();
    let table = all.table(routerlab_sdk::Measure::Score).unwrap();
    let two: Vec<f32> = (0..120).flat_map(|row| table.row(row)[1..].to_vec()).collect();
    let embeddings = all.queries().embeddings(0, 120).unwrap();
    let without = InMemory::new(2).embeddings(all.queries().embedding_width(), embeddings).scores(two).build().unwrap();
    let errors = |set| {
        let config = Config { clusters: Some(5), ..Config::default() };
        UniRoute::load(UniRoute::train(set, set, config, 1).unwrap()).unwrap().errors
    };
    let described: Vec<f32> = errors(&all).chunks_exact(3).flat_map(|errors| errors[1..].to_vec()).collect();
    assert_eq!(described, errors(&without));
}

#[test]
fn a_cluster_that_tells_nothing_of_a_model_gives_its_mean_and_an_unknown_model_is_never_preferred() {
    let embeddings = vec![1.0, 0.0, 1.0, 0.0, 0.0, 1.0];
    let scores = vec![0.0, 0.25, f32::NAN, 0.0, 0.75, f32::NAN, 0.0, f32::NAN, f32::NAN];
    let set = InMemory::new(3).embeddings(2, embeddings).scores(scores).build().unwrap();
    let config = Config { clusters: Some(2), ..Config::default() };
    let router = UniRoute::load(UniRoute::train(&set, &set, config, 1).unwrap()).unwrap();
    let decided = router.route(set.queries(), &[Preference::QUALITY], &Unavailable::NONE).unwrap();
    assert_eq!(decided[0].utilities().unwrap().row(2), [0.0, 0.5, -1.0]);
}

#[test]
fn settings_that_make_no_sense_and_states_that_do_not_fit_are_refused() {
    let set = InMemory::new(1).embeddings(1, vec![1.0]).scores(vec![1.0]).build().unwrap();
    for (config, key) in [
        (Config { clusters: Some(0), ..Config::default() }, "clusters"),
        (Config { restarts: 0, ..Config::default() }, "restarts"),
        (Config { rounds: 0, ..Config::default() }, "rounds"),
    ] {
        assert_eq!(UniRoute::train(&set, &set, config, 1).err(), Some(Error::config(key, "must be at least 1: 0")));
    }
    assert!(UniRoute::load(State::default()).is_err());
    let state = StateWriter::new(TAG).u32(2).f32s(&[0.5]).f32s(&[]).f32s(&[]);
    let state = state.finish(vec![Matrix::new(1, 1, vec![1.0]).unwrap()]);
    assert_eq!(UniRoute::load(state).err(), Some(Error::malformed("the parts of the state do not fit together")));
}

#[test]
fn it_withstands_every_edge() {
    withstands_every_edge::<UniRoute>(Config::default);
}
