use routerlab_learn::{Dense, Learner, Parameter};
use routerlab_sdk::testing::{right_share, specialists, withstands_every_edge};
use routerlab_sdk::{InMemory, Measure, Preference, Random, TrainingSet};

use super::contrast::{Contrast, Dual};
use super::{Config, RouterDc};

#[test]
fn every_kind_of_query_goes_to_its_specialist() {
    let [train, validation, test] = [(600, 1), (100, 2), (200, 3)].map(|(rows, seed)| specialists(3, rows, seed));
    let share = right_share::<RouterDc>([&train, &validation, &test], Config::default(), Preference::QUALITY);
    assert!(share > 0.95, "{share}");
}

fn dual<'a>(scores: Vec<f32>, models: usize, query_weight: f32, nothing: &'a TrainingSet<'static>) -> Dual<'a> {
    let mut random = Random::new(3);
    let rows = scores.len() / models;
    let set = InMemory::new(models).scores(scores).build().unwrap();
    Dual {
        query: Dense::new(3, 4, &mut random),
        models: Parameter::new((0..models * 4).map(|_| random.unit() as f32 - 0.5).collect()),
        inputs: (0..rows * 3).map(|_| random.unit() as f32 - 0.5).collect(),
        scores: set.table(Measure::Score).unwrap(),
        clusters: (0..rows as u32).map(|row| row % 2).collect(),
        validation: vec![],
        judged_on: nothing,
        contrast: Contrast { temperature: 0.5, contrasted: 3, query_weight, negatives: 1 },
    }
}

fn slopes(dual: &mut Dual<'_>) -> Vec<f32> {
    let rows: Vec<u32> = (0..dual.clusters.len() as u32).collect();
    dual.learn(&rows, &mut Random::new(1)).unwrap();
    dual.parameters().into_iter().flat_map(|parameter| parameter.gradient.clone()).collect()
}

#[test]
fn a_query_that_all_or_none_answer_sets_no_model_against_another() {
    let nothing = InMemory::new(4).embeddings(3, vec![]).build().unwrap();
    // All negatives are too good; all positives have scored nothing; nothing is known.
    for scores in [[1.0, 0.9, 0.8, 0.6], [0.0; 4], [f32::NAN; 4]] {
        assert!(slopes(&mut dual(scores.to_vec(), 4, 0.0, &nothing)).iter().all(|slope| *slope == 0.0), "{scores:?}");
    }
    assert!(slopes(&mut dual(vec![1.0, 0.0, 1.0, 0.0], 4, 0.0, &nothing)).iter().any(|slope| *slope != 0.0));
}

#[test]
fn the_model_loss_pulls_the_good_model_nearer_and_pushes_the_bad_one_away() {
    let nothing = InMemory::new(2).embeddings(3, vec![]).build().unwrap();
    let mut dual = dual(vec![1.0, 0.0], 2, 0.0, &nothing);
    let cosines = |dual: &Dual<'_>| {
        let mut models = dual.models.values.clone();
        models.chunks_exact_mut(4).for_each(|model| {
            super::contrast::unit(model);
        });
        let mut cosines = [0.0; 2];
        super::contrast::similarities(&dual.query, &models, &dual.inputs, &mut cosines);
        cosines
    };
    let before = cosines(&dual);
    slopes(&mut dual);
    for parameter in dual.parameters() {
        parameter.values.iter_mut().zip(&parameter.gradient).for_each(|(value, slope)| *value -= 0.05 * slope);
    }
    let after = cosines(&dual);
    assert!(after[0] > before[0] && after[1] < before[1], "{before:?} {after:?}");
}

#[test]
fn the_query_loss_moves_queries_and_no_model() {
    let nothing = InMemory::new(2).embeddings(3, vec![]).build().unwrap();
    let mut dual = dual([0.0; 8].to_vec(), 2, 1.0, &nothing);
    slopes(&mut dual);
    assert!(dual.query.weights.gradient.iter().any(|slope| *slope != 0.0));
    assert!(dual.models.gradient.iter().all(|slope| *slope == 0.0));
}

#[test]
fn of_equally_good_models_each_is_drawn_as_often_wherever_it_stands_in_the_pool() {
    let nothing = InMemory::new(8).embeddings(3, vec![]).build().unwrap();
    let dual = dual(vec![1.0, 0.0, 1.0, 1.0, 1.0, f32::NAN, 1.0, 1.0], 8, 0.0, &nothing);
    let mut random = Random::new(2);
    let (mut good, mut bad) = ([0; 8], [0; 8]);
    for _ in 0..600 {
        let sides = dual.sides(0, &mut random);
        sides.0.into_iter().for_each(|model| good[model] += 1);
        sides.1.into_iter().for_each(|model| bad[model] += 1);
    }
    // Six models are right and three of them are drawn; the wrong one is the only one that is not too good.
    assert!([0, 2, 3, 4, 6, 7].iter().all(|&model| (250..350).contains(&good[model])), "{good:?}");
    assert_eq!((good[1], good[5], bad), (0, 0, [0, 600, 0, 0, 0, 0, 0, 0]));
}

#[test]
fn it_withstands_every_edge() {
    withstands_every_edge::<RouterDc>(Config::default);
}
