//! Parts of a large JSON document, read as a stream: what is not wanted is passed over and never in memory.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Scores, a list for each query; null where there is none.
pub(super) type Scores = Vec<Vec<Option<f64>>>;

/// The scores of a pool's three parts.
#[derive(Debug, Default, Deserialize)]
pub(super) struct PartScores {
    pub(super) train_score: Option<Scores>,
    pub(super) val_score: Option<Scores>,
    pub(super) test_score: Option<Scores>,
}

/// One pool of a router dataset.
#[derive(Debug, Default, Deserialize)]
pub(super) struct FoundPool {
    pub(super) data: PartScores,
    pub(super) model: Vec<String>,
}

/// Prompts of the three parts.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Prompts {
    #[serde(default)]
    pub(super) train_prompt: Vec<String>,
    #[serde(default)]
    pub(super) val_prompt: Vec<String>,
    #[serde(default)]
    pub(super) test_prompt: Vec<String>,
}

/// Embeddings of the three parts.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Vectors {
    #[serde(default)]
    pub(super) train_embed: Vec<Vec<Option<f32>>>,
    #[serde(default)]
    pub(super) val_embed: Vec<Vec<Option<f32>>>,
    #[serde(default)]
    pub(super) test_embed: Vec<Vec<Option<f32>>>,
}

/// Places of the queries in the whole benchmark.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Places {
    #[serde(default)]
    pub(super) train_indices: Vec<u64>,
    #[serde(default)]
    pub(super) val_indices: Vec<u64>,
    #[serde(default)]
    pub(super) test_indices: Vec<u64>,
}

/// Descends into `<difficulty>/<count>/<group>` and keeps the pool that is wanted; the only one where none is named.
pub(super) struct PoolSeed<'a> {
    /// The names above.
    pub(super) above: String,
    /// Names still to come before a pool.
    pub(super) depth: usize,
    pub(super) wanted: Option<&'a str>,
    /// The names of all pools, in the order of the document.
    pub(super) names: &'a mut Vec<String>,
    pub(super) found: &'a mut Option<(String, FoundPool)>,
}

impl<'de> DeserializeSeed<'de> for PoolSeed<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, decoder: D) -> Result<(), D::Error> {
        decoder.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for PoolSeed<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object of pools under `{}`", self.above)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(key) = entries.next_key::<String>()? {
            let name = format!("{}/{key}", self.above);
            if self.depth > 1 {
                let below = PoolSeed {
                    above: name,
                    depth: self.depth - 1,
                    wanted: self.wanted,
                    names: &mut *self.names,
                    found: &mut *self.found,
                };
                entries.next_value_seed(below)?;
                continue;
            }
            self.names.push(name.clone());
            // Without a choice the first is kept; that there are others is said afterwards.
            if self.wanted.map_or(self.found.is_none(), |wanted| wanted == name) {
                *self.found = Some((name, entries.next_value()?));
            } else {
                entries.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// The wanted columns of a leaderboard's tasks.
pub(super) struct TasksSeed<'a> {
    /// The tasks that are taken; all where there is none.
    pub(super) tasks: &'a [String],
    /// The columns that are taken, in ascending order.
    pub(super) columns: &'a [usize],
    pub(super) found: &'a mut Vec<(String, Scores)>,
    pub(super) names: &'a mut BTreeSet<String>,
}

impl<'de> DeserializeSeed<'de> for TasksSeed<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, decoder: D) -> Result<(), D::Error> {
        decoder.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for TasksSeed<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tasks under `data`")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(task) = entries.next_key::<String>()? {
            self.names.insert(task.clone());
            if self.tasks.is_empty() || self.tasks.contains(&task) {
                let scores = entries.next_value_seed(TaskSeed { columns: self.columns })?;
                self.found.push((task, scores));
            } else {
                entries.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// `correctness` of one task.
struct TaskSeed<'a> {
    columns: &'a [usize],
}

impl<'de> DeserializeSeed<'de> for TaskSeed<'_> {
    type Value = Scores;
    fn deserialize<D: Deserializer<'de>>(self, decoder: D) -> Result<Scores, D::Error> {
        decoder.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for TaskSeed<'_> {
    type Value = Scores;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `correctness`")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Scores, A::Error> {
        let mut scores = None;
        while let Some(key) = entries.next_key::<String>()? {
            if key == "correctness" {
                scores = Some(entries.next_value_seed(RowsSeed { columns: self.columns })?);
            } else {
                entries.next_value::<IgnoredAny>()?;
            }
        }
        scores.ok_or_else(|| serde::de::Error::missing_field("correctness"))
    }
}

struct RowsSeed<'a> {
    columns: &'a [usize],
}

impl<'de> DeserializeSeed<'de> for RowsSeed<'_> {
    type Value = Scores;
    fn deserialize<D: Deserializer<'de>>(self, decoder: D) -> Result<Scores, D::Error> {
        decoder.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for RowsSeed<'_> {
    type Value = Scores;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of lists of scores")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Scores, A::Error> {
        let mut found = Vec::new();
        while let Some(row) = rows.next_element_seed(RowSeed { columns: self.columns })? {
            found.push(row);
        }
        Ok(found)
    }
}

/// Some columns of one row.
struct RowSeed<'a> {
    columns: &'a [usize],
}

impl<'de> DeserializeSeed<'de> for RowSeed<'_> {
    type Value = Vec<Option<f64>>;
    fn deserialize<D: Deserializer<'de>>(self, decoder: D) -> Result<Self::Value, D::Error> {
        decoder.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for RowSeed<'_> {
    type Value = Vec<Option<f64>>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of scores")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut scores: A) -> Result<Self::Value, A::Error> {
        let mut found = Vec::with_capacity(self.columns.len());
        let mut wanted = self.columns.iter().copied().peekable();
        let mut at = 0;
        while let Some(score) = scores.next_element::<Option<f64>>()? {
            if wanted.next_if_eq(&at).is_some() {
                found.push(score);
            }
            at += 1;
        }
        Ok(found)
    }
}
