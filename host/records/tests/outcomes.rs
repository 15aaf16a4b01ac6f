//! Joining outcomes and embeddings into dense blocks.

use std::path::PathBuf;

use routerlab_records::{
    CostSource, EmbeddingRow, EmbeddingStatus, Embeddings, OutcomeParts, OutcomeRow, Outcomes, Provenance, QueryId,
    QueryRow, Table,
};

fn query(dataset: &str, index: u64) -> QueryRow {
    QueryRow {
        query_id: QueryId::new(dataset, "test", index).unwrap(),
        dataset: dataset.into(),
        split: "test".into(),
        record_index: index,
        origin_query: String::new(),
        prompt: String::new(),
        ground_truth: None,
        metadata: "{}".to_owned(),
        group_key: String::new(),
    }
}

fn outcome(query: &QueryRow, model: &str, score: Option<f64>) -> OutcomeRow {
    OutcomeRow {
        query_id: query.query_id.clone(),
        model: model.into(),
        dataset: query.dataset.clone(),
        score,
        cost_usd: Some(0.5),
        cost_source: Some(CostSource::Imported),
        latency_ms: None,
        prompt_tokens: Some(7),
        completion_tokens: None,
    }
}

fn table<R>(rows: Vec<R>) -> Table<R> {
    Table { path: PathBuf::from("t.parquet"), rows, provenance: Provenance::default() }
}

#[test]
fn outcomes_are_arranged_by_query_as_given_and_model_by_name() {
    let queries = vec![query("b", 1), query("a", 1), query("b", 2)];
    let rows = vec![
        outcome(&queries[1], "z", Some(0.25)),
        outcome(&queries[0], "Z", Some(1.0)),
        outcome(&queries[0], "z", Some(0.0)),
        outcome(&queries[1], "Z", None),
    ];
    let outcomes = Outcomes::join(queries, &table(rows)).unwrap();
    assert_eq!(outcomes.models(), ["Z", "z"]);
    assert_eq!(outcomes.datasets(), ["a", "b"]);
    assert_eq!(outcomes.dataset_of(), [1, 0, 1]);
    let shown: Vec<String> = outcomes.scores().iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["1", "0", "NaN", "0.25", "NaN", "NaN"]);
    assert_eq!(outcomes.costs_usd()[..4], [0.5; 4]);
    assert!(outcomes.costs_usd()[4].is_nan() && outcomes.latencies_ms()[0].is_nan());
    assert_eq!(outcomes.prompt_tokens()[0], 7.0);
    assert_eq!([0, 1, 2].map(|query| outcomes.is_complete(query)), [true, false, false]);

    let some = outcomes.select(&[1]);
    assert_eq!((some.datasets(), some.dataset_of()), (&["a".into()][..], &[0][..]));
    assert_eq!(some.scores()[some.at(0, 1)], 0.25);
}

#[test]
fn an_outcome_that_cannot_be_is_refused_with_its_row() {
    let a = query("a", 1);
    let with = |change: fn(&mut OutcomeRow)| {
        let mut row = outcome(&query("a", 1), "n", Some(1.0));
        change(&mut row);
        row
    };
    let cases: [(OutcomeRow, &str); 7] = [
        (outcome(&query("a", 9), "m", None), "`t.parquet`: row 2: `query_id`: there is no query `a/test/9`"),
        (outcome(&a, "m", Some(0.0)), "`t.parquet`: row 2: `a/test/1` and `m` were already in row 1"),
        (with(|row| row.score = Some(1.5)), "`t.parquet`: row 2: `score`: 1.5 is above 1"),
        (with(|row| row.score = Some(-0.5)), "`t.parquet`: row 2: `score`: -0.5 is below 0"),
        (with(|row| row.score = Some(f64::NAN)), "`t.parquet`: row 2: `score`: NaN is not a finite number"),
        (with(|row| row.cost_usd = Some(f64::INFINITY)), "`t.parquet`: row 2: `cost_usd`: inf is not a finite number"),
        (with(|row| row.dataset = "b".into()), "`t.parquet`: row 2: `dataset`: `b`, but the query's dataset is `a`"),
    ];
    for (row, expected) in cases {
        let rows = table(vec![outcome(&a, "m", Some(1.0)), row]);
        assert_eq!(Outcomes::join(vec![a.clone()], &rows).unwrap_err().to_string(), expected);
    }
}

