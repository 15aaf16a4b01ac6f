use routerlab_sdk::{Error, InMemory, Matrix, Preference, Random, Router, State, StateWriter, Unavailable};

use super::{Avengers, Config, Missing, Ranking, TAG};

const NONE: f32 = f32::NAN;

/// Three kinds of queries along three axes, given in turn; each has a model that is right on it and on nothing else.
fn planted(rows: usize, seed: u64) -> InMemory {
    let mut random = Random::new(seed);
    let mut embeddings = Vec::new();
    let mut scores = Vec::new();
    for row in 0..rows {
        for axis in 0..3 {
            let hit = row % 3 == axis;
            embeddings.push(if hit { 1.0 } else { 0.0 } + 0.1 * random.unit() as f32);
            scores.push(if hit { 1.0 } else { 0.0 });
        }
    }
    InMemory::new(3).embeddings(3, embeddings).scores(scores)
}

fn trained(train: InMemory, validation: InMemory, config: Config) -> Result<Avengers, Error> {
    Avengers::load(Avengers::train(&train.build()?, &validation.build()?, config, 7)?)
}

fn choices(router: &Avengers, queries: InMemory, unavailable: &[u32]) -> Vec<u32> {
    let unavailable: Unavailable = unavailable.iter().copied().collect();
    router.route(&queries.queries().unwrap(), &[Preference::QUALITY], &unavailable).unwrap()[0].choices().to_vec()
}

fn nothing() -> InMemory {
    InMemory::new(3).embeddings(3, vec![])
}

#[test]
fn each_kind_of_query_goes_to_the_model_that_is_right_on_it() {
    for ranking in [Ranking::ReciprocalRank, Ranking::Mean] {
        let config = Config { clusters: Some(3), ranking, ..Config::default() };
        let router = trained(planted(60, 1), nothing(), config).unwrap();
        assert_eq!(choices(&router, planted(6, 2), &[]), [0, 1, 2, 0, 1, 2], "{ranking:?}");
        assert!(choices(&router, planted(6, 2), &[1]).iter().all(|&model| model != 1), "{ranking:?}");
    }
}

#[test]
fn the_number_of_clusters_is_chosen_on_validation_and_bounded_by_the_rows() {
    let router = trained(planted(60, 1), planted(30, 2), Config::default()).unwrap();
    assert_eq!(router.centroids.rows(), 8);
    let router = trained(planted(6, 1), planted(30, 2), Config::default()).unwrap();
    assert_eq!(router.centroids.rows(), 6);
    let router = trained(planted(60, 1), nothing(), Config::default()).unwrap();
    assert_eq!(router.centroids.rows(), 32);
}

#[test]
fn worth_is_the_reciprocal_rank_and_ties_keep_the_order_of_the_pool() {
    let train = InMemory::new(4).embeddings(1, vec![1.0; 2]).scores(vec![0.5, 1.0, 0.5, NONE, 0.5, 0.0, 1.0, NONE]);
    let config = Config { clusters: Some(1), ..Config::default() };
    let router = trained(train, InMemory::new(4).embeddings(1, vec![]), config).unwrap();
    assert_eq!(router.worth, [1.0 / 2.0, 1.0 / 3.0, 1.0, 1.0 / 4.0]);
}

#[test]
fn a_missing_record_is_left_out_or_a_wrong_answer_as_configured() {
    let worth = |missing| {
        let train = InMemory::new(2).embeddings(1, vec![1.0; 2]).scores(vec![0.8, 0.5, NONE, 0.5]);
        let config = Config { clusters: Some(1), missing, ..Config::default() };
        trained(train, InMemory::new(2).embeddings(1, vec![]), config).unwrap().worth
    };
    assert_eq!(worth(Missing::LeaveOut), [1.0, 0.5]);
    assert_eq!(worth(Missing::Zero), [0.5, 1.0]);
}

#[test]
fn a_small_cluster_is_drawn_towards_the_overall_mean() {
    let train = InMemory::new(1).embeddings(2, vec![1.0, 0.0, 0.0, 1.0]).scores(vec![1.0, 0.0]);
    let config = Config { clusters: Some(2), ranking: Ranking::Mean, shrink: 1.0, ..Config::default() };
    let mut worth = trained(train, nothing(), config).unwrap().worth;
    worth.sort_by(f32::total_cmp);
    assert_eq!(worth, [0.25, 0.75]);
}

#[test]
fn one_row_and_one_model_are_enough_and_so_are_constant_scores() {
    let train = InMemory::new(1).embeddings(1, vec![1.0]).scores(vec![0.0]);
    let router = trained(train.clone(), train, Config { top_k: 5, ..Config::default() }).unwrap();
    assert_eq!(choices(&router, InMemory::new(0).embeddings(1, vec![-1.0, 0.0]), &[]), [0, 0]);
    assert!(choices(&router, InMemory::new(0).embeddings(1, vec![]), &[]).is_empty());
    let constant = InMemory::new(3).embeddings(3, vec![0.5; 30]).scores(vec![0.5; 30]);
    let router = trained(constant.clone(), constant, Config::default()).unwrap();
    assert_eq!(choices(&router, planted(2, 1), &[]), [0, 0]);
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
        (Config { clusters: Some(0), ..Config::default() }, "`clusters` must be at least 1: 0"),
        (Config { restarts: 0, ..Config::default() }, "`restarts` must be at least 1: 0"),
        (Config { beta: f64::INFINITY, ..Config::default() }, "`beta` must be finite and not negative: inf"),
    ];
    for (config, expected) in cases {
        assert_eq!(trained(plain(), plain(), config).err(), Some(Error::InvalidConfig(expected.into())));
    }
}

#[test]
fn a_state_whose_parts_do_not_fit_is_refused() {
    assert!(Avengers::load(State::default()).is_err());
    let matrix = Matrix::new(1, 1, vec![1.0]).unwrap();
    let state = StateWriter::new(TAG).u32(1).f64(9.0).u32(2).u32(0).f32s(&[0.5]).finish(vec![matrix]);
    assert_eq!(Avengers::load(state).err(), Some(Error::malformed("the parts of the state do not fit together")));
}

#[test]
fn it_withstands_every_edge() {
    routerlab_sdk::testing::withstands_every_edge::<Avengers>(Config::default);
}
