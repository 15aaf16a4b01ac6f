//! A run: all that is missing, several texts to a request; then those of refused requests, one by one.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use super::chunks::{Chunk, Shard, Want, chunks};
use super::embedding::{Pass, Shared};
use super::known::Known;
use super::{EmbedOptions, TextToEmbed};
use crate::cache::Cache;
use crate::collect::{Watch, attempts};
use crate::engine::{Plan, run};
use crate::error::CollectError;
use crate::office::{Lanes, Office};
use crate::pool::Model;
use crate::servers::Say;
use crate::spend::{Account, Taken};
use crate::stats::{LaneStats, Snapshot};
use crate::stop::{Phase, Stop};
use crate::transport::Transport;

/// What both passes are about.
pub(super) struct Passes<'a> {
    pub(super) folder: &'a Path,
    pub(super) options: &'a EmbedOptions,
    pub(super) office: &'a Office,
    pub(super) texts: &'a Arc<Vec<TextToEmbed>>,
    pub(super) shards: &'a Arc<Vec<Shard>>,
}

impl Passes<'_> {
    pub(super) async fn run(
        &self,
        models: [Model; 2],
        known: &Known,
        watch: Watch<'_>,
    ) -> Result<Snapshot, CollectError> {
        let Watch { progress, say, stop } = watch;
        let begun = Instant::now();
        let [first, second] = models;
        let shared = Arc::new(self.shared(&first, known, &stop));
        let empty = |text: u32| self.options.prefix.is_empty() && self.texts[text as usize].text.is_empty();
        let want = |text: u32| match known.want(text) {
            // Many endpoints refuse an empty text.
            Want::Together if empty(text) => Want::Alone,
            want => want,
        };
        let together = chunks(self.shards, self.texts, self.options.texts_per_request, want);
        let (before, apart) = self.pass(&shared, first, together, begun, &say, progress).await?;
        let is_over = stop.phase() > Phase::Running || before.models.iter().any(|lane| lane.closed.is_some());
        // Where not one answer could be read, it is not about single texts.
        let may_help = shared.answered.load(Ordering::Relaxed) || shared.refused.load(Ordering::Relaxed) > 0;
        if is_over || !may_help || apart.is_empty() {
            return Ok(before);
        }
        say(format!("{} texts of refused requests are asked one by one", apart.len()));
        let alone =
            chunks(
                self.shards,
                self.texts,
                1,
                |text| if apart.binary_search(&text).is_ok() { Want::Alone } else { Want::No },
            );
        let mut progress = |now: &Snapshot| progress(&sum(&before, now));
        let (now, _) = self.pass(&shared, second, alone, begun, &say, &mut progress).await?;
        Ok(sum(&before, &now))
    }

    fn shared(&self, model: &Model, known: &Known, stop: &Stop) -> Shared {
        let options = self.options;
        let width = OnceLock::new();
        if let Some(known) = known.width.or(options.dimensions.map(|dimensions| dimensions as usize)) {
            // Nobody else has it yet.
            let _ = width.set(known);
        }
        Shared {
            encoder: options.encoder.clone(),
            model: model.name.clone(),
            device: options.device(),
            about: options.about(),
            prefix: options.prefix.clone(),
            texts: Arc::clone(self.texts),
            shards: Arc::clone(self.shards),
            width,
            answered: AtomicBool::new(known.width.is_some()),
            refused: AtomicU32::new(0),
            stop: stop.clone(),
        }
    }

    /// One pass; which texts it leaves to be asked for one by one.
    async fn pass(
        &self,
        shared: &Arc<Shared>,
        model: Model,
        chunks: Vec<Chunk>,
        begun: Instant,
        say: &Say,
        progress: &mut (dyn FnMut(&Snapshot) + Send),
    ) -> Result<(Snapshot, Vec<u32>), CollectError> {
        let options = self.options;
        let (spent, tried) = attempts(self.folder, &|row| row.model == model.name && row.about == shared.about)?;
        let tried_of = |(item, chunk): (usize, &Chunk)| {
            let id = self.texts[chunk.texts[0] as usize].query_id.clone();
            let key = (id, model.name.clone(), 0, shared.about.clone());
            Some((item as u32, *tried.get(&key)?))
        };
        let tried: HashMap<u32, u32> = chunks.iter().enumerate().filter_map(tried_of).collect();
        let wanted = chunks.iter().map(|chunk| chunk.texts.len() as u64).sum();
        let items = (0..chunks.len() as u32).collect();
        let transport = Transport::new()?;
        let pool = options.pool();
        let servers = self.office.servers(&pool, 1, &transport, say);
        // What earlier requests took says little: they had other texts, and not as many.
        let lane = Lanes::of(&pool, &options.encoder, &transport).lane(model, wanted, Taken::default())?;
        let work = Arc::new(Pass { shared: Arc::clone(shared), chunks, tried, apart: Mutex::default() });
        let plan = Plan {
            work: Arc::clone(&work),
            lanes: vec![Arc::new(lane)],
            wanted: vec![items],
            journal: self.office.journal(&options.journal()),
            batches: self.office.batches("embeddings", say),
            provenance: options.provenance(),
            cache: options.cache.as_deref().map(Cache::open).transpose()?.map(Arc::new),
            fresh: options.fresh,
            account: Account::new(options.caps, spent.all()),
            control: self.office.control(say),
            servers,
            stop: shared.stop.clone(),
            grace: options.grace,
            deadline: options.deadline.map(|deadline| deadline.saturating_sub(begun.elapsed())),
        };
        let snapshot = run(plan, progress).await?;
        let mut apart = std::mem::take(&mut *work.apart.lock().unwrap_or_else(PoisonError::into_inner));
        apart.sort_unstable();
        Ok((snapshot, apart))
    }
}

/// Two passes as one run: the second asks for what the first has not counted.
fn sum(before: &Snapshot, now: &Snapshot) -> Snapshot {
    let both = |(before, now): (&LaneStats, &LaneStats)| {
        let mut both = LaneStats { wanted: before.wanted, ..now.clone() };
        both.done += before.done;
        both.reused += before.reused;
        both.sent += before.sent;
        both.prompt_tokens += before.prompt_tokens;
        both.usd += before.usd;
        both.usd_as_if += before.usd_as_if;
        both.abandoned_usd += before.abandoned_usd;
        both.unknown_costs += before.unknown_costs;
        for (status, count) in &before.by_status {
            *both.by_status.entry(*status).or_default() += count;
        }
        for (outcome, count) in &before.troubles {
            *both.troubles.entry(*outcome).or_default() += count;
        }
        both
    };
    let models = before.models.iter().zip(&now.models).map(both).collect();
    Snapshot { seconds: before.seconds + now.seconds, models }
}
