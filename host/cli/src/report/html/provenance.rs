//! Where the numbers come from: run, digests, seeds, and the commands that make them again.

use std::collections::BTreeMap;

use super::markup::{Html, element};
use super::run::Run;
use super::table::{Cell, Table, numbers, words};

/// Characters of a digest that are shown; all of them are in the cell's title.
const DIGEST: usize = 16;

pub(super) fn section(run: &Run) -> Html {
    let report = &run.report;
    let seeds: Vec<String> = report.seeds.iter().map(ToString::to_string).collect();
    let facts = [
        ("run", report.run_id.clone()),
        ("experiment", report.name.clone()),
        ("track", report.track.to_owned()),
        ("seeds", seeds.join(" ")),
        ("bootstrap", format!("{} replicates, seed {}", report.replicates, run.experiment.statistics.seed)),
        ("version", format!("routerlab {}", report.host_version)),
        ("machine", run.row.machine.clone()),
        ("began", report.started_at.clone()),
        ("ended", run.row.status.as_str().to_owned()),
        ("data folder", run.experiment.data.dir.display().to_string()),
    ];
    let list =
        facts.iter().flat_map(|(name, value)| [Html::from(element("dt").text(name)), element("dd").text(value).into()]);
    let mut out = Html::from(element("dl").and(Html::all(list)));
    out.push(element("h3").text("How to make it again"));
    out.push(element("p").text(
        "Equal inputs give equal decisions, on any machine and any number of threads. The experiment below, written to a TOML file, the same components and the same tables give a run with the same id and the same digests of decisions.",
    ));
    out.push(element("pre").with("tabindex", "0").and(element("code").text(format!(
        "routerlab bench {name}.toml --out runs\nrouterlab report runs/{name}-{id} --format html --out report.html",
        name = report.name,
        id = report.run_id.get(..8).unwrap_or(&report.run_id)
    ))));
    let config = toml::to_string(&run.experiment).unwrap_or_else(|_| run.row.config.clone());
    out.push(
        element("details")
            .and(element("summary").text("The experiment"))
            .and(element("pre").with("tabindex", "0").and(element("code").text(config))),
    );
    out.push(details("Digests of tables and components", digests(run)));
    out.push(details("How each cell ended", cells(run)));
    out
}

fn details(summary: &str, table: Table) -> Html {
    element("details").and(element("summary").text(summary)).and(table).into()
}

fn short(digest: &str) -> Cell {
    let cell = Cell::of(element("code").text(digest.get(..DIGEST).unwrap_or(digest)));
    cell.title(digest)
}

fn digests(run: &Run) -> Table {
    let mut table = Table::new("digests", "sha-256, the first 16 digits", vec![words("of"), words("sha-256")]);
    let all: BTreeMap<String, String> = serde_json::from_str(&run.row.digests).unwrap_or_default();
    for (name, digest) in &all {
        table.row(name, vec![short(digest)]);
    }
    table
}

fn cells(run: &Run) -> Table {
    let headings = vec![
        words("router"),
        numbers("seed"),
        words("status"),
        words("decisions, sha-256"),
        numbers("training, s"),
        numbers("state, bytes"),
        words("detail"),
    ];
    let mut table = Table::new("cells", "One router under one seed", headings);
    for cell in &run.cells {
        let train_s = cell.train_ms / 1e3;
        let status = Cell::words(cell.status.as_str());
        table.row(
            cell.router.as_str(),
            vec![
                Cell::number(cell.seed.to_string(), Some(cell.seed as f64)),
                if cell.detail.is_some() { status.class("worse") } else { status },
                cell.decisions_digest.as_deref().map_or_else(|| Cell::words("-"), short),
                Cell::number(format!("{train_s:.2}"), Some(train_s)),
                Cell::number(cell.state_bytes.to_string(), Some(cell.state_bytes as f64)),
                Cell::words(cell.detail.as_deref().unwrap_or("")).class("wrap"),
            ],
        );
    }
    table
}
