//! Trained routers at work: a batch of queries in, checked decisions out, whatever world the router is of.

use wasmtime::Store;
use wasmtime::component::{Resource, ResourceAny};

use crate::answers::Replay;
use crate::bindings::router::RouterPlugin;
use crate::bindings::router::exports::routerlab::plugin::router as exported;
use crate::bindings::router::routerlab::plugin::routing;
use crate::bindings::sequential::SequentialRouterPlugin;
use crate::bindings::sequential::exports::routerlab::plugin::sequential_router::{Attempt, Step};
use crate::check::{self, Decisions, RawMatrix};
use crate::data::{Granted, QuerySet};
use crate::error::{Breach, CallError};
use crate::limits::{Limit, LimitReached, Limits};
use crate::router::{Called, Preference, refused};
use crate::state::{StoreState, metered, metered_within};
use crate::thread::OnPluginThread;
use crate::world::World;

/// A trained router in its own store.
pub struct LoadedRouter {
    pub(crate) store: Store<StoreState>,
    pub(crate) world: World,
    pub(crate) trained: ResourceAny,
    pub(crate) models: usize,
    pub(crate) granted: Granted,
    pub(crate) limits: Limits,
}

impl std::fmt::Debug for LoadedRouter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoadedRouter").field("models", &self.models).finish_non_exhaustive()
    }
}

/// One batch as a router gets it.
struct Batch<'a> {
    queries: QuerySet,
    preferences: Vec<routing::Preference>,
    unavailable: &'a [u32],
}

impl LoadedRouter {
    /// Routes one batch: one [`Decisions`] for each preference, checked. After a failure the router is of no more use.
    ///
    /// A sequential router is asked step by step, and `replay` tells what the models that it asks did; without one they
    /// answer nothing, at an unknown cost. A router that answers at once never sees it.
    pub fn route(
        &mut self,
        queries: &QuerySet,
        replay: Option<&Replay>,
        preferences: &[Preference],
        unavailable: &[u32],
        _thread: &OnPluginThread,
    ) -> Called<Vec<Decisions>> {
        let wish = |wish: &Preference| routing::Preference {
            cost_weight: wish.cost_weight,
            latency_weight: wish.latency_weight,
        };
        let preferences = preferences.iter().map(wish).collect();
        let batch = Batch { queries: queries.reduced(self.granted), preferences, unavailable };
        let (store, trained) = (&mut self.store, self.trained);
        let (result, fuel) = match &self.world {
            World::AtOnce(router) => at_once(store, router, trained, batch, &self.limits, self.models),
            World::Sequential(router) => {
                let budget = self.limits.route_fuel_for(batch.queries.rows());
                let mut asking = Asking {
                    store,
                    router,
                    trained,
                    replay,
                    shows_answers: self.granted.answers,
                    models: self.models,
                    attempts: LimitReached { limit: Limit::Attempts, value: self.limits.attempts as u64 },
                    budget: LimitReached { limit: Limit::RouteFuel, value: budget },
                    left: budget,
                };
                let result = asking.batch(&batch);
                (result, budget - asking.left)
            }
        };
        Called { result, fuel, log: self.store.data_mut().log.take() }
    }
}

/// Lends a query set for the length of some calls. A set that stayed lent would count against the handles of the next.
fn lending<T>(
    store: &mut Store<StoreState>,
    set: QuerySet,
    calls: impl FnOnce(&mut Store<StoreState>, &Resource<QuerySet>) -> Result<T, CallError>,
) -> Result<T, CallError> {
    let set = store.data_mut().lend(set)?;
    let answer = calls(store, &set);
    let deleted = store.data_mut().table.delete(set);
    deleted.map_err(|_| Breach("dropped a query set that it only borrowed".into()))?;
    answer
}

