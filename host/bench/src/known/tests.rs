//! What routers and the host know under each control, on data in which every record says whose it is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use routerlab_metrics::Observed;
use routerlab_plugin::{Answers, Matrix, ModelCard, TrainingSet};

use crate::answers::{RecordedAnswers, Shown};
use crate::data::Data;
use crate::experiment::{ColdStart, Input, Labels, Protocol, Weighs};
use crate::prepare::{Prepared, parts_of};

const ROWS: usize = 200;
const MODELS: usize = 3;
const SEEDS: [u32; 3] = [1, 42, 999];

/// Two datasets of equal size. Score, cost, latency and tokens of a row under a model are functions of the row, so that
/// whose record it is can be read from each of them.
fn data() -> Data {
    let cells = |of: fn(usize) -> f64| -> Vec<f64> { (0..ROWS * MODELS).map(|at| of(at / MODELS)).collect() };
    let dataset: Vec<u32> = (0..ROWS as u32).map(|row| row * 2 / ROWS as u32).collect();
    let scores = cells(|row| row as f64 / ROWS as f64);
    let prompt = |row: usize| Arc::from(format!("Answer this.\nQuestion {row}?\nAnswer:"));
    let card = |model: usize| ModelCard {
        name: format!("m{model}"),
        input_usd_per_mtok: None,
        output_usd_per_mtok: None,
        description: None,
    };
    Data {
        dir: "data".into(),
        ids: (0..ROWS).map(|row| format!("d{}/test/{}", dataset[row], row + 1).parse().expect("an id")).collect(),
        prompts: (0..ROWS).map(prompt).collect(),
        origin_queries: (0..ROWS).map(|row| Arc::from(format!("Question {row}?"))).collect(),
        group_keys: (0..ROWS).map(|row| Arc::from(row.to_string())).collect(),
        datasets: vec!["d0".into(), "d1".into()],
        observed: Observed::new(dataset.clone(), 2, MODELS, scores, cells(|row| 1.0 + row as f64))
            .expect("observations"),
        dataset,
        models: (0..MODELS).map(|model| format!("m{model}").as_str().into()).collect(),
        cards: (0..MODELS).map(card).collect(),
        latency_ms: cells(|row| 2000.0 + row as f64),
        completion_tokens: cells(|row| 3000.0 + row as f64),
        prompt_tokens: vec![7; ROWS],
        references: Vec::new(),
        embeddings: None,
        digests: BTreeMap::new(),
        left_out: 0,
    }
}

fn prepared(protocol: &Protocol, seed: u32) -> Prepared {
    Prepared::new(&data(), protocol, Weighs::Cost, seed).expect("a seed that can be prepared")
}

/// For each row of a set the row whose records it has, after all columns were found to agree.
fn records(set: &TrainingSet) -> Vec<usize> {
    let rows = set.costs_usd.chunks_exact(MODELS).enumerate().map(|(at, costs)| {
        let record = costs[0] as usize - 1;
        for model in 0..MODELS {
            let cell = at * MODELS + model;
            assert_eq!(set.costs_usd[cell] as usize, 1 + record);
            assert_eq!(set.scores[cell], (record as f64 / ROWS as f64) as f32);
            assert_eq!(set.latencies_ms[cell] as usize, 2000 + record);
            assert_eq!(set.completion_tokens[cell] as usize, 3000 + record);
        }
        record
    });
    rows.collect()
}

#[test]
fn shuffled_labels_move_whole_rows_within_dataset_and_part_and_leave_the_test_part() {
    let shuffled = Protocol { labels: Labels::Shuffled, ..Protocol::default() };
    for seed in SEEDS {
        let (before, after) = (prepared(&Protocol::default(), seed), prepared(&shuffled, seed));
        assert_eq!(before.parts, after.parts);
        for (part, before, after) in [
            (&after.parts.train, &before.train, &after.train),
            (&after.parts.validation, &before.validation, &after.validation),
        ] {
            let own: Vec<usize> = part.iter().map(|row| *row as usize).collect();
            let given = records(after);
            assert_eq!(records(before), own, "seed {seed}");
            let sorted = |rows: &[usize]| rows.iter().copied().collect::<BTreeSet<_>>();
            assert_eq!(sorted(&given), sorted(&own), "seed {seed}");
            assert!(own.iter().zip(&given).all(|(row, record)| row * 2 / ROWS == record * 2 / ROWS), "seed {seed}");
            let same = own.iter().zip(&given).filter(|(row, record)| row == record).count();
            assert!(same * 4 < own.len(), "seed {seed}: {same} of {} kept their own", own.len());
            assert_eq!(before.queries.prompts, after.queries.prompts);
        }
        assert_eq!(before.test.prompts, after.test.prompts);
        assert_eq!(before.missing, after.missing);
        assert_eq!(before.dearest, after.dearest);
    }
}

