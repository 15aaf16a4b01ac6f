//! How two scorings differ, written out.

use routerlab_bench::compare::{CellLine, Change, Comparison, ModelLine};

use crate::report::{Rows, StudyFormat, decimals, tables};

/// Most characters of a prediction that are shown.
const SHOWN: usize = 40;

/// A comparison, and how many of the completions whose scores differ to show.
pub(crate) struct Differences<'a> {
    pub(crate) found: &'a Comparison,
    pub(crate) show: usize,
}

impl Differences<'_> {
    pub(crate) fn render(&self, format: StudyFormat) -> anyhow::Result<String> {
        if format == StudyFormat::Json {
            return Ok(serde_json::to_string_pretty(self.found)? + "\n");
        }
        let [a, b] = &self.found.names;
        let Comparison { both, only, changed, .. } = self.found;
        let share = 100.0 * *changed as f64 / *both as f64;
        let mut title = format!("{a} and {b}: {both} completions have both scores, {changed} ({share:.2} %) differ");
        for (name, count) in [(a, only[0]), (b, only[1])].iter().filter(|(_, count)| *count > 0) {
            title.push_str(&format!("; {count} have a score by {name} only"));
        }
        let mut all = vec![
            ("What routers are measured against", self.pool()),
            ("Models: AvgAcc in percent, rank, completions that the second gives more or less", self.models()),
        ];
        let cells = self.cells();
        if cells.len() > 1 {
            all.push(("Where the scores differ, by dataset and model", cells));
        }
        let changes = self.changes();
        if changes.len() > 1 {
            all.push(("Completions whose scores differ", changes));
        }
        Ok(tables(&title, &all, format))
    }

    fn head(&self, first: &[&str], last: &[&str]) -> Vec<String> {
        let names = self.found.names.iter().map(String::as_str);
        first.iter().copied().chain(names).chain(last.iter().copied()).map(String::from).collect()
    }

    fn pool(&self) -> Rows {
        let pool = &self.found.pool;
        let numbers = |name: &str, values: [f64; 2]| {
            vec![name.to_owned(), percent(values[0]), percent(values[1]), points(values)]
        };
        let counts = |name: &str, values: [usize; 2]| {
            let change = values[1] as i64 - values[0] as i64;
            vec![name.to_owned(), values[0].to_string(), values[1].to_string(), format!("{change:+}")]
        };
        let [first, second] = pool.best_single.each_ref().map(|model| model.as_str().to_owned());
        let same = if first == second { "same" } else { "another" };
        let gap = [0, 1].map(|side| pool.oracle_acc[side] - pool.best_single_acc[side]);
        let mut rows = vec![
            self.head(&[""], &["change"]),
            vec!["Best Single".to_owned(), first, second, same.to_owned()],
            numbers("AvgAcc of Best Single", pool.best_single_acc),
            numbers("AvgAcc of Oracle", pool.oracle_acc),
            numbers("Oracle minus Best Single", gap),
            numbers("AvgAcc of Random", pool.random_acc),
            counts("queries that no model solves", pool.unsolved),
        ];
        if let Some(tau) = pool.kendall_tau {
            let tau = format!("{tau:.3}");
            rows.push(vec!["Kendall's tau of the rankings".to_owned(), String::new(), String::new(), tau]);
        }
        rows
    }

    fn models(&self) -> Rows {
        let line = |line: &ModelLine| {
            let ranks = format!("{} -> {}", line.rank[0], line.rank[1]);
            let [up, down] = line.up_down;
            let numbers = [percent(line.avg_acc[0]), percent(line.avg_acc[1]), points(line.avg_acc), ranks];
            let counts = [format!("+{up}"), format!("-{down}"), line.n.to_string()];
            std::iter::once(line.model.as_str().to_owned()).chain(numbers).chain(counts).collect()
        };
        let head = self.head(&[""], &["change", "rank", "more", "less", "n"]);
        std::iter::once(head).chain(self.found.models.iter().map(line)).collect()
    }

    fn cells(&self) -> Rows {
        let line = |cell: &CellLine| {
            let [up, down] = cell.up_down;
            let names = [cell.dataset.as_str().to_owned(), cell.model.as_str().to_owned()];
            let numbers = [percent(cell.accuracy[0]), percent(cell.accuracy[1]), points(cell.accuracy)];
            let counts = [format!("+{up}"), format!("-{down}"), cell.n.to_string()];
            names.into_iter().chain(numbers).chain(counts).collect()
        };
        let head = self.head(&["dataset", "model"], &["change", "more", "less", "n"]);
        let differing = self.found.cells.iter().filter(|cell| cell.up_down != [0, 0]);
        std::iter::once(head).chain(differing.map(line)).collect()
    }

    fn changes(&self) -> Rows {
        let shown = |text: &Option<String>| {
            let line = text.as_deref().unwrap_or("-").split_whitespace().collect::<Vec<_>>().join(" ");
            let cut = line.chars().count() > SHOWN;
            line.chars().take(SHOWN).chain(cut.then_some('…')).collect::<String>()
        };
        let line = |change: &Change| {
            let side = |side: usize| format!("{}: {}", change.score[side], shown(&change.prediction[side]));
            vec![change.query_id.as_str().to_owned(), change.model.as_str().to_owned(), side(0), side(1)]
        };
        // Every k-th, so that one query with many models does not fill the table.
        let step = self.found.changes.len().div_ceil(self.show.max(1)).max(1);
        let some = self.found.changes.iter().step_by(step).take(self.show);
        std::iter::once(self.head(&["query", "model"], &[])).chain(some.map(line)).collect()
    }
}

fn percent(value: f64) -> String {
    decimals(Some(value), 2)
}

fn points([first, second]: [f64; 2]) -> String {
    format!("{:+.2}", second - first)
}
