//! What must be asked of a judge before a folder can be scored.

use routerlab_plugin::{CallOptions, Sandbox, on_plugin_thread};
use routerlab_records::{ModelName, PluginName, QueryId, digest_bytes};
use serde::Serialize;

use super::plan::{Plan, Tables};
use super::{ScoreOptions, items};
use crate::error::BenchError;

/// Completions for one call.
const BATCH_ITEMS: usize = 256;

/// A question that no judge has answered yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JudgeQuestion {
    /// The query.
    pub query_id: QueryId,
    /// The model whose answer is judged.
    pub model: ModelName,
    /// Which of its answers, from 0.
    pub sample_index: u32,
    /// The evaluator that asks.
    pub evaluator: PluginName,
    /// Which of its questions about this completion, from 0.
    pub request_index: u32,
    /// SHA-256 of the question.
    pub prompt_digest: String,
    /// The question.
    pub prompt: String,
}

/// Every question of every evaluator to which there is no recorded reply, in the order of queries and models. A question
/// whose call failed is asked again.
///
/// # Errors
/// As [`super::score`]; and when an evaluator fails to say what it asks.
pub fn judge_questions(options: &ScoreOptions, sandbox: &Sandbox) -> Result<Vec<JudgeQuestion>, BenchError> {
    let tables = Tables::read(options)?;
    let call = CallOptions { limits: sandbox.limits().clone(), ..CallOptions::default() };
    let plan = Plan::of(options, &tables, sandbox, &call)?;
    let mut open = Vec::new();
    for job in plan.jobs.iter().filter(|job| job.description.needs_judge) {
        for rows in job.rows.chunks(BATCH_ITEMS) {
            let batch: Vec<_> = rows.iter().map(items::item).collect();
            let asked =
                on_plugin_thread(call.limits.stack_bytes, |thread| items::questions(job, &batch, &call, thread));
            let asked = asked.map_err(BenchError::Thread)?.map_err(|error| BenchError::Evaluator {
                path: options.evaluators.join(format!("{}.wasm", job.evaluator)),
                step: "judge-requests",
                error,
            })?;
            for ((_, completion), questions) in rows.iter().zip(asked) {
                for (request_index, prompt) in (0_u32..).zip(questions) {
                    let prompt_digest = digest_bytes(prompt.as_bytes());
                    let judgement = plan.judgement(job, completion, request_index, &prompt_digest);
                    if judgement.is_some_and(|judgement| judgement.reply.is_some()) {
                        continue;
                    }
                    open.push(JudgeQuestion {
                        query_id: completion.query_id.clone(),
                        model: completion.model.clone(),
                        sample_index: completion.sample_index,
                        evaluator: job.evaluator.clone(),
                        request_index,
                        prompt_digest,
                        prompt,
                    });
                }
            }
        }
    }
    Ok(open)
}
