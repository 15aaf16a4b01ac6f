use routerlab_learn::{Learner, Parameter};
use routerlab_sdk::testing::{easy_and_hard, right_share, specialists, withstands_every_edge};
use routerlab_sdk::{Error, Preference, Random, Router};

use super::network::{Gated, Pairs};
use super::{Config, RouteLlm};

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

#[test]
fn a_pair_is_all_that_is_chosen_between() {
    let [train, validation, test] = [(300, 1), (100, 2), (200, 3)].map(|(rows, seed)| specialists(3, rows, seed));
    let config = Config { pair: Some([0, 2]), ..Config::default() };
    let share = right_share::<RouteLlm>([&train, &validation, &test], config, Preference::QUALITY);
    let theirs = test.best.iter().filter(|best| **best != 1).count() as f64 / 200.0;
    assert!(share <= theirs && share > theirs - 0.05, "{share} of {theirs}");
    let built = train.set.build().unwrap();
    let wrong = Config { pair: Some([0, 3]), ..Config::default() };
    let refused = RouteLlm::train(&built, &built, wrong, 1).unwrap_err();
    assert_eq!(refused, Error::config("pair", "names model 3 of a pool of 3"));
}

#[test]
fn it_withstands_every_edge() {
    withstands_every_edge::<RouteLlm>(Config::default);
}
