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
}

const NONE: f32 = f32::NAN;

fn mixed(row: usize, model: usize) -> f32 {
    f32::from(u8::from((row * 7 + model * 3).is_multiple_of(4)))
}

fn rising(model: usize) -> f32 {
    0.001 * (model + 1) as f32
}

fn edges() -> Vec<Edge> {
    let usual = Edge { name: "a usual pool", models: 3, rows: 24, width: 4, score: mixed, cost: rising };
    vec![
        Edge { name: "one model", models: 1, ..usual },
        Edge { name: "two models", models: 2, ..usual },
        Edge { name: "a thousand models", models: 1000, rows: 12, ..usual },
        Edge { name: "one training row", rows: 1, ..usual },
        Edge { name: "embeddings of one number", width: 1, ..usual },
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
            (0..self.width).map(move |_| random.unit() as f32 - 0.3)
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
            .values(Measure::LatencyMs, cells().map(|cell| known(cell, 100.0)).collect())
    }
}

/// Trains a router on every edge that a run may have (one model, a thousand, missing records, ties, a single row, unknown
/// costs, with validation and without), and checks that it keeps the contract there: one model for each query and
/// preference, finite utilities, nothing unavailable, the same answer again and for each query alone, from a state that is
/// equal for equal seeds. A run without embeddings may be refused, in words.
///
/// # Panics
/// With the name of the edge where the router breaks the contract.
pub fn withstands_every_edge<R: Router>(config: impl Fn() -> R::Config) {
    for edge in edges() {
        for validated in [0, 10] {
            let name = format!("{}, {validated} rows to validate on", edge.name);
            let (train, validation) = (edge.set(0, edge.rows), edge.set(100, validated));
            let trained = || -> Result<State, Error> {
                R::train(&train.clone().build()?, &validation.clone().build()?, config(), 7)
            };
            let state = trained().unwrap_or_else(|error| panic!("{name}: refused: {error}"));
            let again = trained().unwrap_or_else(|error| panic!("{name}: refused the second time: {error}"));
            assert_eq!(state.bytes, again.bytes, "{name}: the same seed leaves another state");
            if edge.name == "a usual pool" {
                refuses_what_is_cut_short::<R>(&state, &name);
            }
            let router = R::load(state).unwrap_or_else(|error| panic!("{name}: cannot read its own state: {error}"));
            keeps_the_contract(&router, &edge, &name);
        }
    }
    let without = Edge { name: "no embeddings", width: 0, models: 2, rows: 6, score: mixed, cost: rising };
    let train = without.set(0, 6).build().unwrap_or_else(|error| panic!("no embeddings: {error}"));
    let nothing = without.set(9, 0).build().unwrap_or_else(|error| panic!("no embeddings: {error}"));
    match R::train(&train, &nothing, config(), 7) {
        Ok(state) => {
            let router = R::load(state).unwrap_or_else(|error| panic!("no embeddings: {error}"));
            keeps_the_contract(&router, &without, "no embeddings");
        }
        Err(refusal) => assert!(refusal.to_string().contains("embedding"), "no embeddings: {refusal}"),
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

fn keeps_the_contract<R: Router>(router: &R, edge: &Edge, name: &str) {
    const ASKED: usize = 9;
    let wishes = [0.0, 10.0, 1e9].map(|cost_weight| Preference { cost_weight, latency_weight: 0.0 });
    let wishes = if R::COST_AWARE { &wishes[..] } else { &wishes[..1] };
    let queries = |first, rows| -> QuerySet<'static> {
        edge.set(first, rows).queries().unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    let route = |first, rows, unavailable: &Unavailable| -> Vec<Decisions> {
        let decided = router.route(&queries(first, rows), wishes, unavailable);
        decided.unwrap_or_else(|error| panic!("{name}: refused to route: {error}"))
    };
    let all = route(200, ASKED, &Unavailable::NONE);
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
    assert_eq!(route(200, ASKED, &Unavailable::NONE), all, "{name}: the same answer again");
    for (query, choice) in all[0].choices().iter().enumerate() {
        let alone = route(200 + query, 1, &Unavailable::NONE);
        assert_eq!(alone[0].choices(), [*choice], "{name}: query {query} in a batch of its own");
    }
    assert!(route(200, 0, &Unavailable::NONE).iter().all(|decided| decided.choices().is_empty()), "{name}: no queries");
    if edge.models > 1 {
        let chosen = all[0].choices()[0];
        let without: Unavailable = [chosen].into_iter().collect();
        let avoids = |decided: &Decisions| !decided.choices().contains(&chosen);
        assert!(route(200, ASKED, &without).iter().all(avoids), "{name}: model {chosen} is not available");
    }
}
