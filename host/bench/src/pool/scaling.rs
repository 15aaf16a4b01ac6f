//! Pools of growing size: what Oracle and Best Single reach in random sub-pools, against pools that were put together on
//! purpose. LLMRouterBench (arXiv 2601.07206) asks how far more models help; here every choice is made on train and
//! judged on test.

use routerlab_metrics::{Accuracy, Observed};

use crate::data::Data;
use crate::error::BenchError;
use crate::experiment::Protocol;
use crate::known::Known;
use crate::shuffle::Key;

/// How sub-pools are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScalingOptions {
    /// Random sub-pools of each size.
    pub draws: u32,
}

/// Random sub-pools of one size, each as its mean over seeds, in percent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// Two and a half percent of the draws lie below.
    pub low: f64,
    /// Half of the draws lie below.
    pub median: f64,
    /// Two and a half percent of the draws lie above.
    pub high: f64,
}

/// Pools of one size: AvgAcc on test, in percent, as means over seeds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PoolSize {
    /// How many models.
    pub models: usize,
    /// Oracle of random sub-pools.
    pub random_oracle: Band,
    /// Best Single of random sub-pools, chosen on train.
    pub random_best_single: Band,
    /// Oracle of the models that are best on train by AvgAcc.
    pub top_oracle: f64,
    /// Oracle of the models that, one after another, add most to the Oracle of train.
    pub greedy_oracle: f64,
    /// Best Single of either of the two: the best model of train is the first of both.
    pub best_single: f64,
}

/// One seed: what each model does on train and test.
struct Seed {
    train: Observed<'static>,
    test: Observed<'static>,
    /// AvgAcc of each model on train and on test, in percent, missing records as 0.
    on_train: Vec<f64>,
    on_test: Vec<f64>,
}

/// AvgAcc of pools of every size from 1 model to all of them.
///
/// # Errors
/// Data that leaves a part of a seed empty.
pub fn scaling(data: &Data, protocol: &Protocol, options: ScalingOptions) -> Result<Vec<PoolSize>, BenchError> {
    let seeds = protocol.seeds.iter().map(|seed| Seed::new(data, protocol, *seed)).collect::<Result<Vec<_>, _>>()?;
    let models = data.models.len();
    let orders: Vec<Vec<usize>> = (0..options.draws.max(1))
        .map(|draw| {
            let key = Key { seed: draw, secret: None };
            key.shuffled("sub-pool", data.models.iter().map(|model| model.as_str())).into_iter().map(|at| at as usize)
        })
        .map(Iterator::collect)
        .collect();
    let top: Vec<Vec<usize>> = seeds.iter().map(Seed::by_accuracy).collect();
    let greedy: Vec<Vec<usize>> = seeds.iter().map(Seed::by_coverage).collect();
    let mean = |of: &dyn Fn(usize) -> f64| (0..seeds.len()).map(of).sum::<f64>() / seeds.len() as f64;
    // Nested: a draw's pool of one size is part of its pool of the next, so each is the last one's Oracle and one model.
    let mut oracles: Vec<Vec<RunningOracle>> =
        orders.iter().map(|_| seeds.iter().map(RunningOracle::new).collect()).collect();
    let mut of_top: Vec<RunningOracle> = seeds.iter().map(RunningOracle::new).collect();
    let mut of_greedy: Vec<RunningOracle> = seeds.iter().map(RunningOracle::new).collect();
    let mut sizes = Vec::with_capacity(models);
    for size in 1..=models {
        let mut random_oracle = Vec::with_capacity(orders.len());
        let mut random_best_single = Vec::with_capacity(orders.len());
        for (order, oracles) in orders.iter().zip(&mut oracles) {
            oracles.iter_mut().zip(&seeds).for_each(|(oracle, seed)| oracle.add(&seed.test, order[size - 1]));
            random_oracle.push(mean(&|seed| oracles[seed].avg_acc(&seeds[seed].test)));
            random_best_single.push(mean(&|seed| seeds[seed].best_single_of(&order[..size])));
        }
        for (at, seed) in seeds.iter().enumerate() {
            of_top[at].add(&seed.test, top[at][size - 1]);
            of_greedy[at].add(&seed.test, greedy[at][size - 1]);
        }
        sizes.push(PoolSize {
            models: size,
            random_oracle: Band::of(random_oracle),
            random_best_single: Band::of(random_best_single),
            top_oracle: mean(&|seed| of_top[seed].avg_acc(&seeds[seed].test)),
            greedy_oracle: mean(&|seed| of_greedy[seed].avg_acc(&seeds[seed].test)),
            best_single: mean(&|seed| seeds[seed].best_single_of(&top[seed][..size])),
        });
    }
    Ok(sizes)
}

