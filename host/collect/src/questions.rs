//! The queries of a data folder, on disk but for their ids: their texts may be larger than memory.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::{Component, Path};

use routerlab_records::{QueryId, QueryRow, TableReader};

use crate::ask::Image;
use crate::error::CollectError;
use crate::prompt::{Question, read_image};

/// Queries in the order of their ids.
#[derive(Debug)]
pub(crate) struct Questions {
    ids: Vec<QueryId>,
    places: Vec<(u64, u32)>,
    texts: File,
    /// Images that queries name, by path.
    pub(crate) images: BTreeSet<String>,
}

impl Questions {
    /// Reads the queries for which `wanted` holds.
    pub(crate) fn read(folder: &Path, wanted: &dyn Fn(&QueryRow) -> bool) -> Result<Self, CollectError> {
        let failed = |error: std::io::Error| CollectError::data(folder, format!("cannot keep its queries: {error}"));
        // Beside the data, which has room, and without a name: it goes with the process.
        let file = tempfile::tempfile_in(folder).or_else(|_| tempfile::tempfile()).map_err(failed)?;
        let mut writer = BufWriter::with_capacity(1 << 20, file);
        let mut found: Vec<(QueryId, (u64, u32))> = Vec::new();
        let (mut offset, mut images) = (0_u64, BTreeSet::new());
        let mut reader = TableReader::<QueryRow>::open(&folder.join("queries.parquet"))?.at_most(2048);
        let mut rows = Vec::new();
        while reader.read_into(&mut rows)? {
            for row in rows.drain(..).filter(|row| wanted(row)) {
                images.extend(images_of(&row.metadata));
                let question = Question {
                    prompt: row.prompt,
                    query: row.origin_query,
                    dataset: row.dataset.to_string(),
                    split: row.split.to_string(),
                    metadata: row.metadata,
                };
                let text = serde_json::to_vec(&question).map_err(|error| failed(error.into()))?;
                writer.write_all(&text).map_err(failed)?;
                found.push((row.query_id, (offset, text.len() as u32)));
                offset += text.len() as u64;
            }
        }
        let texts = writer.into_inner().map_err(|error| failed(error.into_error()))?;
        found.sort_by(|a, b| a.0.cmp(&b.0));
        if let Some(pair) = found.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(CollectError::data(folder, format!("query `{}` is in `queries.parquet` twice", pair[0].0)));
        }
        let (ids, places) = found.into_iter().unzip();
        Ok(Self { ids, places, texts, images })
    }

    pub(crate) fn ids(&self) -> &[QueryId] {
        &self.ids
    }

    /// Where a query stands.
    pub(crate) fn find(&self, id: &QueryId) -> Option<u32> {
        self.ids.binary_search(id).ok().map(|at| at as u32)
    }

    /// The images that queries name, each once. Before anything is asked: a question without its image is another one.
    pub(crate) fn read_images(&self, folder: &Path) -> Result<BTreeMap<String, Image>, CollectError> {
        let read = |name: &String| {
            let wrong = |reason| CollectError::data(folder, reason);
            // Whoever made the data must not choose what else of this machine is sent to a provider.
            if !Path::new(name).components().all(|part| matches!(part, Component::Normal(_))) {
                return Err(wrong(format!("image `{name}` of a query must be a path inside the folder")));
            }
            Ok((name.clone(), read_image(folder, name).map_err(wrong)?))
        };
        self.images.iter().map(read).collect()
    }

    pub(crate) fn question(&self, at: u32) -> Result<Question, String> {
        let &(offset, length) = self.places.get(at as usize).ok_or("there is no such query")?;
        let mut text = vec![0; length as usize];
        self.texts.read_exact_at(&mut text, offset).map_err(|error| format!("the query cannot be read: {error}"))?;
        serde_json::from_slice(&text).map_err(|error| format!("the query cannot be read: {error}"))
    }
}

/// The images that a query's metadata name: `images`, a list of paths in the data folder.
pub(crate) fn images_of(metadata: &str) -> Vec<String> {
    // Most have none, and metadata can be long.
    if !metadata.contains("\"images\"") {
        return Vec::new();
    }
    let metadata: serde_json::Value = serde_json::from_str(metadata).unwrap_or_default();
    let images = metadata.get("images").and_then(serde_json::Value::as_array);
    images.into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect()
}
