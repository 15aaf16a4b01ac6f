//! GraphRouter's network (Feng, Shen and You, arXiv 2410.03834), shared by its two components: messages from queries to
//! models along what the models did on them.

use routerlab_sdk::Random;

use crate::{Dense, Parameter, binary_cross_entropy, dot, normal};

/// Numbers that an edge is described by: the score, and the cost as a share of the largest.
const FEATURES: usize = 2;
/// Numbers that an edge is turned into.
const EDGE: usize = 3;

/// What is learned: alignment of tasks, queries and models, and two rounds of messages.
#[derive(Debug)]
pub struct Graph {
    task: Dense,
    query: Dense,
    /// models x (2 x hidden).
    models: Parameter,
    edge: Dense,
    own: [Dense; 2],
    message: [Dense; 2],
    along: [Dense; 2],
}

/// Queries, the vector of the task of each, and what models did on them.
#[derive(Debug, Clone)]
pub struct Edges {
    /// rows x width.
    pub inputs: Vec<f32>,
    /// rows x width.
    pub tasks: Vec<f32>,
    /// rows x models; NaN where there is no edge.
    pub scores: Vec<f32>,
    /// rows x models from 0 to 1; NaN where unknown, which counts as 0.
    pub costs: Vec<f32>,
}

/// What one pass over some rows made, for the way back.
struct Pass {
    /// rows x (2 x hidden): the queries, aligned.
    queries: Vec<f32>,
    /// The same after the first round.
    passed: Vec<f32>,
    /// models x EDGE: mean edge of the visible ones.
    mean_edge: Vec<f32>,
    /// models x (2 x hidden): mean query over visible edges, before and after the first round.
    mean_query: Vec<f32>,
    mean_passed: Vec<f32>,
    /// models x (2 x hidden): the models after the first round, and after the second.
    first: Vec<f32>,
    second: Vec<f32>,
    visible: Vec<f32>,
}

impl Graph {
    /// A network for inputs of `width` numbers and alignments of `hidden`.
    pub fn new(width: usize, hidden: usize, models: usize, random: &mut Random) -> Self {
        let size = 2 * hidden;
        let mut pair = |inputs| [Dense::new(inputs, size, random), Dense::new(inputs, size, random)];
        let (own, message, along) = (pair(size), pair(size), pair(EDGE));
        Self {
            task: Dense::new(width, hidden, random),
            query: Dense::new(width, hidden, random),
            models: Parameter::new((0..models * size).map(|_| normal(random)).collect()),
            edge: Dense::new(FEATURES, EDGE, random),
            own,
            message,
            along,
        }
    }

    /// Everything that is learned, always in the same order.
    pub fn parameters(&mut self) -> Vec<&mut Parameter> {
        let layers = [&mut self.task, &mut self.query, &mut self.edge].into_iter();
        let layers = layers.chain(&mut self.own).chain(&mut self.message).chain(&mut self.along);
        layers.flat_map(Dense::parameters).chain([&mut self.models]).collect()
    }

    fn size(&self) -> usize {
        2 * self.query.outputs()
    }

    fn count(&self) -> usize {
        self.models.values.len() / self.size()
    }

    fn features(edges: &Edges, cell: usize) -> [f32; FEATURES] {
        let cost = edges.costs[cell];
        [edges.scores[cell], if cost.is_nan() { 0.0 } else { cost }]
    }

    /// One query, aligned: its task, then itself.
    pub fn aligned(&self, task: &[f32], input: &[f32], out: &mut [f32]) {
        let (left, right) = out.split_at_mut(self.query.outputs());
        self.task.forward(task, left);
        self.query.forward(input, right);
    }

