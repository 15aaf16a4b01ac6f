//! Every table comes back as it was written, and no damaged file is half used.

use std::fs;
use std::path::Path;

use routerlab_records::{
    CellRow, CellStatus, CompletionRow, CompletionStatus, CostSource, DecisionRow, EmbeddingRow, EmbeddingStatus,
    MetricRow, OutcomeRow, Provenance, QueryId, QueryRow, Row, RunRow, RunStatus, ScoreRow, ScoreStatus, TableError,
    TableReader, TableWriter, UsageSource, atomic, partition_file, read_folder, read_table, write_table,
};

fn id(index: u64) -> QueryId {
    QueryId::new("facts", "test", index).unwrap()
}

fn query(index: u64) -> QueryRow {
    QueryRow {
        query_id: id(index),
        dataset: "facts".into(),
        split: "test".into(),
        record_index: index,
        origin_query: "Which?".to_owned(),
        prompt: "Which? ünïcode \u{0} and\nlines".to_owned(),
        ground_truth: index.is_multiple_of(2).then(|| "B".to_owned()),
        metadata: "{}".to_owned(),
        group_key: "0123456789abcdef".to_owned(),
    }
}

fn decision(index: u64) -> DecisionRow {
    DecisionRow {
        run_id: "r1".into(),
        router: "knn".into(),
        seed: u64::MAX,
        preference: 0.25,
        preference_index: 10,
        query_id: id(index),
        part: "test".into(),
        model: "a/b".into(),
        utilities: index.is_multiple_of(2).then(|| vec![0.5, -1.0, f32::MIN_POSITIVE]),
        score: Some(1.0),
        cost_usd: None,
        latency_ms: Some(12.5),
        route_ns: 81_000,
        fuel: 1 << 40,
        available: index % 2 == 1,
        attempts: (!index.is_multiple_of(3)).then(|| vec!["a/b".into(); index as usize % 3]),
    }
}

/// Writes the rows in the order given and reads them back; they come back sorted, everything else as it was.
fn check_round_trip<R: Row + PartialEq + std::fmt::Debug>(mut rows: Vec<R>) {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("deep/er").join(format!("{}.parquet", R::TABLE));
    let provenance = Provenance::by("test 1").input("a", "00").value("seed", 42).value("text", "quotes \" and ünïcode");
    rows.reverse();
    let written = write_table(&path, &rows, &provenance).unwrap();
    assert_eq!(written.digest, routerlab_records::digest_file(&path).unwrap());
    rows.reverse();
    let table = read_table::<R>(&path).unwrap();
    assert_eq!(table.rows, rows);
    assert_eq!(table.provenance, provenance);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "only the table is there");
    // Bytes depend on rows and provenance alone, so digests of files can be compared.
    let again = scratch.path().join("again.parquet");
    assert_eq!(write_table(&again, &rows, &provenance).unwrap(), written);
    // An empty table is a table.
    assert!(write_table::<R>(&again, &[], &provenance).is_ok());
    assert_eq!(read_table::<R>(&again).unwrap().rows, []);
}

