//! Judges: the questions of evaluators, asked like any others, into the `judgements` table.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use routerlab_records::{
    AttemptRow, CompletionStatus, JudgementRow, JudgementStatus, ModelName, PluginName, Provenance, QueryId, Row,
    SHARD_RECORDS, import::Manifest,
};

use crate::answer::Answer;
use crate::ask::Message;
use crate::cache::Cache;
use crate::collect::{Watch, attempts};
use crate::engine::{Plan, run};
use crate::error::CollectError;
use crate::office::{Lanes, Office};
use crate::pool::ModelPool;
use crate::prompt::{Prompting, Question};
use crate::settle::{Recovered, settle};
use crate::shelf::file_of;
use crate::shelves::ShardFiles;
use crate::spend::{Account, Caps};
use crate::stats::Snapshot;
use crate::transport::Transport;
use crate::work::{About, Work};

/// One question of an evaluator about one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgeAsk {
    /// The query.
    pub query_id: QueryId,
    /// The model whose answer is judged.
    pub model: ModelName,
    /// Which of its answers, from 0.
    pub sample_index: u32,
    /// The evaluator that asks.
    pub evaluator: PluginName,
    /// Which of its questions about this answer, from 0.
    pub request_index: u32,
    /// SHA-256 of the question.
    pub prompt_digest: String,
    /// The question.
    pub prompt: String,
}

impl JudgeAsk {
    fn key(&self) -> (QueryId, ModelName, u32, PluginName, u32) {
        (self.query_id.clone(), self.model.clone(), self.sample_index, self.evaluator.clone(), self.request_index)
    }

    fn about(&self) -> String {
        format!("{}/{}/{}", self.model, self.evaluator, self.request_index)
    }
}

/// Whom to ask, and how.
#[derive(Debug, Clone)]
pub struct JudgeOptions {
    /// The pool.
    pub pool: ModelPool,
    /// Its name or path.
    pub pool_name: String,
    /// The model of it that judges.
    pub judge: String,
    /// Caps of everything that was ever sent from the folder, this run included.
    pub caps: Caps,
    /// The folder of the cache.
    pub cache: Option<PathBuf>,
    /// Whether answers of the cache are passed over, and replaced.
    pub fresh: bool,
    /// How long what is on its way may take after the run is asked to end.
    pub grace: Duration,
    /// How long the run may take.
    pub deadline: Option<Duration>,
}

/// A data folder whose answers can be judged: nothing else collects into it meanwhile.
#[derive(Debug)]
pub struct Bench {
    folder: PathBuf,
    office: Office,
    recovered: Recovered,
}

/// What a judging came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The last state of the judge.
    pub snapshot: Snapshot,
    /// Why the run ended before everything was asked, if it did.
    pub stopped: Option<String>,
}

impl Bench {
    /// Takes a data folder, and brings what a judging that was killed has left behind into its tables: only then can be known
    /// what is still to be asked.
    ///
    /// # Errors
    /// When another run collects into the folder, or a table cannot be read or written.
    pub fn open(folder: &Path) -> Result<Self, CollectError> {
        if !folder.is_dir() {
            return Err(CollectError::data(folder, "there is no such folder"));
        }
        let office = Office::open(folder)?;
        let recovered = settle::<JudgementRow>(&office.journal("judgements"), folder, &provenance())?;
        Ok(Self { folder: folder.to_owned(), office, recovered })
    }

    /// What an earlier run had left behind.
    pub fn recovered(&self) -> Recovered {
        self.recovered
    }

    /// Asks the judge, and leaves what it says in `judgements/`.
    ///
    /// # Errors
    /// [`CollectError`]: no reply is lost then.
    pub async fn judge(
        self,
        options: JudgeOptions,
        mut questions: Vec<JudgeAsk>,
        env: &dyn Fn(&str) -> Option<String>,
        watch: Watch<'_>,
    ) -> Result<Judged, CollectError> {
        questions.sort_by_key(JudgeAsk::key);
        let only = [options.judge.clone()];
        let wrong = |reason| CollectError::pool(&options.pool_name, reason);
        let model = options.pool.models(Some(&only), env).map_err(wrong)?.into_iter().next();
        let Some(model) = model else { return Err(wrong("there is no judge".into())) };
        let (spent, tried) = attempts(&self.folder, &|row| row.model == model.name && !row.about.is_empty())?;
        let of_model = spent.of(&model.name);
        let tried = questions.iter().enumerate().filter_map(|(item, ask)| {
            let key = (ask.query_id.clone(), model.name.clone(), ask.sample_index, ask.about());
            Some((item as u32, *tried.get(&key)?))
        });
        let tried = tried.collect();
        let transport = Transport::new()?;
        let servers = self.office.servers(&options.pool, 1, &transport, &watch.say);
        let work = Arc::new(Judging::new(
            self.folder.clone(),
            model.name.clone(),
            Arc::clone(&model.prompting),
            questions,
            tried,
        ));
        let mut making = Lanes::of(&options.pool, &options.pool_name, &transport);
        let lane = making.lane(model, work.questions.len() as u64, of_model)?;
        let plan = Plan {
            wanted: vec![(0..work.questions.len() as u32).collect()],
            work,
            lanes: vec![Arc::new(lane)],
            journal: self.office.journal("judgements"),
            batches: self.office.batches("judgements", &watch.say),
            provenance: provenance(),
            cache: options.cache.as_deref().map(Cache::open).transpose()?.map(Arc::new),
            fresh: options.fresh,
            account: Account::new(options.caps, spent.all()),
            control: self.office.control(&watch.say),
            servers: Arc::clone(&servers),
            stop: watch.stop.clone(),
            grace: options.grace,
            deadline: options.deadline,
        };
        let ended = run(plan, watch.progress).await;
        servers.stop_all().await;
        let snapshot = ended?;
        Manifest::refresh(&self.folder, &["completions", "attempts", "judgements"], &[])?;
        Ok(Judged { snapshot, stopped: watch.stop.reason() })
    }
}