fn at_once(
    store: &mut Store<StoreState>,
    router: &RouterPlugin,
    trained: ResourceAny,
    batch: Batch<'_>,
    limits: &Limits,
    models: usize,
) -> (Result<Vec<Decisions>, CallError>, u64) {
    let Batch { queries, preferences, unavailable } = batch;
    let rows = queries.rows();
    let mut fuel = 0;
    let answer = lending(store, queries, |store, set| {
        let budget = (Limit::RouteFuel, limits.route_fuel_for(rows));
        let (answer, used) = metered(store, budget, |store| {
            let borrowed = Resource::new_borrow(set.rep());
            let trained_router = router.routerlab_plugin_router().trained();
            trained_router.call_route(store, trained, borrowed, &preferences, unavailable)
        });
        fuel = used;
        answer
    });
    let result = answer.and_then(|answer| {
        let decisions = answer.map_err(refused)?;
        check::preference_count(decisions.len(), preferences.len())?;
        let checked = |answer: exported::Decisions| {
            let utilities = answer.utilities.map(|m| RawMatrix { rows: m.rows, cols: m.cols, values: m.values });
            check::decisions(answer.choices, utilities, rows, models, unavailable)
        };
        Ok(decisions.into_iter().map(checked).collect::<Result<Vec<_>, Breach>>()?)
    });
    (result, fuel)
}

/// A sequential router that is being asked about one batch.
struct Asking<'a> {
    store: &'a mut Store<StoreState>,
    router: &'a SequentialRouterPlugin,
    trained: ResourceAny,
    replay: Option<&'a Replay>,
    shows_answers: bool,
    models: usize,
    attempts: LimitReached,
    budget: LimitReached,
    left: u64,
}

impl Asking<'_> {
    fn batch(&mut self, batch: &Batch<'_>) -> Result<Vec<Decisions>, CallError> {
        let mut decided = vec![Decisions::sequential(); batch.preferences.len()];
        for row in 0..batch.queries.rows() {
            let set = batch.queries.batch(row, 1);
            for (decided, wish) in decided.iter_mut().zip(&batch.preferences) {
                let (model, attempts) = self.query(&set, row, *wish, batch.unavailable)?;
                decided.choices.push(model);
                decided.attempts.get_or_insert_default().push(attempts);
            }
        }
        Ok(decided)
    }

    /// The model whose answer is taken for one query, and all models that were asked.
    fn query(
        &mut self,
        set: &QuerySet,
        row: usize,
        wish: routing::Preference,
        unavailable: &[u32],
    ) -> Result<(u32, Vec<u32>), CallError> {
        let mut seen: Vec<Attempt> = Vec::new();
        let mut asked: Vec<u32> = Vec::new();
        loop {
            match self.next(set, &seen, wish, unavailable)? {
                Step::Accept(position) => return Ok((check::accepted(position, &asked, row)?, asked)),
                Step::Ask(model) => {
                    check::asked(model, &asked, row, self.models, unavailable, &self.attempts)?;
                    asked.push(model);
                    seen.push(self.attempt(row, model));
                }
            }
        }
    }

    fn next(
        &mut self,
        set: &QuerySet,
        seen: &[Attempt],
        wish: routing::Preference,
        unavailable: &[u32],
    ) -> Result<Step, CallError> {
        let Self { store, router, trained, budget, left, .. } = self;
        lending(store, set.clone(), |store, set| {
            let (answer, fuel) = metered_within(store, budget.clone(), *left, |store| {
                let borrowed = Resource::new_borrow(set.rep());
                let trained_router = router.routerlab_plugin_sequential_router().trained();
                trained_router.call_next(store, *trained, borrowed, seen, wish, unavailable)
            });
            *left -= fuel;
            answer?.map_err(refused)
        })
    }

    /// What the router is shown of a model that it asked.
    fn attempt(&self, row: usize, model: u32) -> Attempt {
        let at = model as usize;
        let shown = self.replay.filter(|_| self.shows_answers);
        Attempt {
            model,
            answer: shown.map_or_else(String::new, |replay| replay.text(row, at).to_owned()),
            answer_embedding: shown.map_or_else(Vec::new, |replay| replay.embedding(row, at).to_vec()),
            cost_usd: self.replay.map_or(f64::NAN, |replay| replay.cost_usd(row, at)),
            latency_ms: self.replay.map_or(f64::NAN, |replay| replay.latency_ms(row, at)),
        }
    }
}
