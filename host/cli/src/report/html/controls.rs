//! Controls against self-deception: what this run has, what lies beside it, and how to get what is absent.

use routerlab_bench::{Experiment, Input, Labels};

use super::markup::{Html, element};
use super::run::Run;
use super::table::{Cell, Heading, Table, numbers, words};
use crate::report::Report;
use crate::report::data::Line;
use crate::report::text::{ends, signed};

/// A run that is laid beside, by its report.
pub(super) struct Beside {
    pub(super) report: Report,
    pub(super) experiment: Experiment,
}

/// The section; `beside` are the runs that were named.
pub(super) fn section(run: &Run, beside: &[Beside]) -> Html {
    let mut out = Html::default();
    out.push(element("h3").text("Does a router do more than tell datasets apart?"));
    out.push(element("p").text(
        "Skill within datasets is accuracy beyond what the router's own mix of models would earn if it were dealt out at random inside each dataset: a router that only knows the dataset has 0. Dataset Expert, the best model of each dataset on train, is what there is to gain from that knowledge alone.",
    ));
    out.push(skill(run));
    out.push(element("h3").text("Runs laid beside"));
    if beside.is_empty() {
        out.push(element("p").text("None. Give `--control RUN` for each run to lay beside this one."));
    } else {
        out.push(comparison(run, beside));
    }
    out.push(element("h3").text("What is here and what is absent"));
    out.push(presence(run, beside));
    out
}

fn skill(run: &Run) -> Table {
    let headings = vec![
        words("router"),
        numbers("skill, points").meaning("within datasets, mean over seeds"),
        numbers("p").meaning("by permuting choices within datasets"),
        numbers("vs Dataset Expert").meaning("points of AvgAcc"),
        words("told the dataset"),
    ];
    let mut table = Table::new("skill-table", "Skill within datasets at quality alone", headings);
    let expert = run.controls().find(|line| line.name == "Dataset Expert").and_then(|line| line.value("AvgAcc"));
    for line in run.routers() {
        let (points, p) = (line.value("WithinDatasetSkill"), line.value("WithinDatasetSkillP"));
        let difference = line.value("AvgAcc").zip(expert).map(|(own, expert)| own - expert);
        table.row(
            Cell::of(element("bdi").text(&line.name)),
            vec![
                Cell::number(signed(points), points),
                Cell::number(crate::report::text::decimals(p, 3), p),
                Cell::number(signed(difference), difference),
                Cell::words(if line.unranked.as_deref() == Some("sees datasets") { "yes" } else { "no" }),
            ],
        );
    }
    table
}

/// Routers down, runs across: the difference to Best Single of each.
fn comparison(run: &Run, beside: &[Beside]) -> Html {
    let label = |report: &Report| match report.controls.is_empty() {
        true => format!("{} ({}, nothing taken away)", report.name, report.track),
        false => format!("{} ({}): {}", report.name, report.track, report.controls.join("; ")),
    };
    let mut headings: Vec<Heading> =
        vec![words("control or router"), numbers(format!("this run: {}", label(&run.report)))];
    headings.extend(beside.iter().map(|other| numbers(label(&other.report))));
    let caption = "AvgAcc against Best Single of the same run, points with 95 % interval; each column has its own training and test parts";
    let mut table = Table::new("beside-table", caption, headings);
    let cell = |line: Option<&Line>| match line {
        None => Cell::words("not in this run").class("quiet"),
        Some(line) if line.status != "ok" => Cell::words(&line.status).class("worse"),
        Some(line) => {
            let number = line.metric("DiffToBestSingle").filter(|_| line.name != "Best Single");
            let value = number.and_then(|number| number.value);
            Cell::number(format!("{} {}", signed(value), ends(number, 2)), value)
        }
    };
    for line in &run.report.lines {
        let others = beside.iter().map(|other| other.report.lines.iter().find(|own| own.name == line.name));
        let cells = std::iter::once(Some(line)).chain(others).map(cell).collect();
        table.row_of(line.kind, Cell::of(element("bdi").text(&line.name)), cells);
    }
    table.into()
}

/// One control: what it asks, whether an experiment has it, and the flag that gets it.
struct Control {
    name: &'static str,
    asks: &'static str,
    has: fn(&Experiment) -> bool,
    flag: &'static str,
}

const CONTROLS: [Control; 6] = [
    Control {
        name: "shuffled labels",
        asks: "whether an advantage was learned from the text of queries; what is left beyond Dataset Expert is an error somewhere",
        has: |experiment| experiment.protocol.labels == Labels::Shuffled,
        flag: "--shuffle-labels",
    },
    Control {
        name: "the question without its template",
        asks: "whether the template gave the dataset away",
        has: |experiment| experiment.protocol.input != Input::Prompt,
        flag: "--input stripped --no-embeddings",
    },
    Control {
        name: "a dataset left out",
        asks: "whether it holds on a dataset that was never seen",
        has: |experiment| experiment.protocol.leave_out.is_some(),
        flag: "--leave-one-dataset-out",
    },
    Control {
        name: "models' names hidden",
        asks: "whether a router knows models by name from elsewhere (memorisation)",
        has: |experiment| experiment.protocol.masks_models(),
        flag: "--mask-models",
    },
    Control {
        name: "a secret partition",
        asks: "whether a router knew the published seeds' test parts (memorisation)",
        has: |experiment| experiment.protocol.secret.is_some(),
        flag: "protocol.secret in the experiment file",
    },
    Control {
        name: "a reference from outside",
        asks: "how a recorded system from outside compares",
        has: |experiment| !experiment.data.reference_models.is_empty(),
        flag: "data.reference_models in the experiment file",
    },
];

fn presence(run: &Run, beside: &[Beside]) -> Table {
    let headings = vec![words("control"), words("here"), words("what it asks"), words("how to get it")];
    let mut table = Table::new("controls-table", "Controls of this run and of those beside it", headings).fixed();
    for control in &CONTROLS {
        let (here, near) =
            ((control.has)(&run.experiment), beside.iter().any(|other| (control.has)(&other.experiment)));
        let cell = match (here, near) {
            (true, _) => Cell::words("✓ in this run").class("better"),
            (false, true) => Cell::words("✓ beside it").class("better"),
            (false, false) => Cell::words("– absent").class("quiet"),
        };
        let command = match control.flag.starts_with("--") {
            true => format!("routerlab bench {}.toml {}", run.report.name, control.flag),
            false => control.flag.to_owned(),
        };
        table.row(
            control.name,
            vec![cell, Cell::words(control.asks).class("wrap"), Cell::of(element("code").text(command)).class("wrap")],
        );
    }
    table
}
