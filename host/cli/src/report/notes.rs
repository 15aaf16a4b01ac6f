//! What is said below the tables: how the numbers came about, and what they do not show.

use super::data::{Line, Report};
use super::text::NONE;

/// What cells say of a model that answers from outside the pool.
const EXTERNAL: &str = "external";

/// What each reason for standing outside the ranks means.
const OUTSIDE: [(&str, &str); 2] = [
    (
        EXTERNAL,
        "a model outside the pool that answers every query; no router could choose it, and it is in no rank, no frontier and no control.",
    ),
    (
        "sees datasets",
        "told the dataset of each query, which no router in service is; it is in no rank and no frontier.",
    ),
];

/// One sentence or a few on each line.
pub(super) fn notes(report: &Report) -> String {
    let mut lines = Vec::new();
    intervals(report, &mut lines);
    ranks(report, &mut lines);
    queries(report, &mut lines);
    choices(report, &mut lines);
    costs(report, &mut lines);
    failures(report, &mut lines);
    for line in routers(report).filter(|line| line.unranked.as_deref() != Some(EXTERNAL)) {
        let digest = line.component_digest.as_deref().unwrap_or(NONE);
        lines.push(format!("component {}: sha-256 {}", line.name, digest.get(..16).unwrap_or(digest)));
    }
    lines.join("\n") + "\n"
}

/// Those without which the leaderboard alone would be misread.
pub(super) fn of_leaderboard(report: &Report) -> String {
    let mut lines = Vec::new();
    intervals(report, &mut lines);
    ranks(report, &mut lines);
    lines.push(controls(report).into());
    failures(report, &mut lines);
    let digest = |line: &Line| {
        line.component_digest.as_deref().map_or(NONE.to_owned(), |digest| digest.chars().take(12).collect())
    };
    let of_components = routers(report).filter(|line| line.unranked.as_deref() != Some(EXTERNAL));
    let components: Vec<String> = of_components.map(|line| format!("{} {}", line.name, digest(line))).collect();
    lines.push(format!("Components (sha-256): {}", components.join(", ")));
    lines.join("\n") + "\n"
}

/// What the controls know.
fn controls(report: &Report) -> &'static str {
    match report.track {
        "fair" => {
            "Best Single, and Dataset Expert for each dataset, are chosen on train. Dataset Oracle and Oracle know the answers."
        }
        _ => {
            "Compat track: Best Single and operating points are chosen in hindsight, missing records are wrong and free, as in LLMRouterBench."
        }
    }
}

fn routers(report: &Report) -> impl Iterator<Item = &Line> {
    report.lines.iter().filter(|line| line.kind == "router")
}

fn control<'a>(report: &'a Report, name: &str) -> Option<&'a Line> {
    report.lines.iter().find(|line| line.kind == "control" && line.name == name)
}

/// The largest value of a metric over routers.
fn largest(report: &Report, metric: &str) -> Option<f64> {
    routers(report).filter_map(|line| line.value(metric)).reduce(f64::max)
}

fn intervals(report: &Report, lines: &mut Vec<String>) {
    let any = |has: &dyn Fn(&Line) -> bool| report.lines.iter().any(has);
    if !any(&|line| line.metric("AvgAcc").is_some_and(|number| number.low.is_some())) {
        lines.push(
            "No intervals, hence one rank for all: in some dataset fewer than two groups of equal texts were tested."
                .into(),
        );
        return;
    }
    lines.push(format!(
        "Intervals (95 %): stratified paired bootstrap over groups of queries with equal texts, {} replicates, seeds not taken as independent.",
        report.replicates
    ));
    lines.push(
        "They hold for these datasets, these trained routers and the points they were asked at: how much another training or another choice would change is not in them."
            .into(),
    );
    let by_dataset = || report.by_dataset.values().flat_map(|by| by.values());
    if by_dataset().all(|number| number.low.is_none()) {
        lines.push("Accuracy by dataset has no intervals: they would take too much memory.".into());
    }
}

