//! Which texts go into one request.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use routerlab_records::{AttemptRow, EMBEDDING_SHARD_RECORDS, EncoderName, ModelName, Row};

use super::TextToEmbed;
use super::line::file_of;
use crate::shelf;

/// Bytes of texts in a request, about: some servers take no body beyond 2 MB. A longer text goes alone.
const REQUEST_BYTES: usize = 1 << 20;

/// Texts that share a file.
#[derive(Debug)]
pub(super) struct Shard {
    pub(super) file: PathBuf,
    /// The file of attempts at them, which several share.
    pub(super) attempts: PathBuf,
    /// Their places among all texts, in order.
    pub(super) texts: Vec<u32>,
}

/// Divides texts, which are sorted by their queries, among files.
pub(super) fn shards(folder: &Path, encoder: &EncoderName, model: &ModelName, texts: &[TextToEmbed]) -> Vec<Shard> {
    let mut known: HashMap<(&str, &str, u64), usize> = HashMap::new();
    let mut shards: Vec<Shard> = Vec::new();
    for (at, TextToEmbed { query_id: id, .. }) in texts.iter().enumerate() {
        let place = (id.dataset(), id.split(), id.record_index() / EMBEDDING_SHARD_RECORDS);
        let shard = *known.entry(place).or_insert_with(|| {
            let (file, attempts) = (file_of(folder, encoder, id), shelf::file_of(folder, AttemptRow::TABLE, id, model));
            shards.push(Shard { file, attempts, texts: Vec::new() });
            shards.len() - 1
        });
        shards[shard].texts.push(at as u32);
    }
    shards
}

/// How a text is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// It is known.
    No,
    /// With its neighbours.
    Together,
    /// In a request of its own.
    Alone,
}

/// One request: texts of a shard, in order.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) shard: u32,
    pub(super) texts: Vec<u32>,
}

/// Divides the texts that are wanted among requests. Where one ends and the next begins depends on all texts of the file, not
/// on which of them are wanted, so that a run that goes on asks for the same that it would have asked for at once.
pub(super) fn chunks(shards: &[Shard], texts: &[TextToEmbed], most: u32, want: impl Fn(u32) -> Want) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    for (number, shard) in shards.iter().enumerate() {
        let mut open = Vec::new();
        let (mut count, mut bytes) = (0, 0);
        let mut close = |open: &mut Vec<u32>| {
            if !open.is_empty() {
                chunks.push(Chunk { shard: number as u32, texts: std::mem::take(open) });
            }
        };
        for &text in &shard.texts {
            let length = texts[text as usize].text.len();
            if count == most || (count > 0 && bytes + length > REQUEST_BYTES) {
                close(&mut open);
                (count, bytes) = (0, 0);
            }
            (count, bytes) = (count + 1, bytes + length);
            match want(text) {
                Want::No => {}
                Want::Together => open.push(text),
                Want::Alone => {
                    // Before and after, so that the rows of two requests are never mingled.
                    close(&mut open);
                    close(&mut vec![text]);
                }
            }
        }
        close(&mut open);
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;
    use routerlab_records::QueryId;

    fn texts(indices: impl IntoIterator<Item = u64>, text: &str) -> Vec<TextToEmbed> {
        let one = |index| TextToEmbed { query_id: QueryId::new("d", "test", index).unwrap(), text: text.into() };
        let mut texts: Vec<TextToEmbed> = indices.into_iter().map(one).collect();
        texts.sort_by(|a, b| a.query_id.cmp(&b.query_id));
        texts
    }

    fn divided(texts: &[TextToEmbed], most: u32, want: impl Fn(u32) -> Want) -> Vec<Vec<u32>> {
        let shards = shards(Path::new("data"), &"e".into(), &"m".into(), texts);
        chunks(&shards, texts, most, want).into_iter().map(|chunk| chunk.texts).collect()
    }

    #[test]
    fn a_request_has_texts_of_one_file() {
        let texts = texts([1, 2, 999, 1000, 1001], "t");
        let shards = shards(Path::new("data"), &"e".into(), &"m".into(), &texts);
        assert!(shards[0].file.ends_with("embeddings/encoder=e/dataset=d/split=test/00000.parquet"));
        assert!(shards[0].attempts.ends_with("attempts/dataset=d/split=test/m-00000.parquet"));
        // In the order of ids: 1, 1000, 1001, 2, 999.
        let chunks = chunks(&shards, &texts, 32, |_| Want::Together);
        assert_eq!(chunks, [Chunk { shard: 0, texts: vec![0, 3, 4] }, Chunk { shard: 1, texts: vec![1, 2] }]);
    }

    #[test]
    fn what_is_known_moves_no_border() {
        let texts = texts(1..=9, "t");
        assert_eq!(divided(&texts, 4, |_| Want::Together), [vec![0, 1, 2, 3], vec![4, 5, 6, 7], vec![8]]);
        let known = |text| if [0, 2, 3, 8].contains(&text) { Want::No } else { Want::Together };
        assert_eq!(divided(&texts, 4, known), [vec![1], vec![4, 5, 6, 7]]);
    }

    #[test]
    fn a_text_alone_stands_between_its_neighbours() {
        let texts = texts(1..=5, "t");
        let want = |text| if text == 2 { Want::Alone } else { Want::Together };
        assert_eq!(divided(&texts, 32, want), [vec![0, 1], vec![2], vec![3, 4]]);
    }

    #[test]
    fn long_texts_are_fewer_in_a_request() {
        let texts = texts(1..=5, &"t".repeat(400 << 10));
        assert_eq!(divided(&texts, 32, |_| Want::Together), [vec![0, 1], vec![2, 3], vec![4]]);
    }
}
