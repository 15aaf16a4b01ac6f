//! Files and archives that are wrong, cut, or made to do harm.

use super::*;

#[test]
fn what_is_wrong_with_a_file_is_named_with_its_record_and_field() {
    let good = record(1, "p", json!(1));
    let one = |record: Value| run("d", "test", "m", None, &[good.clone(), record]);
    let changed = |field: &str, value: Value| one(with(record(2, "p2", json!(1)), &[(field, Some(value))]));
    let text = |text: &str, with: &str| run("d", "test", "m", None, std::slice::from_ref(&good)).replace(text, with);
    let long = "x".repeat(70 << 20);
    let cases: Vec<(String, &str)> = vec![
        (one(with(record(2, "p2", json!(1)), &[("score", None)])), "record 2: `score`: missing"),
        (one(with(record(2, "p2", json!(1)), &[("raw_output", None)])), "record 2: `raw_output`: missing"),
        (one(record(1, "p2", json!(1))), "record 2: the index 1 was already in record 1"),
        (one(record(0, "p2", json!(1))), "record 2: `index`: expected a whole number from 1"),
        (one(json!(3)), "record 2: invalid type: integer `3`, expected a record, which is an object"),
        (
            changed("score", json!("1")),
            "record 2: `score`: invalid type: string \"1\", expected a number, true, false or null",
        ),
        (changed("score", json!(1.5)), "record 2: `score`: 1.5 is above 1"),
        (changed("cost", json!(-1)), "record 2: `cost`: -1 is below 0"),
        (changed("prompt", Value::Null), "record 2: `prompt`: expected a text, found null"),
        (
            changed("prompt_tokens", json!(-1)),
            "record 2: `prompt_tokens`: invalid type: integer `-1`, expected a whole number of 0 or more",
        ),
        (changed("raw_output", json!([1])), "record 2: `raw_output`: invalid type: integer `1`, expected a string"),
        (text("0.25", "NaN"), "record 1: `cost`: not JSON: expected value"),
        (text("0.25", "1e999"), "record 1: `cost`: not JSON: number out of range"),
        (text("\"index\": 1", "\"index\": 1, \"index\": 1"), "record 1: `index`: given twice"),
        (
            text("\"extra_fields\": {}", "\"extra_fields\": {\"a\": 1, \"a\": 2}"),
            "record 1: `extra_fields`: the key `a` is given twice",
        ),
        (text("\"7\"", &"[".repeat(10_000)), "record 1: `ground_truth`: not JSON: recursion limit exceeded"),
        (text("\"model_name\": \"m\"", "\"model_name\": 5"), "`model_name`: missing, or no text"),
        (text("\"model_name\": \"m\",", "\"model_name\": \"m\", \"model_name\": \"m\","), "`model_name`: given twice"),
        (text("\"dataset_name\": \"d\"", "\"dataset_name\": \"a/b\""), "dataset `a/b` cannot be part of a query id"),
        (text("answer 1", &long), "record 1: `raw_output`: one record has more than 67108864 bytes"),
        (text("answer 1", "\u{1}"), "record 1: `raw_output`: not JSON: control character"),
        (
            run("d", "test", "m", None, std::slice::from_ref(&good)).replace("[\n", "{\n").replace("]\n}", "}\n}"),
            "`records`: ",
        ),
        (run("d", "test", "m", None, std::slice::from_ref(&good)) + " x", "not JSON: trailing characters"),
        (String::new(), "not JSON: EOF while parsing a value"),
    ];
    for (content, expected) in cases {
        let place = Place::new(&Tree::new());
        place.write("tree/a/b.json", content);
        let message = place.import("tree", &LlmRouterBenchOptions::default()).unwrap_err();
        assert!(message.starts_with(&format!("`tree/a/b.json`: {expected}")), "{message}\nexpected {expected}");
        assert!(message.len() < 600, "{}", message.len());
        assert!(!place.path("out").exists() && !place.path("out.partial").exists());
    }
    let place = Place::new(&Tree::new());
    let mut bytes = run("d", "test", "m", None, std::slice::from_ref(&good)).into_bytes();
    let at = bytes.windows(6).position(|window| window == b"answer").unwrap();
    bytes[at] = 0xff;
    place.write("tree/a.json", &bytes);
    let message = place.import("tree", &LlmRouterBenchOptions::default()).unwrap_err();
    assert!(
        message.starts_with("`tree/a.json`: record 1: `raw_output`: not JSON: invalid unicode code point"),
        "{message}"
    );
    // Cut anywhere, a file is an error or no run, and never a panic.
    let whole = run("d", "test", "m", None, &[good]);
    for end in (0..whole.len()).step_by(7) {
        let place = Place::new(&Tree::new());
        place.write("tree/a.json", &whole[..end]);
        place.import("tree", &LlmRouterBenchOptions::default()).unwrap_err();
    }
}