fn ranks(report: &Report, lines: &mut Vec<String>) {
    for (reason, meaning) in OUTSIDE {
        if routers(report).any(|line| line.unranked.as_deref() == Some(reason)) {
            lines.push(format!("{reason}: {meaning}"));
        }
    }
    lines.push(
        "Rank: 1 + the routers above that can be told apart by a paired sign-flip test, p < 0.05 after Holm's correction for all pairs."
            .into(),
    );
    let to_best_single = largest(report, "MinDetectableDiff");
    let to_routers = largest(report, "MinDetectableDiffToRouters");
    if let Some(to_best_single) = to_best_single {
        let between = to_routers.map(|points| format!(", between two routers below {points:.1}")).unwrap_or_default();
        lines.push(format!(
            "Differences in AvgAcc to Best Single below {to_best_single:.1} points{between} could have gone unseen (2.8 standard errors of the least certain, one comparison alone)."
        ));
    }
}

fn queries(report: &Report, lines: &mut Vec<String>) {
    let about = |name: &str| report.about_queries.get(name).and_then(|number| number.value);
    if let Some(share) = about("HardShare@3") {
        lines.push(format!("Hard queries (1 to 3 models are right): {share:.1} % of the test part."));
    }
    if let Some(left_out) = about("LeftOut").filter(|left_out| *left_out > 0.0) {
        lines.push(format!("{left_out:.0} queries are left out for want of scores."));
    }
    for (metric, name) in [("Gain@R", "Random"), ("Gain@B", "Best Single"), ("Gap@O", "Oracle")] {
        let zero = control(report, name).and_then(|line| line.value("ZeroDatasets")).filter(|zero| *zero > 0.0);
        if let Some(zero) = zero {
            lines.push(format!(
                "{metric} is over {} of {} datasets (mean over seeds): {name} is never right on the others.",
                short(report.datasets.len() as f64 - zero),
                report.datasets.len()
            ));
        }
    }
}

fn choices(report: &Report, lines: &mut Vec<String>) {
    lines.push(controls(report).into());
    if report.track != "fair" {
        lines.push("CostSave is a mean over the seeds in which a point reaches Best Single's accuracy.".into());
        return;
    }
    let validated = report.about_queries.get("ValidationQueries").and_then(|number| number.value);
    if validated == Some(0.0) {
        lines.push("The validation part is empty: no operating point could be chosen, only hindsight is shown.".into());
        return;
    }
    lines.push("CostSave is a mean over the seeds in which a point reached Best Single's accuracy on validation (in hindsight: on test); read it with the accuracy that the point has on test.".into());
    lines.push(
        "In hindsight: at the point that the test part itself would have chosen; too good by that choice.".into(),
    );
}

fn costs(report: &Report, lines: &mut Vec<String>) {
    let unknown = |line: &&Line| line.value("UnknownCost").is_some_and(|count| count > 0.0);
    if report.lines.iter().all(|line| line.value("Cost").is_none()) {
        lines
            .push("No total cost is known: no CostSave, no ParetoDist, and no price for a preference to weigh.".into());
    } else {
        for line in report.lines.iter().filter(unknown) {
            let count = line.value("UnknownCost").unwrap_or_default();
            let lost = match line.kind {
                "router" => "its total cost, CostSave and ParetoDist are not known, and it is no part of the frontier",
                _ if line.name == "Best Single" => "no CostSave is known",
                _ => "its total cost is not known",
            };
            lines.push(format!("{}: {} queries a seed have an unknown cost; {lost}.", line.name, short(count)));
        }
    }
    let prices = [
        (report.router_usd_per_second, "a second of measured time"),
        (report.router_usd_per_gigafuel, "a billion units of fuel"),
    ];
    let prices: Vec<String> =
        prices.iter().filter_map(|(price, unit)| price.map(|price| format!("{price} USD {unit}"))).collect();
    lines.push(match prices.is_empty() {
        true => "Router overhead is not in the cost.".into(),
        false => format!("Router overhead is in the cost of routers at {}.", prices.join(" and ")),
    });
}

fn failures(report: &Report, lines: &mut Vec<String>) {
    let paid = if report.track == "fair" { "fallback paid" } else { "nothing paid" };
    for line in &report.lines {
        if let Some(count) = line.value("Unavailable").filter(|count| *count > 0.0) {
            let name = &line.name;
            lines.push(format!(
                "{name}: chose a model without a record for {count:.1} queries a seed; scored 0, {paid}."
            ));
        }
        if line.status != "ok" {
            let detail = line.detail.as_deref().unwrap_or("no detail");
            lines.push(format!("{}: {}: {detail}", line.name, line.status));
        }
    }
}

/// A mean of counts: whole numbers without decimals.
fn short(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}
