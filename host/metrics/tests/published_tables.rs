//! Relations between the figures that the LLMRouterBench paper (arXiv 2601.07206) prints, recomputed from its tables.
//!
//! Needs the tables in `../shared/paper`, beside the checkout; skips by name without them.

use std::collections::BTreeMap;

use routerlab_metrics::cost::{cost_save_in_hindsight, perf_gain_in_hindsight};
use routerlab_metrics::pareto::{CostAxis, frontier, pareto_dist};
use routerlab_metrics::significance::over_seeds;
use routerlab_metrics::{Accuracy, OperatingPoint};

mod support;
use support::{number, published};

fn at(cost_usd: f64, avg_acc: f64) -> OperatingPoint {
    OperatingPoint { avg_acc, cost_usd }
}

/// Points of the paper's Figure 11 by router, as measured from the picture, and all of its single models.
struct Figure11 {
    routers: BTreeMap<String, Vec<OperatingPoint>>,
    models: BTreeMap<String, OperatingPoint>,
}

impl Figure11 {
    fn read(test: &str) -> Option<Self> {
        let mut figure = Self { routers: BTreeMap::new(), models: BTreeMap::new() };
        for line in published(test, "fig11_points_digitised.csv")? {
            let point = at(number(&line, "cost_usd_test").unwrap(), number(&line, "avg_acc_pct_test").unwrap());
            // `GraphRouter (dear point)` is a point of GraphRouter.
            let name = line["name"].split(" (").next().unwrap_or_default().to_owned();
            if line["kind"] == "router" {
                figure.routers.entry(name).or_default().push(point);
            } else {
                figure.models.insert(name, point);
            }
        }
        Some(figure)
    }

    fn best_single(&self) -> OperatingPoint {
        self.models["GPT-5"]
    }

    /// Points of the sixth router, whose many points the table does not list: the two that its printed PerfGain and
    /// CostSave give. Its most accurate point costs about 133 USD in the picture.
    fn known_of_the_sixth(&self) -> [OperatingPoint; 2] {
        let best = self.best_single();
        [at(best.cost_usd * (1.0 - 0.317), best.avg_acc), at(133.0, best.avg_acc * 1.040)]
    }

    fn everything(&self) -> Vec<OperatingPoint> {
        let routers = self.routers.values().flatten().copied();
        routers.chain(self.models.values().copied()).chain(self.known_of_the_sixth()).collect()
    }
}

#[test]
fn perf_gain_and_cost_save_follow_from_the_plotted_points() {
    let test = "perf_gain_and_cost_save_follow_from_the_plotted_points";
    let (Some(figure), Some(printed)) = (Figure11::read(test), published(test, "fig3_fig10_perf_cost.csv")) else {
        return;
    };
    let mut compared = 0;
    for line in &printed {
        let Some(points) = figure.routers.get(&line["method"]) else { continue };
        compared += 1;
        let gain = perf_gain_in_hindsight(points, figure.best_single()).unwrap();
        let expected = number(line, "perf_gain_pct").unwrap();
        // Random was read from a small picture: 0.1 points of 66.
        let tolerance = if line["method"] == "Random Router" { 0.2 } else { 0.1 };
        assert!((gain - expected).abs() < tolerance, "{}: {gain:.2}, printed {expected}", line["method"]);
        let save = cost_save_in_hindsight(points, figure.best_single());
        match number(line, "cost_save_pct") {
            Some(expected) => assert!((save.unwrap() - expected).abs() < 0.1, "{}: {save:?}", line["method"]),
            None => assert_eq!(save, None, "{} does not reach Best Single", line["method"]),
        }
    }
    assert_eq!(compared, 6, "five routers with plotted points, and Random");
}

