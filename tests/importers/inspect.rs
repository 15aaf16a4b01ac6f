//! Logs of Inspect.

use serde_json::json;

use super::*;

/// A zip archive whose members are stored as they are; the number is what the archive says they are packed with.
fn zip(members: &[(&str, Vec<u8>)], method: u16) -> Vec<u8> {
    let crc = |bytes: &[u8]| {
        !bytes.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
        })
    };
    let (mut out, mut central) = (Vec::new(), Vec::new());
    for (name, content) in members {
        let (length, offset) = (content.len() as u32, out.len() as u32);
        let mut about = Vec::new();
        about.extend([20_u16, 0, method, 0, 0x21].iter().flat_map(|it| it.to_le_bytes()));
        about.extend([crc(content), length, length].iter().flat_map(|it| it.to_le_bytes()));
        about.extend((name.len() as u16).to_le_bytes());
        about.extend([0, 0]);
        out.extend(b"PK\x03\x04".iter().chain(&about).chain(name.as_bytes()).chain(content));
        central.extend(b"PK\x01\x02\x14\0".iter().chain(&about));
        central.extend([0; 10]);
        central.extend(offset.to_le_bytes());
        central.extend(name.as_bytes());
    }
    let (start, count) = (out.len() as u32, members.len() as u16);
    out.extend(&central);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend([count, count].iter().flat_map(|it| it.to_le_bytes()));
    out.extend([central.len() as u32, start].iter().flat_map(|it| it.to_le_bytes()));
    out.extend([0, 0]);
    out
}

fn header(task: &str, model: &str, created: &str, status: &str) -> Value {
    json!({
        "version": 2,
        "status": status,
        "eval": {"task": task, "model": model, "created": created, "dataset": {"name": "d", "samples": 2}, "config": {}},
        "plan": {"steps": []},
        "results": {"scores": [{"name": "match", "scorer": "match", "metrics": {}}]},
    })
}

