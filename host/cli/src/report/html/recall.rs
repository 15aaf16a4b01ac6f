//! How often a router is right where exactly one model is, two are, and so on.

use plotters::element::{PathElement, Text};
use routerlab_metrics::Answers;
use routerlab_metrics::hard::RightModels;

use super::axes::{Frame, Scale, vertical, width_of};
use super::choices::Choices;
use super::drawing::{Area, Drawn, Form, Ink, Plot, Side, figure};
use super::heat::{gap, percent};
use super::markup::{Html, element};
use super::records::Records;
use super::run::Run;
use super::signs::draw_sign;
use super::signs::legend;
use super::table::{Cell, Table, numbers, words};

/// Pixels from top to bottom, wide and narrow.
const HEIGHTS: (i32, i32) = (440, 360);
/// Size of the text below the plot, in pixels.
const TEXT: u32 = 16;

/// For `k` right models from 1 up: who is right how often.
pub(super) struct Recall {
    /// Queries with exactly `k` right models that some seed tests.
    queries: Vec<usize>,
    /// What a model drawn at random from those with a record gives, in percent.
    chance: Vec<Option<f64>>,
    /// By router: percent right, a mean over the seeds that test such a query.
    routers: Vec<(String, Vec<Option<f64>>)>,
}

impl Recall {
    /// Counts; none where the data lacks a query that was tested.
    pub(super) fn new(run: &Run, records: &Records, choices: &Choices) -> anyhow::Result<Option<Self>> {
        let data = &records.data;
        let all = RightModels::new(&data.observed);
        let models = data.models.len();
        let mut queries = vec![0; models];
        for query in &choices.queries {
            let Some(row) = records.row_of(query) else { return Ok(None) };
            if let Some(k) = (all.counts()[row as usize] as usize).checked_sub(1) {
                queries[k] += 1;
            }
        }
        let (mut chance, mut routers) =
            (vec![Vec::new(); models], vec![vec![Vec::new(); models]; choices.routers.len()]);
        for seed in 0..run.report.seeds.len() {
            let Some(rows) = choices.rows_of(seed, records) else { return Ok(None) };
            let right = RightModels::new(&data.part(&rows)?);
            let tested = choices.tested(seed);
            for (at, (router, sums)) in choices.routers.iter().zip(&mut routers).enumerate() {
                let score =
                    tested.iter().map(|at| router.of_seed[seed][*at].map_or(0.0, |choice| choice.score)).collect();
                let answers = Answers { score, cost_usd: vec![f64::NAN; tested.len()] };
                for (k, found) in right.accuracy_by_count(&answers).into_iter().enumerate() {
                    sums[k].extend(found.map(|found| found.correct));
                    // The same for all routers.
                    if at == 0 {
                        chance[k].extend(found.map(|_| by_chance(&right, data, &rows, k as u32 + 1)));
                    }
                }
            }
        }
        let mean = |values: Vec<f64>| (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64);
        Ok(Some(Self {
            queries,
            chance: chance.into_iter().map(mean).collect(),
            routers: choices
                .routers
                .iter()
                .zip(routers)
                .map(|(router, sums)| (router.name.clone(), sums.into_iter().map(mean).collect()))
                .collect(),
        }))
    }
}

/// Mean over the rows with `k` right models of `k` over the models with a record, in percent.
fn by_chance(right: &RightModels, data: &routerlab_bench::Data, rows: &[u32], k: u32) -> f64 {
    let with_k = rows.iter().zip(right.counts()).filter(|(_, count)| **count == k);
    let shares: Vec<f64> = with_k
        .map(|(row, _)| {
            let recorded = data.observed.scores(*row as usize).iter().filter(|score| !score.is_nan()).count();
            100.0 * f64::from(k) / recorded as f64
        })
        .collect();
    shares.iter().sum::<f64>() / shares.len() as f64
}

