use routerlab_sdk::{
    Attempt, Error, InMemory, Measure, Preference, Random, Replayed, SequentialRouter, State, Step, TrainingSet, replay,
};

use super::{Config, FrugalGpt, keyed_rows};

const NONE: f32 = f32::NAN;

/// Model 0 is cheap and right on half of the queries, which the embedding does not tell; its answer does, by its length.
/// Model 1 is ten times as dear and always right.
fn planted(rows: usize, seed: u64, told: bool) -> InMemory {
    let mut random = Random::new(seed);
    let (mut embeddings, mut scores, mut answers) = (vec![], vec![], vec![]);
    for _ in 0..rows {
        embeddings.extend((0..4).map(|_| random.unit() as f32 - 0.5));
        let right = random.below(2) == 1;
        scores.extend([f32::from(u8::from(right)), 1.0]);
        let words = random.below(5) as usize + if right { 20 } else { 4 };
        answers.extend(["so ".repeat(words), "it is ".repeat(10)]);
    }
    let set = InMemory::new(2).embeddings(4, embeddings).scores(scores).costs_usd([0.001, 0.01].repeat(rows));
    if told { set.answers(answers) } else { set }
}

fn nothing(models: usize) -> InMemory {
    InMemory::new(models).rows(0)
}

fn state(train: &InMemory, validation: &InMemory, config: Config) -> Result<State, Error> {
    FrugalGpt::train(&train.clone().build()?, &validation.clone().build()?, config, 7)
}

fn trained(train: &InMemory, validation: &InMemory, config: Config) -> Result<FrugalGpt, Error> {
    FrugalGpt::load(state(train, validation, config)?)
}

/// Mean score and cost over all rows of a set.
fn earned(router: &FrugalGpt, set: &TrainingSet<'_>, cost_weight: f32) -> (f64, f64) {
    let preference = Preference { cost_weight, latency_weight: 0.0 };
    let (scores, costs) = (set.table(Measure::Score).unwrap(), set.table(Measure::CostUsd).unwrap());
    let mut sum = (0.0, 0.0);
    for row in 0..set.rows() {
        let Replayed { asked, accepted } = replay(router, set, row, &preference).unwrap();
        sum.0 += f64::from(scores.row(row)[accepted as usize]);
        sum.1 += asked.iter().map(|model| f64::from(costs.row(row)[*model as usize])).sum::<f64>();
    }
    (sum.0 / set.rows() as f64, sum.1 / set.rows() as f64)
}

#[test]
fn a_cascade_reaches_the_dear_model_for_less_when_answers_tell_whether_they_are_right() {
    let router = trained(&planted(300, 1, true), &planted(60, 2, true), Config::default()).unwrap();
    let test = planted(200, 3, true).build().unwrap();
    // The least that always being right can cost is 0.001 + 0.01 / 2.
    let (score, cost_usd) = earned(&router, &test, 1.0);
    assert!(score >= 0.99 && cost_usd < 0.0066, "{score} at {cost_usd}");
    // At 500 points a dollar half a point is worth 0.001 dollars, and the dear answer costs ten times as much.
    let (score, cost_usd) = earned(&router, &test, 500.0);
    assert!(score < 0.6 && (cost_usd - 0.001).abs() < 1e-6, "{score} at {cost_usd}");
}

#[test]
fn without_answers_the_cascade_is_blind_and_gains_nothing() {
    let router = trained(&planted(300, 1, false), &planted(60, 2, false), Config::default()).unwrap();
    let test = planted(200, 3, false).build().unwrap();
    assert!(!router.features.texts && !router.features.vectors);
    let (score, cost_usd) = earned(&router, &test, 0.0);
    assert!((score - 1.0).abs() < 1e-9 && (cost_usd - 0.01).abs() < 1e-6, "{score} at {cost_usd}");
}

#[test]
fn embeddings_of_answers_tell_as_much_as_their_length() {
    let vectors = |rows: usize, seed: u64| {
        let set = planted(rows, seed, false);
        let scores = set.clone().build().unwrap().table(Measure::Score).unwrap();
        let mut random = Random::new(seed + 100);
        let mut of_answer = |score: f32| {
            let mut vector: Vec<f32> = (0..4).map(|_| random.unit() as f32 - 0.5).collect();
            vector[0] = if score == 1.0 { 2.0 } else { -2.0 };
            vector
        };
        let values = scores.values().iter().flat_map(|score| of_answer(*score).into_iter()).collect::<Vec<f32>>();
        set.answer_embeddings(4, values)
    };
    let router = trained(&vectors(300, 1), &vectors(60, 2), Config::default()).unwrap();
    assert!(router.features.vectors && !router.features.texts);
    let (score, cost_usd) = earned(&router, &vectors(200, 3).build().unwrap(), 1.0);
    assert!(score >= 0.97 && cost_usd < 0.0068, "{score} at {cost_usd}");
}

#[test]
fn training_again_leaves_the_same_behind_and_another_seed_other_folds() {
    let (train, validation) = (planted(80, 1, true), planted(20, 2, true));
    let bytes = |config| state(&train, &validation, config).unwrap().bytes;
    assert_eq!(bytes(Config::default()), bytes(Config::default()));
    let few = Config { examples: 40, ..Config::default() };
    assert_ne!(bytes(few), bytes(Config::default()));
    assert_ne!(keyed_rows(80, 80, 7), keyed_rows(80, 80, 8));
    let mut all = keyed_rows(80, 80, 7);
    all.sort_unstable();
    assert_eq!(all, (0..80).collect::<Vec<u32>>());
    assert_eq!(keyed_rows(80, 3, 7), keyed_rows(80, 80, 7)[..3]);
}