fn provenance() -> Provenance {
    Provenance::by(concat!("routerlab ", env!("CARGO_PKG_VERSION")))
}

/// The questions of one judge, in the order of the rows' keys.
struct Judging {
    folder: PathBuf,
    judge: ModelName,
    prompting: Arc<Prompting>,
    questions: Vec<JudgeAsk>,
    /// Of every question which file it belongs to.
    shard_of: Vec<u32>,
    /// A question of every file.
    shard_question: Vec<u32>,
    tried: HashMap<u32, u32>,
}

impl Judging {
    fn new(
        folder: PathBuf,
        judge: ModelName,
        prompting: Arc<Prompting>,
        questions: Vec<JudgeAsk>,
        tried: HashMap<u32, u32>,
    ) -> Self {
        let mut known: HashMap<(&str, &str, &str, u64), u32> = HashMap::new();
        let (mut shard_of, mut shard_question) = (Vec::new(), Vec::new());
        for (at, ask) in questions.iter().enumerate() {
            let id = &ask.query_id;
            let key = (id.dataset(), id.split(), ask.model.as_str(), id.record_index() / SHARD_RECORDS);
            let shard = *known.entry(key).or_insert_with(|| {
                shard_question.push(at as u32);
                shard_question.len() as u32 - 1
            });
            shard_of.push(shard);
        }
        Self { folder, judge, prompting, questions, shard_of, shard_question, tried }
    }
}

impl Work for Judging {
    type Row = JudgementRow;

    fn ask(&self, _: usize, item: u32) -> Result<Vec<Message>, String> {
        let ask = &self.questions[item as usize];
        let question = Question {
            prompt: ask.prompt.clone(),
            query: ask.prompt.clone(),
            dataset: ask.query_id.dataset().to_owned(),
            split: ask.query_id.split().to_owned(),
            metadata: "{}".into(),
        };
        self.prompting.messages(&question, &[])
    }

    fn about(&self, _: usize, item: u32) -> About {
        let ask = &self.questions[item as usize];
        About {
            query_id: ask.query_id.clone(),
            model: self.judge.clone(),
            sample_index: ask.sample_index,
            about: ask.about(),
        }
    }

    fn row(&self, _: usize, item: u32, answer: Answer) -> JudgementRow {
        let ask = &self.questions[item as usize];
        let ok = answer.status == CompletionStatus::Ok;
        JudgementRow {
            query_id: ask.query_id.clone(),
            model: ask.model.clone(),
            sample_index: ask.sample_index,
            evaluator: ask.evaluator.clone(),
            request_index: ask.request_index,
            prompt_digest: ask.prompt_digest.clone(),
            reply: ok.then_some(answer.raw_output),
            status: if ok { JudgementStatus::Ok } else { JudgementStatus::Failed },
            judge: Some(self.judge.to_string()),
            prompt_tokens: answer.prompt_tokens,
            completion_tokens: answer.completion_tokens,
            cost_usd: answer.cost_usd,
            collected_at: Some(answer.collected_at),
            error: if ok { None } else { answer.error.or_else(|| Some(answer.status.to_string())) },
        }
    }

    fn shard(&self, _: usize, item: u32) -> u32 {
        self.shard_of[item as usize]
    }

    fn shard_files(&self, shard: u32) -> ShardFiles {
        let ask = &self.questions[self.shard_question[shard as usize] as usize];
        let of = |table: &str, model: &ModelName| file_of(&self.folder, table, &ask.query_id, model);
        (of(JudgementRow::TABLE, &ask.model), of(AttemptRow::TABLE, &self.judge))
    }

    fn shards(&self) -> usize {
        self.shard_question.len()
    }

    fn tried(&self, _: usize, item: u32) -> u32 {
        self.tried.get(&item).copied().unwrap_or(0)
    }
}