/// Where a vertex of the frontier can be: a fine grid, less what a plotted router beats.
fn possible_vertices(figure: &Figure11) -> Vec<OperatingPoint> {
    let plotted: Vec<OperatingPoint> = figure.routers.values().flatten().copied().collect();
    let peak = figure.known_of_the_sixth()[1].avg_acc;
    let (cheapest, dearest) = (5.03_f64, 229.85_f64);
    let grid = (0..=400).flat_map(|i| {
        let cost_usd = cheapest * (dearest / cheapest).powf(f64::from(i) / 400.0);
        (0..=200).map(move |j| at(cost_usd, 44.41 + (peak - 44.41) * f64::from(j) / 200.0))
    });
    let beaten = |vertex: &OperatingPoint| {
        plotted.iter().any(|point| point.avg_acc > vertex.avg_acc && point.cost_usd < vertex.cost_usd)
    };
    grid.filter(|vertex| !beaten(vertex)).collect()
}

#[test]
fn printed_pareto_distances_are_l1_on_dollars_and_not_on_their_logarithm() {
    let test = "printed_pareto_distances_are_l1_on_dollars_and_not_on_their_logarithm";
    let (Some(figure), Some(printed)) = (Figure11::read(test), published(test, "fig11_pareto.csv")) else { return };
    // The frontier's vertices are points of a router that the table does not list. Two of them are known, and more could
    // only be nearer; none can be where a plotted point beats it. So each distance is bounded from both sides, up to the
    // error of reading the picture.
    const READING: f64 = 0.012;
    let (known, possible) = (figure.known_of_the_sixth(), possible_vertices(&figure));
    let everything = figure.everything();
    let bounds = |router: &str, axis| {
        let of = |vertices: &[OperatingPoint]| pareto_dist(&figure.routers[router], vertices, &everything, axis);
        (of(&possible).unwrap() - READING, of(&known).unwrap() + READING)
    };
    let mut impossible_on_logarithms = Vec::new();
    for line in printed.iter().filter(|line| figure.routers.contains_key(&line["method"])) {
        let (router, printed) = (line["method"].as_str(), number(line, "pareto_dist").unwrap());
        let (low, high) = bounds(router, CostAxis::Linear);
        assert!((low..=high).contains(&printed), "{router}: {printed} is not in {low:.3} to {high:.3}");
        let (low, high) = bounds(router, CostAxis::Log);
        if !(low..=high).contains(&printed) {
            impossible_on_logarithms.push(router);
        }
    }
    assert!(impossible_on_logarithms.contains(&"OpenRouter"), "{impossible_on_logarithms:?}");
}

#[test]
fn the_router_that_is_the_frontier_is_at_no_distance_from_it() {
    let test = "the_router_that_is_the_frontier_is_at_no_distance_from_it";
    let (Some(figure), Some(printed)) = (Figure11::read(test), published(test, "fig11_pareto.csv")) else { return };
    let everything = figure.everything();
    let vertices: Vec<OperatingPoint> = frontier(&everything).into_iter().map(|index| everything[index]).collect();
    let known = figure.known_of_the_sixth();
    assert!(known.iter().all(|point| vertices.contains(point)), "both known points are vertices: {vertices:?}");
    for line in printed.iter().filter(|line| line["method"] == "Avengers-Pro") {
        let found = pareto_dist(&known, &vertices, &everything, CostAxis::Linear).unwrap();
        assert!((found - number(line, "pareto_dist").unwrap()).abs() < 0.0015, "{found}");
    }
}

/// One dataset with one row: an accuracy that was printed.
fn printed_accuracy(percent: f64) -> Accuracy {
    Accuracy::new(&[percent / 100.0], &[0], 1)
}

