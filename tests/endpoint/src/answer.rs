//! What a model answers: a pure function of its name and the prompt.

use serde::{Deserialize, Serialize};

use crate::draw::{Digest, Draw, Purpose};
use crate::script::Script;

/// Words of answers. Some are hard on whoever reads JSON or cuts bytes; none holds a blank.
const WORDS: [&str; 48] = [
    "the",
    "answer",
    "is",
    "not",
    "forty-two",
    "because",
    "rivers",
    "naïve",
    "run",
    "数学",
    "down",
    "\"quoted\"",
    "hills",
    "back\\slash",
    "and",
    "🦀",
    "carry",
    "x<y&&y>z",
    "sand",
    "{\"a\":1}",
    "to",
    "\u{1}control",
    "seas",
    "data:",
    "whose",
    "é\u{301}",
    "salt",
    "[DONE]",
    "keeps",
    "</html>",
    "a",
    "null",
    "record",
    "0.5",
    "of",
    "\\n",
    "every",
    "Ω",
    "stone",
    "'single'",
    "that",
    "%20",
    "was",
    "user@host",
    "ever",
    "therefore",
    "moved",
    "final.",
];

/// What a model says that declines.
pub(crate) const REFUSAL: &str = "I cannot help with that.";

/// What kind of answer a question gets, whenever it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// A plain one.
    Answered,
    /// The model declines: `message.refusal`, `stop_reason: refusal`, `finishReason: PROHIBITED_CONTENT`. Completions of
    /// bare texts have no such form, and are filtered.
    Refused,
    /// The answer was filtered: `finish_reason: content_filter`, `finishReason: SAFETY`, with Anthropic a 400.
    Filtered,
    /// The prompt was filtered: a 400 with the code `content_filter`, with Google a `blockReason`.
    PromptFiltered,
    /// The answer ended at a limit of tokens.
    Length,
    /// An empty answer that ended as usual.
    Empty,
}

impl Verdict {
    /// Every kind, the plain one first.
    pub const ALL: [Self; 6] =
        [Self::Answered, Self::Refused, Self::Filtered, Self::PromptFiltered, Self::Length, Self::Empty];
}

/// What comes to a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    /// Its kind.
    pub verdict: Verdict,
    /// The text; empty where it was kept back.
    pub text: String,
    /// The reasoning before it; empty for models that do not reason.
    pub reasoning: String,
    /// The model's version as the provider reports it.
    pub model_version: String,
    /// Words of the prompt, cached ones included.
    pub prompt_tokens: u64,
    /// Words of the answer, or of the refusal, reasoning included.
    pub completion_tokens: u64,
    /// Words of reasoning, for models that reason.
    pub reasoning_tokens: Option<u64>,
    /// Words of the prompt that were cached, where any are.
    pub cached_tokens: Option<u64>,
    /// What it costs, where the script has prices.
    pub cost_usd: Option<f64>,
    /// Whether the provider tells the numbers above.
    pub has_usage: bool,
    /// Of the question.
    pub(crate) digest: Digest,
}

impl Script {
    /// What `model` answers to `prompt`: the texts of its messages, system first, with a line break between two.
    pub fn expected(&self, model: &str, prompt: &str) -> Expected {
        let digest = Digest::of_question(model, prompt);
        let verdict = self.verdict(&digest);
        let mut draw = Draw::new(0, Purpose::Answer, &digest, 0);
        let count = draw.within(self.answer_words.0, self.answer_words.1);
        let mut text = words(&mut draw, count);
        let reasoning_words = self.reasoning_range().map(|range| draw.within(*range.start(), *range.end()));
        let reasoning = words(&mut draw, reasoning_words.unwrap_or(0));

        let said = match verdict {
            Verdict::Answered | Verdict::Length => count,
            Verdict::Refused => word_count(REFUSAL),
            Verdict::Filtered | Verdict::PromptFiltered | Verdict::Empty => 0,
        };
        if !matches!(verdict, Verdict::Answered | Verdict::Length) {
            text.clear();
        }
        let prompt_tokens = word_count(prompt);
        let completion_tokens = said + reasoning_words.unwrap_or(0);
        let cached_tokens = (self.cached_share > 0.0 && draw.share() < self.cached_share).then_some(prompt_tokens / 2);
        let dollars = |tokens: u64, price: f64| tokens as f64 * price / 1e6;
        Expected {
            verdict,
            text,
            reasoning,
            model_version: format!("{model}-2025-01-01"),
            prompt_tokens,
            completion_tokens,
            reasoning_tokens: reasoning_words,
            cached_tokens,
            cost_usd: self.prices.map(|prices| {
                dollars(prompt_tokens, prices.prompt_usd_per_million)
                    + dollars(completion_tokens, prices.completion_usd_per_million)
            }),
            has_usage: self.usage_share <= 0.0
                || Draw::new(self.seed, Purpose::Usage, &digest, 0).share() >= self.usage_share,
            digest,
        }
    }

