//! What an evaluator looks at: a completion, its query, and the replies of a judge.

use routerlab_plugin::{CallError, CallOptions, Item, OnPluginThread};
use routerlab_records::{CompletionRow, ContentDigest, JudgementStatus, QueryRow, digest_bytes};

use super::plan::{Job, Plan};

/// A query and what a model answered.
pub(super) type Pair<'a> = (&'a QueryRow, &'a CompletionRow);

/// The item of a completion.
pub(super) fn item((query, completion): &Pair<'_>) -> Item {
    Item {
        prompt: query.prompt.clone(),
        raw_output: completion.raw_output.clone(),
        ground_truth: query.ground_truth.clone().unwrap_or_default(),
        metadata: query.metadata.clone(),
    }
}

/// What a judge said about one completion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Replies {
    /// Everything that was asked, in order; nothing when nothing was asked.
    Known(Vec<String>),
    /// So many questions have no recorded reply.
    Waiting(usize),
    /// A call to the judge failed, with these words.
    Failed(String),
}

/// The questions that an evaluator has about each of some items.
pub(super) fn questions(
    job: &Job<'_>,
    items: &[Item],
    call: &CallOptions,
    thread: &OnPluginThread,
) -> Result<Vec<Vec<String>>, CallError> {
    let mut asked = vec![Vec::new(); items.len()];
    if job.description.needs_judge {
        for request in job.plugin.judge_requests(items, &job.config, call, thread).result? {
            asked[request.item as usize].push(request.prompt);
        }
    }
    Ok(asked)
}

/// The recorded replies to the questions about one completion.
pub(super) fn replies(plan: &Plan<'_>, job: &Job<'_>, completion: &CompletionRow, questions: &[String]) -> Replies {
    let mut known = Vec::with_capacity(questions.len());
    let mut waiting = 0;
    let mut failed = None;
    for (index, question) in (0_u32..).zip(questions) {
        let judgement = plan.judgement(job, completion, index, &digest_bytes(question.as_bytes()));
        match judgement.map(|judgement| (judgement.status, &judgement.reply, &judgement.error)) {
            Some((JudgementStatus::Ok, Some(reply), _)) => known.push(reply.clone()),
            // The reference hands the words of a failed call to its parser.
            Some((_, _, Some(error))) if job.compat => known.push(error.clone()),
            Some((_, _, error)) => failed = failed.or_else(|| Some(error.clone().unwrap_or_default())),
            None => waiting += 1,
        }
    }
    match failed {
        _ if waiting > 0 => Replies::Waiting(waiting),
        Some(error) => Replies::Failed(error),
        None => Replies::Known(known),
    }
}

/// What tells an item from another: everything that its score may depend on.
pub(super) fn digest(item: &Item, replies: &Replies) -> String {
    let mut digest = ContentDigest::new();
    digest.text(&item.prompt).text(&item.raw_output).text(&item.ground_truth).text(&item.metadata);
    match replies {
        Replies::Known(replies) => {
            digest.number(replies.len() as u64);
            replies.iter().for_each(|reply| {
                digest.text(reply);
            });
        }
        Replies::Waiting(_) | Replies::Failed(_) => {
            digest.nothing();
        }
    }
    digest.hex()
}