#[test]
fn odd_pools_and_tiny_sets_are_routed() {
    let cases: [(&str, InMemory, &[u32]); 8] = [
        ("one model", InMemory::new(1).scores(vec![1.0, 0.0]).costs_usd(vec![0.1, 0.1]), &[0]),
        ("one training row", InMemory::new(2).scores(vec![0.0, 1.0]).costs_usd(vec![0.1, 0.2]), &[1]),
        ("constant scores", InMemory::new(2).scores(vec![1.0; 20]).costs_usd([0.1, 0.2].repeat(10)), &[0]),
        ("nobody is ever right", InMemory::new(2).scores(vec![0.0; 20]).costs_usd([0.1, 0.2].repeat(10)), &[0]),
        ("no costs", InMemory::new(2).scores([0.0, 1.0].repeat(10)), &[1]),
        (
            "a model without a score",
            InMemory::new(2).scores([0.5, NONE].repeat(10)).costs_usd([0.2, 0.1].repeat(10)),
            &[0],
        ),
        (
            "a model without a cost",
            InMemory::new(2).scores([0.5, 1.0].repeat(10)).costs_usd([0.2, NONE].repeat(10)),
            &[0],
        ),
        (
            "width 0",
            InMemory::new(2)
                .scores([0.2, 1.0].repeat(10))
                .answers(vec!["a".into(); 20])
                .costs_usd([0.1, 0.2].repeat(10)),
            &[1],
        ),
    ];
    for (name, set, expected) in cases {
        let models = set.clone().build().unwrap().models().len();
        for validation in [set.clone(), nothing(models)] {
            let router =
                trained(&set, &validation, Config::default()).unwrap_or_else(|error| panic!("{name}: {error}"));
            let set = set.clone().build().unwrap();
            for row in 0..set.rows() {
                let Replayed { asked, accepted } = replay(&router, &set, row, &Preference::QUALITY).unwrap();
                assert_eq!(asked, expected, "{name}");
                assert_eq!(accepted, expected[0], "{name}");
            }
        }
    }
}

#[test]
fn missing_cells_are_no_examples_and_an_answer_that_did_not_come_is_not_taken() {
    // In every third row the cheap model has no record.
    let set = planted(300, 1, true).build().unwrap();
    let (mut scores, mut answers) = (set.table(Measure::Score).unwrap().into_values(), vec![]);
    for row in 0..300 {
        let mut texts = [0, 1].map(|model| set.answers(model, row, 1).unwrap().remove(0));
        if row % 3 == 0 {
            scores[2 * row] = NONE;
            texts[0].clear();
        }
        answers.extend(texts);
    }
    let gaps = planted(300, 1, true).scores(scores).answers(answers);
    let router = trained(&gaps, &planted(60, 2, true), Config::default()).unwrap();
    let gaps = gaps.build().unwrap();
    let preference = Preference { cost_weight: 1.0, latency_weight: 0.0 };
    for row in (0..300).step_by(3) {
        assert_eq!(replay(&router, &gaps, row, &preference), Ok(Replayed { asked: vec![0, 1], accepted: 1 }));
    }
    let (score, cost_usd) = earned(&router, &planted(200, 3, true).build().unwrap(), 1.0);
    assert!(score >= 0.99 && cost_usd < 0.0066, "{score} at {cost_usd}");
}

#[test]
fn models_that_are_not_to_be_had_are_passed_over() {
    let router = trained(&planted(300, 1, true), &planted(60, 2, true), Config::default()).unwrap();
    let query = InMemory::new(0).embeddings(4, vec![0.1; 4]).queries().unwrap();
    let preference = Preference { cost_weight: 1.0, latency_weight: 0.0 };
    let next = |seen: &[Attempt], gone: &[u32]| router.next(&query, seen, &preference, &gone.iter().copied().collect());
    assert_eq!(next(&[], &[]), Ok(Step::Ask(0)));
    assert_eq!(next(&[], &[0]), Ok(Step::Ask(1)));
    let bad = Attempt { model: 0, answer: "so".into(), ..Attempt::default() };
    assert_eq!(next(std::slice::from_ref(&bad), &[]), Ok(Step::Ask(1)));
    assert_eq!(next(&[bad], &[1]), Ok(Step::Accept(0)));
    assert_eq!(next(&[], &[0, 1]), Err(Error::unsupported("no model is available")));
}

#[test]
fn what_cannot_be_done_is_refused() {
    let unscored = InMemory::new(2).scores(vec![NONE; 4]);
    let refused = trained(&unscored, &nothing(2), Config::default()).err();
    assert_eq!(refused, Some(Error::unsupported("no model has a score in training")));
    for (config, message) in [
        (Config { lambda: 0.0, ..Config::default() }, "`lambda` must be finite and positive: 0"),
        (Config { grid: 0, ..Config::default() }, "`grid` must lie between 1 and 40: 0"),
        (Config { examples: 0, ..Config::default() }, "`examples` must lie between 1 and 200000: 0"),
        (Config { directions: 65, ..Config::default() }, "`directions` must lie between 0 and 64: 65"),
    ] {
        let refused = trained(&planted(10, 1, true), &nothing(2), config).err();
        assert_eq!(refused, Some(Error::InvalidConfig(message.into())));
    }
}

#[test]
fn a_state_that_is_cut_short_or_changed_is_refused() {
    let whole = state(&planted(40, 1, true), &nothing(2), Config::default()).unwrap().bytes;
    assert!(FrugalGpt::load(State { bytes: whole.clone(), matrices: vec![] }).is_ok());
    for length in 0..whole.len() {
        assert!(
            FrugalGpt::load(State { bytes: whole[..length].to_vec(), matrices: vec![] }).is_err(),
            "{length} bytes"
        );
    }
}
