//! What tests of an encoder behind an endpoint have in common.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use routerlab_records::{
    EmbeddingRow, EmbeddingStatus, QueryRow, encoder_folder, read_embeddings, read_table, table_files,
};
use scripted_endpoint::Endpoint;

/// The arguments that embed `data`, quick to try again.
pub(crate) fn embed(endpoint: &Endpoint, more: &[&str]) -> Vec<String> {
    let url = endpoint.url();
    let all = ["embed", "data", "--endpoint", &url, "--model", "org/tiny", "--backoff", "1ms", "--no-cache"];
    all.iter().chain(more).map(|argument| (*argument).to_owned()).collect()
}

/// The rows of an encoder by record.
pub(crate) fn embeddings(folder: &Path, encoder: &str) -> BTreeMap<u64, EmbeddingRow> {
    let path = encoder_folder(folder, &encoder.into());
    if !path.exists() {
        return BTreeMap::new();
    }
    let rows = read_embeddings(&path).unwrap().rows;
    rows.into_iter().map(|row| (row.query_id.record_index(), row)).collect()
}

/// Which records ended how.
pub(crate) fn rows_by_status(folder: &Path, encoder: &str) -> BTreeMap<EmbeddingStatus, Vec<u64>> {
    let mut by_status: BTreeMap<EmbeddingStatus, Vec<u64>> = BTreeMap::new();
    for (index, row) in embeddings(folder, encoder) {
        by_status.entry(row.status).or_default().push(index);
    }
    by_status
}

/// Every query has the vector of its own text, to the bit, and nothing else.
pub(crate) fn check_vectors(endpoint: &Endpoint, folder: &Path, encoder: &str, text: impl Fn(&QueryRow) -> String) {
    let queries = read_table::<QueryRow>(&folder.join("queries.parquet")).unwrap().rows;
    let rows = embeddings(folder, encoder);
    assert_eq!(rows.len(), queries.len());
    for query in queries {
        let row = &rows[&query.record_index];
        let expected = endpoint.script().expected_embedding("org/tiny", &text(&query));
        assert_eq!(row.embedding.as_deref(), Some(&*expected), "{}", query.query_id);
        assert_eq!((row.status, &*row.encoder, row.error.as_deref()), (EmbeddingStatus::Ok, encoder, None));
    }
}

/// The bytes of every table below a folder.
pub(crate) fn bytes(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let name = |path: &Path| path.strip_prefix(folder).unwrap().to_owned();
    table_files(folder).unwrap().iter().map(|path| (name(path), std::fs::read(path).unwrap())).collect()
}
