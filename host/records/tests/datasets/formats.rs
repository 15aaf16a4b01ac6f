//! The same rows in every format, and what is said of files that cannot be used.

use std::io::Write;

use routerlab_records::definition::shipped;
use routerlab_records::{Provenance, QueryRow, write_table};

use crate::{Scratch, lenient, strict};

const DEFINITION: &str = r#"
name = "small"
origin_query = "{{ question }}"
prompt = "{{ question }} {% for option in options | lettered %}{{ option.letter }}. {{ option.text }} {% endfor %}"
ground_truth = "{{ answer }}"
group = "{{ topic or question }}"

[[split]]
name = "test"
files = ["test.jsonl"]
rows = 2

[fields]
question = "text"
options = "list"
answer = "plain"
weight = "number"
topic = "text?"

[metadata]
weight = "weight"
"#;

const LINES: &str = r#"{"question":"Ä?","options":["x","y"],"answer":"A","weight":1.5}
{"question":"Say \"b\",\nor not?","options":["z"],"answer":"B","weight":2,"topic":"t"}
"#;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ::zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        archive.start_file(*name, ::zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// The same rows as Parquet, with a column of lists and one that has a value in one row only.
fn parquet() -> Vec<u8> {
    use arrow_array::builder::{ListBuilder, StringBuilder};
    use arrow_array::{ArrayRef, Float64Array, LargeStringArray, RecordBatch, StringArray, StringViewArray};
    use std::sync::Arc;
    let mut options = ListBuilder::new(StringBuilder::new());
    options.append_value([Some("x"), Some("y")]);
    options.append_value([Some("z")]);
    let columns: [(&str, ArrayRef); 5] = [
        ("question", Arc::new(StringArray::from(vec!["Ä?", "Say \"b\",\nor not?"]))),
        ("options", Arc::new(options.finish())),
        ("answer", Arc::new(LargeStringArray::from(vec!["A", "B"]))),
        ("weight", Arc::new(Float64Array::from(vec![1.5, 2.0]))),
        ("topic", Arc::new(StringViewArray::from(vec![None, Some("t")]))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut bytes = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

/// Rows without what a format cannot keep: CSV knows no difference between 2 and 2.0.
fn plain(rows: Vec<QueryRow>) -> Vec<QueryRow> {
    rows.into_iter().map(|row| QueryRow { metadata: row.metadata.replace("2.0", "2"), ..row }).collect()
}

#[test]
fn the_same_rows_are_the_same_queries_in_every_format() {
    let lines = Scratch::with([("test.jsonl", LINES.as_bytes())]).import(DEFINITION, None, "in").unwrap();
    assert_eq!(lines[1].prompt, "Say \"b\",\nor not? A. z ");
    assert_eq!(lines[1].metadata, r#"{"weight":2}"#);
    let list = format!("[{}]", LINES.trim().replace("}\n{", "},\n{"));
    let spread = LINES.replace("{\"", "{\n  \"");
    let columns = r#"{"question":["Ä?","Say \"b\",\nor not?"],"options":[["x","y"],["z"]],"answer":["A","B"],"weight":[1.5,2],"topic":[null,"t"]}"#;
    let csv = "question,options,answer,weight,topic\nÄ?,\"[\"\"x\"\", \"\"y\"\"]\",A,1.5,\n\"Say \"\"b\"\",\nor not?\",\"[\"\"z\"\"]\",B,2,t\n";
    let mark = ["\u{feff}".as_bytes(), LINES.as_bytes()].concat();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("test.json", LINES.into()),
        ("test.jsonl", LINES.replace('\n', "\r\n\r\n").into()),
        ("test.jsonl", mark),
        ("test.json", list.clone().into()),
        ("test.json", spread.into()),
        ("test.json", columns.into()),
        ("test.csv", csv.into()),
        ("test.csv", csv.replace("},\n", "},\r\n").into()),
        ("test.parquet", parquet()),
        ("test.jsonl.gz", gzip(LINES.as_bytes())),
        ("test.csv.gz", gzip(csv.as_bytes())),
        ("test.parquet.gz", gzip(&parquet())),
        ("test.jsonl.zip", zip(&[("whatever.jsonl", LINES.as_bytes())])),
        ("test.json.gz", gzip(&zip(&[("a.json", list.as_bytes())]))),
        ("deep/folder/test.jsonl", LINES.into()),
    ];
    for (name, bytes) in cases {
        let scratch = Scratch::with([(name, bytes.as_slice())]);
        let rows = scratch.import(DEFINITION, None, "in").unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(plain(rows), lines, "{name}");
        // The file itself may be named, whatever it is called.
        let rows = scratch.import(DEFINITION, None, &format!("in/{name}")).unwrap();
        assert_eq!(plain(rows), lines, "{name}");
    }
    let archive = zip(&[("set/test.jsonl", LINES.as_bytes()), ("set/README.md", b"x"), ("__MACOSX/test.jsonl", b"")]);
    let rows = Scratch::with([("set.zip", archive.as_slice())]).import(DEFINITION, None, "in/set.zip").unwrap();
    assert_eq!(rows, lines);
}

#[test]
fn a_row_keeps_its_own_columns() {
    let definition = "name = \"d\"\nprompt = \"{{ row | tojson }}\"\n[[split]]\nname = \"s\"\nfiles = [\"a.json\"]\n[fields]\na = \"any\"\nlate = \"any?\"\n";
    let lines = "{\"a\": {\"A\": 1}}\n{\"a\": {\"B\": 2}, \"late\": 3}\n";
    let rows = Scratch::with([("a.json", lines.as_bytes())]).import(definition, None, "in").unwrap();
    let prompts: Vec<&str> = rows.iter().map(|row| row.prompt.as_str()).collect();
    assert_eq!(prompts, [r#"{"a": {"A": 1}, "late": null}"#, r#"{"a": {"B": 2}, "late": 3}"#]);
}

#[test]
fn queries_of_one_group_have_one_key() {
    let lines = LINES.replace("\"weight\":1.5", "\"weight\":1,\"topic\":\"t\"");
    let rows = Scratch::with([("test.jsonl", lines.as_bytes())]).import(DEFINITION, None, "in").unwrap();
    assert_eq!(rows[0].group_key, rows[1].group_key);
}

#[test]
fn a_file_that_cannot_be_used_is_named_with_its_row_and_field() {
    let line = |from: &str, to: &str| LINES.replacen(from, to, 1).into_bytes();
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("test.jsonl", line("\"answer\":\"A\",", ""), "`in/test.jsonl`: line 1: `answer`: missing"),
        ("test.jsonl", line("\"A\"", "null"), "`in/test.jsonl`: line 1: `answer`: missing"),
        ("test.jsonl", line("2,", "\"2\","), "`in/test.jsonl`: line 2: `weight`: expected a number, found a text"),
        ("test.jsonl", line("[\"z\"]", "\"z\""), "`in/test.jsonl`: line 2: `options`: expected a list, found a text"),
        (
            "test.jsonl",
            line("{\"question\":\"S", "[\"S"),
            "`in/test.jsonl`: line 2: not JSON: expected `,` or `]` at column 33",
        ),
        ("test.jsonl", line("\"weight\":2", "\"answer\":2"), "`in/test.jsonl`: line 2: `answer`: given twice"),
        ("test.json", b"[{\"question\": 1}, 7]".to_vec(), "`in/test.json`: row 1: `answer`: missing"),
        (
            "test.json",
            b"[\n{\"question\": \n}]".to_vec(),
            "`in/test.json`: line 3: not JSON: expected value at column 1",
        ),
        ("test.json", b"[7]".to_vec(), "`in/test.json`: row 1: expected a JSON object, found a number"),
        ("test.json", b"[]".to_vec(), "`in/test.json` holds no rows"),
        ("test.jsonl", b" \n".to_vec(), "`in/test.jsonl` holds no rows"),
        ("test.jsonl", b"\xff\xfe{\0".to_vec(), "`in/test.jsonl`: line 1: the text is UTF-16, save the file as UTF-8"),
        ("test.csv", b"question,answer\na\n".to_vec(), "`in/test.csv`: line 2: 1 values where the first line names 2"),
        ("test.csv", b"a,a\n1,2\n".to_vec(), "`in/test.csv`: line 1: two columns are called `a`"),
        ("test.csv", b"a,b\n1,\xff\n".to_vec(), "`in/test.csv`: line 2: not UTF-8"),
        (
            "test.csv",
            b"question,options,answer,weight\nq,[,a,1\n".to_vec(),
            "`in/test.csv`: line 2: `options`: not JSON: EOF while parsing a list at line 1 column 1",
        ),
        ("test.csv", b"question,options,answer,weight\nq,[],,1\n".to_vec(), "`in/test.csv`: line 2: `answer`: missing"),
        (
            "test.parquet",
            parquet()[..200].to_vec(),
            "`in/test.parquet` is cut short: it begins as a Parquet file and does not end as one",
        ),
        (
            "test.zip",
            zip(&[("a.json", b"1"), ("b.json", b"2")]),
            "`in/test.zip` is damaged: an archive of 2 files where one is expected",
        ),
        ("other.jsonl", LINES.into(), "`in` holds no `test.jsonl`, which has the split `test`"),
    ];
    for (name, bytes, expected) in cases {
        let scratch = Scratch::with([(name, bytes.as_slice())]);
        let told = scratch.import(DEFINITION, None, "in").unwrap_err();
        assert_eq!(told.replace(&scratch.path("in").display().to_string(), "in"), expected, "{name}");
    }
    let two = Scratch::with([("a/test.jsonl", LINES.as_bytes()), ("b/test.jsonl", LINES.as_bytes())]);
    let told = two.import(DEFINITION, None, "in").unwrap_err();
    let expected = "`a/test.jsonl` and `b/test.jsonl` may both be `test.jsonl`; name the folder or the file itself";
    assert!(told.ends_with(expected), "{told}");
}

#[test]
fn a_split_of_another_length_or_another_file_is_refused_unless_it_is_waived() {
    let scratch = Scratch::with([("test.json", b"{\"problem\":\"p\",\"answer\":\"1\"}\n".as_slice())]);
    let (from, out) = (scratch.path("in"), scratch.path("out"));
    let told = scratch.told(&strict("math500", "test", &from, &out).unwrap_err());
    let expected = "the split `test` has 1 rows, expected 500; use `--any-count` to take them all the same";
    assert!(told.ends_with(expected), "{told}");
    assert!(!out.exists());

    let row = br#"{"task_id":"T/0","prompt":"p","test":"t","entry_point":"e","canonical_solution":"c"}"#;
    let scratch = Scratch::with([("HumanEval.jsonl", row.as_slice())]);
    let told = scratch.told(&strict("humaneval", "test", &scratch.path("in"), &scratch.path("out")).unwrap_err());
    let found = routerlab_records::digest_bytes(row);
    let known = "1d49078ba3e2b196b9344535bef34a43021f038fad9561d6ee7c53450609a6a2";
    assert_eq!(
        told,
        format!(
            "`in/HumanEval.jsonl` has the SHA-256 {found}, expected {known}; use `--any-digest` to take it all the same"
        )
    );
}

#[test]
fn a_definition_that_cannot_be_used_is_answered_with_the_key() {
    let scratch = Scratch::with([("test.jsonl", LINES.as_bytes())]);
    let told = |from: &str, to: &str, split: Option<&str>| {
        scratch.import(&DEFINITION.replacen(from, to, 1), split, "in").unwrap_err()
    };
    let cases = [
        (
            told("answer = \"plain\"", "answer = \"word\"", None),
            "`definition.toml`: line 16: unknown kind of field `word`, expected one of `text`, `number`, `plain`, `list`, `object`, `any`, `json`, `packed-json`, with `?` where it may be missing",
        ),
        (
            told("{{ answer }}", "{{ answer", None),
            "`definition.toml`: `ground_truth`: syntax error: unexpected end of input, expected end of variable block (line 1 of the template)",
        ),
        (
            told("{{ answer }}", "{{ anwser }}", None),
            "`in/test.jsonl`: line 1: `ground_truth`: undefined value (line 1 of the template)",
        ),
        (
            told("weight = \"weight\"", "weight = \"wieght\"", None),
            "`in/test.jsonl`: line 1: `metadata.weight`: `wieght` is not defined",
        ),
        (told("", "", Some("train")), "`definition.toml`: there is no split `train`, expected one of `test`"),
        (
            told("topic = \"text?\"", "source = \"text?\"", None),
            "`definition.toml`: no field can be called `source`: templates know something else by that name",
        ),
        (told("prompt =", "# =", None), "`definition.toml`: no `prompt`; add a template of what models are asked"),
        (
            told("rows = 2", "lines = 2", None),
            "`definition.toml`: line 11: unknown field `lines`, expected one of `name`, `files`, `rows`, `sha256`, `where`, `default`",
        ),
    ];
    for (told, expected) in cases {
        assert_eq!(told, expected);
    }
}

#[test]
fn a_folder_that_holds_a_table_or_a_definition_is_left_alone() {
    let scratch = Scratch::with([("test.jsonl", LINES.as_bytes()), ("dataset.toml", b"")]);
    let into = |folder: &str| {
        let out = scratch.path(folder);
        let options = lenient(DEFINITION, None);
        let import = routerlab_records::import::import_dataset(&options, &scratch.path("in"), &out, &mut |_| {});
        scratch.told(&import.unwrap_err()).replace(&out.display().to_string(), folder)
    };
    assert!(into("in").ends_with("already holds `dataset.toml`, name another folder or move the file away"));
    write_table::<QueryRow>(&scratch.path("taken/queries.parquet"), &[], &Provenance::default()).unwrap();
    assert!(into("taken").ends_with("already holds `queries.parquet`, name another folder or move the file away"));
}

#[test]
fn tests_that_cannot_be_unpacked_are_an_error_and_not_an_empty_list() {
    let line = |tests: &str| {
        format!(
            r#"{{"question_content":"q","metadata":"{{}}","public_test_cases":"[]","private_test_cases":"{tests}"}}"#
        )
    };
    for (tests, expected) in [
        ("garbage!", "neither JSON nor base64"),
        ("QUJD", "base64 of something other than zlib: corrupt deflate stream"),
        // A pickle that calls a function: base64 of zlib of `cos\nsystem\n(S'x'\ntR.`.
        (
            "eJxLzi/mKq4sLknN5dIIVq9Q5yoJ0gMASAsGPg==",
            "a pickle of something other than one text: it has the opcode 0x63",
        ),
    ] {
        let scratch = Scratch::with([("test.jsonl", format!("\n{}\n", line(tests)).as_bytes())]);
        let told = scratch.import(shipped("livecodebench").unwrap(), None, "in").unwrap_err();
        assert_eq!(told, format!("`in/test.jsonl`: line 2: `private_test_cases`: {expected}"));
    }
}

#[test]
fn what_belongs_to_a_row_and_is_not_there_is_an_error() {
    let sample = br#"{"idx":"1","rule_id":"7","question":"q","answer":"[[a]]"}"#.as_slice();
    let kinds = ["cipher", "operation", "puzzle", "counterfactual", "logic"].map(|kind| format!("{kind}/sample.jsonl"));
    let samples = kinds.iter().map(|name| (name.as_str(), sample));
    let told = |rule: Option<&'static str>| {
        let rule = rule.map(|text| ("cipher/rule.jsonl", text.as_bytes()));
        Scratch::with(samples.clone().chain(rule)).import(shipped("korbench").unwrap(), None, "in").unwrap_err()
    };
    let start = "`in/cipher/sample.jsonl`: line 1";
    assert_eq!(told(None), format!("{start}: `rule`: there is no `rule.jsonl` in the same folder"));
    assert_eq!(told(Some("{\"idx\":8}")), format!("{start}: `rule_id`: `rule.jsonl` has no row with `7` as its `idx`"));
    assert_eq!(
        told(Some("{\"idx\":7}\n{\"idx\":\"7\"}")),
        format!("{start}: `rule_id`: `rule.jsonl` has 2 rows with `7` as their `idx`")
    );
}

/// A few bytes changed here and there, from a fixed seed.
fn mangled(bytes: &[u8], seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut bytes = bytes.to_vec();
    for _ in 0..1 + next() % 8 {
        let at = (next() % bytes.len() as u64) as usize;
        bytes[at] = next() as u8;
    }
    if next().is_multiple_of(4) {
        bytes.truncate((next() % bytes.len() as u64) as usize);
    }
    bytes
}

#[test]
fn mangled_files_are_errors_and_never_a_panic() {
    let csv = b"question,options,answer,weight\nq,\"[1]\",a,1\n".to_vec();
    let sources: Vec<(&str, Vec<u8>)> = vec![
        ("test.jsonl", LINES.into()),
        ("test.json", format!("[{}]", LINES.trim().replace("}\n{", "},\n{")).into()),
        ("test.csv", csv),
        ("test.parquet", parquet()),
        ("test.jsonl.gz", gzip(LINES.as_bytes())),
        ("test.jsonl.zip", zip(&[("a.jsonl", LINES.as_bytes())])),
    ];
    for (name, bytes) in sources {
        for seed in 0..150 {
            let scratch = Scratch::with([(name, mangled(&bytes, seed).as_slice())]);
            let _ = scratch.import(DEFINITION, None, "in");
        }
    }
}