#[test]
fn every_table_comes_back_as_it_was_written() {
    check_round_trip((1..=3).map(query).collect());
    check_round_trip((1..=3).map(decision).collect());
    check_round_trip(vec![
        CompletionRow {
            query_id: id(1),
            model: "m".into(),
            sample_index: 0,
            raw_output: "an answer".to_owned(),
            status: CompletionStatus::Ok,
            finish_reason: Some("stop".to_owned()),
            prompt_tokens: Some(10),
            completion_tokens: Some(u64::MAX),
            reasoning_tokens: None,
            cached_tokens: Some(0),
            usage_source: Some(UsageSource::Counted),
            cost_usd: Some(1e-9),
            cost_source: Some(CostSource::ProviderReported),
            latency_ms: Some(0.1),
            ttft_ms: None,
            attempts: 2,
            provider_model: Some("m-2024".to_owned()),
            request_digest: None,
            collected_at: Some("2024-01-01T00:00:00Z".to_owned()),
            error: None,
        },
        CompletionRow {
            query_id: id(1),
            model: "m".into(),
            sample_index: 1,
            raw_output: String::new(),
            status: CompletionStatus::Timeout,
            finish_reason: None,
            prompt_tokens: None,
            completion_tokens: None,
            reasoning_tokens: Some(3),
            cached_tokens: None,
            usage_source: None,
            cost_usd: None,
            cost_source: None,
            latency_ms: None,
            ttft_ms: Some(1.0),
            attempts: 5,
            provider_model: None,
            request_digest: Some("00".to_owned()),
            collected_at: None,
            error: Some("no answer within 60 s".to_owned()),
        },
    ]);
    check_round_trip(
        [Some(1.0), None]
            .into_iter()
            .zip(["exact-match", "judge"])
            .map(|(score, evaluator)| ScoreRow {
                query_id: id(1),
                model: "m".into(),
                sample_index: 0,
                evaluator: evaluator.into(),
                score,
                prediction: score.map(|_| "B".to_owned()),
                explanation: None,
                evaluator_digest: "00".to_owned(),
                evaluator_config: "{}".into(),
                item_digest: "01".to_owned(),
                status: if score.is_some() { ScoreStatus::Ok } else { ScoreStatus::Failed },
            })
            .collect(),
    );
    check_round_trip(vec![
        EmbeddingRow {
            query_id: id(1),
            encoder: "mini".into(),
            embedding: Some(vec![1.0, -0.0, 1e-40]),
            status: EmbeddingStatus::Ok,
            tokens: Some(300),
            truncated: Some(true),
            device: Some("cpu".to_owned()),
            error: None,
        },
        EmbeddingRow {
            query_id: id(2),
            encoder: "mini".into(),
            embedding: None,
            status: EmbeddingStatus::TextError,
            tokens: None,
            truncated: None,
            device: None,
            error: Some("the text has no tokens".to_owned()),
        },
    ]);
    check_round_trip(vec![
        OutcomeRow {
            query_id: id(1),
            model: "a".into(),
            dataset: "facts".into(),
            score: Some(0.5),
            cost_usd: Some(0.001),
            cost_source: Some(CostSource::DeclaredPrice),
            latency_ms: Some(3.0),
            prompt_tokens: Some(1),
            completion_tokens: Some(2),
        },
        OutcomeRow {
            query_id: id(1),
            model: "b".into(),
            dataset: "facts".into(),
            score: None,
            cost_usd: None,
            cost_source: None,
            latency_ms: None,
            prompt_tokens: None,
            completion_tokens: None,
        },
    ]);
    check_round_trip(
        [Some(0.71), None]
            .into_iter()
            .zip(["42", "all"])
            .map(|(value, seed)| MetricRow {
                run_id: "r1".into(),
                router: "knn".into(),
                seed: seed.into(),
                metric: "AvgAcc".into(),
                dataset: "macro".into(),
                preference: 0.0,
                value,
                low: value,
                high: None,
                unit: "percent".into(),
                n: 640,
            })
            .collect(),
    );
    check_round_trip(vec![RunRow {
        run_id: "r1".into(),
        config: "seeds = [42]".to_owned(),
        digests: "{}".to_owned(),
        seeds: "[42]".to_owned(),
        host_version: "0.1.0".to_owned(),
        machine: "2 cores".to_owned(),
        started_at: "2024-01-01T00:00:00Z".to_owned(),
        status: RunStatus::SomeFailed,
    }]);
    check_round_trip(
        CellStatus::ALL
            .iter()
            .zip(1..)
            .map(|(&status, seed)| CellRow {
                run_id: "r1".into(),
                router: "knn".into(),
                seed,
                status,
                detail: (status != CellStatus::Ok).then(|| "why".to_owned()),
                component_digest: "00".to_owned(),
                decisions_digest: (status == CellStatus::Ok).then(|| "11".to_owned()),
                decisions_file_digest: (status == CellStatus::Ok).then(|| "22".to_owned()),
                train_ms: 1.5,
                route_ms: 2.5,
                train_fuel: 3,
                route_fuel: 4,
                state_bytes: 5,
                log: None,
                unranked: (status == CellStatus::Ok).then(|| "external".to_owned()),
            })
            .collect(),
    );
}

#[test]
fn a_table_of_several_row_groups_comes_back_in_batches() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("decisions.parquet");
    let mut writer = TableWriter::create(&path, &Provenance::default()).unwrap();
    let mut ids: Vec<QueryId> = (1..=200_000).map(id).collect();
    ids.sort();
    let row = |query_id: &QueryId| DecisionRow { query_id: query_id.clone(), ..decision(query_id.record_index()) };
    ids.iter().try_for_each(|id| writer.push(row(id))).unwrap();
    writer.finish().unwrap();
    let reader = TableReader::<DecisionRow>::open(&path).unwrap();
    assert_eq!(reader.rows_total(), 200_000);
    let batches: Vec<Vec<DecisionRow>> = reader.map(Result::unwrap).collect();
    assert!(batches.len() >= 3, "{} batches", batches.len());
    assert!(batches.iter().flatten().zip(&ids).all(|(found, id)| *found == row(id)));
    assert_eq!(batches.iter().map(Vec::len).sum::<usize>(), 200_000);
}

#[test]
fn rows_out_of_order_or_twice_are_refused_and_nothing_is_left_behind() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("t.parquet");
    let name = path.display().to_string();
    let mut writer = TableWriter::create(&path, &Provenance::default()).unwrap();
    writer.push(query(2)).unwrap();
    assert_eq!(
        writer.push(query(1)).unwrap_err().to_string(),
        format!(
            "`{name}`: the row `query_id=facts/test/1` comes after the row `query_id=facts/test/2`, expected rows in \
             ascending order of their key"
        )
    );
    drop(writer);
    assert_eq!(
        write_table(&path, &[decision(1), decision(2), decision(1)], &Provenance::default()).unwrap_err().to_string(),
        format!(
            "`{name}`: two rows have the key `run_id=r1`, `router=knn`, `seed=18446744073709551615`, \
             `preference_index=10`, `query_id=facts/test/1`"
        )
    );
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0);
}

