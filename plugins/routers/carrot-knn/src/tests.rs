use routerlab_sdk::testing::{easy_and_hard, right_share, specialists, withstands_every_edge};
use routerlab_sdk::{Error, InMemory, Matrix, Measure, Preference, Random, Router, State, StateWriter, Unavailable};

use super::{CarrotKnn, Config, TAG};

const NONE: f32 = f32::NAN;

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
fn score_and_cost_each_have_the_number_of_neighbours_that_predicts_them_best() {
    // Scores differ from side to side; costs are all noise, for which as many neighbours as there are predict best.
    let planted = |rows: usize, seed| {
        let mut random = Random::new(seed);
        let (mut embeddings, mut scores, mut costs) = (vec![], vec![], vec![]);
        for row in 0..rows {
            let side = (row % 2) as f32;
            embeddings.extend([side * 2.0 - 1.0, random.unit() as f32]);
            scores.extend([side, 1.0 - side]);
            costs.extend([random.unit() as f32, random.unit() as f32]);
        }
        let set = InMemory::new(2).embeddings(2, embeddings).scores(scores).costs_usd(costs);
        set.values(Measure::LatencyMs, [100.0, 200.0].repeat(rows)).build().unwrap()
    };
    let state = CarrotKnn::train(&planted(80, 1), &planted(40, 2), Config::default(), 1).unwrap();
    let [score, cost, latency] = CarrotKnn::load(state).unwrap().measures.map(|kept| kept.k);
    assert_eq!((score, latency), (40, 80));
    assert!(cost >= 20, "{cost}");
}

#[test]
fn a_row_without_any_record_is_no_neighbour() {
    let set = InMemory::new(2).embeddings(1, vec![1.0, 1.0]).scores(vec![NONE, NONE, 0.25, 0.75]).build().unwrap();
    let nothing = InMemory::new(2).embeddings(1, vec![]).build().unwrap();
    let config = Config { k: Some(1), shrink: 0.0 };
    let router = CarrotKnn::load(CarrotKnn::train(&set, &nothing, config, 1).unwrap()).unwrap();
    assert_eq!(router.embeddings.rows(), 1);
    let decided = router.route(set.queries(), &[Preference::QUALITY], &Unavailable::NONE).unwrap();
    assert_eq!(decided[0].utilities().unwrap().row(0), [0.25, 0.75]);
}

#[test]
fn time_moves_queries_to_the_fast_model_and_a_cost_that_is_unknown_for_one_model_moves_none() {
    let set = InMemory::new(2).embeddings(1, vec![1.0; 4]).scores([0.8, 1.0].repeat(4));
    let set = set.values(Measure::LatencyMs, [1000.0, 2000.0].repeat(4)).costs_usd([NONE, 1.0].repeat(4));
    let set = set.build().unwrap();
    let router = CarrotKnn::load(CarrotKnn::train(&set, &set, Config::default(), 1).unwrap()).unwrap();
    let wishes = [(0.0, 0.1), (0.0, 0.3), (9.0, 0.0)];
    let wishes = wishes.map(|(cost_weight, latency_weight)| Preference { cost_weight, latency_weight });
    let decided = router.route(set.queries(), &wishes, &Unavailable::NONE).unwrap();
    let choices: Vec<u32> = decided.iter().map(|decided| decided.choices()[0]).collect();
    assert_eq!(choices, [1, 0, 1]);
}

#[test]
fn settings_that_make_no_sense_and_states_that_do_not_fit_are_refused() {
    let set = InMemory::new(1).embeddings(1, vec![1.0]).scores(vec![1.0]).build().unwrap();
    let refused = |config| CarrotKnn::train(&set, &set, config, 1).err();
    let zero = refused(Config { k: Some(0), shrink: 1.0 });
    assert_eq!(zero, Some(Error::config("k", "must be at least 1: 0")));
    let unclear = refused(Config { k: None, shrink: NONE.into() });
    assert_eq!(unclear, Some(Error::config("shrink", "must be finite and not negative: NaN")));
    let mut writer = StateWriter::new(TAG).u32(2).f64(1.0);
    for _ in 0..3 {
        writer = writer.u32(1).f32s(&[0.5]).f32s(&[0.5]);
    }
    let state = writer.finish(vec![Matrix::new(1, 1, vec![1.0]).unwrap()]);
    assert_eq!(CarrotKnn::load(state).err(), Some(Error::malformed("the parts of the state do not fit together")));
    assert!(CarrotKnn::load(State::default()).is_err());
}

#[test]
fn it_withstands_every_edge() {
    withstands_every_edge::<CarrotKnn>(Config::default);
}
