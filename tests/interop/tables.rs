//! A data folder with a few rows of every table that nothing in the starter data fills, and with values at which readers
//! differ: the largest numbers, empty texts beside nulls, names that need escapes, vectors that are not there.

use std::path::Path;

use routerlab_records::{
    AnswerEmbeddingRow, AttemptOutcome, AttemptRow, CompletionRow, CompletionStatus, CostSource, CoverageRow,
    EmbeddingRow, EmbeddingStatus, ExternalRow, GroupRow, JudgementRow, JudgementStatus, NearDuplicateRow, OutcomeRow,
    Provenance, QueryId, QueryRow, Row, UsageSource, write_table,
};

const DATASET: &str = "größer als 1%";

fn id(index: u64) -> QueryId {
    QueryId::new(DATASET, "test", index).unwrap()
}

fn write<R: Row>(folder: &Path, name: &str, rows: &[R]) {
    write_table(&folder.join(name), rows, &Provenance::by("test")).unwrap();
}

/// Writes the folder.
pub(crate) fn write_odd(folder: &Path) {
    let largest = 9_223_372_036_854_775_808_u64;
    write(folder, "queries.parquet", &[1, largest].map(query));
    write(folder, "completions.parquet", &[1, 2].map(completion));
    write(folder, "attempts/dataset=a/split=test/m-00000.parquet", &[attempt(1, None), attempt(2, Some(u64::MAX))]);
    write(folder, "coverage.parquet", &[coverage()]);
    write(folder, "judgements/0001-x.parquet", &[judgement(0, Some("7/10")), judgement(1, None)]);
    write(folder, "embeddings.parquet", &[Some(vec![0.1, -0.0, f32::MAX]), None].map(embedding));
    write(folder, "answer_embeddings.parquet", &[answer_embedding()]);
    write(folder, "outcomes.parquet", &[Some(u64::MAX), None].map(outcome));
    write(
        folder,
        "groups.parquet",
        &[1, largest].map(|index| GroupRow { query_id: id(index), group_key: "ß".to_owned() }),
    );
    write(folder, "near_duplicates.parquet", &[Some(0.97), None].map(near_duplicate));
    write(folder, "external.parquet", &[external()]);
}

fn query(record_index: u64) -> QueryRow {
    QueryRow {
        query_id: id(record_index),
        dataset: DATASET.into(),
        split: "test".into(),
        record_index,
        origin_query: "Which,\n\"one\"?".to_owned(),
        prompt: String::new(),
        ground_truth: (record_index == 1).then(String::new),
        metadata: "{}".to_owned(),
        group_key: "0".to_owned(),
    }
}

fn completion(index: u64) -> CompletionRow {
    let known = index == 1;
    CompletionRow {
        query_id: id(index),
        model: "org/m".into(),
        sample_index: u32::MAX,
        raw_output: "日本語 \u{1f600}".repeat(100),
        status: if known { CompletionStatus::Ok } else { CompletionStatus::Timeout },
        finish_reason: known.then(|| "stop".to_owned()),
        prompt_tokens: known.then_some(u64::MAX),
        completion_tokens: Some(9_007_199_254_740_993),
        reasoning_tokens: None,
        cached_tokens: known.then_some(0),
        usage_source: known.then_some(UsageSource::Reported),
        cost_usd: known.then_some(0.1 + 0.2),
        cost_source: known.then_some(CostSource::ProviderReported),
        latency_ms: Some(1e-300),
        ttft_ms: None,
        attempts: 3,
        provider_model: Some(String::new()),
        request_digest: None,
        collected_at: Some("2026-01-01T00:00:00Z".to_owned()),
        error: (!known).then(|| "no answer".to_owned()),
    }
}

fn near_duplicate(cosine: Option<f64>) -> NearDuplicateRow {
    let other = if cosine.is_some() { 2 } else { 3 };
    NearDuplicateRow { query_id: id(1), other_query_id: id(other), jaccard: 0.8125, cosine }
}

fn external() -> ExternalRow {
    ExternalRow {
        router: "their-router".into(),
        dataset: "all".into(),
        queries: 8_400,
        scored: 8_399,
        failed: 1,
        accuracy: Some(0.625),
        cost_usd: None,
        models: "{\"org/m\":1.0}".to_owned(),
        source: "predictions.json".into(),
        source_digest: "00".into(),
        dated: None,
    }
}

fn attempt(attempt: u32, prompt_tokens: Option<u64>) -> AttemptRow {
    AttemptRow {
        query_id: id(1),
        model: "org/m".into(),
        sample_index: 0,
        about: String::new(),
        attempt,
        outcome: AttemptOutcome::Overloaded,
        started_at: "2026-01-01T00:00:00Z".to_owned(),
        queue_ms: Some(0.5),
        ttft_ms: None,
        latency_ms: Some(12.25),
        http_status: Some(503),
        retry_after_ms: None,
        prompt_tokens,
        completion_tokens: None,
        cost_usd: None,
        error: Some("busy".to_owned()),
    }
}

fn coverage() -> CoverageRow {
    CoverageRow {
        model: "org/m".into(),
        dataset: DATASET.into(),
        split: "test".into(),
        wanted: 10,
        ok: 1,
        model_error: 2,
        timeout: 3,
        filtered: 0,
        truncated: 0,
        refused: 0,
        missing: 4,
    }
}

fn judgement(request_index: u32, reply: Option<&str>) -> JudgementRow {
    JudgementRow {
        query_id: id(1),
        model: "org/m".into(),
        sample_index: 0,
        evaluator: "judge".into(),
        request_index,
        prompt_digest: "00".to_owned(),
        reply: reply.map(str::to_owned),
        status: if reply.is_some() { JudgementStatus::Ok } else { JudgementStatus::Failed },
        judge: Some("j".to_owned()),
        prompt_tokens: Some(5),
        completion_tokens: None,
        cost_usd: Some(0.25),
        collected_at: None,
        error: reply.is_none().then(|| "timeout".to_owned()),
    }
}

fn embedding(embedding: Option<Vec<f32>>) -> EmbeddingRow {
    let there = embedding.is_some();
    EmbeddingRow {
        query_id: id(if there { 1 } else { 2 }),
        encoder: "owner/encoder v2".into(),
        embedding,
        status: if there { EmbeddingStatus::Ok } else { EmbeddingStatus::TextError },
        tokens: there.then_some(300),
        truncated: there.then_some(true),
        device: None,
        error: (!there).then(|| "no tokens".to_owned()),
    }
}

fn answer_embedding() -> AnswerEmbeddingRow {
    AnswerEmbeddingRow {
        query_id: id(1),
        model: "org/m".into(),
        encoder: "owner/encoder v2".into(),
        embedding: vec![1.0, 1e-40],
    }
}

fn outcome(prompt_tokens: Option<u64>) -> OutcomeRow {
    OutcomeRow {
        query_id: id(1),
        model: if prompt_tokens.is_some() { "a" } else { "b" }.into(),
        dataset: DATASET.into(),
        score: prompt_tokens.map(|_| 0.5),
        cost_usd: None,
        cost_source: None,
        latency_ms: None,
        prompt_tokens,
        completion_tokens: Some(2),
    }
}
