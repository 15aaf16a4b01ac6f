//! What every router must withstand, whatever it does.

use crate::{Decisions, Error, InMemory, Matrix, Measure, Preference, QuerySet, Random, Router, State, Unavailable};

/// A pool and its records, at the edge of what a run may hold.
struct Edge {
    name: &'static str,
    models: usize,
    rows: usize,
    width: usize,
    /// Score of a row and model; NaN for no record.
    score: fn(usize, usize) -> f32,
    /// Cost of a model; NaN where unknown.
    cost: fn(usize) -> f32,
    /// One number of a row's embedding.
    embedding: fn(&mut Random) -> f32,
}

const NONE: f32 = f32::NAN;

fn mixed(row: usize, model: usize) -> f32 {
    f32::from(u8::from((row * 7 + model * 3).is_multiple_of(4)))
}

fn rising(model: usize) -> f32 {
    0.001 * (model + 1) as f32
}

fn usual() -> Edge {
    let embedding = |random: &mut Random| random.unit() as f32 - 0.3;
    Edge { name: "a usual pool", models: 3, rows: 24, width: 4, score: mixed, cost: rising, embedding }
}

fn edges() -> Vec<Edge> {
    let usual = usual();
    vec![
        Edge { name: "one model", models: 1, ..usual },
        Edge { name: "two models", models: 2, ..usual },
        Edge { name: "a thousand models", models: 1000, rows: 12, ..usual },
        Edge { name: "one training row", rows: 1, ..usual },
        Edge { name: "embeddings of one number", width: 1, ..usual },
        Edge { name: "embeddings of zeros", embedding: |_| 0.0, ..usual },
        Edge { name: "equal embeddings", embedding: |_| 0.5, ..usual },
        Edge { name: "all scores 0", score: |_, _| 0.0, ..usual },
        Edge { name: "all scores 1", score: |_, _| 1.0, ..usual },
        Edge { name: "graded scores", score: |row, model| ((row + model) % 3) as f32 / 2.0, ..usual },
        Edge {
            name: "missing records",
            score: |row, model| if (row + model).is_multiple_of(3) { NONE } else { mixed(row, model) },
            ..usual
        },
        Edge { name: "a model without any record", score: |row, m| if m == 1 { NONE } else { mixed(row, m) }, ..usual },
        Edge { name: "a row without any record", score: |row, m| if row == 0 { NONE } else { mixed(row, m) }, ..usual },
        Edge { name: "no costs", cost: |_| NONE, ..usual },
        Edge { name: "a model without a cost", cost: |model| if model == 0 { NONE } else { rising(model) }, ..usual },
        Edge { name: "free models", cost: |_| 0.0, ..usual },
        usual,
    ]
}

impl Edge {
    /// `rows` rows from `first` on.
    fn set(&self, first: usize, rows: usize) -> InMemory {
        let cells = || (first..first + rows).flat_map(|row| (0..self.models).map(move |model| (row, model)));
        let embedding = |row: usize| {
            let mut random = Random::new(row as u64);
            (0..self.width).map(move |_| (self.embedding)(&mut random))
        };
        let known =
            |(row, model): (usize, usize), value: f32| if (self.score)(row, model).is_nan() { NONE } else { value };
        InMemory::new(self.models)
            .rows(rows)
            .prompts((first..first + rows).map(|row| format!("query {row}")).collect())
            .groups((first..first + rows).map(|row| row as u32 % 2).collect())
            .embeddings(self.width, (first..first + rows).flat_map(embedding).collect())
            .scores(cells().map(|(row, model)| (self.score)(row, model)).collect())
            .costs_usd(cells().map(|cell| known(cell, (self.cost)(cell.1))).collect())
            .values(Measure::LatencyMs, cells().map(|cell| known(cell, 100.0 * (cell.1 + 1) as f32)).collect())
    }
}

/// Trains a router on every edge that a run may have (one model, a thousand, missing records, ties, a single row, unknown
/// costs, embeddings that say nothing, with validation and without), and checks that it keeps the contract there: one model
/// for each query and preference, finite utilities, nothing unavailable, a refusal where nothing is available, the same
/// answer and the same utilities again and for each query alone, and from a router that was trained anew with the same seed.
/// A run without embeddings may be refused, in words.
///
/// # Panics
/// With the name of the edge where the router breaks the contract.
pub fn withstands_every_edge<R: Router>(config: impl Fn() -> R::Config) {
    for edge in edges() {
        for validated in [0, 10] {
            let name = format!("{}, {validated} rows to validate on", edge.name);
            let trained = || trained::<R>(&edge, validated, config()).unwrap_or_else(|error| panic!("{name}: {error}"));
            let (state, again) = (trained(), trained());
            assert_eq!(state.bytes, again.bytes, "{name}: the same seed leaves another state");
            if edge.name == "a usual pool" {
                refuses_what_is_cut_short::<R>(&state, &name);
            }
            let [router, twin] = [state, again].map(|state| {
                R::load(state).unwrap_or_else(|error| panic!("{name}: cannot read its own state: {error}"))
            });
            keeps_the_contract([&router, &twin], &edge, &name);
        }
    }
    let name = "no embeddings";
    let without = Edge { name, width: 0, models: 2, rows: 6, ..usual() };
    match trained::<R>(&without, 0, config()) {
        Ok(state) => {
            let router = R::load(state).unwrap_or_else(|error| panic!("{name}: {error}"));
            keeps_the_contract([&router, &router], &without, name);
        }
        Err(refusal) => assert!(refusal.to_string().contains("embedding"), "{name}: {refusal}"),
    }
}