    /// Both rounds over some rows; `shown` says which edges carry messages (rows x models, in the order of `rows`).
    fn pass(&self, edges: &Edges, rows: &[u32], shown: &[bool]) -> Pass {
        let (size, models, width) = (self.size(), self.count(), self.query.inputs());
        let mut pass = Pass {
            queries: vec![0.0; rows.len() * size],
            passed: vec![0.0; rows.len() * size],
            mean_edge: vec![0.0; models * EDGE],
            mean_query: vec![0.0; models * size],
            mean_passed: vec![0.0; models * size],
            first: vec![0.0; models * size],
            second: vec![0.0; models * size],
            visible: vec![0.0; models],
        };
        let mut edge = [0.0; EDGE];
        for (at, &row) in rows.iter().enumerate() {
            let (row, here) = (row as usize, at * size..(at + 1) * size);
            let input = row * width..(row + 1) * width;
            self.aligned(&edges.tasks[input.clone()], &edges.inputs[input], &mut pass.queries[here.clone()]);
            self.own[0].forward(&pass.queries[here.clone()], &mut pass.passed[here.clone()]);
            pass.passed[here.clone()].iter_mut().for_each(|value| *value = value.max(0.0));
            for model in (0..models).filter(|model| shown[at * models + model]) {
                self.edge.forward(&Self::features(edges, row * models + model), &mut edge);
                pass.visible[model] += 1.0;
                let of = model * size..(model + 1) * size;
                add(&mut pass.mean_edge[model * EDGE..(model + 1) * EDGE], 1.0, &edge.map(|value| value.max(0.0)));
                add(&mut pass.mean_query[of.clone()], 1.0, &pass.queries[here.clone()]);
                add(&mut pass.mean_passed[of], 1.0, &pass.passed[here.clone()]);
            }
        }
        let mut part = vec![0.0; size];
        for model in 0..models {
            let (of, of_edge) = (model * size..(model + 1) * size, model * EDGE..(model + 1) * EDGE);
            self.own[0].forward(&self.models.values[of.clone()], &mut pass.first[of.clone()]);
            let visible = pass.visible[model];
            if visible > 0.0 {
                let share = |values: &mut [f32]| values.iter_mut().for_each(|value| *value /= visible);
                share(&mut pass.mean_edge[of_edge.clone()]);
                share(&mut pass.mean_query[of.clone()]);
                share(&mut pass.mean_passed[of.clone()]);
                self.message[0].forward(&pass.mean_query[of.clone()], &mut part);
                add(&mut pass.first[of.clone()], 1.0, &part);
                self.along[0].forward(&pass.mean_edge[of_edge.clone()], &mut part);
                add(&mut pass.first[of.clone()], 1.0, &part);
            }
            pass.first[of.clone()].iter_mut().for_each(|value| *value = value.max(0.0));
            self.own[1].forward(&pass.first[of.clone()], &mut pass.second[of.clone()]);
            if visible > 0.0 {
                self.message[1].forward(&pass.mean_passed[of.clone()], &mut part);
                add(&mut pass.second[of.clone()], 1.0, &part);
                self.along[1].forward(&pass.mean_edge[of_edge], &mut part);
                add(&mut pass.second[of], 1.0, &part);
            }
        }
        pass
    }

    /// The models after both rounds, with every known edge of `rows` visible: models x (2 x hidden).
    pub fn settled(&self, edges: &Edges, rows: usize) -> Vec<f32> {
        let all: Vec<u32> = (0..rows as u32).collect();
        let shown: Vec<bool> = edges.scores.iter().map(|score| !score.is_nan()).collect();
        self.pass(edges, &all, &shown).second
    }

    /// The logit of each model for an aligned query: the mean of the products of their numbers.
    pub fn logits(settled: &[f32], aligned: &[f32], logits: &mut [f32]) {
        let size = aligned.len();
        let products = settled.chunks_exact(size).map(|model| dot(model, aligned) / size as f32);
        logits.iter_mut().zip(products).for_each(|(logit, product)| *logit = product);
    }

