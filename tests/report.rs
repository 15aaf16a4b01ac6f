//! The report as a page, as far as it can be tested without a browser.

use std::collections::BTreeSet;
use std::path::Path;

use routerlab_records::{MetricRow, read_table};

mod pages;
mod support;
use support::Scratch;

/// What lies between two texts, the first time.
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let rest = text.split_once(from).unwrap_or_else(|| panic!("no {from}")).1;
    rest.split_once(to).unwrap_or_else(|| panic!("no {to} after {from}")).0
}

/// The texts of a table's cells, row by row, the head of each row first.
fn table(page: &str, id: &str) -> Vec<Vec<String>> {
    let body = between(between(page, &format!("<table id=\"{id}\""), "</table>"), "<tbody>", "</tbody>");
    let plain = |cell: &str| {
        let mut text = String::new();
        let mut inside = false;
        for c in cell.chars() {
            match c {
                '<' => inside = true,
                '>' => inside = false,
                c if !inside => text.push(c),
                _ => {}
            }
        }
        text
    };
    let rows = body.split("</tr>").filter(|row| row.contains("<t"));
    rows.map(|row| {
        row.split("<t")
            .filter(|cell| cell.starts_with("h ") || cell.starts_with('d'))
            .map(|cell| plain(&format!("<{cell}")))
            .collect()
    })
    .collect()
}

#[test]
fn a_page_has_every_section_needs_nothing_else_and_is_the_same_every_time() {
    let scratch = Scratch::new();
    let run = pages::starter(&scratch);
    let page = pages::page(&scratch, &run, "report.html", &[]);
    for section in [
        "leaderboard",
        "cost",
        "models",
        "routers",
        "recall",
        "shares",
        "agreement",
        "latency",
        "controls",
        "external",
        "quality",
        "provenance",
        "queries",
    ] {
        assert_eq!(page.matches(&format!("<section id=\"{section}\"")).count(), 1, "{section}");
        assert!(page.contains(&format!("href=\"#{section}\"")), "{section} in the navigation");
    }
    for plot in ["differences", "tradeoff", "recall-plot"] {
        let figure = between(&page, &format!("<figure id=\"{plot}\""), "</figure>");
        assert!(figure.contains("role=\"img\"") && figure.contains("<polyline"), "{plot}");
        assert!(figure.contains(&format!("id=\"{plot}-description\"")), "{plot} is described");
        // Colours are those of the style sheet, in both schemes.
        assert!(!figure.contains("=\"#0") && figure.contains("var(--s0)"), "{plot}");
    }
    assert!(page.contains("class=\"band\""), "the sweep has intervals");
    // Nothing is fetched: the policy forbids it, and nothing asks for it.
    assert!(page.contains("default-src &#39;none&#39;"), "{}", &page[..600]);
    for address in [" src=", "href=\"http", "url(", "@import", "<link", "<iframe"] {
        assert!(!page.contains(address), "{address}");
    }
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
    assert_eq!(pages::page(&scratch, &run, "again.html", &[]), page, "equal tables give equal bytes");

    let metrics = read_table::<MetricRow>(&run.join("metrics.parquet")).unwrap().rows;
    the_frontier_is_that_of(&metrics, &page);
    the_bands_begin_as_wide_as_the_bootstrap(&metrics);

    // Numbers of the leaderboard are those of the metrics.
    let board = table(&page, "leaderboard-table");
    assert_eq!(board.len(), 10);
    let knn = board.iter().find(|row| row[0] == "knn").unwrap();
    let row = metrics.iter().find(|row| {
        row.router.as_str() == "knn"
            && row.metric.as_str() == "AvgAcc"
            && row.seed.as_str() == "all"
            && row.preference == 0.0
    });
    let row = row.unwrap();
    let expected = format!("{:.2}[{:.2}, {:.2}]", row.value.unwrap(), row.low.unwrap(), row.high.unwrap());
    assert_eq!(knn[3], expected);

    without_its_data_and_with_it_elsewhere(&scratch, &run);
}

