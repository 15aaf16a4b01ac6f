//! The two contrastive losses.

use routerlab_learn::{Dense, Learner, Parameter, dot, softmax};
use routerlab_sdk::{Error, Random, Table, TrainingSet, Unavailable, Utilities};

/// From this score on a model is no negative.
const TOO_GOOD: f32 = 0.5;

/// What the losses are made of.
pub(crate) struct Contrast {
    pub(crate) temperature: f32,
    pub(crate) contrasted: usize,
    pub(crate) query_weight: f32,
    pub(crate) negatives: usize,
}

/// What is learned, and from what.
pub(crate) struct Dual<'a> {
    pub(crate) query: Dense,
    /// models x vector.
    pub(crate) models: Parameter,
    /// rows x reduced width.
    pub(crate) inputs: Vec<f32>,
    pub(crate) scores: Table,
    pub(crate) clusters: Vec<u32>,
    pub(crate) validation: Vec<f32>,
    pub(crate) judged_on: &'a TrainingSet<'a>,
    pub(crate) contrast: Contrast,
}

/// Makes a vector one of length 1 and gives the length it had; a vector of zeros stays as it is.
pub(crate) fn unit(vector: &mut [f32]) -> f32 {
    let length = dot(vector, vector).sqrt().max(1e-6);
    vector.iter_mut().for_each(|value| *value /= length);
    length
}

/// From the slope by a vector of length 1 to the slope by the vector that it was made of.
fn slope_before_unit(unit: &[f32], length: f32, slope: &mut [f32]) {
    let along = dot(unit, slope);
    slope.iter_mut().zip(unit).for_each(|(slope, unit)| *slope = (*slope - along * unit) / length);
}

/// Cosine of a query with each model; `models` have length 1.
pub(crate) fn similarities(query: &Dense, models: &[f32], input: &[f32], out: &mut [f32]) {
    let mut vector = vec![0.0; query.outputs()];
    query.forward(input, &mut vector);
    unit(&mut vector);
    out.iter_mut().zip(models.chunks_exact(vector.len())).for_each(|(out, model)| *out = dot(&vector, model));
}

/// -log of the softmax weight of the first of some logits, and its slopes.
fn first_of(mut logits: Vec<f32>) -> (f32, Vec<f32>) {
    softmax(&mut logits);
    let loss = -logits[0].max(f32::MIN_POSITIVE).ln();
    logits[0] -= 1.0;
    (loss, logits)
}

impl Dual<'_> {
    fn width(&self) -> usize {
        self.query.inputs()
    }

    /// The good and the bad models of a row: the `contrasted` best with a score above 0, and the `contrasted` worst with
    /// a score that is not too good. Equal scores are ordered by lot, anew each time: with many models right, an order by
    /// index would make the first of the pool good for every query. Models without a record are neither. In a small pool
    /// no model is both.
    pub(crate) fn sides(&self, row: usize, random: &mut Random) -> (Vec<usize>, Vec<usize>) {
        let scores = self.scores.row(row);
        let mut order: Vec<usize> = (0..scores.len()).filter(|&model| !scores[model].is_nan()).collect();
        for last in (1..order.len()).rev() {
            order.swap(last, random.below(last as u32 + 1) as usize);
        }
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        let side = self.contrast.contrasted.min(order.len() / 2);
        let good = order[..side].iter().copied().filter(|&model| scores[model] > 0.0).collect();
        let bad = order[order.len() - side..].iter().copied().filter(|&model| scores[model] <= TOO_GOOD).collect();
        (good, bad)
    }
}

/// The vectors of a batch: as they are made, of length 1, and the slopes that gather on them.
struct Vectors {
    units: Vec<Vec<f32>>,
    lengths: Vec<f32>,
    slopes: Vec<Vec<f32>>,
}

impl Vectors {
    fn of(made: impl Iterator<Item = Vec<f32>>) -> Self {
        let mut vectors = Self { units: Vec::new(), lengths: Vec::new(), slopes: Vec::new() };
        for mut vector in made {
            vectors.lengths.push(unit(&mut vector));
            vectors.slopes.push(vec![0.0; vector.len()]);
            vectors.units.push(vector);
        }
        vectors
    }

    /// The slope of a loss by each vector as it was made.
    fn into_slopes(mut self) -> Vec<Vec<f32>> {
        for ((slope, unit), length) in self.slopes.iter_mut().zip(&self.units).zip(&self.lengths) {
            slope_before_unit(unit, *length, slope);
        }
        self.slopes
    }
}

