//! Reviews a research idea in four dimensions: by measure, and by six votes against the reference idea.

mod idea;
mod measures;
mod votes;

use routerlab_answers::Mode;
use routerlab_answers::judge::{UNPARSABLE, Unparsable, fill, is_failure, metadata, question, short};
use routerlab_answers::thinking::after_thinking;
use routerlab_sdk::{Error, Evaluator, Item, Outcome, export_evaluator};
use serde::Deserialize;

use crate::idea::Idea;
use crate::measures::{Similarities, measures};
use crate::votes::{DIMENSIONS, Winner};

/// What may be set.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whose rules are followed.
    pub mode: Mode,
    /// What a vote without a readable winner means. In compat it is a vote that is missing.
    pub unparsable: Unparsable,
}

/// Votes: three times, each in both orders.
const VOTES: usize = 6;

/// The evaluator.
pub struct IdeaReview {
    config: Config,
}

impl Evaluator for IdeaReview {
    const NAME: &'static str = "idea-review";
    const NEEDS_JUDGE: bool = true;
    const CONFIG_SCHEMA: &'static str = r#"{"type":"object","additionalProperties":false,"properties":{"mode":{"enum":["fixed","compat"],"default":"fixed"},"unparsable":{"enum":["wrong","unknown"],"default":"wrong"}}}"#;
    type Config = Config;

    fn new(config: Config) -> Result<Self, Error> {
        Ok(Self { config })
    }

    fn judge(&self, item: &Item) -> Vec<String> {
        let (Some(key), Some(idea)) = (Idea::of_key(&item.ground_truth), Idea::of_reply(self.read(item))) else {
            return Vec::new();
        };
        let metadata = metadata(&item.metadata);
        let (key, idea) = (key.shown(), idea.shown());
        let asked = question(&metadata, &item.prompt);
        let vote = |first: &str, second: &str| {
            fill(include_str!("prompts/vote.txt"), &[("question", asked), ("first", first), ("second", second)])
        };
        // The reference idea is A, then B.
        [vote(&key, &idea), vote(&idea, &key)].into_iter().cycle().take(VOTES).collect()
    }

    fn score(&self, item: &Item, replies: &[String]) -> Outcome {
        let Some(key) = Idea::of_key(&item.ground_truth) else {
            return Outcome::unknown("the ground truth is no JSON object with a `core_idea`");
        };
        let reply = self.read(item);
        let Some(idea) = Idea::of_reply(reply) else {
            return Outcome::right_if(false).predicted(reply).because("none of the six fields is in the output");
        };
        let similarities = Similarities::of(&metadata(&item.metadata));
        let measured = measures(&idea, &key, &similarities);
        let mut total = 0.0;
        let mut parts = Vec::new();
        let mut unread = 0;
        for (dimension, measured) in DIMENSIONS.iter().zip(measured) {
            let (won, read) = self.count(replies, dimension);
            if read == 0 {
                unread += 1;
            }
            let value = (measured + if self.is_won(dimension, won, read) { 100.0 } else { 0.0 }) / 2.0;
            total += value;
            parts.push(format!("{} {value:.1} ({won} of {read} votes)", dimension.to_lowercase()));
        }
        let mut why = parts.join(", ");
        if !similarities.are_complete() {
            why.push_str("; without similarities");
        }
        let mut score = Some(total / DIMENSIONS.len() as f64 / 100.0);
        if unread > 0 {
            let reply = replies.first().map_or("none came".to_owned(), |reply| short(reply, 60));
            why = format!("{UNPARSABLE}: {reply}; {why}");
            if self.config.unparsable == Unparsable::Unknown && self.config.mode == Mode::Fixed {
                score = None;
            }
        }
        Outcome { score, ..Outcome::default() }.predicted(idea.json()).because(why)
    }
}