/// The plot and its table, or why there is neither.
pub(super) fn section(run: &Run, recall: Option<&Recall>) -> anyhow::Result<Html> {
    let Some(recall) = recall else { return Ok(without_data(run)) };
    let table = table(recall);
    if recall.routers.is_empty() {
        return Ok(table.into());
    }
    let names = recall.routers.iter().enumerate().map(|(at, (name, _))| (at, name.as_str()));
    let below = Html::all([
        legend(names),
        element("details").with("open", "").and(element("summary").text("As a table")).and(table).into(),
    ]);
    let plot = Plot {
        id: "recall-plot",
        title: "Right, by number of models that are right",
        description: "Of the queries that exactly so many models of the pool get right: the percentage on which a router chose \
                      one of them. The thin line is a model drawn at random.",
        heights: HEIGHTS,
        crowded: false,
    };
    figure(&plot, |area: &Area<'_>, form: Form| draw(area, form, recall), below)
}

fn draw(area: &Area<'_>, form: Form, recall: &Recall) -> Drawn {
    let height = if form == Form::Wide { HEIGHTS.0 } else { HEIGHTS.1 };
    let frame: Frame = (60, 34, form.width() - 20, height - 60);
    let (left, top, right, bottom) = frame;
    let most = recall.queries.len();
    let y = Scale::linear([0.0, 100.0].into_iter(), (bottom, top)).between(0.0, 102.0);
    vertical(area, &y, frame, "right, %")?;
    let x = |k: usize| left + ((right - left) * (2 * k as i32 + 1)) / (2 * most as i32);
    let words = |text: String, x: i32, below: i32, size: u32| {
        Text::new(text, (x, bottom + below), Ink::Muted.text(size, Side::Below))
    };
    let mut free_from = i32::MIN;
    for k in 0..most {
        let n = format!("n {}", recall.queries[k]);
        let half = width_of(&n, TEXT - 2) / 2;
        // As many names as have room; the table has all.
        if x(k) - half >= free_from {
            area.draw(&words((k + 1).to_string(), x(k), 6, TEXT))?;
            area.draw(&words(n, x(k), 24, TEXT - 2))?;
            free_from = x(k) + half + 6;
        }
    }
    area.draw(&words("models that are right; n distinct queries".into(), (left + right) / 2, 44, TEXT))?;
    let line = |values: &[Option<f64>]| -> Vec<(i32, i32)> {
        let places = values.iter().enumerate().filter_map(|(k, value)| Some((x(k), y.at((*value)?))));
        places.collect()
    };
    area.draw(&PathElement::new(line(&recall.chance), Ink::Strong.line(1)))?;
    for (at, (_, values)) in recall.routers.iter().enumerate() {
        let ink = Ink::Series(at as u8);
        let line = line(values);
        area.draw(&PathElement::new(line.clone(), ink.line(2)))?;
        for place in line {
            draw_sign(area, at, place, 3, ink)?;
        }
    }
    Ok(())
}

fn table(recall: &Recall) -> Table {
    let mut headings = vec![words("models that are right")];
    headings.extend((1..=recall.queries.len()).map(|k| numbers(k.to_string())));
    let mut table = Table::new("recall-table", "Percent of queries on which the choice is right", headings).heat();
    table.row("queries, n", recall.queries.iter().map(|n| Cell::number(n.to_string(), Some(*n as f64))).collect());
    let shares = |values: &[Option<f64>]| -> Vec<Cell> {
        values.iter().map(|value| value.map_or_else(|| gap("none"), |value| percent(value, 1, ""))).collect()
    };
    table.row("a model at random", shares(&recall.chance));
    for (name, values) in &recall.routers {
        table.row(Cell::of(element("bdi").text(name)), shares(values));
    }
    table
}

/// What the metrics table alone can say: right on the queries that at most so many models solve.
fn without_data(run: &Run) -> Html {
    let depths: Vec<u32> =
        (1..).take_while(|k| run.routers().any(|line| line.value(&format!("HardAcc@{k}")).is_some())).collect();
    let mut headings = vec![words("router")];
    headings.extend(depths.iter().map(|k| numbers(format!("at most {k}"))));
    let mut table =
        Table::new("recall-table", "Percent right where at least one and at most so many models are right", headings)
            .heat();
    for line in run.routers() {
        let cells = depths
            .iter()
            .map(|k| line.value(&format!("HardAcc@{k}")).map_or_else(|| gap("none"), |value| percent(value, 1, "")));
        table.row(Cell::of(element("bdi").text(&line.name)), cells.collect());
    }
    let note = "How many models are right on which query is in the data folder; without it only the cumulative numbers of the metrics table are shown.";
    Html::all([Html::from(element("p").class("note").text(note)), table.into()])
}
