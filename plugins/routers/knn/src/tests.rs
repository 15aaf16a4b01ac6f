use routerlab_sdk::{Error, InMemory, Preference, QuerySet, Random, Router, State, StateWriter, Unavailable};

use super::{Config, Knn, TAG};

const NONE: f32 = f32::NAN;

/// Two kinds of queries around (1, 0) and (0, 1), given in turn; model 0 is right on the first kind, model 1 on the
/// second.
fn planted(rows: usize, seed: u64) -> InMemory {
    let mut random = Random::new(seed);
    let mut embeddings = Vec::new();
    let mut scores = Vec::new();
    for row in 0..rows {
        let (x, y) = (0.1 * random.unit() as f32, 1.0 + 0.1 * random.unit() as f32);
        let first = row % 2 == 0;
        embeddings.extend(if first { [y, x] } else { [x, y] });
        scores.extend(if first { [1.0, 0.0] } else { [0.0, 1.0] });
    }
    InMemory::new(2).embeddings(2, embeddings).scores(scores)
}

fn trained(train: InMemory, validation: InMemory, config: Config) -> Result<Knn, Error> {
    Knn::load(Knn::train(&train.build()?, &validation.build()?, config, 1)?)
}

fn choices(knn: &Knn, queries: InMemory, unavailable: &[u32]) -> Vec<u32> {
    let unavailable: Unavailable = unavailable.iter().copied().collect();
    knn.route(&queries.queries().unwrap(), &[Preference::QUALITY], &unavailable).unwrap()[0].choices().to_vec()
}

fn nothing() -> InMemory {
    InMemory::new(2).embeddings(2, vec![])
}

#[test]
fn each_kind_of_query_goes_to_the_model_that_is_right_on_it() {
    let knn = trained(planted(60, 1), planted(20, 2), Config::default()).unwrap();
    assert_eq!(choices(&knn, planted(10, 3), &[]), [0, 1].repeat(5));
    assert_eq!(choices(&knn, planted(4, 3), &[0]), [1; 4]);
}

#[test]
fn a_number_of_neighbours_that_blurs_the_kinds_is_not_chosen() {
    // With all 40 neighbours both models look alike; the validation rows tell the difference.
    let knn = trained(planted(40, 1), planted(20, 2), Config::default()).unwrap();
    assert_eq!(knn.k, 20);
    let blurred = trained(planted(40, 1), nothing(), Config { k: Some(40), ..Config::default() }).unwrap();
    assert_eq!(choices(&blurred, planted(4, 3), &[]), [0; 4]);
    let weighed = trained(planted(40, 1), nothing(), Config { k: Some(40), beta: 5.0, ..Config::default() }).unwrap();
    assert_eq!(choices(&weighed, planted(4, 3), &[]), [0, 1, 0, 1]);
}

#[test]
fn missing_cells_are_left_out_and_an_unknown_model_is_never_preferred() {
    let train =
        InMemory::new(3).embeddings(1, vec![1.0; 3]).scores(vec![0.2, NONE, NONE, NONE, 0.3, NONE, NONE, NONE, NONE]);
    let knn = trained(train, InMemory::new(3).embeddings(1, vec![]), Config::default()).unwrap();
    let decided = knn.route(&one_query(), &[Preference::QUALITY], &Unavailable::NONE).unwrap();
    assert_eq!(decided[0].utilities().unwrap().row(0), [0.2, 0.3, -1.0]);
}

fn one_query() -> QuerySet<'static> {
    InMemory::new(0).embeddings(1, vec![1.0]).queries().unwrap()
}

#[test]
fn shrinking_draws_the_estimate_towards_the_mean() {
    let train = || InMemory::new(1).embeddings(2, vec![1.0, 0.0, 0.0, 1.0]).scores(vec![1.0, 0.0]);
    let estimate = |shrink| {
        let knn = trained(train(), nothing(), Config { k: Some(1), shrink, ..Config::default() }).unwrap();
        let queries = InMemory::new(0).embeddings(2, vec![1.0, 0.0]).queries().unwrap();
        knn.route(&queries, &[], &Unavailable::NONE).unwrap()[0].utilities().unwrap().row(0)[0]
    };
    assert_eq!(estimate(0.0), 1.0);
    assert_eq!(estimate(1.0), 0.75);
}

#[test]
fn one_row_and_one_model_are_enough() {
    let train = InMemory::new(1).embeddings(1, vec![1.0]).scores(vec![0.0]);
    let knn = trained(train.clone(), train, Config::default()).unwrap();
    assert_eq!(choices(&knn, InMemory::new(0).embeddings(1, vec![-1.0, 0.0]), &[]), [0, 0]);
    assert!(choices(&knn, InMemory::new(0).embeddings(1, vec![]), &[]).is_empty());
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
    let cases = [
        (Config { k: Some(0), ..Config::default() }, "`k` must be at least 1: 0"),
        (Config { beta: -1.0, ..Config::default() }, "`beta` must be finite and not negative: -1"),
        (Config { shrink: f64::NAN, ..Config::default() }, "`shrink` must be finite and not negative: NaN"),
    ];
    for (config, expected) in cases {
        assert_eq!(trained(plain(), plain(), config).err(), Some(Error::InvalidConfig(expected.into())));
    }
}

#[test]
fn a_state_whose_parts_do_not_fit_is_refused() {
    assert!(Knn::load(State::default()).is_err());
    let matrix = || vec![routerlab_sdk::Matrix::new(1, 1, vec![1.0]).unwrap()];
    let state = StateWriter::new(TAG).u32(1).f64(0.0).f64(0.0).f32s(&[0.5]).f32s(&[0.5, 0.5]).finish(matrix());
    assert_eq!(Knn::load(state).err(), Some(Error::malformed("the parts of the state do not fit together")));
}

#[test]
fn it_withstands_every_edge() {
    routerlab_sdk::testing::withstands_every_edge::<Knn>(Config::default);
}