/// By brute force: the points of ranked routers that none other beats.
fn the_frontier_is_that_of(metrics: &[MetricRow], page: &str) {
    let all = |metric: &str| {
        let metric = metric.to_owned();
        move |row: &&MetricRow| {
            row.seed.as_str() == "all"
                && row.metric.as_str() == metric
                && support::ROUTERS.contains(&row.router.as_str())
        }
    };
    let mut points: Vec<(String, f64, f64, f64)> = Vec::new();
    for accuracy in metrics.iter().filter(all("AvgAcc")) {
        let same = |row: &&MetricRow| row.router == accuracy.router && row.preference == accuracy.preference;
        let cost = metrics.iter().filter(all("Cost")).find(same).unwrap();
        points.push((accuracy.router.to_string(), accuracy.preference, accuracy.value.unwrap(), cost.value.unwrap()));
    }
    let beaten = |own: &(String, f64, f64, f64)| {
        points.iter().any(|other| other.2 >= own.2 && other.3 <= own.3 && (other.2 > own.2 || other.3 < own.3))
    };
    let mut expected: Vec<_> = points.iter().filter(|point| !beaten(point)).collect();
    expected.sort_by(|a, b| a.3.total_cmp(&b.3));
    let drawn = table(page, "frontier-points");
    let of = |rows: Vec<(String, String)>| rows.into_iter().collect::<BTreeSet<_>>();
    assert_eq!(
        of(drawn.iter().map(|row| (row[0].clone(), row[2].clone())).collect()),
        of(expected.iter().map(|point| (point.0.clone(), format!("{:.2}", point.2))).collect())
    );
    assert_eq!(drawn.len(), expected.len());
}

/// The intervals along a curve are made in another way than those at its beginning, and say the same.
fn the_bands_begin_as_wide_as_the_bootstrap(metrics: &[MetricRow]) {
    let is_one = |row: &&MetricRow| {
        row.router.as_str() == "carrot-linear" && row.metric.as_str() == "AvgAcc" && row.seed.as_str() == "all"
    };
    let mut points: Vec<&MetricRow> = metrics.iter().filter(is_one).collect();
    points.sort_by(|a, b| a.preference.total_cmp(&b.preference));
    let width = |row: &MetricRow| row.high.unwrap() - row.low.unwrap();
    let ratio = width(points[1]) / width(points[0]);
    assert!((0.9..1.1).contains(&ratio), "{ratio}");
}

fn without_its_data_and_with_it_elsewhere(scratch: &Scratch, run: &Path) {
    std::fs::rename(scratch.path("starter"), scratch.path("moved")).unwrap();
    let page = pages::page(scratch, run, "alone.html", &[]);
    assert!(
        page.contains("say where it is with `--data DIR`") && !page.contains("id=\"queries-data\""),
        "says what is absent"
    );
    for section in ["leaderboard", "cost", "recall", "shares", "agreement"] {
        let own = between(&page, &format!("<section id=\"{section}\""), "</section>");
        assert!(own.contains("<table") && !own.contains("--data DIR"), "{section} needs no data folder");
    }
    let found = pages::page(scratch, run, "found.html", &["--data", "moved"]);
    assert!(found.contains("id=\"queries-data\"") && found.contains("<section id=\"quality\""));
    assert!(!found.contains("has changed since"));
    let mut pool = std::fs::read_to_string(scratch.path("moved/pool.toml")).unwrap();
    pool.push_str("# A word more.\n");
    scratch.write("moved/pool.toml", pool);
    let changed = pages::page(scratch, run, "changed.html", &["--data", "moved"]);
    assert!(
        changed.contains("has changed since the run was made: pool.toml."),
        "what is drawn may not be what was run on"
    );
    let nowhere = scratch.routerlab([
        "report".as_ref(),
        run.as_os_str(),
        "--format".as_ref(),
        "html".as_ref(),
        "--data".as_ref(),
        "nowhere".as_ref(),
    ]);
    assert_eq!(nowhere.code, Some(2), "{}", nowhere.stderr);
    assert!(nowhere.stderr.contains("nowhere"), "{}", nowhere.stderr);
    let text = scratch.routerlab(["report".as_ref(), run.as_os_str(), "--data".as_ref(), "moved".as_ref()]);
    assert_eq!(text.code, Some(2));
    assert!(text.stderr.contains("`--data` and `--control` are for `--format html`"), "{}", text.stderr);
}

