//! Figures of pools, by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use routerlab_metrics::Observed;
use routerlab_plugin::ModelCard;

use super::{ScalingOptions, records, scaling};
use crate::data::Data;
use crate::experiment::Protocol;

const NAN: f64 = f64::NAN;

/// One dataset of so many rows, models named a, b, c, and so on.
fn data(models: usize, scores: Vec<f64>, costs_usd: Vec<f64>) -> Data {
    let rows = scores.len() / models;
    let name = |model: usize| char::from(b'a' + model as u8).to_string();
    let card = |model: usize| ModelCard {
        name: name(model),
        input_usd_per_mtok: None,
        output_usd_per_mtok: None,
        description: None,
    };
    let texts: Vec<Arc<str>> = (0..rows).map(|row| Arc::from(row.to_string())).collect();
    Data {
        dir: "data".into(),
        ids: (0..rows).map(|row| format!("d/test/{}", row + 1).parse().expect("an id")).collect(),
        prompts: texts.clone(),
        origin_queries: texts.clone(),
        group_keys: texts,
        datasets: vec!["d".into()],
        observed: Observed::new(vec![0; rows], 1, models, scores, costs_usd).expect("observations"),
        dataset: vec![0; rows],
        models: (0..models).map(|model| name(model).as_str().into()).collect(),
        cards: (0..models).map(card).collect(),
        latency_ms: vec![NAN; rows * models],
        completion_tokens: vec![NAN; rows * models],
        prompt_tokens: vec![1; rows],
        references: Vec::new(),
        embeddings: None,
        digests: BTreeMap::new(),
        left_out: 0,
    }
}

#[test]
fn records_are_counted_as_they_are() {
    let scores = vec![1.0, 1.0, 0.0, 1.0, 0.0, NAN, 0.0, 0.4, 0.0, 1.0, 0.0, 1.0];
    let costs_usd = vec![1.0, 2.0, 3.0, 1.0, 2.0, NAN, 1.0, NAN, 3.0, 1.0, 2.0, 3.0];
    let mut data = data(3, scores, costs_usd);
    data.group_keys[3] = data.group_keys[0].clone();
    let found = records(&data);
    let cells: Vec<_> =
        found.cells.iter().map(|cell| (cell.recorded, cell.missing, cell.accuracy, cell.cost_usd)).collect();
    // The second model has an unknown cost, the third no record on the second query.
    let expected = [(4, 0, Some(75.0), Some(4.0)), (4, 0, Some(35.0), None), (3, 1, Some(100.0 / 3.0), Some(9.0))];
    assert_eq!(cells, expected);
    assert_eq!((found.right, found.unsolved, found.duplicates), (vec![1, 1, 2, 0], vec![1], 1));
    let pairs: Vec<_> =
        found.pairs.iter().map(|pair| (pair.first, pair.second, pair.both, pair.agreement, pair.complement)).collect();
    let third = 100.0 / 3.0;
    assert_eq!(pairs[1], (0, 1, 4, 50.0, 0.0));
    assert!((pairs[0].3 - 2.0 * third).abs() < 1e-9 && (pairs[0].0, pairs[0].1, pairs[0].4) == (0, 2, 0.0));
    assert!((pairs[2].3 - third).abs() < 1e-9 && (pairs[2].1 - pairs[2].0, pairs[2].2) == (1, 3));
    assert!((pairs[2].4 - third).abs() < 1e-9);
}

#[test]
fn pools_that_cover_more_beat_pools_of_the_best_and_every_pool_grows() {
    // a and b are right on the same six of ten queries, c on the other four: the best two are twins.
    let row = |row: usize| if row % 10 < 6 { [1.0, 1.0, 0.0] } else { [0.0, 0.0, 1.0] };
    let rows = 400;
    let data = data(3, (0..rows).flat_map(row).collect(), vec![1.0; rows * 3]);
    let sizes = scaling(&data, &Protocol::default(), ScalingOptions { draws: 60 }).unwrap();
    assert_eq!(sizes.iter().map(|size| size.models).collect::<Vec<_>>(), [1, 2, 3]);
    let [one, two, three] = [sizes[0], sizes[1], sizes[2]];
    assert_eq!(two.top_oracle, one.top_oracle);
    assert_eq!((two.greedy_oracle, three.greedy_oracle, three.top_oracle), (100.0, 100.0, 100.0));
    assert_eq!((one.random_oracle, three.random_oracle.low), (one.random_best_single, 100.0));
    // A pool of one is a twin or the other model; a pool of two is complete or the twins.
    assert!(one.random_oracle.low < 50.0 && one.random_oracle.high == one.best_single);
    assert_eq!((two.random_oracle.low, two.random_oracle.high), (one.best_single, 100.0));
    assert_eq!(sizes, scaling(&data, &Protocol::default(), ScalingOptions { draws: 60 }).unwrap());
}
