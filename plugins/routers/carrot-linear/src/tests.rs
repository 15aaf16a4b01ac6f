use routerlab_sdk::{Error, InMemory, Matrix, Measure, Preference, Random, Router, State, StateWriter, Unavailable};

use super::{CarrotLinear, Config, TAG};

const NONE: f32 = f32::NAN;

/// Queries from easy (1, 0) to hard (0, 1). Model 0 is cheap and fast and fails as they get harder; model 1 is dear
/// and slow and always right.
fn planted(rows: usize, seed: u64) -> InMemory {
    let mut random = Random::new(seed);
    let (mut embeddings, mut scores, mut costs, mut latencies) = (vec![], vec![], vec![], vec![]);
    for _ in 0..rows {
        let angle = random.unit() as f32 * std::f32::consts::FRAC_PI_2;
        embeddings.extend([angle.cos(), angle.sin()]);
        scores.extend([angle.cos(), 1.0]);
        costs.extend([0.001, 0.011]);
        latencies.extend([100.0, 1100.0]);
    }
    let set = InMemory::new(2).embeddings(2, embeddings).scores(scores).costs_usd(costs);
    set.values(Measure::LatencyMs, latencies)
}

fn trained(train: InMemory, validation: InMemory, config: Config) -> Result<CarrotLinear, Error> {
    CarrotLinear::load(CarrotLinear::train(&train.build()?, &validation.build()?, config, 7)?)
}

fn choices(router: &CarrotLinear, queries: InMemory, cost_weight: f32, latency_weight: f32) -> Vec<u32> {
    let preference = Preference { cost_weight, latency_weight };
    let decided = router.route(&queries.queries().unwrap(), &[preference], &Unavailable::NONE).unwrap();
    decided[0].choices().to_vec()
}

/// An easy, a middling and a hard query.
fn three() -> InMemory {
    InMemory::new(0).embeddings(2, vec![1.0, 0.05, 0.6, 0.8, 0.05, 1.0])
}

fn nothing(models: usize, width: usize) -> InMemory {
    InMemory::new(models).embeddings(width, vec![])
}

#[test]
fn the_dearer_money_is_the_more_goes_to_the_cheap_model() {
    let router = trained(planted(200, 1), planted(50, 2), Config::default()).unwrap();
    // The dear model costs 0.01 USD more and is better by 0, 0.4 and 0.95.
    assert_eq!(choices(&router, three(), 0.0, 0.0), [1, 1, 1]);
    assert_eq!(choices(&router, three(), 20.0, 0.0), [0, 1, 1]);
    assert_eq!(choices(&router, three(), 60.0, 0.0), [0, 0, 1]);
    assert_eq!(choices(&router, three(), 200.0, 0.0), [0, 0, 0]);
}

#[test]
fn the_dearer_time_is_the_more_goes_to_the_fast_model() {
    let router = trained(planted(200, 1), planted(50, 2), Config::default()).unwrap();
    // The slow model takes one second more.
    assert_eq!(choices(&router, three(), 0.0, 0.2), [0, 1, 1]);
    assert_eq!(choices(&router, three(), 0.0, 0.6), [0, 0, 1]);
}

#[test]
fn one_answer_is_given_for_each_preference_in_order() {
    let router = trained(planted(200, 1), nothing(2, 2), Config { lambda: Some(0.01) }).unwrap();
    let preferences = [0.0, 200.0, 20.0].map(|cost_weight| Preference { cost_weight, latency_weight: 0.0 });
    let decided = router.route(&three().queries().unwrap(), &preferences, &Unavailable::NONE).unwrap();
    let decided: Vec<_> = decided.iter().map(|decisions| decisions.choices().to_vec()).collect();
    assert_eq!(decided, [[1, 1, 1], [0, 0, 0], [0, 1, 1]]);
    assert_eq!(router.route(&three().queries().unwrap(), &[], &Unavailable::NONE), Ok(vec![]));
}