fn sample(id: Value, epoch: u64, model: &str, value: Value) -> Value {
    json!({
        "id": id,
        "epoch": epoch,
        "input": format!("Question {id}?"),
        "target": "4",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": format!("Answer: Question {id}?")}]},
            {"role": "assistant", "content": "4"},
        ],
        "output": {
            "model": format!("{model}-1"),
            "choices": [{"message": {"role": "assistant", "content": [{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": "It is 4"}]}, "stop_reason": "stop"}],
        },
        "scores": {"match": {"value": value, "answer": "4", "explanation": "because"}, "style": {"value": 0.5}},
        "model_usage": {model: {"input_tokens": 10, "input_tokens_cache_read": 5, "output_tokens": 2, "reasoning_tokens": 1, "total_cost": 0.25}, "grader": {"input_tokens": 99, "output_tokens": 99}},
        "total_time": 2.5,
        "working_time": 1.5,
        "completed_at": "2026-01-31T00:00:00+00:00",
        "events": [{"event": "model", "nested": [1, 2, 3]}],
        "store": {},
    })
}

/// A log of `.eval`'s form.
fn archive(header: &Value, samples: &[Value]) -> Vec<u8> {
    let mut members = vec![("_journal/start.json".to_owned(), b"{}".to_vec())];
    for sample in samples {
        let id = sample["id"].as_str().map_or_else(|| sample["id"].to_string(), str::to_owned);
        members.push((format!("samples/{id}_epoch_{}.json", sample["epoch"]), python(sample)));
    }
    members.push(("summaries.json".to_owned(), b"[]".to_vec()));
    members.push(("header.json".to_owned(), python(header)));
    let members: Vec<(&str, Vec<u8>)> = members.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
    zip(&members, 0)
}

/// A log of the single file's form.
fn single(header: &Value, samples: &[Value]) -> Vec<u8> {
    let text = String::from_utf8(python(header)).unwrap();
    let samples = String::from_utf8(python(&json!(samples))).unwrap();
    // The samples stand last.
    let head = format!(
        "{{\"version\":2,\"status\":{},\"eval\":{},\"results\":{}",
        header["status"], header["eval"], header["results"]
    );
    assert!(text.len() > head.len() / 2);
    format!("{head},\"samples\":{samples}}}").into_bytes()
}

/// As Python writes it.
fn python(value: &Value) -> Vec<u8> {
    value.to_string().replace("\"NAN\"", "NaN").into_bytes()
}

/// Samples of every kind: right, half right, not a number, an error, filtered.
fn samples(model: &str) -> Vec<Value> {
    let mut failed = sample(json!("b"), 1, model, json!("C"));
    failed["error"] = json!({"message": "boom", "traceback": "t", "traceback_ansi": "t"});
    failed["scores"] = Value::Null;
    failed["model_usage"] = json!({});
    failed["output"] = json!({"choices": []});
    let mut filtered = sample(json!("c"), 1, model, json!("I"));
    filtered["output"]["choices"][0]["stop_reason"] = json!("content_filter");
    let first = [
        sample(json!(10), 1, model, json!("C")),
        sample(json!(10), 2, model, json!("P")),
        sample(json!(9), 1, model, json!("NAN")),
    ];
    first.into_iter().chain([failed, filtered]).collect()
}

#[test]
fn logs_of_both_forms_become_one_folder() {
    let scratch = Scratch::new();
    let new = header("evals/sum", "org/a", "2026-01-02T00:00:00+00:00", "success");
    scratch.write("logs/x/1.eval", archive(&new, &samples("org/a")));
    // An older run of the same, a newer one that did not end well, and another model in the older form.
    let old = header("evals/sum", "org/a", "2025-01-02T00:00:00+00:00", "success");
    scratch.write("logs/x/0.eval", archive(&old, &samples("org/a")));
    let broken = header("evals/sum", "org/a", "2026-02-02T00:00:00+00:00", "error");
    scratch.write("logs/x/2.eval", archive(&broken, &samples("org/a")[..1]));
    let other = header("evals/sum", "b", "2026-01-02T00:00:00+00:00", "cancelled");
    scratch.write("logs/y.json", single(&other, &samples("b")[..1]));
    scratch.write("logs/logs.json", r#"{"1.eval":{"eval":{}}}"#);
    let said = imported(&scratch, &["inspect", "logs"]);
    assert_eq!(
        said,
        "imported 6 rows: 4 queries x 2 models in 1 datasets, no embeddings\n\
         note: 2 logs were left out for newer or finished ones of the same task and model: `x/2.eval`, `x/0.eval`\n\
         note: 1 JSON files are no logs and were left out: `logs.json`\n\
         note: 1 logs did not end well; what samples they have was taken\n\
         note: the scores of 3 answers are those of `match`\n\
         note: 2 calls had failed: their completions say so and have no score\n\
         note: 1 answers have no score in the logs\n\
         note: 3 of 8 pairs of query and model have no record\n"
    );
    let queries: Vec<QueryRow> = rows(&scratch, "queries");
    let found: Vec<_> =
        queries.iter().map(|row| (row.query_id.as_str(), row.origin_query.as_str(), row.metadata.as_str())).collect();
    let metadata = |id: &str| format!(r#"{{"source_id":"{id}","task":"evals/sum"}}"#);
    assert_eq!(
        found,
        [
            ("evals-sum/test/1", "Question 9?", metadata("9").as_str()),
            ("evals-sum/test/2", "Question 10?", metadata("10").as_str()),
            ("evals-sum/test/3", "Question \"b\"?", metadata("b").as_str()),
            ("evals-sum/test/4", "Question \"c\"?", metadata("c").as_str()),
        ]
    );
    assert_eq!(queries[1].prompt, "Answer: Question 10?");
    assert_eq!(queries[1].ground_truth.as_deref(), Some("4"));
    let text = |text: &str| text.to_owned();
    assert_eq!(
        outcomes_of(&scratch),
        [
            (text("evals-sum/test/1"), text("org/a"), None, Some(0.25)),
            (text("evals-sum/test/2"), text("b"), Some(1.0), Some(0.25)),
            (text("evals-sum/test/2"), text("org/a"), Some(0.75), Some(0.25)),
            (text("evals-sum/test/3"), text("org/a"), None, None),
            (text("evals-sum/test/4"), text("org/a"), None, Some(0.25)),
        ]
    );
    let completions = read_completions(&scratch.path("out")).unwrap().rows;
    let right = completions.iter().find(|row| row.model == "b").unwrap();
    let tokens = (right.prompt_tokens, right.completion_tokens, right.reasoning_tokens);
    assert_eq!(
        (right.raw_output.as_str(), right.latency_ms, tokens),
        ("It is 4", Some(1500.0), (Some(15), Some(2), Some(1)))
    );
    assert_eq!((right.finish_reason.as_deref(), right.provider_model.as_deref()), (Some("stop"), Some("b-1")));
    let ended: Vec<_> =
        completions.iter().map(|row| (row.status.as_str(), row.sample_index, row.error.as_deref())).collect();
    assert_eq!(
        ended,
        [
            ("ok", 0, None),
            ("ok", 0, None),
            ("ok", 0, None),
            ("ok", 1, None),
            ("model_error", 0, Some("boom")),
            ("filtered", 0, None)
        ]
    );
    let scores = support::scores(&scratch.path("out"), "own");
    assert_eq!(scores.iter().filter_map(|row| row.score).sum::<f64>(), 2.5);
    assert_eq!((scores[0].prediction.as_deref(), scores[0].explanation.as_deref()), (Some("4"), Some("because")));
}

#[test]
fn imported_logs_can_be_benched_at_once_and_another_scorer_be_chosen() {
    let scratch = Scratch::new();
    for (model, right) in [("a", 0), ("b", 1)] {
        let one = |id: u64| sample(json!(id), 1, model, json!(if id % 2 == right { "C" } else { "I" }));
        let log = archive(&header("sum", model, "2026", "success"), &(0..40).map(one).collect::<Vec<_>>());
        scratch.write(&format!("logs/{model}.eval"), log);
    }
    imported(&scratch, &["inspect", "logs"]);
    can_be_benched(&scratch);
    std::fs::remove_dir_all(scratch.path("out")).unwrap();
    let said = imported(&scratch, &["inspect", "logs", "--scorer", "style"]);
    assert!(said.contains("note: the scores of 80 answers are those of `style`\n"), "{said}");
    assert!(outcomes_of(&scratch).iter().all(|row| row.2 == Some(0.5)));
    std::fs::remove_dir_all(scratch.path("out")).unwrap();
    refused(
        &scratch,
        &["inspect", "logs", "--scorer", "sum=taste"],
        "`logs/b.eval`: `samples/0_epoch_1.json`: there is no scorer `taste`; there are `match`, `style`",
    );
}

#[test]
fn a_damaged_log_is_answered_with_its_member() {
    let scratch = Scratch::new();
    let head = header("sum", "m", "2026", "success");
    let good = archive(&head, &samples("m"));
    let one = |change: &dyn Fn(&mut Value)| {
        let mut changed = sample(json!(1), 1, "m", json!("C"));
        change(&mut changed);
        archive(&head, &[changed])
    };
    let member = "samples/1_epoch_1.json";
    let mut flipped = one(&|_| {});
    let at = flipped.windows(9).position(|part| part == b"Question ").unwrap();
    flipped[at] = b'q';
    let cases: Vec<(Vec<u8>, String)> = vec![
        (b"PK".to_vec(), "`l.eval` is damaged: invalid Zip archive: Could not find EOCD; a log of Inspect is a zip archive".to_owned()),
        (good[..good.len() / 2].to_vec(), "`l.eval` is damaged: invalid Zip archive: Could not find EOCD; a log of Inspect is a zip archive".to_owned()),
        (zip(&[("a.json", b"{}".to_vec())], 0), "`l.eval`: has neither `header.json` nor `_journal/start.json`; is it a log of Inspect?".to_owned()),
        (zip(&[("header.json", b"{}".to_vec())], 93), "`l.eval/header.json` is damaged: is packed with zstd; `inspect log convert --to json` writes the log in a form that can be read".to_owned()),
        (zip(&[("header.json", b"{\"eval\":{}}".to_vec())], 0), "`l.eval/header.json`: missing field `task` at line 1 column 10".to_owned()),
        (flipped, format!("`l.eval/{member}` is damaged: cannot be unpacked: Invalid checksum")),
        (one(&|sample| sample["scores"]["match"]["value"] = json!(2)), format!("`l.eval`: `{member}`: `scores.match`: 2 is above 1; choose another with `--scorer`")),
        (one(&|sample| sample["scores"]["match"]["value"] = json!("A")), format!("`l.eval`: `{member}`: `scores.match`: expected C, P, I, N or a number, found the text `A`")),
        (one(&|sample| sample["input"] = json!(7)), format!("`l.eval`: `{member}`: `input`: expected a text or a list of messages, found 7")),
        (one(&|sample| sample["working_time"] = json!(-1)), format!("`l.eval`: `{member}`: `working_time`: expected seconds, found -1")),
        (archive(&head, &[]), "`l.eval`: holds no log of Inspect with samples (1 logs without samples were left out: `l.eval`)".to_owned()),
    ];
    for (bytes, expected) in cases {
        scratch.write("l.eval", bytes);
        refused(&scratch, &["inspect", "l.eval"], &expected);
        assert!(!scratch.path("out.partial").exists(), "{expected}");
    }
    let right = single(&head, &samples("m"));
    let text = String::from_utf8(right).unwrap();
    let cases = [
        (text[..text.len() - 40].to_owned(), "EOF while parsing"),
        (text.replace("\"eval\":", "\"evil\":"), "`l.json`: `samples` stands before `eval`, which says what they are"),
        (
            text.replace("\"epoch\":2", "\"epoch\":0"),
            "`l.json`: sample 2: `epoch`: expected a whole number of 1 or more, found 0",
        ),
        (text.replace("\"epoch\":2", "\"epoch\":1"), "`l.json`: record 2: the index 2 was already in record 1"),
        (text.replace("\"version\":2", "\"status\":\"x\""), "`l.json`: `status` is given twice"),
        (
            "[]".to_owned(),
            "`l.json`: holds no log of Inspect with samples (1 JSON files are no logs and were left out: `l.json`)",
        ),
    ];
    for (text, expected) in cases {
        scratch.write("l.json", text);
        let ran = scratch.routerlab(["import", "inspect", "l.json", "--out", "out"]);
        assert!(ran.code == Some(2) && ran.stderr.contains(expected), "{expected} in {}", ran.stderr);
        assert!(!scratch.path("out").exists() && !scratch.path("out.partial").exists(), "{expected}");
    }
}

#[test]
fn names_in_an_archive_lead_nowhere() {
    let scratch = Scratch::new();
    let head = header("sum", "m", "2026", "success");
    let one = python(&sample(json!(1), 1, "m", json!("C")));
    let members = [
        ("../../outside.json", b"x".to_vec()),
        ("/absolute.json", b"x".to_vec()),
        ("samples/../../evil_epoch_1.json", one.clone()),
        ("samples/1_epoch_1.json", one),
        ("samples/1_epoch_x.json", b"x".to_vec()),
        ("header.json", python(&head)),
    ];
    scratch.write("in/l.eval", zip(&members, 0));
    imported(&scratch, &["inspect", "in"]);
    let queries: Vec<QueryRow> = rows(&scratch, "queries");
    assert_eq!(queries.len(), 2);
    let mut there: Vec<_> =
        std::fs::read_dir(scratch.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    there.sort();
    assert_eq!(there, ["in", "out"]);
}