#[test]
fn a_query_listed_twice_is_reported_with_the_file_that_lists_it() {
    let rows = Table { path: "data/outcomes.parquet".into(), ..table(Vec::new()) };
    assert_eq!(
        Outcomes::join(vec![query("a", 1), query("a", 1)], &rows).unwrap_err().to_string(),
        "`data/queries.parquet`: two rows have the key `query_id=a/test/1`"
    );
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let parts = |models: &[&str], scores: Vec<f64>| OutcomeParts {
        path: "parts".into(),
        queries: vec![query("a", 1)],
        models: models.iter().map(|model| (*model).into()).collect(),
        costs_usd: vec![0.0; scores.len()],
        latencies_ms: vec![f64::NAN; scores.len()],
        prompt_tokens: vec![1.0; scores.len()],
        completion_tokens: vec![1.0; scores.len()],
        scores,
    };
    assert!(Outcomes::try_new(parts(&["a", "b"], vec![0.0, f64::NAN])).is_ok());
    let cases = [
        (parts(&["b", "a"], vec![0.0, 1.0]), "`parts`: model `b` comes before `a`, expected ascending names"),
        (parts(&["a", "b"], vec![0.0]), "`parts`: `scores` has 1 numbers, expected 2"),
        (parts(&["a", "b"], vec![0.0, 2.0]), "`parts`: `scores` of `a/test/1`, `b`: 2 is above 1"),
    ];
    for (parts, expected) in cases {
        assert_eq!(Outcomes::try_new(parts).unwrap_err().to_string(), expected);
    }
}

#[test]
fn embeddings_are_arranged_by_query_and_gaps_are_refused() {
    let queries = [query("a", 2), query("a", 1)];
    let row = |index: u64, encoder: &str, embedding: &[f32]| EmbeddingRow {
        query_id: QueryId::new("a", "test", index).unwrap(),
        encoder: encoder.into(),
        embedding: (!embedding.is_empty()).then(|| embedding.to_vec()),
        status: if embedding.is_empty() { EmbeddingStatus::Timeout } else { EmbeddingStatus::Ok },
        tokens: None,
        truncated: None,
        device: None,
        error: None,
    };
    let one = row(1, "e", &[1.0, 1.5]);
    let joined = Embeddings::join(&queries, &table(vec![one.clone(), row(2, "e", &[2.0, 2.5])])).unwrap();
    assert_eq!((joined.width(), joined.values()), (2, &[2.0, 2.5, 1.0, 1.5][..]));
    assert_eq!(joined.of(1), [1.0, 1.5]);
    let cases = [
        (vec![one.clone()], "`t.parquet` has no embedding for the query `a/test/2`"),
        (
            vec![row(2, "e", &[]), one.clone()],
            "`t.parquet`: the embedding of `a/test/2` failed: timeout; run `routerlab embed` again, or leave the query out",
        ),
        (vec![one.clone(), row(2, "e", &[1.0])], "`t.parquet`: row 2: `embedding`: 1 numbers, expected 2 as in row 1"),
        (
            vec![one.clone(), row(2, "e", &[1.0, f32::NAN])],
            "`t.parquet`: row 2: `embedding`: NaN is not a finite number",
        ),
        (
            vec![one.clone(), row(2, "f", &[1.0, 2.0])],
            "`t.parquet`: row 2: `embedding`: encoder `f`, expected `e` as in row 1",
        ),
        (
            vec![one.clone(), row(1, "f", &[1.0, 2.0])],
            "`t.parquet`: row 2: `embedding`: `a/test/1` has another embedding in row 1",
        ),
    ];
    for (rows, expected) in cases {
        assert_eq!(Embeddings::join(&queries, &table(rows)).unwrap_err().to_string(), expected);
    }
}
