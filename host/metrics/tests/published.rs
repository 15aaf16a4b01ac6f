//! Figures that the LLMRouterBench paper (arXiv 2601.07206) prints, recomputed from the accuracies and costs that it
//! plots.

use routerlab_metrics::OperatingPoint;
use routerlab_metrics::cost::{cost_save_in_hindsight, perf_gain_in_hindsight};

fn at(cost_usd: f64, avg_acc: f64) -> OperatingPoint {
    OperatingPoint { avg_acc, cost_usd }
}

/// GPT-5 on the test part, as read off the plot.
const BEST_SINGLE: OperatingPoint = OperatingPoint { avg_acc: 65.95, cost_usd: 125.6 };

/// Routers with one or a few points, as read off the plot.
fn routers() -> [(&'static str, Vec<OperatingPoint>); 5] {
    [
        ("OpenRouter", vec![at(82.33, 49.69)]),
        ("HybridLLM", vec![at(18.67, 57.56)]),
        ("FrugalGPT", vec![at(59.16, 59.70)]),
        ("RouteLLM", vec![at(111.26, 67.67)]),
        ("GraphRouter", vec![at(6.94, 56.96), at(43.33, 59.68), at(150.34, 67.76)]),
    ]
}

#[test]
fn perf_gain_of_the_paper_is_a_ratio_of_macro_means() {
    for (router, expected) in
        [("OpenRouter", -24.7), ("HybridLLM", -12.7), ("FrugalGPT", -9.5), ("RouteLLM", 2.6), ("GraphRouter", 2.8)]
    {
        let points = routers().into_iter().find(|(name, _)| *name == router).unwrap().1;
        let gain = perf_gain_in_hindsight(&points, BEST_SINGLE).unwrap();
        assert!((gain - expected).abs() < 0.1, "{router}: {gain:.2}, printed {expected}");
    }
    // The sixth router's best point, from the rounded accuracies 68.65 and 66.0.
    let gain = perf_gain_in_hindsight(&[at(1.0, 68.65)], at(1.0, 66.0)).unwrap();
    assert!((gain - 4.0).abs() < 0.05, "{gain:.2}");
}

#[test]
fn cost_save_of_the_paper_applies_only_where_best_single_is_reached() {
    for (router, points) in routers() {
        let save = cost_save_in_hindsight(&points, BEST_SINGLE);
        match router {
            "RouteLLM" => assert!((save.unwrap() - 11.4).abs() < 0.1, "{save:?}"),
            "GraphRouter" => assert!((save.unwrap() - -19.7).abs() < 0.1, "{save:?}"),
            _ => assert_eq!(save, None, "{router}"),
        }
    }
    // Its cheapest point at the accuracy of GPT-5 costs 85.6 USD.
    let save = cost_save_in_hindsight(&[at(85.6, 66.0), at(200.0, 68.65)], at(125.3, 66.0)).unwrap();
    assert!((save - 31.7).abs() < 0.05, "{save:.2}");
}
