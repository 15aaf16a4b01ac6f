//! The trait that an evaluator implements.

use serde::de::DeserializeOwned;

use crate::{Error, config};

/// How far items must be kept apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Isolation {
    /// Many items may share a store.
    #[default]
    Shared,
    /// Every item gets a fresh store: for evaluators that run what a model wrote.
    PerItem,
}

/// One completion to be scored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Item {
    /// What the model was asked.
    pub prompt: String,
    /// What it answered, unedited.
    pub raw_output: String,
    /// The reference answer; JSON where it is not plain text.
    pub ground_truth: String,
    /// More about the query, a JSON object.
    pub metadata: String,
}

/// The verdict on one item.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// 0 to 1; none when the evaluator cannot tell. None is not 0.
    pub score: Option<f64>,
    /// The answer that was found in the completion; none when there was none.
    pub prediction: Option<String>,
    /// Why, in a few words.
    pub explanation: Option<String>,
}

impl Outcome {
    /// Score 1 or 0.
    pub fn right_if(right: bool) -> Self {
        Self { score: Some(if right { 1.0 } else { 0.0 }), ..Self::default() }
    }

    /// Cannot be scored, for this reason: for example the ground truth cannot be read.
    pub fn unknown(why: impl Into<String>) -> Self {
        Self { explanation: Some(why.into()), ..Self::default() }
    }

    /// Says which answer was found.
    #[must_use]
    pub fn predicted(mut self, prediction: impl Into<String>) -> Self {
        self.prediction = Some(prediction.into());
        self
    }

    /// Says why.
    #[must_use]
    pub fn because(mut self, why: impl Into<String>) -> Self {
        self.explanation = Some(why.into());
        self
    }
}

/// Completion in, score out. Pure: the same item always gets the same outcome, in any batch and any order.
pub trait Evaluator: Sized + 'static {
    /// A short name in lower case with dashes. The version is the package's own.
    const NAME: &'static str;

    /// Whether [`Self::judge`] may ask for a judge.
    const NEEDS_JUDGE: bool = false;

    /// How far items must be kept apart.
    const ISOLATION: Isolation = Isolation::Shared;

    /// JSON Schema of the configuration.
    const CONFIG_SCHEMA: &'static str = "{}";

    /// The configuration, read from a JSON object. Derive `Deserialize` with
    /// `#[serde(default, deny_unknown_fields)]`, or use [`crate::NoConfig`].
    type Config: DeserializeOwned + Default;

    /// An evaluator with this configuration.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] when a value is impossible; the text names the key.
    fn new(config: Self::Config) -> Result<Self, Error>;

    /// What a judge must be asked before this item can be scored. The host asks it.
    fn judge(&self, _item: &Item) -> Vec<String> {
        Vec::new()
    }

    /// The verdict on one item; `replies` holds one reply per question of [`Self::judge`], in their order.
    fn score(&self, item: &Item, replies: &[String]) -> Outcome;
}

/// The questions to the judge, each with the position of its item.
#[cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "called by the host's glue and by tests"))]
pub(crate) fn questions<E: Evaluator>(items: &[Item], config: &str) -> Result<Vec<(u32, String)>, Error> {
    if !E::NEEDS_JUDGE {
        config::parse::<E::Config>(config).and_then(E::new)?;
        return Ok(Vec::new());
    }
    let evaluator = E::new(config::parse(config)?)?;
    let of_item = |(place, item)| evaluator.judge(item).into_iter().map(move |prompt| (place as u32, prompt));
    Ok(items.iter().enumerate().flat_map(of_item).collect())
}

/// One outcome per item. Replies come for the whole batch; each item gets those of its own questions.
#[cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "called by the host's glue and by tests"))]
pub(crate) fn outcomes<E: Evaluator>(items: &[Item], replies: &[String], config: &str) -> Result<Vec<Outcome>, Error> {
    let evaluator = E::new(config::parse(config)?)?;
    let mut left = replies;
    let mut outcomes = Vec::with_capacity(items.len());
    for item in items {
        let asked = if E::NEEDS_JUDGE { evaluator.judge(item).len() } else { 0 };
        let (mine, rest) = left.split_at_checked(asked).ok_or_else(|| {
            Error::Malformed(format!("{} replies are fewer than the questions to the judge", replies.len()))
        })?;
        left = rest;
        outcomes.push(evaluator.score(item, mine));
    }
    if left.is_empty() {
        Ok(outcomes)
    } else {
        Err(Error::Malformed(format!("{} replies are more than the questions to the judge", replies.len())))
    }
}

#[cfg(test)]
mod tests {
    use super::{Evaluator, Item, Outcome, outcomes, questions};
    use crate::{Error, NoConfig};

    /// Asks the judge once per word of the output and counts the replies that say yes.
    struct Yes;

    impl Evaluator for Yes {
        const NAME: &'static str = "yes";
        const NEEDS_JUDGE: bool = true;
        type Config = NoConfig;

        fn new(_: NoConfig) -> Result<Self, Error> {
            Ok(Self)
        }

        fn judge(&self, item: &Item) -> Vec<String> {
            item.raw_output.split_whitespace().map(str::to_owned).collect()
        }

        fn score(&self, _: &Item, replies: &[String]) -> Outcome {
            Outcome::right_if(replies.iter().all(|reply| reply == "yes")).predicted(replies.len().to_string())
        }
    }

    #[test]
    fn every_item_gets_the_replies_to_its_own_questions() {
        let items: Vec<Item> =
            ["one two", "", "three"].map(|text| Item { raw_output: text.into(), ..Item::default() }).into();
        let asked = questions::<Yes>(&items, "").unwrap();
        assert_eq!(asked, [(0, "one".into()), (0, "two".into()), (2, "three".into())]);
        let replies = ["yes", "no", "yes"].map(String::from);
        let found = outcomes::<Yes>(&items, &replies, "").unwrap();
        let scores: Vec<_> = found.iter().map(|outcome| (outcome.score, outcome.prediction.as_deref())).collect();
        assert_eq!(scores, [(Some(0.0), Some("2")), (Some(1.0), Some("0")), (Some(1.0), Some("1"))]);
        let expected = "2 replies are fewer than the questions to the judge";
        assert_eq!(outcomes::<Yes>(&items, &replies[1..], ""), Err(Error::malformed(expected)));
        let expected = "3 replies are more than the questions to the judge";
        assert_eq!(outcomes::<Yes>(&items[..1], &replies, ""), Err(Error::malformed(expected)));
    }
}
