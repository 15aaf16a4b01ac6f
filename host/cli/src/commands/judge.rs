//! `routerlab judge`: asks a judge what evaluators want to know.
#![allow(clippy::print_stderr, reason = "talk goes to stderr")]

use std::path::PathBuf;

use clap::Args;
use routerlab_bench::JudgeQuestion;
use routerlab_collect::pool::ModelPool;
use routerlab_collect::{Bench, JudgeAsk, JudgeOptions, Judged};

use super::collect::{Budget, SessionFlags};
use super::score::Scoring;
use crate::collecting::{self, Session};
use crate::exit::Ended;

/// Ask a judge what the evaluators of a data folder want to know, and score with its replies.
///
/// Replies are rows of `judgements/`, durable as they come; what is there is not asked again, so scoring anew makes no call. A
/// call that failed is no verdict: its answer stays without a score, and the same command asks again.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  routerlab judge my-simpleqa --pool flagship --judge gpt-5-chat --max-usd 5\n  routerlab judge my-simpleqa --pool flagship --judge gpt-5-chat --mode compat"
)]
pub(crate) struct Judge {
    #[command(flatten)]
    scoring: Scoring,
    /// The pool with the judge: one that ships with the program, or a file
    #[arg(long, value_name = "NAME|FILE")]
    pool: String,
    /// The model of the pool that judges
    #[arg(long, value_name = "MODEL")]
    judge: String,
    /// Ask, and do not score
    #[arg(long)]
    no_score: bool,
    #[command(flatten)]
    budget: Budget,
    #[command(flatten)]
    session: SessionFlags,
}

impl Judge {
    pub(crate) fn execute(self) -> anyhow::Result<Ended> {
        let pool = ModelPool::read(&self.pool)?;
        let dir: PathBuf = self.scoring.dir().to_owned();
        // What a judging that was killed has left comes into tables first, so that it is not asked again.
        let bench = Bench::open(&dir)?;
        collecting::say_recovered(&bench.recovered());
        let limits = self.scoring.limits()?;
        let options = self.scoring.options();
        let open = routerlab_bench::judge_questions(&options, &super::sandbox(&limits)?)?;
        let questions = open.into_iter().map(ask).collect::<Vec<_>>();
        eprintln!("{} questions to `{}`", questions.len(), self.judge);
        let judging = JudgeOptions {
            pool,
            pool_name: self.pool,
            judge: self.judge,
            caps: self.budget.caps(),
            cache: self.session.cache(),
            fresh: self.session.fresh(),
            grace: self.session.grace(),
            deadline: self.budget.deadline(),
        };
        let env = |name: &str| std::env::var(name).ok();
        let session = Session::new("replies", self.session.json());
        let judged = session.run(|watch| bench.judge(judging, questions, &env, watch))?;
        let ended = said(&judged, self.session.json())?;
        if self.no_score {
            return Ok(ended);
        }
        Ok(ended.and(super::score::ended(&super::score::run(&options, &limits)?)))
    }
}

fn said(judged: &Judged, json: bool) -> anyhow::Result<Ended> {
    collecting::tell(&judged.snapshot);
    if let Some(reason) = &judged.stopped {
        eprintln!("it ended early: {reason}; the same command goes on from here");
    }
    if json {
        collecting::event("end", &serde_json::json!({ "stopped": judged.stopped, "snapshot": judged.snapshot }))?;
    }
    let failed = judged.snapshot.sum(|judge| judge.wanted)
        - judged
            .snapshot
            .sum(|judge| judge.by_status.get(&routerlab_records::CompletionStatus::Ok).copied().unwrap_or(0));
    if failed > 0 {
        eprintln!("{failed} questions have no reply; the same command asks them again");
    }
    Ok(if failed == 0 { Ended::Done } else { Ended::SomeFailed })
}

fn ask(question: JudgeQuestion) -> JudgeAsk {
    JudgeAsk {
        query_id: question.query_id,
        model: question.model,
        sample_index: question.sample_index,
        evaluator: question.evaluator,
        request_index: question.request_index,
        prompt_digest: question.prompt_digest,
        prompt: question.prompt,
    }
}
