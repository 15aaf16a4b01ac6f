//! Asks a judge whether an answer is right and reads its verdict.

mod final_answer;
mod letter;
mod mark;
mod markup;
mod verdict;
mod xml;
mod yes_no;

use routerlab_answers::judge::{UNPARSABLE, Unparsable, fill, is_failure, metadata, question, short};
use routerlab_answers::thinking::after_thinking;
use routerlab_answers::{Mode, strip};
use routerlab_sdk::{Error, Evaluator, Item, Outcome, config, export_evaluator};
use serde::Deserialize;

use crate::verdict::{Verdict, together};

/// In which form the judge is asked to reply.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// Four labelled parts: the answer found, reasoning, yes or no, the answer's stated confidence (HLE).
    #[default]
    YesNo,
    /// One letter: A correct, B incorrect, C not attempted (SimpleQA).
    GradeLetter,
    /// A small XML document with a grade; the judge sees the final answer alone (FrontierScience).
    XmlGrade,
    /// A mark from 0 to 10 (SFE).
    Mark,
}

/// What may be set.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whose rules are followed.
    pub mode: Mode,
    /// In which form the judge is asked to reply.
    pub form: Form,
    /// How often the judge is asked the same question. In compat always once.
    pub votes: u32,
    /// What a reply without a readable verdict means. In compat the reference's default verdict counts.
    pub unparsable: Unparsable,
}

impl Default for Config {
    fn default() -> Self {
        Self { mode: Mode::default(), form: Form::default(), votes: 1, unparsable: Unparsable::default() }
    }
}

/// More votes than this are a slip of the pen.
const MAX_VOTES: u32 = 25;

/// The evaluator.
pub struct JudgeVerdict {
    config: Config,
}

impl Evaluator for JudgeVerdict {
    const NAME: &'static str = "judge-verdict";
    const NEEDS_JUDGE: bool = true;
    const CONFIG_SCHEMA: &'static str = r#"{"type":"object","additionalProperties":false,"properties":{"mode":{"enum":["fixed","compat"],"default":"fixed"},"form":{"enum":["yes-no","grade-letter","xml-grade","mark"],"default":"yes-no"},"votes":{"type":"integer","minimum":1,"maximum":25,"default":1},"unparsable":{"enum":["wrong","unknown"],"default":"wrong"}}}"#;
    type Config = Config;

    fn new(config: Config) -> Result<Self, Error> {
        config::at_least_one("votes", config.votes)?;
        if config.votes > MAX_VOTES {
            return Err(Error::config("votes", format!("must be at most {MAX_VOTES}: {}", config.votes)));
        }
        Ok(Self { config })
    }

    fn judge(&self, item: &Item) -> Vec<String> {
        if self.without_judge(item).is_some() {
            return Vec::new();
        }
        let votes = if self.is_compat() { 1 } else { self.config.votes };
        vec![self.prompt(item); votes as usize]
    }

    fn score(&self, item: &Item, replies: &[String]) -> Outcome {
        if let Some(outcome) = self.without_judge(item) {
            return outcome;
        }
        let mut outcome = if self.is_compat() {
            self.compat(replies.first().map_or("", String::as_str)).into_outcome()
        } else {
            self.voted(replies)
        };
        // The verdicts of these two forms do not say what the answer was.
        match self.config.form {
            Form::XmlGrade => outcome.prediction = Some(self.shown(item)),
            Form::Mark => outcome.prediction = Some(mark::answer(&item.raw_output, &metadata(&item.metadata))),
            Form::YesNo | Form::GradeLetter => {}
        }
        outcome
    }
}

impl JudgeVerdict {
    fn is_compat(&self) -> bool {
        self.config.mode == Mode::Compat
    }

    /// The outcome where no judge has to be asked.
    fn without_judge(&self, item: &Item) -> Option<Outcome> {
        if strip(&item.ground_truth).is_empty() {
            return Some(Outcome::unknown("there is no reference answer"));
        }
        if self.is_compat() {
            return None;
        }
        if strip(after_thinking(&item.raw_output)).is_empty() {
            return Some(Outcome::right_if(false).because("the output is empty"));
        }
        let stated = self.config.form == Form::XmlGrade
            && final_answer::states_without_marker(after_thinking(&item.raw_output), &item.ground_truth);
        let why = "no final answer is marked, but the last line states the reference answer";
        stated.then(|| Outcome::right_if(true).predicted(strip(&item.ground_truth)).because(why))
    }

    fn prompt(&self, item: &Item) -> String {
        let metadata = metadata(&item.metadata);
        let mut asked = question(&metadata, &item.prompt).to_owned();
        let template = match self.config.form {
            Form::YesNo => include_str!("prompts/yes-no.txt"),
            Form::GradeLetter => include_str!("prompts/grade-letter.txt"),
            Form::XmlGrade => include_str!("prompts/xml-grade.txt"),
            Form::Mark => {
                asked.push_str(&mark::options(&metadata));
                include_str!("prompts/mark.txt")
            }
        };
        let shown = self.shown(item);
        let shown = if shown.is_empty() { "(no final answer was given)" } else { &shown };
        fill(template, &[("question", &asked), ("reply", shown), ("key", &item.ground_truth)])
    }

    /// What the judge sees of the reply.
    fn shown(&self, item: &Item) -> String {
        match (self.config.form, self.config.mode) {
            (Form::XmlGrade, Mode::Compat) => final_answer::compat(&item.raw_output),
            (Form::XmlGrade, Mode::Fixed) => final_answer::fixed(after_thinking(&item.raw_output)),
            (_, Mode::Compat) => item.raw_output.clone(),
            (_, Mode::Fixed) => strip(after_thinking(&item.raw_output)).to_owned(),
        }
    }

    fn compat(&self, reply: &str) -> Verdict {
        match self.config.form {
            Form::YesNo => yes_no::compat(reply),
            Form::GradeLetter => letter::compat(reply),
            Form::XmlGrade => xml::compat(reply),
            Form::Mark => mark::compat(reply),
        }
    }

    fn fixed(&self, reply: &str) -> Option<Verdict> {
        if is_failure(reply) {
            return None;
        }
        let reply = after_thinking(reply);
        match self.config.form {
            Form::YesNo => yes_no::fixed(reply),
            Form::GradeLetter => letter::fixed(reply),
            Form::XmlGrade => xml::fixed(reply),
            Form::Mark => mark::fixed(reply),
        }
    }

    /// The majority of the verdicts, or the mean of the marks.
    fn voted(&self, replies: &[String]) -> Outcome {
        let verdicts: Vec<Verdict> = replies.iter().filter_map(|reply| self.fixed(reply)).collect();
        if verdicts.is_empty() {
            let why = replies.first().map_or("none came".to_owned(), |reply| short(reply, 120));
            let score = (self.config.unparsable == Unparsable::Wrong).then_some(0.0);
            return Outcome { score, ..Outcome::unknown(format!("{UNPARSABLE}: {why}")) };
        }
        let asked = match self.config.unparsable {
            Unparsable::Wrong => replies.len(),
            Unparsable::Unknown => verdicts.len(),
        };
        together(verdicts, asked, self.config.form == Form::Mark)
    }
}

export_evaluator!(JudgeVerdict);

#[cfg(test)]
mod tests;