#[test]
fn the_drafts_ratios_are_ratios_of_averages() {
    let test = "the_drafts_ratios_are_ratios_of_averages";
    let Some(lines) = published(test, "table7.csv") else { return };
    let of = |method: &str| {
        let line = lines.iter().find(|line| line["method"] == method).unwrap();
        printed_accuracy(number(line, "acc_pct").unwrap())
    };
    let (random, expert, oracle) = (of("Random Router"), of("Max Expert"), of("Oracle"));
    for line in &lines {
        let own = of(&line["method"]);
        let found = [
            (own.gain_of_averages(&random), "imp_rand", 1.0),
            (own.gain_of_averages(&expert), "imp_max", 1.0),
            (own.gain_of_averages(&oracle), "oracle_gap", -1.0),
        ];
        for (found, column, sign) in found {
            let (found, printed) = (sign * found.unwrap() / 100.0, number(line, column).unwrap());
            assert!((found - printed).abs() < 6e-4, "{}, {column}: {found:.4}, printed {printed}", line["method"]);
        }
    }
    assert_eq!(lines.len(), 8);
}

#[test]
fn the_papers_ratios_are_not_ratios_of_averages() {
    let test = "the_papers_ratios_are_not_ratios_of_averages";
    let (Some(lines), Some(draft)) = (published(test, "fig7_metrics.csv"), published(test, "table7.csv")) else {
        return;
    };
    let accuracy = |method: &str| {
        let line = draft.iter().find(|line| line["method"] == method).unwrap();
        printed_accuracy(number(line, "acc_pct").unwrap())
    };
    let line = |method: &str| lines.iter().find(|line| line["method"] == method).unwrap();
    let (random, oracle) = (accuracy("Random Router"), accuracy("Oracle"));
    let [embed, avengers] = ["EmbedLLM", "Avengers"].map(|method| {
        let own = printed_accuracy(number(line(method), "avg_acc_pct").unwrap());
        (own.gain_of_averages(&random).unwrap(), number(line(method), "gain_r_pct").unwrap(), own)
    });
    // A mean of ratios can rank two routers the other way round than their averages do.
    assert!(embed.0 < avengers.0 && embed.1 > avengers.1, "{embed:?} and {avengers:?}");
    let gap = -avengers.2.gain_of_averages(&oracle).unwrap();
    assert!((gap - 21.5).abs() < 0.05 && number(line("Avengers"), "gap_o_pct") == Some(22.0), "{gap:.2}");
}

#[test]
fn a_routers_plotted_point_is_its_macro_mean_and_total_over_five_seeds() {
    let test = "a_routers_plotted_point_is_its_macro_mean_and_total_over_five_seeds";
    let (Some(figure), Some(lines)) = (Figure11::read(test), published(test, "routellm_seeds.csv")) else { return };
    let mut of_seed: BTreeMap<&str, (Vec<f64>, f64)> = BTreeMap::new();
    for line in lines.iter().filter(|line| line["run"] == "A" && line["domain"] == "10-dataset") {
        if line["dataset"].starts_with("MEAN") {
            continue;
        }
        let (scores, cost_usd) = of_seed.entry(&line["seed"]).or_default();
        scores.push(number(line, "accuracy_pct").unwrap() / 100.0);
        *cost_usd += number(line, "cost_usd").unwrap();
    }
    let average = |scores: &[f64]| {
        let dataset: Vec<u32> = (0..scores.len() as u32).collect();
        Accuracy::new(scores, &dataset, scores.len()).avg_acc()
    };
    let accuracies: Vec<f64> = of_seed.values().map(|(scores, _)| average(scores)).collect();
    let costs: Vec<f64> = of_seed.values().map(|(_, cost_usd)| *cost_usd).collect();
    let [accuracy, cost_usd] = [&accuracies, &costs].map(|values| over_seeds(values, 7, 3).unwrap());
    let plotted = figure.routers["RouteLLM"][0];
    assert_eq!(of_seed.len(), 5);
    assert!((accuracy.mean - plotted.avg_acc).abs() < 0.03, "{accuracy:?}");
    assert!((cost_usd.mean - plotted.cost_usd).abs() < 0.05, "{cost_usd:?}");
    // Printed as 2.6 % better than Best Single; with seeds that share their queries that is within the noise.
    let (low, high) = accuracy.interval();
    assert!((low..=high).contains(&figure.best_single().avg_acc), "{low:.2} to {high:.2}");
}
