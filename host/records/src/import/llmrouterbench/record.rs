//! One record of a result file, and what becomes of it.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use crate::completions::{CompletionStatus, CostSource};
use crate::import::json::{AnyText, Number, Text, Texts, Truth, Whole};
use crate::import::staged::{Answer, Scored, StagedRecord};

/// A record as the file has it.
#[derive(Debug, Default)]
pub(super) struct FileRecord {
    index: u64,
    origin_query: Option<String>,
    prompt: String,
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    cost: Option<f64>,
    score: Option<f64>,
    prediction: Option<String>,
    ground_truth: Option<String>,
    raw_output: String,
    /// Texts of `raw_output` beside the first, in the old form with a list.
    more_outputs: usize,
    extra_fields: Option<String>,
}

/// Reads a record and notes meanwhile in which field it is.
pub(super) struct RecordSeed<'a> {
    pub(super) field: &'a Cell<Option<&'static str>>,
}

impl<'de> DeserializeSeed<'de> for RecordSeed<'_> {
    type Value = FileRecord;
    fn deserialize<D: Deserializer<'de>>(self, decoder: D) -> Result<FileRecord, D::Error> {
        decoder.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for RecordSeed<'_> {
    type Value = FileRecord;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record, which is an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<FileRecord, A::Error> {
        /// The fields in the order of [`FIELDS`], by their bits in what was seen.
        const FIELDS: [&str; 11] = [
            "index",
            "origin_query",
            "prompt",
            "prompt_tokens",
            "completion_tokens",
            "cost",
            "score",
            "prediction",
            "ground_truth",
            "raw_output",
            "extra_fields",
        ];
        /// Those that every record must have.
        const NEEDED: [&str; 4] = ["index", "prompt", "raw_output", "score"];
        let mut record = FileRecord::default();
        let mut seen = [false; FIELDS.len()];
        while let Some(key) = entries.next_key::<String>()? {
            let Some(at) = FIELDS.iter().position(|field| *field == key) else {
                entries.next_value::<IgnoredAny>()?;
                continue;
            };
            self.field.set(Some(FIELDS[at]));
            if std::mem::replace(&mut seen[at], true) {
                return Err(A::Error::custom("given twice"));
            }
            match FIELDS[at] {
                "index" => match entries.next_value::<Whole>()?.0 {
                    None | Some(0) => return Err(A::Error::custom("expected a whole number from 1")),
                    Some(index) => record.index = index,
                },
                "origin_query" => record.origin_query = entries.next_value::<Text>()?.0,
                "prompt" => {
                    let prompt = entries.next_value::<Text>()?.0;
                    record.prompt = prompt.ok_or_else(|| A::Error::custom("expected a text, found null"))?;
                }
                "prompt_tokens" => record.prompt_tokens = entries.next_value::<Whole>()?.0,
                "completion_tokens" => record.completion_tokens = entries.next_value::<Whole>()?.0,
                "cost" => record.cost = entries.next_value::<Number>()?.0,
                "score" => record.score = entries.next_value::<Truth>()?.0,
                "prediction" => record.prediction = entries.next_value::<AnyText>()?.0,
                "ground_truth" => record.ground_truth = entries.next_value::<AnyText>()?.0,
                "raw_output" => {
                    let mut texts = entries.next_value::<Texts>()?.0;
                    record.more_outputs = texts.len().saturating_sub(1);
                    texts.truncate(1);
                    record.raw_output = texts.pop().unwrap_or_default();
                }
                _ => record.extra_fields = entries.next_value::<AnyText>()?.0,
            }
            self.field.set(None);
        }
        if let Some(missing) =
            NEEDED.iter().find(|name| FIELDS.iter().zip(seen).any(|(field, seen)| field == *name && !seen))
        {
            self.field.set(Some(missing));
            return Err(A::Error::custom("missing"));
        }
        Ok(record)
    }
}

/// What is worth counting about a record, in the words of the tally.
pub(super) const FAILED: &str = "failed";
pub(super) const UNSCORED: &str = "unscored";
pub(super) const PRICED: &str = "priced";
pub(super) const UNKNOWN_COST: &str = "unknown cost";
pub(super) const MORE_OUTPUTS: &str = "more outputs";

/// With what the reply of a call begins that failed for good. The reference evaluates such words like an answer.
pub(crate) const FAILURES: [&str; 3] = ["Generation failed:", "Multimodal generation failed:", "Processing failed:"];

impl FileRecord {
    /// What went wrong, where the call failed: nothing was generated, and the reply is an error's words, or it is empty and
    /// cost nothing.
    fn failure(&self) -> Option<String> {
        if self.completion_tokens.unwrap_or_default() > 0 {
            return None;
        }
        let reply = self.raw_output.trim();
        match FAILURES.iter().any(|begin| reply.starts_with(begin)) {
            true => Some(reply.to_owned()),
            false if reply.is_empty() && self.cost.unwrap_or_default() == 0.0 => {
                Some("no reply, no tokens and no cost were recorded".to_owned())
            }
            false => None,
        }
    }

    /// The record as our tables have it, and what to count.
    pub(super) fn staged(self) -> (StagedRecord, Vec<&'static str>) {
        let failure = self.failure();
        let mut counts = Vec::new();
        let mut answer = Answer::of(self.raw_output);
        // A cost of 0 says that nobody knows it.
        answer.cost_usd = self.cost.filter(|cost| *cost != 0.0);
        answer.cost_source = answer.cost_usd.map(|_| CostSource::Imported);
        // An answered call has at least one token of the prompt, so nobody counted where both are 0.
        let counted = self.prompt_tokens.unwrap_or_default() + self.completion_tokens.unwrap_or_default() > 0;
        if counted {
            (answer.prompt_tokens, answer.completion_tokens) = (self.prompt_tokens, self.completion_tokens);
        }
        let scored = match failure {
            Some(error) => {
                counts.push(FAILED);
                answer.raw_output = String::new();
                (answer.status, answer.error) = (CompletionStatus::ModelError, Some(error));
                None
            }
            None => {
                if self.score.is_none() {
                    counts.push(UNSCORED);
                }
                let explanation = self.extra_fields.filter(|fields| fields != "{}");
                Some(Scored { score: self.score, prediction: self.prediction, explanation })
            }
        };
        if self.more_outputs > 0 {
            counts.push(MORE_OUTPUTS);
        }
        let record = StagedRecord {
            record_index: self.index,
            sample_index: 0,
            origin_query: self.origin_query.unwrap_or_else(|| self.prompt.clone()),
            prompt: self.prompt,
            ground_truth: self.ground_truth,
            metadata: "{}".to_owned(),
            answer,
            scored,
        };
        (record, counts)
    }
}