/// A state that has lost its end, or its matrices, is refused and never half believed.
fn refuses_what_is_cut_short<R: Router>(state: &State, name: &str) {
    let copied =
        |matrix: &Matrix| matrix.read_all().and_then(|values| Matrix::new(matrix.rows(), matrix.cols(), values));
    let load = |length: usize| {
        let matrices: Result<Vec<Matrix>, Error> = state.matrices.iter().map(copied).collect();
        R::load(State { bytes: state.bytes[..length].to_vec(), matrices: matrices? })
    };
    let whole = state.bytes.len();
    assert!(load(whole).is_ok(), "{name}: a copy of the state is refused");
    // Every length of a short state, and a hundred of a long one.
    for length in (0..whole).step_by(whole / 100 + 1) {
        assert!(load(length).is_err(), "{name}: the first {length} of {whole} bytes of the state are believed");
    }
    if !state.matrices.is_empty() {
        let bare = R::load(State { bytes: state.bytes.clone(), matrices: vec![] });
        assert!(bare.is_err(), "{name}: a state without its matrices is believed");
    }
}

fn trained<R: Router>(edge: &Edge, validated: usize, config: R::Config) -> Result<State, Error> {
    R::train(&edge.set(0, edge.rows).build()?, &edge.set(100, validated).build()?, config, 7)
}

