//! Logs of evaluation harnesses inside tar archives, and zip archives that are packed.

use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use routerlab_records::import::{
    HarnessResults, ImportSummary, InspectOptions, LmEvalOptions, import_inspect, import_lm_eval,
};
use routerlab_records::{OutcomeRow, read_table};
use serde_json::{Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A log of Inspect, packed with deflate.
fn eval(model: &str, samples: u64) -> Vec<u8> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let mut member = |name: &str, content: Value| {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content.to_string().as_bytes()).unwrap();
    };
    for id in 1..=samples {
        let sample = json!({
            "id": id, "epoch": 1, "input": format!("q{id}"), "target": "t",
            "output": {"model": "m", "choices": [], "completion": "a"},
            "scores": {"match": {"value": if id % 2 == 0 { "C" } else { "I" }}},
        });
        member(&format!("samples/{id}_epoch_1.json"), sample);
    }
    member("header.json", json!({"status": "success", "eval": {"task": "sum", "model": model, "created": "2026"}}));
    zip.finish().unwrap().into_inner()
}

fn line(doc_id: u64, acc: f64) -> String {
    let line = json!({
        "doc_id": doc_id, "doc": {"question": "q"}, "target": "t", "arguments": [["q", {}]], "resps": [["a"]],
        "filtered_resps": ["a"], "acc": acc, "doc_hash": doc_id.to_string(),
    });
    format!("{line}\n")
}

/// The same files as a folder `files` and as an archive `files.tar.gz` in `scratch`.
fn both(scratch: &Path, files: &[(&str, Vec<u8>)]) {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, content) in files {
        let path = scratch.join("files").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, format!("files/{name}"), content.as_slice()).unwrap();
    }
    let packed = archive.into_inner().unwrap().finish().unwrap();
    std::fs::write(scratch.join("files.tar.gz"), packed).unwrap();
}

/// Holds when a folder and its archive become the same outcomes.
fn become_the_same(scratch: &Path, import: &mut dyn FnMut(&Path, &Path) -> ImportSummary, rows: u64) {
    let mut outcomes = Vec::new();
    for name in ["files", "files.tar.gz"] {
        let out = scratch.join("out").join(name);
        let summary = import(&scratch.join(name), &out);
        assert_eq!((summary.rows, summary.models), (rows, 2), "{name}: {summary:?}");
        outcomes.push(read_table::<OutcomeRow>(&out.join("outcomes.parquet")).unwrap().rows);
    }
    assert_eq!(outcomes[0], outcomes[1]);
    assert!(outcomes[0].iter().all(|row| row.score.is_some()));
}

#[test]
fn packed_logs_of_inspect_are_read_from_folders_and_archives() {
    let scratch = tempfile::tempdir().unwrap();
    both(scratch.path(), &[("a/1.eval", eval("a", 3)), ("b.eval", eval("org/b", 2)), ("notes.txt", b"x".to_vec())]);
    let options = InspectOptions { scorers: Vec::new(), prices: None, split: "test".into() };
    let mut reports = 0;
    let mut import =
        |path: &Path, out: &Path| import_inspect(&[path.to_owned()], &options, out, &mut |_| reports += 1).unwrap();
    become_the_same(scratch.path(), &mut import, 5);
    assert_eq!(reports, 4);
}

#[test]
fn sample_logs_are_read_from_folders_and_archives() {
    let scratch = tempfile::tempdir().unwrap();
    let files = [
        ("org__a/samples_arc_2024-09.jsonl", (line(0, 1.0) + &line(1, 0.0)).into_bytes()),
        ("x/samples_arc_2024-09.jsonl", line(1, 0.5).into_bytes()),
        ("x/results_2024-09.json", br#"{"model_name":"org/b"}"#.to_vec()),
    ];
    both(scratch.path(), &files);
    let options = LmEvalOptions { metrics: Vec::new(), filters: Vec::new(), split: "test".into() };
    let mut import = |path: &Path, out: &Path| {
        let logs = [HarnessResults { path: path.to_owned(), model: None }];
        import_lm_eval(&logs, &options, out, &mut |_| {}).unwrap()
    };
    become_the_same(scratch.path(), &mut import, 3);
}