/// Every answer says whose it is, as a text and as a vector.
fn answers() -> RecordedAnswers {
    let vector = |row: usize| [row as f32 + 1.0, 0.0];
    let of_model = |_| Matrix::new(ROWS, 2, (0..ROWS).flat_map(vector).collect()).expect("a matrix");
    RecordedAnswers {
        texts: Some((0..ROWS * MODELS).map(|at| Arc::from((at / MODELS).to_string())).collect()),
        embeddings: Some((0..MODELS).map(of_model).collect()),
    }
}

/// Whose answer a router sees of a row and a position of the pool; none where it sees nothing.
fn author(answers: &Answers, row: usize, position: usize) -> Option<usize> {
    let text = answers.texts.as_ref().expect("texts")[row * MODELS + position].parse().ok();
    let vector = answers.embeddings.as_ref().expect("vectors")[position].row(row)[0] as usize;
    assert_eq!(text, vector.checked_sub(1), "text and vector are of one answer");
    text
}

#[test]
fn an_answer_goes_with_its_score_and_is_hidden_with_it() {
    let cold_start = Some(ColdStart { model: "m1".into(), examples: 5 });
    for (labels, seed) in
        [Labels::True, Labels::Shuffled].into_iter().flat_map(|labels| SEEDS.map(|seed| (labels, seed)))
    {
        let prepared = prepared(&Protocol { labels, cold_start: cold_start.clone(), ..Protocol::default() }, seed);
        let shown = Shown::new(&data(), &prepared, true, Some(&answers())).unwrap();
        for set in [&shown.train, &shown.validation] {
            for (cell, cost) in set.costs_usd.iter().enumerate() {
                let expected = (!cost.is_nan()).then(|| *cost as usize - 1);
                assert_eq!(author(&set.answers, cell / MODELS, cell % MODELS), expected, "seed {seed}");
            }
        }
        // Whom a cascade asks, also the late model, answers: on test with its own records, on validation as it is judged.
        let [validation, test] = shown.replay.as_ref().unwrap();
        for (replay, rows) in [(validation, &prepared.parts.validation), (test, &prepared.parts.test)] {
            for (cell, cost) in replay.costs_usd.iter().enumerate() {
                let record = prepared.known.records_of(rows[cell / MODELS]) as usize;
                assert_eq!(author(&replay.answers, cell / MODELS, cell % MODELS), Some(record), "seed {seed}");
                assert_eq!((*cost, replay.latencies_ms[cell]), (1.0 + record as f64, 2000.0 + record as f64));
            }
        }
        let own = |row: &u32| prepared.known.records_of(*row) == *row;
        assert!(prepared.parts.test.iter().all(own));
    }
}

#[test]
fn a_smaller_share_of_train_is_part_of_a_larger_one_and_reaches_every_dataset() {
    for seed in SEEDS {
        let whole = parts_of(&data(), &Protocol::default(), seed).unwrap();
        let mut larger = whole.clone();
        for share in [1.0, 0.5, 0.07, 0.0001] {
            let protocol = Protocol { train_share: Some(share), ..Protocol::default() };
            let parts = parts_of(&data(), &protocol, seed).unwrap();
            assert!(parts.train.iter().all(|row| larger.train.contains(row)), "seed {seed}, share {share}");
            for dataset in [0, 1] {
                let of_dataset = |rows: &[u32]| rows.iter().filter(|row| **row as usize * 2 / ROWS == dataset).count();
                let expected = (of_dataset(&whole.train) as f64 * share - 1e-9).ceil() as usize;
                assert_eq!(of_dataset(&parts.train), expected, "seed {seed}, share {share}");
            }
            assert_eq!((&parts.validation, &parts.test), (&whole.validation, &whole.test));
            larger = parts;
        }
    }
}

/// Rows of a set on which a model's score is shown; where it is not, nothing else of it is.
fn shown(set: &TrainingSet, pool: &[u32], model: u32) -> Vec<usize> {
    let position = pool.iter().position(|at| *at == model).unwrap();
    let at = |row: usize| row * MODELS + position;
    let rows: Vec<usize> = (0..set.queries.prompts.len()).filter(|row| !set.scores[at(*row)].is_nan()).collect();
    for row in (0..set.queries.prompts.len()).filter(|row| !rows.contains(row)) {
        let others = [&set.costs_usd, &set.latencies_ms, &set.completion_tokens];
        assert!(others.iter().all(|column| column[at(row)].is_nan()), "row {row}");
    }
    rows
}