#[test]
fn what_strangers_wrote_is_text_and_what_is_missing_is_said() {
    let scratch = Scratch::new();
    let run = pages::hostile(&scratch);
    let page = pages::page(&scratch, &run, "hostile.html", &[]);
    // One script of the page's own, one block of data; nothing that a stranger wrote opens or ends either.
    assert_eq!((page.matches("<script").count(), page.matches("</script>").count()), (2, 2));
    assert!(!page.contains("<img") && !page.contains("onerror=\"window"), "no markup from names");
    for raw in ['\u{202e}', '\u{2028}', '\u{0}', '\u{1b}', '\u{7}'] {
        assert!(!page.contains(raw), "{raw:?} is named, not used");
    }
    assert!(page.contains("[U+202E]drawkcab"));
    // The model without records on one dataset is not at 0 there.
    let models = table(&page, "model-dataset");
    let last = models.iter().find(|row| row.contains(&"no score".to_owned())).unwrap();
    assert!(last[0].contains("a[U+2028]b"), "{last:?}");
    // Its request that failed is counted as such.
    let quality = table(&page, "quality-models");
    let of_last = quality.iter().find(|row| row[0] == last[0]).unwrap();
    assert_eq!(
        (of_last[2].as_str(), of_last[6].as_str()),
        ("31", "1"),
        "no score on 31 queries, one timeout: {of_last:?}"
    );
    assert!(page.contains("Waiting time is unknown"));
    assert!(between(&page, "<section id=\"external\"", "</section>").contains("2026-01-31"));
    // Everything that the script shows is in the data, and it is JSON.
    let data = between(&page, "id=\"queries-data\">", "</script>");
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    let query = &data["queries"][0];
    assert!(query["prompt"].as_str().unwrap().contains("</script><script>window.hacked = 3</script>[U+2028]"));
    assert_eq!(data["models"].as_array().unwrap().len(), 4);
}

#[test]
fn a_control_run_lies_beside_and_what_is_absent_has_its_command() {
    let scratch = Scratch::new();
    pages::records(&scratch.path("data"), 80, &["a", "b", "c"], |what, number| format!("{what} {number}"));
    let run = pages::plain_run(&scratch, "mine", "data");
    scratch.done(["bench", "mine.toml", "--shuffle-labels", "--out", "shuffled"]);
    let shuffled = scratch.run_below("shuffled");
    let alone = pages::page(&scratch, &run, "alone.html", &[]);
    assert!(alone.contains("bench mine.toml --shuffle-labels"));
    let page = pages::page(&scratch, &run, "beside.html", &["--control", shuffled.to_str().unwrap()]);
    let section = between(&page, "<section id=\"controls\"", "</section>");
    assert!(section.contains("labels shuffled within dataset") && section.contains("beside it"), "{section}");
    assert_eq!(table(&page, "beside-table").len(), 7, "five controls and two routers");
}

#[test]
fn a_page_stays_small_however_long_texts_are_and_says_what_it_left_out() {
    let scratch = Scratch::new();
    let long = |what: &str, number: u64| {
        format!("{what} {number} ")
            + &"lorem ipsum <dolor> & sit amet ".repeat(if what == "prompt" { 600 } else { 300 })
    };
    pages::records(&scratch.path("data"), 700, &["a", "b", "c", "d", "e"], long);
    let run = pages::plain_run(&scratch, "long", "data");
    let page = pages::page(&scratch, &run, "long.html", &[]);
    assert!(page.len() <= 5_000_000, "{} bytes", page.len());
    let said = between(&page, "<section id=\"queries\"", "</section>");
    assert!(said.contains("tested queries are here") && said.contains("characters more]"));
    let data: serde_json::Value = serde_json::from_str(between(&page, "id=\"queries-data\">", "</script>")).unwrap();
    let shown = data["queries"].as_array().unwrap();
    assert!(shown.len() <= 400, "{}", shown.len());
    // Both datasets have their turn.
    let datasets: BTreeSet<&str> = shown.iter().filter_map(|query| query["dataset"].as_str()).collect();
    assert_eq!(datasets.len(), 2);
}
