//! Files that other tools wrote: what is accepted, what is refused and with which words.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::builder::{FixedSizeListBuilder, Float64Builder, ListBuilder};
use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BooleanArray, DictionaryArray, Float32Array, Float64Array, Int32Array, Int64Array, LargeStringArray,
    RecordBatch, StringArray, StringViewArray,
};
use parquet::arrow::ArrowWriter;
use routerlab_records::import::{ImportSummary, Manifest, OutcomeFormat, import_outcomes};
use routerlab_records::pool::Pool;
use routerlab_records::{
    CostSource, EmbeddingRow, Embeddings, OutcomeRow, Outcomes, QueryRow, ScoreRow, group_key, read_table,
};
use tempfile::TempDir;

type Columns = Vec<(&'static str, ArrayRef)>;

fn write(path: &Path, columns: &Columns) {
    let batch = RecordBatch::try_from_iter(columns.clone()).unwrap();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

/// Two queries (the second dataset first), two models, one pair missing.
fn outcomes() -> Columns {
    vec![
        ("extra", Arc::new(BooleanArray::from(vec![true; 3]))),
        ("model", Arc::new(StringViewArray::from(vec!["z", "a", "z"]))),
        ("query", Arc::new(LargeStringArray::from(vec!["Two?", "One?", "One?"]))),
        ("dataset", Arc::new(["d2", "d1", "d1"].into_iter().collect::<DictionaryArray<Int32Type>>())),
        ("split", Arc::new(StringArray::from(vec!["test"; 3]))),
        ("query_id", Arc::new(StringArray::from(vec!["x-2", "x-1", "x-1"]))),
        ("score", Arc::new(Float32Array::from(vec![1.0, 0.5, 0.0]))),
        ("completion_tokens", Arc::new(Int32Array::from(vec![Some(1000), None, Some(2000)]))),
        ("prompt_tokens", Arc::new(Int64Array::from(vec![Some(500), Some(1), Some(0)]))),
        ("cost_usd", Arc::new(Float64Array::from(vec![None, Some(0.25), None]))),
    ]
}

fn with(mut columns: Columns, name: &'static str, array: ArrayRef) -> Columns {
    columns.retain(|(other, _)| *other != name);
    columns.push((name, array));
    columns
}

fn without(mut columns: Columns, name: &str) -> Columns {
    columns.retain(|(other, _)| *other != name);
    columns
}

fn strings(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn lists(rows: &[&[f64]]) -> ArrayRef {
    let mut builder = ListBuilder::new(Float64Builder::new());
    for row in rows {
        builder.values().append_slice(row);
        builder.append(true);
    }
    Arc::new(builder.finish())
}

/// Imports, and on failure checks that nothing was left behind and shortens paths to names.
fn import(
    outcomes: &Columns,
    embeddings: Option<&Columns>,
    prices: Option<&str>,
) -> Result<(TempDir, ImportSummary), String> {
    let scratch = tempfile::tempdir().unwrap();
    let path = |name: &str| scratch.path().join(name);
    write(&path("o.parquet"), outcomes);
    let embeddings = embeddings.map(|columns| {
        write(&path("e.parquet"), columns);
        (path("e.parquet"), "mini".into())
    });
    let prices: Option<PathBuf> = prices.map(|text| {
        std::fs::write(path("prices.toml"), text).unwrap();
        path("prices.toml")
    });
    let embeddings = embeddings.as_ref().map(|(path, encoder)| (path.as_path(), encoder));
    let out = path("out");
    match import_outcomes(&path("o.parquet"), OutcomeFormat::Parquet, embeddings, prices.as_deref(), &out, &mut |_| {})
    {
        Ok(summary) => Ok((scratch, summary)),
        Err(error) => {
            assert!(!out.exists(), "nothing is left behind");
            Err(error.to_string().replace(&format!("{}/", scratch.path().display()), ""))
        }
    }
}

const PRICES: &str = "unit = \"USD per 1M tokens\"\nbasis = \"published\"\n[models.z]\ninput = 2.0\noutput = 8.0\n";

#[test]
fn outcomes_of_other_tools_become_our_tables() {
    let mut fixed = FixedSizeListBuilder::new(Float64Builder::new(), 2);
    for value in [1.0, 2.0, 3.0, 4.0, 5.0, 6.0] {
        fixed.values().append_value(value);
    }
    (0..3).for_each(|_| fixed.append(true));
    let embeddings =
        vec![("query_id", strings(&["x-1", "unknown", "x-2"])), ("embedding", Arc::new(fixed.finish()) as ArrayRef)];
    let (scratch, summary) = import(&outcomes(), Some(&embeddings), Some(PRICES)).unwrap();
    let out = scratch.path().join("out");
    assert_eq!((summary.rows, summary.queries, summary.models, summary.datasets), (3, 2, 2, 2));
    assert_eq!(
        summary.notes,
        ["1 of 4 pairs of query and model have no record", "1 embeddings belong to no query and were left out"]
    );

    let queries = read_table::<QueryRow>(&out.join("queries.parquet")).unwrap();
    assert_eq!(queries.provenance.inputs.keys().collect::<Vec<_>>(), ["embeddings", "outcomes", "prices"]);
    let queries = queries.rows;
    assert_eq!(queries[0].query_id.as_str(), "d1/test/1");
    assert_eq!((queries[0].origin_query.as_str(), queries[0].prompt.as_str()), ("One?", "One?"));
    assert_eq!(queries[0].metadata, r#"{"source_id":"x-1"}"#);
    assert_eq!(queries[0].group_key, group_key("One?"));
    assert_eq!(queries[1].query_id.as_str(), "d2/test/1");

    let table = read_table::<OutcomeRow>(&out.join("outcomes.parquet")).unwrap();
    let costs: Vec<_> = table.rows.iter().map(|row| (row.cost_usd, row.cost_source)).collect();
    let priced = Some(CostSource::PublishedPrice);
    assert_eq!(
        costs,
        [(Some(0.25), Some(CostSource::Imported)), (Some(0.016), priced), (Some(0.009), priced)],
        "given dollars stay, others come from tokens and prices"
    );
    let joined = Outcomes::join(queries.clone(), &table).unwrap();
    assert_eq!(joined.models(), ["a", "z"]);

    let embeddings = read_table::<EmbeddingRow>(&out.join("embeddings.parquet")).unwrap();
    let embeddings = Embeddings::join(&queries, &embeddings).unwrap();
    assert_eq!(embeddings.values(), [1.0, 2.0, 5.0, 6.0]);
    let pool = Pool::read(&out.join("pool.toml")).unwrap();
    assert_eq!(pool.models["z"].output_usd_per_mtok, Some(8.0));
    assert_eq!(pool.models["a"].output_usd_per_mtok, None);
    let manifest = Manifest::read(&out).unwrap();
    assert_eq!(manifest.files["outcomes.parquet"].rows, Some(3));
    for (name, file) in manifest.files {
        assert_eq!(routerlab_records::digest_file(&out.join(name)).unwrap(), file.sha256);
    }
}

#[test]
fn an_import_does_not_overwrite_another() {
    let (scratch, _) = import(&outcomes(), None, None).unwrap();
    let path = |name: &str| scratch.path().join(name);
    let error =
        import_outcomes(&path("o.parquet"), OutcomeFormat::Parquet, None, None, &path("out"), &mut |_| {}).unwrap_err();
    let taken = |folder: &Path, file: &str| {
        format!("`{}` already holds `{file}`, name another folder or move the file away", folder.display())
    };
    assert_eq!(error.to_string(), taken(&path("out"), "queries.parquet"));
    // Nor its own source.
    let own = path("own/outcomes.parquet");
    std::fs::create_dir(path("own")).unwrap();
    write(&own, &outcomes());
    let before = std::fs::read(&own).unwrap();
    let error = import_outcomes(&own, OutcomeFormat::Parquet, None, None, &path("own"), &mut |_| {}).unwrap_err();
    assert_eq!(error.to_string(), taken(&path("own"), "outcomes.parquet"));
    assert_eq!(std::fs::read(&own).unwrap(), before);
}

#[test]
fn a_table_without_rows_is_refused() {
    let empty = |columns: Columns| columns.into_iter().map(|(name, array)| (name, array.slice(0, 0))).collect();
    assert_eq!(import(&empty(outcomes()), None, None).map(|_| ()).unwrap_err(), "`o.parquet` holds no rows");
    let embeddings = empty(vec![("query_id", strings(&["x-1"])), ("embedding", lists(&[&[1.0]]))]);
    assert_eq!(import(&outcomes(), Some(&embeddings), None).map(|_| ()).unwrap_err(), "`e.parquet` holds no rows");
}

#[test]
fn outcomes_that_cannot_be_are_refused_with_file_row_and_column() {
    let cases: [(Columns, &str); 13] = [
        (without(outcomes(), "score"), "`o.parquet` has no column `score` (expected type double)"),
        (
            with(outcomes(), "score", strings(&["1", "0", "0"])),
            "`o.parquet`: column `score` has type string, expected double",
        ),
        (
            with(outcomes(), "query", Arc::new(Int64Array::from(vec![1, 2, 3]))),
            "`o.parquet`: column `query` has type int64, expected string",
        ),
        (
            with(outcomes(), "prompt_tokens", Arc::new(Float64Array::from(vec![1.0; 3]))),
            "`o.parquet`: column `prompt_tokens` has type double, expected uint64",
        ),
        (
            with(outcomes(), "prompt_tokens", Arc::new(Int64Array::from(vec![1, 2, -3]))),
            "`o.parquet`: row 3: `prompt_tokens`: -3 is out of range for u64",
        ),
        (
            with(outcomes(), "score", Arc::new(Float64Array::from(vec![Some(1.0), None, None]))),
            "`o.parquet`: column `score` is null in row 2",
        ),
        (
            with(outcomes(), "model", Arc::new(StringArray::from(vec![Some("z"), Some("a"), None]))),
            "`o.parquet`: column `model` is null in row 3",
        ),
        (
            with(outcomes(), "score", Arc::new(Float64Array::from(vec![1.0, 1.25, 0.0]))),
            "`o.parquet`: row 2: `score`: 1.25 is above 1",
        ),
        (
            with(outcomes(), "score", Arc::new(Float64Array::from(vec![1.0, 1.0, f64::NAN]))),
            "`o.parquet`: row 3: `score`: NaN is not a finite number",
        ),
        (
            with(outcomes(), "cost_usd", Arc::new(Float64Array::from(vec![0.0, -1.0, 0.0]))),
            "`o.parquet`: row 2: `cost_usd`: -1 is below 0",
        ),
        (
            with(outcomes(), "query", strings(&["Two?", "One?", "Another?"])),
            "`o.parquet`: row 3: `query`: `x-1` has another text than in row 2",
        ),
        (
            with(outcomes(), "model", strings(&["z", "a", "a"])),
            "`o.parquet`: row 3: query `x-1` and model `a` were already in row 2",
        ),
        (
            with(outcomes(), "dataset", strings(&["d2", "org/d1", "org/d1"])),
            "`o.parquet`: row 2: dataset `org/d1` cannot be part of a query id: it may neither be empty nor contain `/`",
        ),
    ];
    for (columns, expected) in cases {
        assert_eq!(import(&columns, None, None).map(|_| ()).unwrap_err(), expected);
    }
}

#[test]
fn embeddings_that_do_not_fit_are_refused_with_file_row_and_column() {
    let file = |ids: &[&str], rows: &[&[f64]]| vec![("query_id", strings(ids)), ("embedding", lists(rows))];
    let cases = [
        (file(&["x-1"], &[&[1.0]]), "`e.parquet` has no embedding for the query `d2/test/1`"),
        (
            file(&["x-1", "x-2"], &[&[1.0], &[1.0, 2.0]]),
            "`e.parquet`: row 2: `embedding`: 2 numbers, expected 1 as in row 1",
        ),
        (file(&["x-1", "x-1"], &[&[1.0], &[1.0]]), "`e.parquet`: row 2: `query_id`: `x-1` was already in row 1"),
        (file(&["x-1", "x-2"], &[&[], &[]]), "`e.parquet`: row 1: `embedding`: no numbers"),
        (file(&["x-1", "x-2"], &[&[1.0], &[1e300]]), "`e.parquet`: row 2: `embedding`: inf is not a finite number"),
        (
            vec![("query_id", strings(&["x-1"])), ("embedding", strings(&["[1.0]"]))],
            "`e.parquet`: column `embedding` has type string, expected list<float>",
        ),
    ];
    for (embeddings, expected) in cases {
        assert_eq!(import(&outcomes(), Some(&embeddings), None).map(|_| ()).unwrap_err(), expected);
    }
    let mut builder = ListBuilder::new(Float64Builder::new());
    builder.append_value([Some(1.0), Some(2.0)]);
    builder.append_value([Some(1.0), None]);
    let holed = vec![("query_id", strings(&["x-1", "x-2"])), ("embedding", Arc::new(builder.finish()) as ArrayRef)];
    assert_eq!(
        import(&outcomes(), Some(&holed), None).map(|_| ()).unwrap_err(),
        "`e.parquet`: row 2: `embedding`: the list holds a null"
    );
}

#[test]
fn the_same_id_in_two_splits_names_two_queries() {
    let columns = with(outcomes(), "split", strings(&["test", "easy", "hard"]));
    let columns = with(columns, "query", strings(&["Two?", "One?", "Another?"]));
    let (scratch, summary) = import(&columns, None, None).unwrap();
    assert_eq!(summary.queries, 3);
    let queries = read_table::<QueryRow>(&scratch.path().join("out/queries.parquet")).unwrap().rows;
    let ids: Vec<&str> = queries.iter().map(|query| query.query_id.as_str()).collect();
    assert_eq!(ids, ["d1/easy/1", "d1/hard/1", "d2/test/1"]);

    let embeddings = vec![("query_id", strings(&["x-1", "x-2"])), ("embedding", lists(&[&[1.0], &[2.0]]))];
    assert_eq!(
        import(&columns, Some(&embeddings), None).map(|_| ()).unwrap_err(),
        "`e.parquet`: row 1: `query_id`: `x-1` names two queries of different text: `d1/easy/1` and `d1/hard/1`"
    );
}

#[test]
fn a_table_that_another_tool_rewrote_is_still_that_table() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("scores.parquet");
    let text = |value: &str| strings(&[value]);
    let columns: Columns = vec![
        ("query_id", text("d/test/1")),
        ("model", text("m")),
        ("sample_index", Arc::new(Int64Array::from(vec![0]))),
        ("evaluator", text("number")),
        ("score", Arc::new(Float32Array::from(vec![0.5]))),
        ("prediction", Arc::new(StringArray::from(vec![None::<&str>]))),
        ("explanation", text("half")),
        ("evaluator_digest", text("00")),
        ("evaluator_config", text("{}")),
        ("item_digest", text("")),
        ("status", text("ok")),
        ("note", text("a column of their own")),
    ];
    let read = |columns: &Columns| {
        write(&path, columns);
        read_table::<ScoreRow>(&path).map_err(|error| error.to_string().replace(&path.display().to_string(), "s"))
    };
    let row = &read(&columns).unwrap().rows[0];
    assert_eq!((row.score, row.explanation.as_deref(), row.sample_index), (Some(0.5), Some("half"), 0));
    assert_eq!(
        read(&with(columns.clone(), "status", text("fine"))).unwrap_err(),
        "`s`: row 1: `status`: `fine` is none of `ok`, `failed`, `unjudged`, `judge_failed`"
    );
    assert_eq!(
        read(&with(columns.clone(), "query_id", text("7"))).unwrap_err(),
        "`s`: row 1: `query_id`: `7` is not a query id, expected `<dataset>/<split>/<record_index>`"
    );
    assert_eq!(
        read(&without(columns, "explanation")).unwrap_err(),
        "`s` has no column `explanation` (expected type string)"
    );
}
