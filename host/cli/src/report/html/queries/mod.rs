//! Queries one by one: what was asked, what each model answered, what each router chose.

mod pick;
mod texts;

use std::collections::BTreeMap;

use routerlab_metrics::hard::RightModels;
use routerlab_records::QueryId;
use serde_json::{Value, json};

use super::choices::Choices;
use super::markup::{self, Html, element};
use super::records::{Folder, Records};
use super::run::Run;
use pick::{MOST, Pick, RULE};
use texts::{LENGTHS, Lengths, Texts};

/// The section, within so many bytes.
pub(super) fn section(run: &Run, folder: &Folder, choices: &Choices, bytes: usize) -> anyhow::Result<Html> {
    let records = match folder {
        Folder::Found(records) => records,
        Folder::Absent(why) => return Ok(element("p").text(format!("Queries cannot be shown. {why}")).into()),
    };
    let votes = pick::votes(choices);
    let rows: Option<Vec<u32>> = choices.queries.iter().map(|query| records.row_of(query)).collect();
    let Some(rows) = rows.filter(|rows| !rows.is_empty()) else {
        let why = "Queries cannot be shown: the data folder lacks queries that the run tested, or nothing was tested.";
        return Ok(element("p").text(why).into());
    };
    let right = RightModels::new(&records.data.part(&rows)?);
    let stratum = |query: usize| (choices.queries[query].dataset().to_owned(), right.counts()[query]);
    let mut picked = pick::pick(&votes, stratum, MOST);
    let wanted: Vec<&QueryId> = picked.iter().map(|pick| &choices.queries[pick.query]).collect();
    let texts = texts::read(records, &wanted)?;
    let shown = Shown { run, records, choices, rows: &rows, right: &right, texts: &texts };
    let mut lengths = LENGTHS.iter();
    let mut now = LENGTHS[0];
    let data = loop {
        // The shortest texts are kept and fewer queries shown, where nothing else helps.
        match lengths.next() {
            Some(next) => now = *next,
            None => picked = pick::pick(&votes, stratum, picked.len() / 2),
        }
        let data = markup::json(&shown.all(&picked, now));
        if data.len() <= bytes || picked.is_empty() {
            break data;
        }
    };
    Ok(Html::all([
        Html::from(element("p").text(caps(&votes, &picked, now))),
        element("p").class("note").text(RULE).into(),
        element("noscript")
            .and(element("p").text("Choosing a query needs the page's own script, which is off."))
            .into(),
        explorer(),
        element("script").with("type", "application/json").with("id", "queries-data").and(data).into(),
    ]))
}

/// What is shown of what there is.
fn caps(votes: &[Pick], picked: &[Pick], lengths: Lengths) -> String {
    let disagreeing = |picks: &[Pick]| picks.iter().filter(|pick| pick.disagrees()).count();
    format!(
        "{} of {} tested queries are here, {} of the {} on which routers disagree among them. Texts are cut after {} characters \
         (prompts), {} (reference answers) and {} (answers); a cut text says how much is missing. The tables of the run and of \
         its data folder have everything.",
        picked.len(),
        votes.len(),
        disagreeing(picked),
        disagreeing(votes),
        lengths.prompt,
        lengths.truth,
        lengths.answer
    )
}

/// Filters, the list, and the place of the query that was chosen; the script fills them.
fn explorer() -> Html {
    let select = |name: &'static str, label: &str| {
        element("label")
            .text(label)
            .and(element("select").with("data-query", name).and(element("option").with("value", "").text("all")))
    };
    let filters = element("div")
        .class("filters")
        .and(select("dataset", "Dataset "))
        .and(select("right", "Models right "))
        .and(
            element("label").text("Routers ").and(
                element("select")
                    .with("data-query", "disagree")
                    .and(element("option").with("value", "").text("all"))
                    .and(element("option").with("value", "yes").text("disagree"))
                    .and(element("option").with("value", "no").text("agree")),
            ),
        )
        .and(
            element("label")
                .text("Text holds ")
                .and(element("input").with("type", "search").with("data-query", "text").with("autocomplete", "off")),
        )
        .and(element("output").with("data-query", "count"));
    element("div")
        .with("id", "explorer")
        .with("hidden", "")
        .and(filters)
        .and(
            element("div")
                .class("explorer")
                .and(element("ul").class("picks").with("aria-label", "Queries"))
                .and(element("div").class("query").with("aria-live", "polite")),
        )
        .into()
}

/// What the queries are put together from.
struct Shown<'a> {
    run: &'a Run,
    records: &'a Records,
    choices: &'a Choices,
    /// The row of each query in the data.
    rows: &'a [u32],
    right: &'a RightModels,
    texts: &'a BTreeMap<QueryId, Texts>,
}

impl Shown<'_> {
    /// Everything that the script needs, texts cut to these lengths.
    fn all(&self, picked: &[Pick], lengths: Lengths) -> Value {
        let names = |names: Vec<&str>| names.into_iter().map(markup::visible).collect::<Vec<String>>();
        json!({
            "models": names(self.choices.models.iter().map(|model| model.as_str()).collect()),
            "routers": names(self.choices.routers.iter().map(|router| router.name.as_str()).collect()),
            "seeds": self.run.report.seeds,
            "completions": self.records.failed.is_some(),
            "queries": picked.iter().map(|pick| self.one(pick, lengths)).collect::<Vec<Value>>(),
        })
    }

    /// `id`, `dataset`, `k` models right, votes, `prompt`, `truth`; for each model score, cost, seconds, status and text
    /// (null without a record); for each router and seed the model (-1 where the seed does not test the query).
    fn one(&self, pick: &Pick, lengths: Lengths) -> Value {
        let id = &self.choices.queries[pick.query];
        let texts = self.texts.get(id);
        let models: Vec<Value> =
            self.choices.models.iter().map(|model| self.answer(pick, model.as_str(), texts, lengths)).collect();
        let chosen =
            |of: &Vec<Option<super::choices::Choice>>| of[pick.query].map_or(-1, |choice| i32::from(choice.model));
        let routers = self.choices.routers.iter().map(|router| router.of_seed.iter().map(chosen).collect::<Vec<i32>>());
        json!({
            "id": markup::visible(id.as_str()),
            "dataset": markup::visible(id.dataset()),
            "k": self.right.counts()[pick.query],
            "votes": [pick.right, pick.all],
            "prompt": texts.map(|texts| texts.prompt.shown(lengths.prompt)),
            "truth": texts.and_then(|texts| texts.truth.as_ref()).map(|truth| truth.shown(lengths.truth)),
            "models": models,
            "routers": routers.collect::<Vec<Vec<i32>>>(),
        })
    }

    fn answer(&self, pick: &Pick, model: &str, texts: Option<&Texts>, lengths: Lengths) -> Value {
        let data = &self.records.data;
        // A reference from outside has a place among the choices and none in the pool.
        let Some(at) = data.model_index(model).map(|at| at as usize) else { return Value::Null };
        let row = self.rows[pick.query] as usize;
        let known = |value: f64, digits: i32| {
            let scale = 10_f64.powi(digits);
            value.is_finite().then(|| (value * scale).round() / scale)
        };
        let said = texts.and_then(|texts| texts.answers.get(model));
        json!([
            known(data.observed.scores(row)[at], 4),
            known(data.observed.costs_usd(row)[at], 8),
            known(data.latency_ms[row * data.models.len() + at] / 1e3, 3),
            said.map(|(status, _)| status.as_str()),
            said.map(|(_, text)| text.shown(lengths.answer)),
        ])
    }
}
