use routerlab_learn::Missing;
use routerlab_sdk::testing::{easy_and_hard, right_share, specialists, withstands_every_edge};
use routerlab_sdk::{Error, InMemory, Preference, Router, State, Unavailable};

use super::{AvengersPro, Config, Rule};

const NONE: f32 = f32::NAN;

#[test]
fn every_kind_of_query_goes_to_its_specialist() {
    let [train, validation, test] = [(600, 1), (100, 2), (200, 3)].map(|(rows, seed)| specialists(3, rows, seed));
    let share = right_share::<AvengersPro>([&train, &validation, &test], Config::default(), Preference::QUALITY);
    assert!(share > 0.95, "{share}");
}

#[test]
fn both_rules_move_easy_queries_to_the_cheap_model_first() {
    let [train, validation, test] = [(400, 1), (100, 2), (200, 3)].map(|(rows, seed)| easy_and_hard(rows, seed));
    let easy = test.best.iter().filter(|best| **best == 0).count() as f64 / 200.0;
    for rule in [Rule::Balance, Rule::PlugIn] {
        let right = |cost_weight| {
            let (preference, config) =
                (Preference { cost_weight, latency_weight: 0.0 }, Config { rule, ..Config::default() });
            right_share::<AvengersPro>([&train, &validation, &test], config, preference)
        };
        assert!(right(30.0) > 0.95, "{rule:?}: {}", right(30.0));
        assert_eq!(right(1e5), easy, "{rule:?}");
    }
}

#[test]
fn a_missing_record_is_free_only_where_the_reference_is_followed() {
    // Model 1 is as dear as model 0 where it has a record, and has few. At the cheap end the reference falls for it.
    let scores = [[1.0, 0.5], [1.0, NONE], [1.0, NONE], [1.0, NONE]].concat();
    let costs = [[0.010, 0.012], [0.010, NONE], [0.010, NONE], [0.010, NONE]].concat();
    let set = InMemory::new(2).embeddings(1, vec![1.0; 4]).scores(scores).costs_usd(costs).build().unwrap();
    let cheapest = |missing| {
        let config = Config { clusters: Some(1), missing, ..Config::default() };
        let router = AvengersPro::load(AvengersPro::train(&set, &set, config, 1).unwrap()).unwrap();
        let wish = Preference { cost_weight: 1e6, latency_weight: 0.0 };
        router.route(set.queries(), &[wish], &Unavailable::NONE).unwrap()[0].choices().to_vec()
    };
    assert_eq!(cheapest(Missing::LeaveOut), [0; 4]);
    assert_eq!(cheapest(Missing::Zero), [1; 4]);
}

#[test]
fn both_ends_of_the_grid_are_reached() {
    // The grid of a run, over the dearest model's mean cost: 0, and 0.001 to 1000.
    let planted = easy_and_hard(400, 1);
    let set = planted.set.build().unwrap();
    let router = AvengersPro::load(AvengersPro::train(&set, &set, Config::default(), 1).unwrap()).unwrap();
    let wishes = [0.0, 0.001, 1000.0].map(|p| Preference { cost_weight: p / 0.011, latency_weight: 0.0 });
    let decided = router.route(set.queries(), &wishes, &Unavailable::NONE).unwrap();
    let dear = |at: usize| decided[at].choices().iter().filter(|choice| **choice == 1).count();
    let hard = planted.best.iter().filter(|best| **best == 1).count();
    assert!(dear(0) >= hard && dear(1) >= hard * 95 / 100, "{} {} of {hard}", dear(0), dear(1));
    assert_eq!(dear(2), 0);
}

#[test]
fn settings_that_make_no_sense_and_states_that_do_not_fit_are_refused() {
    let set = InMemory::new(1).embeddings(1, vec![1.0]).scores(vec![1.0]).build().unwrap();
    let cases = [
        (Config { clusters: Some(0), ..Config::default() }, Error::config("clusters", "must be at least 1: 0")),
        (Config { top_k: 0, ..Config::default() }, Error::config("top_k", "must be at least 1: 0")),
        (Config { beta: -1.0, ..Config::default() }, Error::config("beta", "must be finite and not negative: -1")),
    ];
    for (config, expected) in cases {
        assert_eq!(AvengersPro::train(&set, &set, config, 1).err(), Some(expected));
    }
    assert!(AvengersPro::load(State::default()).is_err());
    let mut state = AvengersPro::train(&set, &set, Config::default(), 1).unwrap();
    state.matrices[0] = state.matrices[0].gather(&[0, 0]).unwrap();
    assert_eq!(AvengersPro::load(state).err(), Some(Error::malformed("the parts of the state do not fit together")));
}

#[test]
fn it_withstands_every_edge_by_either_rule() {
    for rule in [Rule::Balance, Rule::PlugIn] {
        withstands_every_edge::<AvengersPro>(|| Config { rule, ..Config::default() });
    }
}
