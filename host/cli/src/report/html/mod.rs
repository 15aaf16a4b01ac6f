//! The report as a page: one file of HTML that needs no network, drawn from the tables of a run and of its data folder.
//!
//! Names, prompts and answers are strangers' texts, so only [`markup`] makes markup; the page's policy lets no script run
//! but its own, and nothing be fetched from anywhere.

mod agreement;
mod axes;
mod choices;
mod controls;
mod drawing;
mod external;
mod heat;
mod latency;
mod leaderboard;
mod markup;
mod models;
mod page;
mod provenance;
mod quality;
mod queries;
mod recall;
mod records;
mod run;
mod shares;
mod signs;
mod table;
mod tradeoff;

use std::path::PathBuf;

use choices::Choices;
use controls::Beside;
use markup::{Html, element};
use page::{Page, Section};
use records::Folder;
use run::Run;

/// Bytes of a page, at most: what mail and browsers still take well.
const MOST_BYTES: usize = 4_900_000;

/// Bytes that the queries have at least, however much else there is.
const QUERY_BYTES: usize = 200_000;

/// What a page is drawn from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sources {
    /// Folder of the run.
    pub(crate) run: PathBuf,
    /// The data folder, where it is not where the run says.
    pub(crate) data: Option<PathBuf>,
    /// Folders of runs to lay beside.
    pub(crate) controls: Vec<PathBuf>,
}

/// The page. Equal tables give equal bytes.
///
/// # Errors
/// A run that is not complete, or a table that cannot be read.
pub(crate) fn page(sources: &Sources) -> anyhow::Result<String> {
    let run = Run::read(&sources.run)?;
    let beside = sources.controls.iter().map(|dir| {
        let Run { report, experiment, .. } = Run::read(dir)?;
        Ok(Beside { report, experiment })
    });
    let beside = beside.collect::<anyhow::Result<Vec<Beside>>>()?;
    let folder = Folder::read(&run, sources.data.as_deref())?;
    let records = folder.records();
    let pool = records.map(|records| records.data.models.clone()).unwrap_or_default();
    let choices = Choices::read(&run, &pool)?;
    let models = records.map(|records| models::single_models(&run, records, &choices)).transpose()?.unwrap_or_default();
    let recall = records.map(|records| recall::Recall::new(&run, records, &choices)).transpose()?.flatten();
    // What the data folder alone can tell, or why it is not told.
    let of_records = |draw: &dyn Fn(&records::Records) -> Html| match &folder {
        Folder::Found(records) => draw(records),
        Folder::Absent(why) => element("p").class("warning").text(why).into(),
    };
    let mut page = Page::new(&run);
    if let Some(changed) = records.map(|records| records.changed.join(", ")).filter(|changed| !changed.is_empty()) {
        page.warn(&format!(
            "The data folder has changed since the run was made: {changed}. What is drawn from it may not be what the run saw."
        ));
    }
    let mut add = |id, title, short, lead, body| page.add(Section { id, title, short, lead, body });
    add(
        "leaderboard",
        "Leaderboard",
        "Leaderboard",
        "Who is better, by how much, and how sure that is. Routers that cannot be told apart share a rank.",
        leaderboard::section(&run)?,
    );
    add("cost", "Accuracy and cost", "Cost", "", tradeoff::section(&run, &models)?);
    add("models", "Models by dataset", "Models", "What the pool can do.", of_records(&heat::models));
    add("routers", "Routers by dataset", "Routers", "Where a router's mean comes from.", heat::routers(&run));
    add(
        "recall",
        "Hard queries",
        "Hard queries",
        "Queries that few models get right are where routing could help most, and where routers fail most.",
        recall::section(&run, recall.as_ref())?,
    );
    add(
        "shares",
        "Routing shares",
        "Shares",
        "Which model gets which share of the queries.",
        shares::section(&run, &choices),
    );
    add("agreement", "Agreement of routers", "Agreement", "", agreement::section(&run));
    add("latency", "Waiting time", "Time", "", latency::section(&run));
    add("controls", "Controls against self-deception", "Controls", "", controls::section(&run, &beside));
    add(
        "external",
        "Results from elsewhere",
        "Elsewhere",
        "",
        of_records(&|records| external::section(&records.external)),
    );
    add("quality", "Coverage and data quality", "Quality", "", of_records(&quality::section));
    add("provenance", "Provenance", "Provenance", "", provenance::section(&run));
    let left = MOST_BYTES.saturating_sub(page.bytes()).max(QUERY_BYTES);
    let body = queries::section(&run, &folder, &choices, left)?;
    let lead = "What was asked, what each model answered, what each router chose.";
    page.add(Section { id: "queries", title: "Queries", short: "Queries", lead, body });
    Ok(page.finish())
}