#[test]
fn a_partitioned_folder_is_read_file_by_file() {
    let scratch = tempfile::tempdir().unwrap();
    for (router, index) in [("knn", 1), ("linear", 2)] {
        let path = partition_file(scratch.path(), "decisions", &[("router", router), ("seed", "42")], "part-0");
        write_table(&path, &[decision(index)], &Provenance::default()).unwrap();
    }
    let tables = read_folder::<DecisionRow>(&scratch.path().join("decisions")).unwrap();
    assert_eq!(tables.iter().map(|table| table.rows.clone()).collect::<Vec<_>>(), [[decision(1)], [decision(2)]]);
}

/// The message that reading `content` as `R` gives, with the file's name in place of its path.
fn message<R: Row>(content: &[u8]) -> String {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("t.parquet");
    atomic::write_bytes(&path, content).unwrap();
    let error = read_table::<R>(&path).err().expect("the file cannot be read").to_string();
    error.replace(&path.display().to_string(), "t.parquet")
}

fn bytes_of<R: Row>(rows: &[R]) -> Vec<u8> {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("t.parquet");
    write_table(&path, rows, &Provenance::default()).unwrap();
    fs::read(&path).unwrap()
}

#[test]
fn a_file_that_is_no_table_is_named_with_what_it_is_instead() {
    let good = bytes_of(&[query(1), query(2)]);
    assert_eq!(message::<QueryRow>(b""), "`t.parquet` is empty, expected a Parquet file");
    assert_eq!(message::<QueryRow>(b"PAR1"), "`t.parquet` is not a Parquet file");
    assert_eq!(message::<QueryRow>(b"query_id,dataset\n"), "`t.parquet` is not a Parquet file");
    assert_eq!(
        message::<QueryRow>(&good[..good.len() - 1]),
        "`t.parquet` is cut short: it begins as a Parquet file and does not end as one"
    );
    assert_eq!(message::<ScoreRow>(&good), "`t.parquet` holds `routerlab.queries/1`, expected `routerlab.scores/2`");
    assert!(matches!(
        read_table::<QueryRow>(Path::new("nowhere.parquet")),
        Err(error) if error.to_string() == "`nowhere.parquet` does not exist"
    ));
}

#[test]
fn metadata_that_cannot_be_used_is_refused_with_its_row() {
    let cases = [
        ("", "not JSON: EOF while parsing a value at line 1 column 0"),
        ("[]", "expected a JSON object, found a list"),
        (r#"{"evaluator":7}"#, "expected a text under `evaluator`, found a number"),
    ];
    for (metadata, reason) in cases {
        let bad = QueryRow { metadata: metadata.to_owned(), ..query(2) };
        let expected = format!("`t.parquet`: row 2: `metadata`: {reason}");
        assert_eq!(message::<QueryRow>(&bytes_of(&[query(1), bad])), expected);
    }
    let unnamed = QueryRow { metadata: r#"{"evaluator":null,"more":[7]}"#.to_owned(), ..query(1) };
    check_round_trip(vec![unnamed]);
}

#[test]
fn a_footer_that_would_end_the_process_is_damage() {
    // A schema whose root claims 2,147,483,647 columns.
    let footer = b"\x15\x02\x19\x1c\x48\x01x\x15\xfe\xff\xff\xff\x0f\x00\x00";
    let length = u32::try_from(footer.len()).unwrap().to_le_bytes();
    let content = [b"PAR1", &footer[..], &length, b"PAR1"].concat();
    assert_eq!(
        message::<QueryRow>(&content),
        "`t.parquet` is damaged: a group of its schema claims 2147483647 columns where 0 follow"
    );
}

#[test]
fn a_file_cut_short_anywhere_is_refused() {
    let good = bytes_of(&(1..=50).map(query).collect::<Vec<_>>());
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("t.parquet");
    for length in 8..good.len() {
        fs::write(&path, &good[..length]).unwrap();
        let error = read_table::<QueryRow>(&path).unwrap_err();
        assert!(matches!(error, TableError::CutShort { .. }), "{length}: {error}");
    }
}

#[test]
fn a_damaged_file_is_an_error_or_read_in_full_and_never_a_panic() {
    let rows: Vec<EmbeddingRow> = (1..=40)
        .map(|index| EmbeddingRow {
            query_id: id(index),
            encoder: "mini".into(),
            embedding: Some(vec![0.25; 8]),
            status: EmbeddingStatus::Ok,
            tokens: Some(9),
            truncated: Some(false),
            device: None,
            error: None,
        })
        .collect();
    let good = bytes_of(&rows);
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("t.parquet");
    let mut refused = 0;
    for at in 4..good.len() - 4 {
        let mut bad = good.clone();
        bad[at] ^= 0x55;
        fs::write(&path, &bad).unwrap();
        match read_table::<EmbeddingRow>(&path) {
            Ok(table) => assert_eq!(table.rows.len(), rows.len(), "byte {at}"),
            Err(error) => {
                refused += 1;
                assert!(error.to_string().contains("t.parquet"), "byte {at}: {error}");
            }
        }
    }
    assert!(refused * 4 > good.len(), "{refused} of {} damages were noticed", good.len());
}