/// `twin` was trained like `router`.
fn keeps_the_contract<R: Router>([router, twin]: [&R; 2], edge: &Edge, name: &str) {
    const ASKED: usize = 9;
    let wishes = [(0.0, 0.0), (10.0, 0.0), (0.0, 0.5), (1e9, 1e9)];
    let wishes = wishes.map(|(cost_weight, latency_weight)| Preference { cost_weight, latency_weight });
    let wishes = if R::COST_AWARE { &wishes[..] } else { &wishes[..1] };
    let queries = |first, rows| -> QuerySet<'static> {
        edge.set(first, rows).queries().unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    let ask = |router: &R, first, rows, unavailable: &Unavailable| -> Vec<Decisions> {
        let decided = router.route(&queries(first, rows), wishes, unavailable);
        decided.unwrap_or_else(|error| panic!("{name}: refused to route: {error}"))
    };
    let all = ask(router, 200, ASKED, &Unavailable::NONE);
    assert_eq!(all.len(), wishes.len(), "{name}: decisions for each preference");
    for decided in &all {
        assert_eq!(decided.choices().len(), ASKED, "{name}: one choice for each query");
        assert!(decided.choices().iter().all(|model| (*model as usize) < edge.models), "{name}: a model of the pool");
        if let Some(utilities) = decided.utilities() {
            let fits = (utilities.rows(), utilities.values.len()) == (ASKED, ASKED * edge.models);
            assert!(fits, "{name}: a utility for each query and model");
            assert!(utilities.values.iter().all(|value| value.is_finite()), "{name}: finite utilities");
        }
    }
    assert_eq!(ask(router, 200, ASKED, &Unavailable::NONE), all, "{name}: the same answer again");
    assert_eq!(ask(twin, 200, ASKED, &Unavailable::NONE), all, "{name}: the same answer from the same seed");
    for query in 0..ASKED {
        let alone = ask(router, 200 + query, 1, &Unavailable::NONE);
        for (alone, all) in alone.iter().zip(&all) {
            assert_eq!(alone.choices(), [all.choices()[query]], "{name}: query {query} in a batch of its own");
            let utilities = [alone.utilities().map(|it| it.row(0)), all.utilities().map(|it| it.row(query))];
            assert_eq!(utilities[0], utilities[1], "{name}: utilities of query {query} in a batch of its own");
        }
    }
    let nothing = ask(router, 200, 0, &Unavailable::NONE);
    assert!(nothing.iter().all(|decided| decided.choices().is_empty()), "{name}: no queries");
    if edge.models > 1 {
        let last = edge.models as u32 - 1;
        let chosen = all.iter().map(|decided| vec![decided.choices()[0]]);
        for unavailable in chosen.chain([(0..last).collect()]) {
            let without: Unavailable = unavailable.iter().copied().collect();
            let avoids = |decided: &Decisions| decided.choices().iter().all(|model| !without.contains(*model));
            assert!(ask(router, 200, ASKED, &without).iter().all(avoids), "{name}: {unavailable:?} are not available");
        }
    }
    let none: Unavailable = (0..edge.models as u32).collect();
    assert!(router.route(&queries(200, 1), wishes, &none).is_err(), "{name}: nothing is available");
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::withstands_every_edge;
    use crate::{
        Decisions, Error, NoConfig, Preference, QuerySet, Router, State, StateWriter, TrainingSet, Unavailable,
        Utilities,
    };

    /// Routers that differ in what they do wrong.
    const SOUND: u8 = 0;
    const FORGETS_UNAVAILABLE: u8 = 1;
    const LOOKS_AT_THE_BATCH: u8 = 2;
    const COUNTS_ITS_CALLS: u8 = 3;
    const IS_INFINITE: u8 = 4;
    const CHANGES_WITH_THE_WEATHER: u8 = 5;

    struct Toy<const FAULT: u8> {
        models: usize,
        calls: Cell<u32>,
    }

    thread_local! { static WEATHER: Cell<u32> = const { Cell::new(0) }; }

    fn tick(counter: &Cell<u32>) -> u32 {
        counter.set(counter.get() + 1);
        counter.get()
    }

    impl<const FAULT: u8> Router for Toy<FAULT> {
        const NAME: &'static str = "toy";
        const COST_AWARE: bool = true;
        type Config = NoConfig;

        fn train(train: &TrainingSet<'_>, _: &TrainingSet<'_>, _: NoConfig, _: u64) -> Result<State, Error> {
            let weather = if FAULT == CHANGES_WITH_THE_WEATHER { WEATHER.with(tick) } else { 0 };
            Ok(StateWriter::new("toy/1").u32(train.models().len() as u32).u32(weather).finish(vec![]))
        }

        fn load(state: State) -> Result<Self, Error> {
            let mut reader = state.reader("toy/1")?;
            let (models, _weather) = (reader.u32()? as usize, reader.u32()?);
            reader.end()?;
            Ok(Self { models, calls: Cell::new(0) })
        }

        fn route(
            &self,
            queries: &QuerySet<'_>,
            preferences: &[Preference],
            unavailable: &Unavailable,
        ) -> Result<Vec<Decisions>, Error> {
            let value = match FAULT {
                LOOKS_AT_THE_BATCH => queries.rows() as f32,
                COUNTS_ITS_CALLS => tick(&self.calls) as f32,
                IS_INFINITE => return Ok(preferences.iter().map(|_| infinite(queries.rows(), self.models)).collect()),
                _ => 0.5,
            };
            let utilities = Utilities::from_values(self.models, vec![value; queries.rows() * self.models])?;
            let unavailable = if FAULT == FORGETS_UNAVAILABLE { &Unavailable::NONE } else { unavailable };
            preferences.iter().map(|_| utilities.clone().decide(unavailable)).collect()
        }
    }

    fn infinite(rows: usize, models: usize) -> Decisions {
        let values = vec![f32::INFINITY; rows * models];
        Decisions::always(0, rows).with_utilities(Utilities { models, values })
    }

    #[test]
    fn a_sound_router_passes() {
        withstands_every_edge::<Toy<SOUND>>(|| NoConfig {});
    }

    #[test]
    #[should_panic(expected = "nothing is available")]
    fn a_router_that_forgets_what_is_unavailable_is_found() {
        withstands_every_edge::<Toy<FORGETS_UNAVAILABLE>>(|| NoConfig {});
    }

    #[test]
    #[should_panic(expected = "in a batch of its own")]
    fn a_router_that_looks_at_the_batch_is_found() {
        withstands_every_edge::<Toy<LOOKS_AT_THE_BATCH>>(|| NoConfig {});
    }

    #[test]
    #[should_panic(expected = "the same answer again")]
    fn a_router_that_remembers_its_calls_is_found() {
        withstands_every_edge::<Toy<COUNTS_ITS_CALLS>>(|| NoConfig {});
    }

    #[test]
    #[should_panic(expected = "finite utilities")]
    fn a_router_with_infinite_utilities_is_found() {
        withstands_every_edge::<Toy<IS_INFINITE>>(|| NoConfig {});
    }

    #[test]
    #[should_panic(expected = "the same seed leaves another state")]
    fn a_router_that_is_not_a_function_of_its_seed_is_found() {
        withstands_every_edge::<Toy<CHANGES_WITH_THE_WEATHER>>(|| NoConfig {});
    }
}
