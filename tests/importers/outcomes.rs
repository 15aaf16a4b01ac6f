//! Outcomes in the long form, as CSV and JSON Lines.

use super::*;

const CSV: &str = "dataset,split,query_id,query,model,score,prompt_tokens,completion_tokens,cost_usd,latency_ms,ground_truth,note\n\
                   d,test,a,\"Two, or three?\",m,0.5,10,2.0,0.25,1e3,four,x\n\
                   d,test,a,\"Two, or three?\",n,1,,,,,,\n";
const LINES: &str = concat!(
    r#"{"dataset":"d","split":"test","query_id":"a","query":"Two, or three?","model":"m","score":0.5,"prompt_tokens":10,"completion_tokens":2,"cost_usd":0.25,"latency_ms":1000,"ground_truth":"four"}"#,
    "\n\n",
    r#"{"model":"n","score":1,"query":"Two, or three?","query_id":"a","split":"test","dataset":"d","cost_usd":null}"#,
    "\n"
);

#[test]
fn csv_and_json_lines_become_the_same_tables() {
    let scratch = Scratch::new();
    for (name, text, format) in
        [("o.csv", CSV, None), ("o.jsonl", LINES, None), ("o.data", CSV, Some("csv")), ("o.txt", LINES, Some("jsonl"))]
    {
        scratch.write(name, text);
        let mut args = vec!["outcomes", name];
        args.extend(format.map(|format| ["--format", format]).into_iter().flatten());
        assert_eq!(imported(&scratch, &args), "imported 2 rows: 1 queries x 2 models in 1 datasets, no embeddings\n");
        let queries: Vec<QueryRow> = rows(&scratch, "queries");
        assert_eq!((queries[0].prompt.as_str(), queries[0].ground_truth.as_deref()), ("Two, or three?", Some("four")));
        let found: Vec<OutcomeRow> = rows(&scratch, "outcomes");
        let numbers: Vec<_> = found
            .iter()
            .map(|row| (row.score, row.cost_usd, row.latency_ms, row.prompt_tokens, row.completion_tokens))
            .collect();
        assert_eq!(
            numbers,
            [(Some(0.5), Some(0.25), Some(1000.0), Some(10), Some(2)), (Some(1.0), None, None, None, None)],
            "{name}"
        );
        std::fs::remove_dir_all(scratch.path("out")).unwrap();
    }
}

#[test]
fn a_wrong_row_is_named_by_its_line_and_column() {
    let scratch = Scratch::new();
    let cases = [
        ("o.csv", CSV.replace("0.5", "x"), "line 2: `score`: expected a number, found the text `x`"),
        ("o.csv", CSV.replace("0.5", ""), "line 2: `score`: missing"),
        ("o.csv", CSV.replace("0.5", "NaN"), "line 2: `score`: NaN is not a finite number"),
        ("o.csv", CSV.replace("0.5", "1.5"), "line 2: `score`: 1.5 is above 1"),
        (
            "o.csv",
            CSV.replace("2.0", "2.5"),
            "line 2: `completion_tokens`: expected a whole number of 0 or more, found 2.5",
        ),
        ("o.csv", CSV.replace(",n,", ",m,"), "line 3: query `a` and model `m` were already in line 2"),
        ("o.csv", CSV.replace("three?\",n", "four?\",n"), "line 3: `query`: `a` has another text than in line 2"),
        ("o.csv", CSV.replace("score", "points"), "line 2: `score`: missing"),
        ("o.csv", CSV.replace("note", "model"), "line 1: two columns are called `model`"),
        ("o.jsonl", LINES.replace("0.5", "\"0.5\""), "line 1: `score`: expected a number, found the text `0.5`"),
        ("o.jsonl", LINES.replace("0.5", "NaN"), "line 1: not JSON: expected value at column 91"),
        ("o.jsonl", LINES.replace("\"score\":1", "\"score\":1,\"score\":0"), "line 3: `score`: given twice"),
        ("o.jsonl", LINES.replace("\"m\"", "[]"), "line 1: `model`: expected a text, found a list"),
        ("o.jsonl", LINES.replace("{\"model", "[\"model"), "line 3: not JSON: expected `,` or `]` at column 9"),
    ];
    for (name, text, expected) in cases {
        scratch.write(name, text);
        refused(&scratch, &["outcomes", name], &format!("`{name}`: {expected}"));
    }
    scratch.write("o.csv", CSV);
    refused(&scratch, &["outcomes", "o.csv", "--format", "parquet"], "`o.csv` is not a Parquet file");
    scratch.write("empty.csv", "dataset\n");
    refused(&scratch, &["outcomes", "empty.csv"], "`empty.csv` holds no rows");
}