    /// Adds the gradients of one masking: about half of the known edges of `rows` carry messages, the scores of the others
    /// are predicted. Gives how many were.
    pub fn learn(&mut self, edges: &Edges, rows: &[u32], random: &mut Random) -> usize {
        let (size, models, width) = (self.size(), self.count(), self.query.inputs());
        let mut known = Vec::with_capacity(rows.len() * models);
        for &row in rows {
            known.extend(edges.scores[row as usize * models..(row as usize + 1) * models].iter().map(|s| !s.is_nan()));
        }
        let shown: Vec<bool> = known.iter().map(|known| *known && random.below(2) == 1).collect();
        let pass = self.pass(edges, rows, &shown);
        let mut of_queries = vec![0.0; rows.len() * size];
        let mut of_second = vec![0.0; models * size];
        let mut logits = vec![0.0; models];
        let mut terms = 0;
        for (at, &row) in rows.iter().enumerate() {
            let here = at * size..(at + 1) * size;
            Self::logits(&pass.second, &pass.queries[here.clone()], &mut logits);
            for model in (0..models).filter(|model| known[at * models + model] && !shown[at * models + model]) {
                let target = edges.scores[row as usize * models + model];
                let slope = binary_cross_entropy(logits[model], target).1 / size as f32;
                let of = model * size..(model + 1) * size;
                add(&mut of_queries[here.clone()], slope, &pass.second[of.clone()]);
                add(&mut of_second[of], slope, &pass.queries[here.clone()]);
                terms += 1;
            }
        }
        let (of_means, of_edges) = self.back_through_models(&pass, &of_second);
        let mut of_passed = vec![0.0; size];
        for (at, &row) in rows.iter().enumerate() {
            let (row, here) = (row as usize, at * size..(at + 1) * size);
            of_passed.fill(0.0);
            for model in (0..models).filter(|model| shown[at * models + model]) {
                let (of, share) = (model * 2 * size, 1.0 / pass.visible[model]);
                add(&mut of_queries[here.clone()], share, &of_means[of..of + size]);
                add(&mut of_passed, share, &of_means[of + size..of + 2 * size]);
                let features = Self::features(edges, row * models + model);
                let mut edge = [0.0; EDGE];
                self.edge.forward(&features, &mut edge);
                let mut slope = [0.0; EDGE];
                for k in (0..EDGE).filter(|&k| edge[k] > 0.0) {
                    slope[k] = share * of_edges[model * EDGE + k];
                }
                self.edge.backward(&features, &slope);
            }
            closed(&mut of_passed, &pass.passed[here.clone()]);
            self.own[0].backward(&pass.queries[here.clone()], &of_passed);
            self.own[0].slope_of_input(&of_passed, &mut of_queries[here.clone()]);
            let input = row * width..(row + 1) * width;
            let (of_task, of_query) = of_queries[here].split_at(size / 2);
            self.task.backward(&edges.tasks[input.clone()], of_task);
            self.query.backward(&edges.inputs[input], of_query);
        }
        terms
    }

    /// From the slopes by the models after both rounds to those by the means of their visible edges: for each model the
    /// mean query before and after the first round, and the mean edge.
    fn back_through_models(&mut self, pass: &Pass, of_second: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let (size, models) = (self.size(), self.count());
        let (mut of_means, mut of_edges) = (vec![0.0; models * 2 * size], vec![0.0; models * EDGE]);
        for model in 0..models {
            let (of, of_edge) = (model * size..(model + 1) * size, model * EDGE..(model + 1) * EDGE);
            let slope = &of_second[of.clone()];
            let (of_query, of_passed) = of_means[model * 2 * size..(model + 1) * 2 * size].split_at_mut(size);
            let mut of_first = vec![0.0; size];
            self.own[1].backward(&pass.first[of.clone()], slope);
            self.own[1].slope_of_input(slope, &mut of_first);
            closed(&mut of_first, &pass.first[of.clone()]);
            let mut of_model = vec![0.0; size];
            self.own[0].backward(&self.models.values[of.clone()], &of_first);
            self.own[0].slope_of_input(&of_first, &mut of_model);
            add(&mut self.models.gradient[of.clone()], 1.0, &of_model);
            if pass.visible[model] > 0.0 {
                let mean_edge = &pass.mean_edge[of_edge.clone()];
                self.message[1].backward(&pass.mean_passed[of.clone()], slope);
                self.message[1].slope_of_input(slope, of_passed);
                self.along[1].backward(mean_edge, slope);
                self.along[1].slope_of_input(slope, &mut of_edges[of_edge.clone()]);
                self.message[0].backward(&pass.mean_query[of], &of_first);
                self.message[0].slope_of_input(&of_first, of_query);
                self.along[0].backward(mean_edge, &of_first);
                self.along[0].slope_of_input(&of_first, &mut of_edges[of_edge]);
            }
        }
        (of_means, of_edges)
    }