#[test]
fn a_measure_that_is_unknown_for_a_model_is_left_out_for_all() {
    let costs = |first: f32| planted(100, 1).costs_usd([first, 0.011].repeat(100));
    for unknown in [costs(NONE), planted(100, 1).costs_usd(vec![])] {
        let router = trained(unknown, nothing(2, 2), Config::default()).unwrap();
        assert_eq!(choices(&router, three(), 200.0, 0.0), choices(&router, three(), 0.0, 0.0));
        assert_eq!(choices(&router, three(), 200.0, 0.0)[1..], [1, 1]);
    }
    let known = trained(costs(0.001), nothing(2, 2), Config::default()).unwrap();
    assert_eq!(choices(&known, three(), 200.0, 0.0), [0, 0, 0]);
}

#[test]
fn missing_cells_are_left_out_and_an_unknown_model_is_never_preferred() {
    let scores: Vec<f32> = (0..100).flat_map(|row| [if row % 2 == 0 { 0.4 } else { NONE }, 0.3, NONE]).collect();
    let embeddings = (0..100).flat_map(|row| [1.0, row as f32]).collect();
    let train = InMemory::new(3).embeddings(2, embeddings).scores(scores);
    let router = trained(train, nothing(3, 2), Config::default()).unwrap();
    let decided = router.route(&three().queries().unwrap(), &[Preference::QUALITY], &Unavailable::NONE).unwrap();
    for query in 0..3 {
        let row = decided[0].utilities().unwrap().row(query);
        assert!((row[0] - 0.4).abs() < 1e-5 && (row[1] - 0.3).abs() < 1e-5 && row[2] == -1.0, "{row:?}");
    }
}

#[test]
fn a_penalty_that_forgets_everything_is_not_chosen() {
    let forgets = trained(planted(200, 1), nothing(2, 2), Config { lambda: Some(1e6) }).unwrap();
    let chosen = trained(planted(200, 1), planted(50, 2), Config::default()).unwrap();
    let error = |router: &CarrotLinear| router.squared_errors(&planted(50, 3).build().unwrap()).unwrap()[0];
    assert!(error(&chosen) < 0.1 * error(&forgets), "{} {}", error(&chosen), error(&forgets));
}

#[test]
fn one_row_and_one_model_are_enough() {
    let train = InMemory::new(1).embeddings(1, vec![1.0]).scores(vec![0.25]);
    let router = trained(train.clone(), train, Config::default()).unwrap();
    let queries = InMemory::new(0).embeddings(1, vec![-1.0, 0.0]).queries().unwrap();
    let decided = router.route(&queries, &[Preference::QUALITY], &Unavailable::NONE).unwrap();
    assert_eq!(decided[0].choices(), [0, 0]);
    assert!(choices(&router, nothing(1, 1), 1.0, 1.0).is_empty());
    let refused = router.route(&queries, &[Preference::QUALITY], &[0].into_iter().collect()).err();
    assert_eq!(refused, Some(Error::unsupported("no model is available")));
}

#[test]
fn what_cannot_be_done_is_refused() {
    let plain = || InMemory::new(1).scores(vec![1.0]);
    let no_embeddings = trained(plain(), plain(), Config::default()).err();
    assert_eq!(no_embeddings, Some(Error::unsupported("this router needs embeddings and the run has none")));
    let unscored = InMemory::new(1).embeddings(1, vec![1.0]).scores(vec![NONE]);
    for unscored in [unscored, InMemory::new(1).embeddings(1, vec![])] {
        let refused = trained(unscored.clone(), unscored, Config::default()).err();
        assert_eq!(refused, Some(Error::unsupported("no model has a score in training")));
    }
    let refused = trained(plain(), plain(), Config { lambda: Some(0.0) }).err();
    assert_eq!(refused, Some(Error::InvalidConfig("`lambda` must be finite and positive: 0".into())));
}

#[test]
fn a_state_whose_parts_do_not_fit_is_refused() {
    assert!(CarrotLinear::load(State::default()).is_err());
    let matrix = Matrix::new(1, 1, vec![1.0]).unwrap();
    let state = StateWriter::new(TAG).u32(1).u32(7).f32s(&[0.5; 3]).finish(vec![matrix]);
    assert_eq!(CarrotLinear::load(state).err(), Some(Error::malformed("the parts of the state do not fit together")));
}

#[test]
fn it_withstands_every_edge() {
    routerlab_sdk::testing::withstands_every_edge::<CarrotLinear>(Config::default);
}