fn add(into: &mut [f32], factor: f32, vector: &[f32]) {
    into.iter_mut().zip(vector).for_each(|(into, value)| *into += factor * value);
}

impl Learner for Dual<'_> {
    fn parameters(&mut self) -> Vec<&mut Parameter> {
        self.query.parameters().into_iter().chain([&mut self.models]).collect()
    }

    fn learn(&mut self, rows: &[u32], random: &mut Random) -> Result<usize, Error> {
        let (width, size, temperature) = (self.width(), self.query.outputs(), self.contrast.temperature);
        let input = |row: u32| row as usize * width..(row as usize + 1) * width;
        let mut queries = Vectors::of(rows.iter().map(|row| {
            let mut vector = vec![0.0; size];
            self.query.forward(&self.inputs[input(*row)], &mut vector);
            vector
        }));
        let mut models = Vectors::of(self.models.values.chunks_exact(size).map(<[f32]>::to_vec));

        // Query to model: every good model against the bad ones.
        for (at, &row) in rows.iter().enumerate() {
            let (good, bad) = self.sides(row as usize, random);
            if bad.is_empty() {
                continue;
            }
            for good in good {
                let set: Vec<usize> = [good].into_iter().chain(bad.iter().copied()).collect();
                let logit = |&model: &usize| dot(&queries.units[at], &models.units[model]) / temperature;
                let (_, slopes) = first_of(set.iter().map(logit).collect());
                for (model, slope) in set.into_iter().zip(slopes) {
                    add(&mut queries.slopes[at], slope / temperature, &models.units[model]);
                    add(&mut models.slopes[model], slope / temperature, &queries.units[at]);
                }
            }
        }

        // Query to query: one of the same cluster against some of others. Too few others in the batch: fewer for all.
        let others = |row: u32| {
            rows.iter().filter(|other| self.clusters[**other as usize] != self.clusters[row as usize]).count()
        };
        let negatives = rows.iter().map(|row| others(*row)).min().unwrap_or(0).min(self.contrast.negatives);
        if self.contrast.query_weight > 0.0 && negatives > 0 {
            for (at, &row) in rows.iter().enumerate() {
                let same = |other: u32| self.clusters[other as usize] == self.clusters[row as usize];
                let (near, mut far): (Vec<usize>, Vec<usize>) = (0..rows.len()).partition(|&other| same(rows[other]));
                let mut set = vec![near[random.below(near.len() as u32) as usize]];
                for _ in 0..negatives {
                    set.push(far.swap_remove(random.below(far.len() as u32) as usize));
                }
                let logit = |&other: &usize| dot(&queries.units[at], &queries.units[other]) / temperature;
                let (_, slopes) = first_of(set.iter().map(logit).collect());
                let weight = self.contrast.query_weight / temperature;
                for (other, slope) in set.into_iter().zip(slopes) {
                    let (own, its) = (queries.units[at].clone(), queries.units[other].clone());
                    add(&mut queries.slopes[at], weight * slope, &its);
                    add(&mut queries.slopes[other], weight * slope, &own);
                }
            }
        }

        for (&row, slope) in rows.iter().zip(queries.into_slopes()) {
            self.query.backward(&self.inputs[input(row)], &slope);
        }
        for (gradient, slope) in self.models.gradient.chunks_exact_mut(size).zip(models.into_slopes()) {
            add(gradient, 1.0, &slope);
        }
        Ok(rows.len())
    }

    /// What the choices score on validation: similarities have no unit that a loss could be measured in.
    fn judge(&mut self) -> Result<Option<f64>, Error> {
        if self.judged_on.rows() == 0 {
            return Ok(None);
        }
        let mut models = self.models.values.clone();
        models.chunks_exact_mut(self.query.outputs()).for_each(|model| {
            unit(model);
        });
        let mut similar = Utilities::new(self.judged_on.rows(), self.scores.models());
        for (row, input) in self.validation.chunks_exact(self.width()).enumerate() {
            similarities(&self.query, &models, input, similar.row_mut(row));
        }
        let decided = similar.decide(&Unavailable::NONE)?;
        Ok(Some(self.judged_on.score_of(decided.choices())?).filter(|score| !score.is_nan()))
    }
}
