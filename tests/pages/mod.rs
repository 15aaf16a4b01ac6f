//! Runs to draw pages of: the starter's, and one over records that strangers made to break a page.

#![allow(dead_code, reason = "every test binary uses a part of it")]

use std::path::{Path, PathBuf};

use routerlab_records::{
    CompletionRow, CompletionStatus, ExternalRow, OutcomeRow, Provenance, QueryId, QueryRow, write_table,
};

use crate::support::{Scratch, component, experiment, good_routers};

/// Names of models that are markup, quotes, a direction and control characters.
pub(crate) const HOSTILE_MODELS: [&str; 4] = [
    "<script>window.hacked = 1</script>",
    "\"><img src=x onerror=\"window.hacked = 2\">",
    "\u{202e}drawkcab & 'quoted' `ticks`",
    "</script><!-- a\u{2028}b\u{0}c\u{1b}[31m",
];

/// A text that would end the script that holds it, open another, and turn the page around.
pub(crate) const HOSTILE_TEXT: &str = "</script><script>window.hacked = 3</script>\u{2028}\u{202e}<img src=http://example.invalid/x onerror=alert(1)> שלום \"'`&amp; <!-- \u{1b}[31m\u{7} ${7*7} {{7*7}}";

/// The starter's run under every seed with its five routers, as the demo makes it.
pub(crate) fn starter(scratch: &Scratch) -> PathBuf {
    scratch.starter();
    scratch.write("demo.toml", experiment("starter", "starter", "", good_routers()));
    scratch.done(["bench", "demo.toml", "--out", "runs"]);
    scratch.run_below("runs")
}

/// A data folder of so many queries in two datasets; each text is what `text` makes of its number. The last model has no
/// record on the second dataset, and one of its requests failed.
pub(crate) fn records(folder: &Path, queries: u64, models: &[&str], text: impl Fn(&str, u64) -> String) {
    let (mut asked, mut outcomes, mut completions) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..queries {
        let dataset = if number % 2 == 0 { "even" } else { "odd" };
        let query_id = QueryId::new(dataset, "test", number + 1).unwrap();
        let prompt = text("prompt", number);
        asked.push(QueryRow {
            query_id: query_id.clone(),
            dataset: dataset.into(),
            split: "test".into(),
            record_index: number + 1,
            origin_query: prompt.clone(),
            prompt,
            ground_truth: Some(text("truth", number)),
            metadata: "{}".into(),
            group_key: format!("group {number}"),
        });
        for (at, model) in models.iter().enumerate() {
            let missing = at + 1 == models.len() && dataset == "odd";
            let failed = at + 1 == models.len() && number == 0;
            if !missing && !failed {
                outcomes.push(OutcomeRow {
                    query_id: query_id.clone(),
                    model: (*model).into(),
                    dataset: dataset.into(),
                    score: Some(f64::from(u8::from((number + at as u64).is_multiple_of(3)))),
                    cost_usd: Some(0.001 * (at + 1) as f64),
                    cost_source: None,
                    latency_ms: None,
                    prompt_tokens: Some(10),
                    completion_tokens: Some(10),
                });
            }
            completions.push(CompletionRow {
                query_id: query_id.clone(),
                model: (*model).into(),
                sample_index: 0,
                raw_output: if failed { String::new() } else { text("answer", number) },
                status: if failed { CompletionStatus::Timeout } else { CompletionStatus::Ok },
                finish_reason: None,
                prompt_tokens: Some(10),
                completion_tokens: Some(10),
                reasoning_tokens: None,
                cached_tokens: None,
                usage_source: None,
                cost_usd: None,
                cost_source: None,
                latency_ms: None,
                ttft_ms: None,
                attempts: 1,
                provider_model: None,
                request_digest: None,
                collected_at: None,
                error: failed.then(|| text("error", number)),
            });
        }
    }
    let about = Provenance::default();
    write_table(&folder.join("queries.parquet"), &asked, &about).unwrap();
    write_table(&folder.join("outcomes.parquet"), &outcomes, &about).unwrap();
    write_table(&folder.join("completions.parquet"), &completions, &about).unwrap();
}

/// What a router came to elsewhere, in the data folder.
pub(crate) fn elsewhere(folder: &Path) {
    let row = ExternalRow {
        router: HOSTILE_TEXT.into(),
        dataset: "all".into(),
        queries: 10,
        scored: 9,
        failed: 1,
        accuracy: Some(0.5),
        cost_usd: None,
        models: "{\"a\": 1.0}".into(),
        source: "elsewhere.json".into(),
        source_digest: "0123456789abcdef".into(),
        dated: Some("2026-01-31".into()),
    };
    write_table(&folder.join("external.parquet"), &[row], &Provenance::default()).unwrap();
}

/// A run of two routers that need no embeddings over the records in `data`.
pub(crate) fn plain_run(scratch: &Scratch, name: &str, data: &str) -> PathBuf {
    let lines = "protocol.seeds = [1, 2]\nstatistics.replicates = 200";
    let routers = ["random", "best-single"].map(|router| (router, component(router)));
    scratch.write(&format!("{name}.toml"), experiment(name, data, lines, routers));
    scratch.done(["bench", &format!("{name}.toml"), "--out", &format!("{name}-runs")]);
    scratch.run_below(&format!("{name}-runs"))
}

/// The run over hostile records.
pub(crate) fn hostile(scratch: &Scratch) -> PathBuf {
    records(&scratch.path("hostile"), 60, &HOSTILE_MODELS, |what, number| format!("{what} {number}: {HOSTILE_TEXT}"));
    elsewhere(&scratch.path("hostile"));
    plain_run(scratch, "hostile", "hostile")
}

/// Writes the page of a run to a file in the scratch folder, and gives its text.
pub(crate) fn page(scratch: &Scratch, run: &Path, file: &str, more: &[&str]) -> String {
    let mut args = vec!["report".into(), run.as_os_str().to_owned()];
    args.extend(["--format", "html", "--out", file].into_iter().chain(more.iter().copied()).map(Into::into));
    scratch.done(args);
    std::fs::read_to_string(scratch.path(file)).unwrap()
}