impl IdeaReview {
    fn read<'a>(&self, item: &'a Item) -> &'a str {
        if self.config.mode == Mode::Compat { &item.raw_output } else { after_thinking(&item.raw_output) }
    }

    /// How many votes the new idea won, and how many could be read.
    fn count(&self, replies: &[String], dimension: &str) -> (usize, usize) {
        let winner = |reply: &str| match self.config.mode {
            Mode::Compat => votes::compat(reply, dimension),
            Mode::Fixed if is_failure(reply) => None,
            Mode::Fixed => votes::fixed(after_thinking(reply), dimension),
        };
        let mut won = 0;
        let mut read = 0;
        for (place, reply) in replies.iter().enumerate() {
            let new = if place % 2 == 0 { Winner::B } else { Winner::A };
            if let Some(winner) = winner(reply) {
                read += 1;
                won += usize::from(winner == new);
            }
        }
        (won, read)
    }

    /// More than half of the votes; for novelty, more than two thirds.
    fn is_won(&self, dimension: &str, won: usize, read: usize) -> bool {
        let of = match self.config.unparsable {
            Unparsable::Unknown if self.config.mode == Mode::Fixed => read,
            _ => VOTES,
        };
        if dimension == "Novelty" { won * 3 > of * 2 } else { won * 2 > of }
    }
}

export_evaluator!(IdeaReview);

#[cfg(test)]
mod tests {
    use super::{Config, IdeaReview};
    use routerlab_answers::Mode;
    use routerlab_answers::judge::Unparsable;
    use routerlab_sdk::{Evaluator, Item, Outcome};

    fn item(output: &str) -> Item {
        Item {
            raw_output: output.into(),
            ground_truth: r#"{"core_idea": "known"}"#.into(),
            metadata: r#"{"question": "How?"}"#.into(),
            ..Item::default()
        }
    }

    fn score(unparsable: Unparsable, replies: &[&str]) -> Outcome {
        let replies: Vec<String> = replies.iter().map(|&reply| reply.into()).collect();
        IdeaReview { config: Config { unparsable, ..Config::default() } }.score(&item("Idea: new"), &replies)
    }

    /// A vote for the same idea in all four respects.
    fn all(winner: &str) -> String {
        super::DIMENSIONS.map(|name| format!("{name}: [Win {winner}]")).join("\n")
    }

    #[test]
    fn the_ideas_change_places_three_times() {
        let asked = IdeaReview { config: Config::default() }.judge(&item("Idea: new"));
        assert_eq!(asked.len(), 6);
        let new_is_second = |prompt: &String| prompt.find("Idea: known") < prompt.find("Idea: new");
        let orders: Vec<bool> = asked.iter().map(new_is_second).collect();
        assert_eq!(orders, [true, false, true, false, true, false]);
        assert!(asked[0].contains("\nHow?\n"));
        assert!(IdeaReview { config: Config::default() }.judge(&item("nothing")).is_empty());
    }

    #[test]
    fn unreadable_votes_are_lost_or_left_out() {
        let (won, swapped) = (all("B"), all("A"));
        let base = score(Unparsable::Wrong, &[]).score.unwrap();
        let replies = [&*won, &*swapped, &*won, "?", "?", "?"];
        assert!((score(Unparsable::Wrong, &replies).score.unwrap() - base).abs() < 1e-9);
        assert!((score(Unparsable::Unknown, &replies).score.unwrap() - base - 0.5).abs() < 1e-9);
        let none = score(Unparsable::Unknown, &["Generation failed: x"; 6]);
        assert!(none.score.is_none() && none.explanation.unwrap().starts_with("unparsable judge reply: Generation"));
    }

    #[test]
    fn an_idea_that_cannot_be_read_scores_nothing_and_a_key_gives_no_score() {
        for mode in [Mode::Compat, Mode::Fixed] {
            let evaluator = IdeaReview { config: Config { mode, ..Config::default() } };
            assert_eq!(evaluator.score(&item("no idea"), &[]).score, Some(0.0));
            let odd = Item { ground_truth: "[1]".into(), ..item("Idea: new") };
            assert_eq!((evaluator.judge(&odd).len(), evaluator.score(&odd, &[]).score), (0, None));
        }
    }
}