#[test]
fn a_late_model_is_shown_on_so_many_train_queries_and_on_no_validation_query() {
    for (seed, labels) in SEEDS.into_iter().flat_map(|seed| [(seed, Labels::True), (seed, Labels::Shuffled)]) {
        let mut fewer: BTreeSet<u32> = BTreeSet::new();
        for examples in [0, 5, 20] {
            let cold_start = Some(ColdStart { model: "m1".into(), examples });
            let prepared = prepared(&Protocol { cold_start, labels, ..Protocol::default() }, seed);
            let rows = shown(&prepared.train, &prepared.pool, 1);
            assert_eq!(rows.len(), examples, "seed {seed}");
            assert_eq!(shown(&prepared.validation, &prepared.pool, 1), Vec::<usize>::new());
            for other in [0, 2] {
                assert_eq!(shown(&prepared.train, &prepared.pool, other).len(), prepared.parts.train.len());
            }
            let own: BTreeSet<u32> =
                rows.iter().map(|row| prepared.known.records_of(prepared.parts.train[*row])).collect();
            assert!(own.is_superset(&fewer), "seed {seed}: {examples} examples");
            fewer = own;
        }
    }
}

#[test]
fn a_query_that_only_the_late_model_has_answered_is_learned_from_nowhere_unless_it_is_shown() {
    let mut data = data();
    let mut scores = vec![0.5; ROWS * MODELS];
    // The first model alone has answered every other query.
    for row in (0..ROWS).step_by(2) {
        (scores[row * MODELS + 1], scores[row * MODELS + 2]) = (f64::NAN, f64::NAN);
    }
    data.observed = Observed::new(data.dataset.clone(), 2, MODELS, scores, vec![1.0; ROWS * MODELS]).unwrap();
    let whole = parts_of(&data, &Protocol::default(), 42).unwrap();
    for labels in [Labels::True, Labels::Shuffled] {
        let cold_start = Some(ColdStart { model: "m0".into(), examples: 10 });
        let protocol = Protocol { cold_start, labels, ..Protocol::default() };
        let prepared = Prepared::new(&data, &protocol, Weighs::Cost, 42).unwrap();
        let odd = |rows: &[u32]| rows.iter().filter(|row| **row % 2 == 1).count();
        let even = prepared.parts.train.len() - odd(&prepared.parts.train);
        assert_eq!(odd(&prepared.parts.train), odd(&whole.train));
        assert!(even <= 10, "{even} rows without any record that may be seen");
        assert_eq!(prepared.parts.validation.len(), odd(&whole.validation));
        assert_eq!(prepared.parts.test.len(), whole.test.len());
    }
}

#[test]
fn more_examples_than_records_and_a_model_that_is_not_there_are_refused_by_their_key() {
    let train = parts_of(&data(), &Protocol::default(), 42).unwrap().train.len();
    let cases = [
        (
            ("m1", ROWS),
            format!(
                "data `data`: `protocol.cold_start.examples` must be at most {train}, on so many train queries of seed 42 \"m1\" has a record, found: 200"
            ),
        ),
        (("m7", 1), "data `data`: `protocol.cold_start.model` \"m7\" is not in the pool: m0, m1, m2".to_owned()),
    ];
    for ((model, examples), expected) in cases {
        let cold_start = Some(ColdStart { model: model.into(), examples });
        let error = parts_of(&data(), &Protocol { cold_start, ..Protocol::default() }, 42).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn a_dataset_left_out_is_tested_whole_and_alone() {
    for seed in SEEDS {
        let protocol = Protocol { leave_out: Some("d1".into()), ..Protocol::default() };
        let parts = parts_of(&data(), &protocol, seed).unwrap();
        assert_eq!(parts.test, (ROWS as u32 / 2..ROWS as u32).collect::<Vec<_>>());
        assert!(parts.train.iter().chain(&parts.validation).all(|row| *row < ROWS as u32 / 2));
    }
    let protocol = Protocol { leave_out: Some("d7".into()), ..Protocol::default() };
    let error = parts_of(&data(), &protocol, 1).unwrap_err();
    assert_eq!(error.to_string(), "data `data`: `protocol.leave_out` names \"d7\"; there are: d0, d1");
}

#[test]
fn routers_get_the_text_that_was_asked_for() {
    let cases = [
        (Input::Prompt, "Answer this.\nQuestion 7?\nAnswer:"),
        (Input::Query, "Question 7?"),
        (Input::Stripped, "Question 7?"),
    ];
    for (input, expected) in cases {
        let prepared = prepared(&Protocol { input, ..Protocol::default() }, 42);
        let rows = prepared.parts.train.iter().chain(&prepared.parts.validation).chain(&prepared.parts.test);
        let texts =
            [&prepared.train.queries, &prepared.validation.queries, &prepared.test].map(|set| set.prompts.iter());
        let found = rows.zip(texts.into_iter().flatten()).find(|(row, _)| **row == 7).map(|(_, text)| &**text);
        assert_eq!(found, Some(expected), "{input:?}");
    }
}