impl Band {
    /// Ends by nearest rank.
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let rank = (share * values.len() as f64).ceil().max(1.0) as usize - 1;
            values.get(rank).copied().unwrap_or(f64::NAN)
        };
        Self { low: at(0.025), median: at(0.5), high: at(0.975) }
    }
}

impl Seed {
    fn new(data: &Data, protocol: &Protocol, seed: u32) -> Result<Self, BenchError> {
        let parts = crate::prepare::parts_of(data, protocol, seed)?;
        let known = Known::new(data, protocol, seed, &parts)?;
        let (train, test) = (known.learned(data, &parts.train)?, data.part(&parts.test)?);
        let of_models = |observed: &Observed<'_>| {
            let of_model = |model: usize| {
                let mut alone = RunningOracle { best: vec![0.0; observed.rows()] };
                alone.add(observed, model);
                alone.avg_acc(observed)
            };
            (0..observed.models()).map(of_model).collect::<Vec<f64>>()
        };
        Ok(Self { on_train: of_models(&train), on_test: of_models(&test), train, test })
    }

    /// The accuracy on test of the model of a pool that is best on train; ties go to the lower index.
    fn best_single_of(&self, pool: &[usize]) -> f64 {
        let better = |a: &&usize, b: &&usize| self.on_train[**a].total_cmp(&self.on_train[**b]).then(b.cmp(a));
        pool.iter().max_by(better).map_or(f64::NAN, |model| self.on_test[*model])
    }

    /// Models from the best on train to the worst.
    fn by_accuracy(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.on_train.len()).collect();
        order.sort_by(|a, b| self.on_train[*b].total_cmp(&self.on_train[*a]));
        order
    }

    /// Models in the order in which they add most to the Oracle of train; ties go to the lower index.
    fn by_coverage(&self) -> Vec<usize> {
        let mut oracle = RunningOracle { best: vec![0.0; self.train.rows()] };
        let mut left: Vec<usize> = (0..self.on_train.len()).collect();
        let mut order = Vec::with_capacity(left.len());
        while !left.is_empty() {
            let mut best = (0, f64::NEG_INFINITY);
            for (at, model) in left.iter().enumerate() {
                let mut with = oracle.clone();
                with.add(&self.train, *model);
                let accuracy = with.avg_acc(&self.train);
                if accuracy > best.1 {
                    best = (at, accuracy);
                }
            }
            let model = left.remove(best.0);
            oracle.add(&self.train, model);
            order.push(model);
        }
        order
    }
}

/// The best score of each row among the models added so far; a missing record is no score.
#[derive(Clone)]
struct RunningOracle {
    best: Vec<f64>,
}

impl RunningOracle {
    /// Of the test part.
    fn new(seed: &Seed) -> Self {
        Self { best: vec![0.0; seed.test.rows()] }
    }

    fn add(&mut self, observed: &Observed<'_>, model: usize) {
        // `max` of a number and NaN is the number.
        self.best.iter_mut().enumerate().for_each(|(row, best)| *best = best.max(observed.scores(row)[model]));
    }

    fn avg_acc(&self, observed: &Observed<'_>) -> f64 {
        Accuracy::new(&self.best, observed.dataset(), observed.datasets()).avg_acc()
    }
}