/// An archive with one member whose header was changed.
fn hostile(change: impl FnOnce(&mut tar::Header), content: &[u8]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_path("a.json").unwrap();
    header.set_size(content.len() as u64);
    change(&mut header);
    header.set_cksum();
    archive.append(&header, content).unwrap();
    archive.into_inner().unwrap()
}

#[test]
fn an_archive_that_could_do_harm_or_is_cut_is_refused_by_name() {
    let good = run("d", "test", "m", None, &[record(1, "p", json!(1))]);
    let named = |name: &str| {
        let name = name.as_bytes().to_vec();
        move |header: &mut tar::Header| header.as_mut_bytes()[..name.len()].copy_from_slice(&name)
    };
    let kind = |kind: tar::EntryType| move |header: &mut tar::Header| header.set_entry_type(kind);
    let whole = archive(&vec![("a.json", good.clone())]);
    let zeros = vec![0_u8; 300 << 20];
    let unwanted = |header: &mut tar::Header| {
        header.set_size(300 << 20);
        header.set_path("a.bin").unwrap();
    };
    let passed_over = packed(&hostile(unwanted, &zeros));
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (hostile(named("../a.json"), good.as_bytes()), "the member `../a.json` would lie outside the archive's folder"),
        (hostile(named("/a.json"), good.as_bytes()), "the member `/a.json` would lie outside the archive's folder"),
        (
            hostile(named("a\\..\\b.json"), good.as_bytes()),
            "the member `a\\..\\b.json` would lie outside the archive's folder",
        ),
        (hostile(|header| header.as_mut_bytes()[0] = 0xff, b""), "has a name that is no UTF-8"),
        (hostile(kind(tar::EntryType::Symlink), b""), "the member `a.json` is a link, and links are not followed"),
        (hostile(kind(tar::EntryType::Link), b""), "the member `a.json` is a link, and links are not followed"),
        (hostile(kind(tar::EntryType::Block), b""), "the member `a.json` is a device or a pipe"),
        (hostile(kind(tar::EntryType::Fifo), b""), "the member `a.json` is a device or a pipe"),
        (hostile(kind(tar::EntryType::new(b'?')), b""), "the member `a.json` is of a kind that is not known"),
        (hostile(kind(tar::EntryType::GNULongName), &zeros[..3 << 20]), "has a name of more than 1048576 bytes"),
        (whole[..600].to_vec(), "not JSON: EOF"),
        (whole[..whole.len() - 1024].to_vec(), "ends without an end mark"),
        (packed(&whole)[..200].to_vec(), "`release"),
        (hostile(|header| header.set_size(3 << 20), &zeros[..3 << 20]), "`release/a.json`"),
        (passed_over, "it unpacks to more than 200 times its size"),
    ];
    for (content, expected) in cases {
        let place = Place::new(&Tree::new());
        place.write("release", &content);
        let message = place.import("release", &LlmRouterBenchOptions::default()).unwrap_err();
        assert!(message.contains("release") && message.contains(expected), "{message}\nexpected {expected}");
        // What was whole before the end was reached stays where the import works, to be gone on with.
        let names = fs::read_dir(place.0.path()).unwrap().map(|entry| entry.unwrap().file_name());
        assert!(names.into_iter().all(|name| name == "release" || name == "out.partial"), "nothing was unpacked");
    }
    // Cut or changed anywhere, packed or not: an error, or what is whole; never a panic.
    let packed = packed(&whole);
    for end in (0..packed.len()).step_by(5) {
        let place = Place::new(&Tree::new());
        place.write("release", &packed[..end]);
        place.import("release", &LlmRouterBenchOptions::default()).unwrap_err();
    }
    for at in (0..1024).step_by(3) {
        let mut changed = whole.clone();
        changed[at] ^= 0x55;
        let place = Place::new(&Tree::new());
        place.write("release", &changed);
        let _ = place.import("release", &LlmRouterBenchOptions::default());
    }
}