    fn verdict(&self, question: &Digest) -> Verdict {
        if self.verdict_share <= 0.0 {
            return Verdict::Answered;
        }
        let mut draw = Draw::new(self.seed, Purpose::Verdict, question, 0);
        let struck = draw.share() < self.verdict_share;
        struck.then(|| draw.pick(&self.verdicts)).flatten().unwrap_or(Verdict::Answered)
    }

    /// The embedding of a text: numbers from -1 to 1.
    pub fn expected_embedding(&self, model: &str, text: &str) -> Vec<f32> {
        let mut draw = Draw::new(0, Purpose::Embedding, &Digest::of_question(model, text), 0);
        (0..self.embedding_dimension).map(|_| (draw.share() * 2.0 - 1.0) as f32).collect()
    }
}

/// So many words with a blank, now and then a line break, between two.
fn words(draw: &mut Draw, count: u64) -> String {
    let mut text = String::with_capacity(count as usize * 8);
    for number in 0..count {
        // Twelve bits are enough for a word and what stands before it.
        let drawn = draw.within(0, 4095) as usize;
        if number > 0 {
            text.push(if drawn >> 8 == 0 { '\n' } else { ' ' });
        }
        text.push_str(WORDS[drawn % WORDS.len()]);
    }
    text
}

/// Words of a text: what this endpoint calls tokens.
pub(crate) fn word_count(text: &str) -> u64 {
    text.split_ascii_whitespace().count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_depends_on_the_model_and_the_prompt_alone() {
        let script = Script::default();
        let answer = script.expected("m", "how are you");
        assert_eq!(answer, Script { seed: 9, ..script.clone() }.expected("m", "how are you"));
        assert_ne!(answer.text, script.expected("m", "how are they").text);
        assert_ne!(answer.text, script.expected("n", "how are you").text);
        assert_eq!(answer.prompt_tokens, 3);
        assert_eq!(answer.completion_tokens, word_count(&answer.text));
        assert!((4..=16).contains(&answer.completion_tokens));
    }

    #[test]
    fn no_word_is_two() {
        assert!(WORDS.iter().all(|word| word_count(word) == 1 && !word.contains(char::is_whitespace)));
    }

    #[test]
    fn verdicts_come_by_their_share_and_stay() {
        let script = Script { verdict_share: 0.3, usage_share: 0.1, ..Script::default() };
        let answers: Vec<_> = (0..2_000).map(|number| script.expected("m", &format!("question {number}"))).collect();
        let odd = answers.iter().filter(|answer| answer.verdict != Verdict::Answered).count();
        assert!((500..700).contains(&odd), "{odd}");
        for verdict in Verdict::ALL {
            assert!(answers.iter().filter(|answer| answer.verdict == verdict).count() > 80, "{verdict:?}");
        }
        let silent = answers.iter().filter(|answer| !answer.has_usage).count();
        assert!((140..260).contains(&silent), "{silent}");
        assert_eq!(answers[7], script.expected("m", "question 7"));
    }

    #[test]
    fn reasoning_counts_as_said_and_is_paid() {
        let prices = Prices { prompt_usd_per_million: 1.0, completion_usd_per_million: 10.0 };
        let script = Script { reasoning_words: (5, 5), cached_share: 1.0, prices: Some(prices), ..Script::default() };
        let answer = script.expected("m", "one two three four");
        assert_eq!(answer.reasoning_tokens, Some(5));
        assert_eq!(answer.completion_tokens, 5 + word_count(&answer.text));
        assert_eq!(answer.cached_tokens, Some(2));
        let cost = (4.0 + 10.0 * answer.completion_tokens as f64) / 1e6;
        assert!((answer.cost_usd.unwrap() - cost).abs() < 1e-15);
    }

    use crate::script::Prices;
}
