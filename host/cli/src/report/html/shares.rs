//! Which model gets which share of the queries.

use super::choices::Choices;
use super::heat::percent;
use super::markup::{Html, element};
use super::run::Run;
use super::table::{Cell, Heading, Table, numbers, words};

/// Models with a column of their own, at most; the rest have one together.
const COLUMNS: usize = 24;

/// Shares of each router over all seeds at quality alone.
pub(super) fn section(run: &Run, choices: &Choices) -> Html {
    if choices.routers.is_empty() {
        return element("p").text("No router answered under every seed.").into();
    }
    let counts: Vec<Vec<usize>> = choices
        .routers
        .iter()
        .map(|router| {
            let mut of_model = vec![0; choices.models.len()];
            router.all().for_each(|choice| of_model[usize::from(choice.model)] += 1);
            of_model
        })
        .collect();
    // Those that anyone relies on come first; equals keep the order of their names.
    let mut order: Vec<usize> = (0..choices.models.len()).collect();
    let total = |model: usize| counts.iter().map(|of| of[model]).sum::<usize>();
    order.sort_by_key(|model| std::cmp::Reverse(total(*model)));
    let (shown, rest) = order.split_at(order.len().min(COLUMNS));
    let mut headings: Vec<Heading> = vec![words("router")];
    headings.extend(shown.iter().map(|model| numbers(choices.models[*model].as_str())));
    if !rest.is_empty() {
        headings.push(numbers(format!("{} other models", rest.len())));
    }
    headings.push(numbers("models in use").meaning("that get at least one query"));
    headings.push(numbers("without a record").meaning("choices of a model that has no record on the query: scored 0"));
    let sequential = choices.routers.iter().any(|router| router.all().any(|choice| choice.attempts > 1));
    if sequential {
        headings.push(numbers("models asked").meaning("for a query, on average; all of them are paid"));
    }
    let caption = format!("Percent of tested queries over {}, quality alone", run.seeds());
    let mut table = Table::new("shares-table", caption, headings).heat();
    for (router, counts) in choices.routers.iter().zip(&counts) {
        let all = router.all().count().max(1) as f64;
        let share = |count: usize| match count {
            0 => Cell::number("0", Some(0.0)).class("h0"),
            _ if 100.0 * (count as f64) < 0.05 * all => {
                Cell::number("<0.1", Some(100.0 * count as f64 / all)).class("h0").title(format!("{count} choices"))
            }
            _ => percent(100.0 * count as f64 / all, 1, "").title(format!("{count} choices")),
        };
        let mut cells: Vec<Cell> = shown.iter().map(|model| share(counts[*model])).collect();
        if !rest.is_empty() {
            cells.push(share(rest.iter().map(|model| counts[*model]).sum()));
        }
        let used = counts.iter().filter(|count| **count > 0).count();
        cells.push(Cell::number(used.to_string(), Some(used as f64)));
        let without = router.all().filter(|choice| !choice.available).count();
        let cell = Cell::number(without.to_string(), Some(without as f64));
        cells.push(if without > 0 { cell.class("odd") } else { cell });
        if sequential {
            let asked = router.all().map(|choice| f64::from(choice.attempts)).sum::<f64>() / all;
            cells.push(Cell::number(format!("{asked:.2}"), Some(asked)));
        }
        table.row(Cell::of(element("bdi").text(&router.name)), cells);
    }
    table.into()
}