    /// What routing needs: the alignment of tasks, then of queries.
    pub fn into_alignment(self) -> [Dense; 2] {
        [self.task, self.query]
    }
}

fn add(into: &mut [f32], factor: f32, values: &[f32]) {
    into.iter_mut().zip(values).for_each(|(into, value)| *into += factor * value);
}

/// Nothing passes back where a rectifier was closed.
fn closed(slope: &mut [f32], output: &[f32]) {
    slope.iter_mut().zip(output).filter(|(_, output)| **output == 0.0).for_each(|(slope, _)| *slope = 0.0);
}

#[cfg(test)]
mod tests {
    use routerlab_sdk::Random;

    use super::{Edges, Graph};
    use crate::binary_cross_entropy;

    #[test]
    fn gradients_are_those_of_the_masked_edges() {
        let mut random = Random::new(5);
        let (rows, models, width) = (6, 3, 4);
        let mut graph = Graph::new(width, 2, models, &mut random);
        let mut drawn = |count: usize| (0..count).map(|_| random.unit() as f32 - 0.5).collect::<Vec<f32>>();
        let (inputs, tasks) = (drawn(rows * width), drawn(rows * width));
        let mut scores: Vec<f32> = (0..rows * models).map(|cell| (cell % 2) as f32).collect();
        scores[4] = f32::NAN;
        let costs = (0..rows * models).map(|cell| (cell % 3 + 1) as f32 / 3.0).collect();
        let edges = Edges { inputs, tasks, scores, costs };
        let all: Vec<u32> = (0..rows as u32).collect();
        // The same seed masks the same edges.
        let known: Vec<bool> = edges.scores.iter().map(|score| !score.is_nan()).collect();
        let mut mask = Random::new(9);
        let shown: Vec<bool> = known.iter().map(|known| *known && mask.below(2) == 1).collect();
        let loss = |graph: &Graph| {
            let pass = graph.pass(&edges, &all, &shown);
            let (mut loss, mut logits) = (0.0, vec![0.0; models]);
            for row in 0..rows {
                Graph::logits(&pass.second, &pass.queries[row * 4..(row + 1) * 4], &mut logits);
                for model in (0..models).filter(|model| known[row * models + model] && !shown[row * models + model]) {
                    loss += binary_cross_entropy(logits[model], edges.scores[row * models + model]).0;
                }
            }
            loss
        };
        let terms = graph.learn(&edges, &all, &mut Random::new(9));
        assert_eq!(terms, known.iter().zip(&shown).filter(|(known, shown)| **known && !**shown).count());
        let gradients: Vec<Vec<f32>> = graph.parameters().into_iter().map(|p| p.gradient.clone()).collect();
        for (at, gradient) in gradients.iter().enumerate() {
            for place in [0, gradient.len() - 1] {
                graph.parameters()[at].values[place] += 5e-3;
                let above = loss(&graph);
                graph.parameters()[at].values[place] -= 1e-2;
                let rise = (above - loss(&graph)) / 1e-2;
                graph.parameters()[at].values[place] += 5e-3;
                let slope = gradient[place];
                assert!((rise - slope).abs() < 2e-2 + 0.05 * slope.abs(), "parameter {at}, {place}: {rise} {slope}");
            }
        }
    }
}
