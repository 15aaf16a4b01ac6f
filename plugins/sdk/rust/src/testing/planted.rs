//! Small problems whose right answer is known.

use crate::{Decisions, InMemory, Measure, ModelIndex, Preference, Random, Router, Unavailable};

/// Records, and the model that should be chosen for each query when quality alone counts.
#[derive(Debug, Clone)]
pub struct Planted {
    /// The records.
    pub set: InMemory,
    /// One model for each row.
    pub best: Vec<ModelIndex>,
}

/// One kind of query for each model: it is right on 19 of 20 of its own kind and on 3 of 10 of the others. Queries lie
/// around one direction for each kind, and every kind is a group. All models cost the same.
///
/// # Panics
/// Never for at least one model.
pub fn specialists(models: usize, rows: usize, seed: u64) -> Planted {
    let width = models.max(2) + 2;
    let mut random = Random::new(seed);
    let (mut embeddings, mut scores, mut best) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rows {
        let kind = random.below(models as u32);
        best.push(kind);
        embeddings.extend((0..width).map(|at| f32::from(u8::from(at == kind as usize)) + noise(&mut random, 0.2)));
        let right = |model: u32| if model == kind { 0.95 } else { 0.3 };
        scores.extend((0..models as u32).map(|model| f32::from(u8::from(random.unit() < right(model)))));
    }
    let set = InMemory::new(models).groups(best.clone()).embeddings(width, embeddings).scores(scores);
    Planted { set: set.costs_usd(vec![0.01; rows * models]), best }
}

/// Two models. The first costs 0.001 USD and 100 ms and is right on the easy half of the queries; the second costs 0.011
/// USD and 1,100 ms and is right on all. Where both are right either may be chosen for quality; `best` names the dear one on
/// hard queries and the cheap one on easy ones.
pub fn easy_and_hard(rows: usize, seed: u64) -> Planted {
    let mut random = Random::new(seed);
    let (mut embeddings, mut scores, mut best) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rows {
        let hard = random.below(2);
        best.push(hard);
        let side = if hard == 1 { 1.0 } else { -1.0 };
        embeddings.extend([1.0, side + noise(&mut random, 0.3), noise(&mut random, 0.3), noise(&mut random, 0.3)]);
        scores.extend([(1 - hard) as f32, 1.0]);
    }
    let set = InMemory::new(2).embeddings(4, embeddings).scores(scores).costs_usd([0.001, 0.011].repeat(rows));
    Planted { set: set.values(Measure::LatencyMs, [100.0, 1100.0].repeat(rows)), best }
}

fn noise(random: &mut Random, size: f64) -> f32 {
    (size * (2.0 * random.unit() - 1.0)) as f32
}

/// The share of queries for which a router that was trained on `train` and `validation` chooses the right model of `test`.
///
/// # Panics
/// Where the router refuses.
pub fn right_share<R: Router>(
    [train, validation, test]: [&Planted; 3],
    config: R::Config,
    preference: Preference,
) -> f64 {
    let built = |planted: &Planted| planted.set.clone().build().unwrap_or_else(|error| panic!("{error}"));
    let state = R::train(&built(train), &built(validation), config, 7).unwrap_or_else(|error| panic!("{error}"));
    let router = R::load(state).unwrap_or_else(|error| panic!("{error}"));
    let decided: Vec<Decisions> = router
        .route(built(test).queries(), &[preference], &Unavailable::NONE)
        .unwrap_or_else(|error| panic!("{error}"));
    let right = decided[0].choices().iter().zip(&test.best).filter(|(choice, best)| choice == best).count();
    right as f64 / test.best.len() as f64
}
