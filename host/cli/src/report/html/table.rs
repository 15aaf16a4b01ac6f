//! Tables of a page: with a caption, headings that say what they are of, and values that a script can sort by.

use super::markup::{Html, element, text};

/// How one column is shown.
#[derive(Debug, Clone)]
pub(super) struct Heading {
    label: String,
    /// What it means, for whoever asks.
    note: String,
    /// What stands below it, small.
    below: String,
    numeric: bool,
}

/// A column of words.
pub(super) fn words(label: impl Into<String>) -> Heading {
    Heading { label: label.into(), note: String::new(), below: String::new(), numeric: false }
}

/// A column of numbers.
pub(super) fn numbers(label: impl Into<String>) -> Heading {
    Heading { label: label.into(), note: String::new(), below: String::new(), numeric: true }
}

impl Heading {
    /// Says what the column means.
    pub(super) fn meaning(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// Says something small below the heading.
    pub(super) fn below(mut self, small: impl Into<String>) -> Self {
        self.below = small.into();
        self
    }
}

/// One cell.
#[derive(Debug, Clone, Default)]
pub(super) struct Cell {
    content: Html,
    /// What it is sorted by, where it is a number.
    value: Option<f64>,
    class: String,
    title: String,
}

impl Cell {
    /// Words.
    pub(super) fn words(words: impl AsRef<str>) -> Self {
        Self { content: text(words.as_ref()), ..Self::default() }
    }

    /// Markup.
    pub(super) fn of(content: impl Into<Html>) -> Self {
        Self { content: content.into(), ..Self::default() }
    }

    /// A number as it is written, and the one it is sorted by.
    pub(super) fn number(written: impl AsRef<str>, value: Option<f64>) -> Self {
        Self { content: text(written.as_ref()), value, ..Self::default() }
    }

    /// Adds a class.
    pub(super) fn class(mut self, class: &str) -> Self {
        if !self.class.is_empty() {
            self.class.push(' ');
        }
        self.class.push_str(class);
        self
    }

    /// What is said where the pointer rests.
    pub(super) fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Adds markup behind what is there.
    pub(super) fn and(mut self, more: impl Into<Html>) -> Self {
        self.content.push(more);
        self
    }
}

/// One row: its heading, its cells, and the kind that a filter goes by.
#[derive(Debug, Clone)]
struct Row {
    head: Cell,
    cells: Vec<Cell>,
    kind: &'static str,
}

/// A table.
#[derive(Debug, Clone)]
pub(super) struct Table {
    id: String,
    caption: String,
    headings: Vec<Heading>,
    rows: Vec<Row>,
    sortable: bool,
    class: &'static str,
}

impl Table {
    /// A table that can be sorted; the first heading is that of the rows' heads.
    pub(super) fn new(id: impl Into<String>, caption: impl Into<String>, headings: Vec<Heading>) -> Self {
        let (id, caption) = (id.into(), caption.into());
        Self { id, caption, headings, rows: Vec::new(), sortable: true, class: "" }
    }

    /// A table of coloured cells, in an order that means something.
    pub(super) fn heat(mut self) -> Self {
        (self.class, self.sortable) = ("heat", false);
        self
    }

    /// A table that stays in its order.
    pub(super) fn fixed(mut self) -> Self {
        self.sortable = false;
        self
    }

    /// Adds a row.
    pub(super) fn row(&mut self, head: impl Into<Cell>, cells: Vec<Cell>) {
        self.row_of("", head, cells);
    }

    /// Adds a row of a kind.
    pub(super) fn row_of(&mut self, kind: &'static str, head: impl Into<Cell>, cells: Vec<Cell>) {
        self.rows.push(Row { head: head.into(), cells, kind });
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }
}

impl From<&str> for Cell {
    fn from(name: &str) -> Self {
        Self::words(name)
    }
}

impl From<&String> for Cell {
    fn from(name: &String) -> Self {
        Self::words(name)
    }
}

fn head_cell(heading: &Heading) -> Html {
    let mut cell = element("th").with("scope", "col").class(if heading.numeric { "n" } else { "" });
    if !heading.note.is_empty() {
        cell = cell.with("title", &heading.note);
    }
    let cell = cell.text(&heading.label);
    if heading.below.is_empty() { cell.into() } else { cell.and(element("small").text(&heading.below)).into() }
}

fn body_cell(cell: &Cell, numeric: bool) -> Html {
    let class = match (numeric, cell.class.is_empty()) {
        (true, true) => "n".to_owned(),
        (true, false) => format!("n {}", cell.class),
        (false, _) => cell.class.clone(),
    };
    let mut out = element("td").class(&class);
    if let Some(value) = cell.value.filter(|value| value.is_finite()) {
        out = out.with("data-v", value.to_string());
    }
    if !cell.title.is_empty() {
        out = out.with("title", &cell.title);
    }
    out.and(cell.content.clone()).into()
}

impl From<Table> for Html {
    fn from(table: Table) -> Self {
        let caption = format!("{}-caption", table.id);
        let head = element("tr").and(Html::all(table.headings.iter().map(head_cell)));
        let body = table.rows.iter().map(|row| {
            let mut head = element("th").with("scope", "row").class(&row.head.class);
            if !row.head.title.is_empty() {
                head = head.with("title", &row.head.title);
            }
            let cells = row.cells.iter().zip(table.headings.iter().skip(1).map(|heading| heading.numeric));
            let mut out = element("tr");
            if !row.kind.is_empty() {
                out = out.with("data-kind", row.kind);
            }
            out.and(head.and(row.head.content.clone()))
                .and(Html::all(cells.map(|(cell, numeric)| body_cell(cell, numeric))))
        });
        let mut out = element("table").with("id", &table.id).class(table.class).with("aria-labelledby", &caption);
        if table.sortable {
            out = out.with("data-sortable", "");
        }
        let out = out.and(element("thead").and(head)).and(element("tbody").and(Html::all(body)));
        // A table that is wider than the page scrolls by itself, by keyboard too; what it is stays in sight.
        let scroll = element("div")
            .class("scroll")
            .with("role", "region")
            .with("aria-labelledby", &caption)
            .with("tabindex", "0")
            .and(out);
        let caption = element("p").class("caption").with("id", &caption).text(&table.caption);
        element("div").class("framed").and(caption).and(scroll).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_a_caption_and_headings_that_say_what_they_are_of() {
        let mut table = Table::new("t", "A & B", vec![words("name"), numbers("share").meaning("of all")]);
        table.row_of("router", "x<y", vec![Cell::number("1.50", Some(1.5)).class("best").title("n = 3")]);
        let html: Html = table.into();
        let html = html.into_string();
        for part in [
            "<p class=\"caption\" id=\"t-caption\">A &amp; B</p>",
            "<th scope=\"col\" class=\"n\" title=\"of all\">share</th>",
            "<tr data-kind=\"router\"><th scope=\"row\">x&lt;y</th><td class=\"n best\" data-v=\"1.5\" title=\"n = 3\">1.50</td></tr>",
            "tabindex=\"0\"",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
    }
}
