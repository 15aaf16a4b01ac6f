use routerlab_sdk::testing::{Planted, easy_and_hard, right_share, specialists, withstands_every_edge};
use routerlab_sdk::{InMemory, Preference, Random, Router};

use super::{Config, Told};

#[test]
fn every_kind_of_query_goes_to_its_specialist() {
    let [train, validation, test] = [(600, 1), (100, 2), (200, 3)].map(|(rows, seed)| specialists(3, rows, seed));
    let share = right_share::<Told>([&train, &validation, &test], Config::default(), Preference::QUALITY);
    assert!(share > 0.95, "{share}");
}

/// Two tasks, each with a model of its own. Queries of both lie around one direction; only their means differ, by far
/// less than the queries of one task among themselves.
fn alike(rows: usize, seed: u64) -> Planted {
    let mut random = Random::new(seed);
    let (mut embeddings, mut scores, mut best) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rows {
        let task = random.below(2);
        best.push(task);
        let lean = if task == 0 { 0.3 } else { -0.3 };
        embeddings.extend((0..4).map(|at| (6.0 * (random.unit() - 0.5)) as f32 + if at == 0 { lean } else { 0.0 }));
        scores.extend([1 - task, task].map(|right| right as f32));
    }
    let set = InMemory::new(2).groups(best.clone()).embeddings(4, embeddings).scores(scores);
    Planted { set: set.costs_usd(vec![0.01; rows * 2]), best }
}

#[test]
fn it_knows_the_task_of_a_query_that_does_not_show_it() {
    let [train, validation, test] = [(800, 1), (200, 2), (200, 3)].map(|(rows, seed)| alike(rows, seed));
    let told = right_share::<Told>([&train, &validation, &test], Config::default(), Preference::QUALITY);
    assert!(told > 0.9, "{told}");
    // Told wrongly, it is wrong: the task decides, not the query.
    let swapped = test.best.iter().map(|task| 1 - task).collect();
    let misled = Planted { set: test.set.clone().groups(swapped), best: test.best };
    let misled = right_share::<Told>([&train, &validation, &misled], Config::default(), Preference::QUALITY);
    assert!(misled < 0.1, "{misled}");
}

#[test]
fn a_task_that_training_did_not_have_is_guessed() {
    let [train, validation, test] = [(600, 1), (100, 2), (200, 3)].map(|(rows, seed)| specialists(3, rows, seed));
    let new = Planted { set: test.set.clone().groups(vec![9; 200]), best: test.best };
    let share = right_share::<Told>([&train, &validation, &new], Config::default(), Preference::QUALITY);
    assert!(share > 0.9, "{share}");
}

#[test]
fn money_moves_easy_queries_to_the_cheap_model_first() {
    let [train, validation, test] = [(400, 1), (100, 2), (200, 3)].map(|(rows, seed)| easy_and_hard(rows, seed));
    let preference = Preference { cost_weight: 30.0, latency_weight: 0.0 };
    let share = right_share::<Told>([&train, &validation, &test], Config::default(), preference);
    assert!(share > 0.95, "{share}");
}

#[test]
fn the_state_of_the_other_graphrouter_is_not_its_own() {
    let state = routerlab_sdk::StateWriter::new("graphrouter/1").finish(Vec::new());
    assert!(Told::load(state).is_err());
}

#[test]
fn it_withstands_every_edge() {
    withstands_every_edge::<Told>(Config::default);
}
