//! RouterBench's wide table.

use super::*;

const HEAD: &str = "sample_id,prompt,eval_name,gpt-4,org/m,gpt-4|model_response,org/m|model_response,gpt-4|total_cost,org/m|total_cost,oracle_model_to_route_to\n";
const ROW: &str = "s.val.1,\"['Two?']\",arc,1.0,0.5,\"['4']\",\"['5']\",0.25,0.001,gpt-4\n";

fn csv(rows: &str) -> String {
    format!("{HEAD}{rows}")
}

#[test]
fn a_row_becomes_a_query_and_an_answer_of_each_model() {
    let scratch = Scratch::new();
    let quirks = concat!(
        // A conversation of two turns; a score as a truth value; a model that did not answer, though it was scored and paid.
        "s.val.2,\"['First', \\\"it's second\\\"]\",mt/bench,True,0.0,\"['a', 'b']\",Not found,0.5,0.125,gpt-4\n",
        // Nothing is known of one model; the other has no score and no cost.
        "s.val.3,plain text,arc,,NaN,,\"['']\",,,no_model_correct\n",
    )
    .replace("\\\"", "\"\"");
    // The first sample again, and again with another prompt.
    let again = ROW.replace("['4']", "['other']") + &ROW.replace("Two?", "Three?");
    scratch.write("rb.csv", csv(&format!("{ROW}{quirks}{again}")));
    let said = imported(&scratch, &["routerbench", "rb.csv"]);
    assert_eq!(
        said,
        "imported 5 rows: 3 queries x 2 models in 2 datasets, no embeddings\n\
         note: 1 rows repeat a sample and were dropped; the first of each was kept\n\
         note: 1 rows name a sample again with another prompt and were dropped\n\
         note: 1 of 5 answers failed: they have a status and no score\n\
         note: 1 of 5 answers have no score in the source\n\
         note: 1 of 6 pairs of query and model have no record\n\
         note: 2 of 5 answers have no known cost\n"
    );
    let queries: Vec<QueryRow> = rows(&scratch, "queries");
    let found: Vec<_> =
        queries.iter().map(|row| (row.query_id.as_str(), row.prompt.as_str(), row.metadata.as_str())).collect();
    assert_eq!(
        found,
        [
            ("arc/test/1", "Two?", r#"{"source_id":"s.val.1"}"#),
            ("arc/test/2", "plain text", r#"{"source_id":"s.val.3"}"#),
            ("mt-bench/test/1", "First\n\nit's second", r#"{"source_id":"s.val.2","turns":2}"#),
        ]
    );
    let text = |text: &str| text.to_owned();
    assert_eq!(
        outcomes_of(&scratch),
        [
            (text("arc/test/1"), text("gpt-4"), Some(1.0), Some(0.25)),
            (text("arc/test/1"), text("org/m"), Some(0.5), Some(0.001)),
            (text("arc/test/2"), text("org/m"), None, None),
            (text("mt-bench/test/1"), text("gpt-4"), Some(1.0), Some(0.5)),
            (text("mt-bench/test/1"), text("org/m"), None, None),
        ]
    );
    let completions: Vec<CompletionRow> = rows(&scratch, "completions");
    let found: Vec<_> =
        completions.iter().map(|row| (row.raw_output.as_str(), row.status.as_str(), row.error.as_deref())).collect();
    assert_eq!(
        found,
        [
            ("4", "ok", None),
            ("5", "ok", None),
            ("", "ok", None),
            ("a\n\nb", "ok", None),
            ("", "model_error", Some("the source has no answer of this model")),
        ]
    );
    let scores: Vec<ScoreRow> = support::scores(&scratch.path("out"), "own");
    assert_eq!(scores.iter().map(|row| row.score).collect::<Vec<_>>(), [Some(1.0), Some(0.5), Some(1.0)]);
    assert!(scores.iter().all(|row| row.evaluator == "routerbench"));
    let (inputs, files) = manifest(&scratch);
    assert_eq!(inputs, ["rb.csv"]);
    let score = "scores/scoring=own/routerbench-";
    assert!(files.iter().any(|name| name.starts_with(score)), "{files:?}");
    assert_eq!(
        files.iter().filter(|name| !name.starts_with(score)).collect::<Vec<_>>(),
        ["completions.parquet", "outcomes.parquet", "pool.toml", "queries.parquet"]
    );
}

#[test]
fn an_imported_table_can_be_benched_at_once() {
    let scratch = Scratch::new();
    let row = |at: usize| {
        let score = usize::from(at.is_multiple_of(3));
        ROW.replace("s.val.1", &format!("s.val.{at}"))
            .replace("Two?", &format!("Question {at}?"))
            .replace("1.0,0.5", &format!("{score},0.5"))
    };
    scratch.write("rb.csv", csv(&(0..40).map(row).collect::<String>()));
    imported(&scratch, &["routerbench", "rb.csv"]);
    can_be_benched(&scratch);
}

#[test]
fn what_is_no_table_of_routerbench_is_refused_with_the_place() {
    let scratch = Scratch::new();
    let cases = [
        ("sample_id,prompt\n1,2\n".to_owned(), "`rb.csv` has no column `eval_name` (expected type string)"),
        (
            "sample_id,prompt,eval_name,oracle\n1,2,3,4\n".to_owned(),
            "`rb.csv` has no column `<model>|model_response` (expected type string)",
        ),
        (csv(ROW).replace(",org/m,", ",x,"), "`rb.csv` has no column `org/m` (expected type double)"),
        (csv(ROW).replace("0.5", "half"), "`rb.csv`: line 2: `org/m`: expected a number, found the text `half`"),
        (csv(ROW).replace("0.5", "1.5"), "`rb.csv`: line 2: `org/m`: 1.5 is above 1"),
        (csv(ROW).replace("0.25", "-0.25"), "`rb.csv`: line 2: `gpt-4|total_cost`: -0.25 is below 0"),
        (csv(ROW).replace("0.25", "inf"), "`rb.csv`: line 2: `gpt-4|total_cost`: inf is not a finite number"),
        (csv(ROW).replace(",gpt-4\n", "\n"), "`rb.csv`: line 2: 9 values where the first line names 10"),
        (
            csv(&ROW.replace("arc", "")),
            "`rb.csv`: line 2: `eval_name`: dataset `` cannot be part of a query id: it may neither be empty nor contain `/`",
        ),
        (HEAD.to_owned(), "`rb.csv` holds no rows"),
    ];
    for (table, expected) in cases {
        scratch.write("rb.csv", table);
        refused(&scratch, &["routerbench", "rb.csv"], expected);
    }
}

#[test]
fn a_pickle_is_answered_with_how_to_convert_it() {
    let scratch = Scratch::new();
    scratch.write("routerbench_0shot.pkl", b"\x80\x04\x95cos\nsystem\n");
    refused(
        &scratch,
        &["routerbench", "routerbench_0shot.pkl"],
        "`routerbench_0shot.pkl`: a pickle is a program, and none is run here; where you trust it, turn it once into what \
         can be read, in Python:\n  import pandas\n  table = pandas.read_pickle(\"routerbench_0shot.pkl\")\n  \
         table.to_parquet(\"routerbench_0shot.parquet\")  # or table.to_csv(\"routerbench_0shot.csv\", index=False)",
    );
    let help = scratch.done(["import", "routerbench", "--help"]);
    assert!(help.contains("table = pandas.read_pickle(\"routerbench_0shot.pkl\")"), "{help}");
}
