//! A table that is not what it says: bytes as they come, or a good table with some bytes changed. Whatever it is, the readers
//! and the exporter end with an error or with rows.
#![no_main]

use std::path::Path;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use routerlab_records::export::{ExportFormat, export_tables};
use routerlab_records::{
    AnswerEmbeddingRow, DecisionRow, Provenance, QueryId, QueryRow, Row, about_table, group_key, read_table, write_table,
};

/// Good tables: one of lists that must be there, one of lists and numbers that need not, one of texts.
fn good() -> &'static [Vec<u8>; 3] {
    static GOOD: OnceLock<[Vec<u8>; 3]> = OnceLock::new();
    GOOD.get_or_init(|| {
        let id = |index| QueryId::new("d", "test", index).expect("an id");
        let vectors: Vec<_> = (1..=4)
            .map(|index| AnswerEmbeddingRow {
                query_id: id(index),
                model: "m".into(),
                encoder: "e".into(),
                embedding: vec![0.5; index as usize],
            })
            .collect();
        let decisions: Vec<_> = (1..=4)
            .map(|index| DecisionRow {
                run_id: "r".into(),
                router: "knn".into(),
                seed: 42,
                preference: 0.5,
                preference_index: 1,
                query_id: id(index),
                part: "test".into(),
                model: "m".into(),
                utilities: (index > 1).then(|| vec![1.0, 2.0]),
                score: Some(1.0),
                cost_usd: (index > 2).then_some(0.1),
                latency_ms: None,
                route_ns: 7,
                fuel: 1 << 40,
                available: index % 2 == 0,
                attempts: (index > 3).then(|| vec!["m".into(), "n".into()]),
            })
            .collect();
        let queries: Vec<_> = (1..=4)
            .map(|index| QueryRow {
                query_id: id(index),
                dataset: "d".into(),
                split: "test".into(),
                record_index: index,
                origin_query: "Which?".repeat(20),
                prompt: "Which?".to_owned(),
                ground_truth: (index > 2).then(|| "B".to_owned()),
                metadata: "{}".to_owned(),
                group_key: group_key("Which?"),
            })
            .collect();
        [bytes_of(&vectors), bytes_of(&decisions), bytes_of(&queries)]
    })
}

fn bytes_of<R: Row>(rows: &[R]) -> Vec<u8> {
    let scratch = tempfile::tempdir().expect("a folder");
    let path = scratch.path().join("t.parquet");
    write_table(&path, rows, &Provenance::by("fuzz")).expect("a table");
    std::fs::read(path).expect("its bytes")
}

/// Reads a file in every way; what one reader takes the exporter takes too, with as many rows.
fn read<R: Row>(folder: &Path, bytes: &[u8]) {
    let path = folder.join(format!("{}.parquet", R::TABLE));
    std::fs::write(&path, bytes).expect("a file");
    let rows = read_table::<R>(&path);
    let _ = about_table(&path);
    let out = folder.join("out");
    let exported = export_tables(&[folder.to_owned()], &[], ExportFormat::Csv, &out, &mut |_| {});
    match (rows, exported) {
        (Ok(rows), Ok(tables)) => assert_eq!(rows.rows.len() as u64, tables[0].rows),
        (Err(_), Err(_)) => {}
        (rows, exported) => panic!("{:?} and {exported:?}", rows.map(|table| table.rows.len())),
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((&kind, rest)) = input.split_first() else { return };
    let table = usize::from(kind % 3);
    // Three bytes a change: where, from the end if the place is odd, and what.
    let bytes = if kind < 128 {
        let mut bytes = good()[table].clone();
        for change in rest.chunks_exact(3) {
            let place = usize::from(u16::from_le_bytes([change[0], change[1]]));
            let length = bytes.len();
            let at = if place % 2 == 0 { place / 2 % length } else { length - 1 - place / 2 % length };
            bytes[at] ^= change[2];
        }
        bytes
    } else {
        rest.to_vec()
    };
    let scratch = tempfile::tempdir().expect("a folder");
    match table {
        0 => read::<AnswerEmbeddingRow>(scratch.path(), &bytes),
        1 => read::<DecisionRow>(scratch.path(), &bytes),
        _ => read::<QueryRow>(scratch.path(), &bytes),
    }
});
