use routerlab_learn::{Adam, Learner, Parameter};
use routerlab_sdk::testing::{easy_and_hard, right_share, specialists, withstands_every_edge};
use routerlab_sdk::{Error, Preference, Random, Router};

use super::network::{Gated, Pairs};
use super::{Config, Mode, RouteLlm};

#[test]
fn every_kind_of_query_goes_to_its_specialist() {
    let [train, validation, test] = [(600, 1), (100, 2), (200, 3)].map(|(rows, seed)| specialists(3, rows, seed));
    let share = right_share::<RouteLlm>([&train, &validation, &test], Config::default(), Preference::QUALITY);
    assert!(share > 0.95, "{share}");
}

#[test]
fn money_moves_easy_queries_to_the_cheap_model_first() {
    let [train, validation, test] = [(400, 1), (100, 2), (200, 3)].map(|(rows, seed)| easy_and_hard(rows, seed));
    let right = |cost_weight| {
        let preference = Preference { cost_weight, latency_weight: 0.0 };
        right_share::<RouteLlm>([&train, &validation, &test], Config::default(), preference)
    };
    // The dear model costs 0.01 USD more: that is worth 0.3 of a score at 30 per USD, and two scores at 200.
    assert!(right(30.0) > 0.95, "{}", right(30.0));
    let easy = test.best.iter().filter(|best| **best == 0).count() as f64 / 200.0;
    assert_eq!(right(200.0), easy);
}

fn pairs(scores: Vec<f32>, rows: usize, models: usize) -> Pairs {
    let mut random = Random::new(3);
    let inputs = (0..rows * 2).map(|_| random.unit() as f32 - 0.5).collect();
    let gated = Gated::new(2, models, &mut random);
    Pairs { gated, inputs, scores, validation: vec![], validation_scores: vec![] }
}

#[test]
fn equal_scores_and_missing_records_teach_nothing() {
    for scores in [vec![1.0, 1.0, 1.0], vec![f32::NAN, 1.0, f32::NAN]] {
        let mut pairs = pairs(scores, 1, 3);
        assert_eq!(pairs.learn(&[0], &mut Random::new(1)), Ok(0));
        assert!(pairs.parameters().iter().all(|parameter| parameter.gradient.iter().all(|slope| *slope == 0.0)));
    }
}

#[test]
fn gradients_are_those_of_the_bradley_terry_loss() {
    let mut pairs = pairs(vec![1.0, 0.0, 0.0, 1.0], 2, 2);
    let loss = |pairs: &Pairs| {
        let directions = pairs.gated.directions();
        let mut strengths = [0.0; 2];
        (0..2)
            .map(|row| {
                pairs.gated.strengths(&directions, &pairs.inputs[row * 2..row * 2 + 2], &mut strengths);
                let ahead = if row == 0 { strengths[0] - strengths[1] } else { strengths[1] - strengths[0] };
                (-ahead).exp().ln_1p()
            })
            .sum::<f32>()
    };
    pairs.learn(&[0, 1], &mut Random::new(1)).unwrap();
    let gradients: Vec<Parameter> = pairs.parameters().into_iter().map(|parameter| parameter.clone()).collect();
    for (at, gradient) in gradients.iter().enumerate() {
        for place in 0..gradient.values.len() {
            pairs.parameters()[at].values[place] += 1e-2;
            let above = loss(&pairs);
            pairs.parameters()[at].values[place] -= 2e-2;
            let rise = (above - loss(&pairs)) / 2e-2;
            pairs.parameters()[at].values[place] += 1e-2;
            let slope = gradient.gradient[place];
            assert!((rise - slope).abs() < 5e-3, "parameter {at}, {place}: {rise} {slope}");
        }
    }
}

fn pair(strong: u32, weak: u32) -> Config {
    Config { mode: Mode::Pair, strong: Some(strong), weak: Some(weak), ..Config::default() }
}

#[test]
fn a_pair_is_all_that_is_chosen_between() {
    let [train, validation, test] = [(300, 1), (100, 2), (200, 3)].map(|(rows, seed)| specialists(3, rows, seed));
    let share = right_share::<RouteLlm>([&train, &validation, &test], pair(0, 2), Preference::QUALITY);
    let theirs = test.best.iter().filter(|best| **best != 1).count() as f64 / 200.0;
    assert!(share <= theirs && share > theirs - 0.08, "{share} of {theirs}");
}

#[test]
fn a_pair_follows_money_by_its_threshold() {
    let [train, validation, test] = [(400, 1), (100, 2), (200, 3)].map(|(rows, seed)| easy_and_hard(rows, seed));
    let easy = test.best.iter().filter(|best| **best == 0).count() as f64 / 200.0;
    for (cost_weight, least) in [(0.0, 0.95), (30.0, 0.95), (200.0, easy)] {
        let preference = Preference { cost_weight, latency_weight: 0.0 };
        let config = Config { mode: Mode::Pair, ..Config::default() };
        let share = right_share::<RouteLlm>([&train, &validation, &test], config, preference);
        assert!(share >= least && (cost_weight < 200.0 || share == easy), "{cost_weight}: {share}");
    }
}

#[test]
fn how_hard_queries_are_has_no_say_in_what_a_strength_is_worth() {
    // Model 1 is better by 0.2 everywhere; the second half of the queries is harder for both.
    let scores = (0..20).flat_map(|row| if row < 10 { [0.5, 0.7] } else { [0.0, 0.2] }).collect();
    let mut learned = pairs(scores, 20, 2);
    for step in 1..200 {
        let terms = learned.learn(&(0..20).collect::<Vec<u32>>(), &mut Random::new(1)).unwrap();
        Adam { rate: 0.05, ..Adam::default() }.step(learned.parameters(), terms, step);
    }
    let (worth, mut strengths) = (learned.worth(), [0.0; 2]);
    learned.gated.strengths(&learned.gated.directions(), &[0.0, 0.0], &mut strengths);
    let difference = worth * (strengths[1] - strengths[0]);
    assert!((difference - 0.2).abs() < 0.05, "{difference}");
}

#[test]
fn roles_without_a_pair_are_refused() {
    let built = specialists(3, 10, 1).set.build().unwrap();
    let wrong = Config { strong: Some(1), ..Config::default() };
    let refused = RouteLlm::train(&built, &built, wrong, 1).unwrap_err();
    assert_eq!(refused, Error::config("strong", "has a meaning only with `mode` = `pair`"));
}

#[test]
fn it_withstands_every_edge() {
    withstands_every_edge::<RouteLlm>(Config::default);
    withstands_every_edge::<RouteLlm>(|| Config { mode: Mode::Pair, ..Config::default() });
}
