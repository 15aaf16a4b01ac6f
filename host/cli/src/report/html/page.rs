//! The frame of a page: head, policy, navigation, sections.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::markup::{Html, element};
use super::run::Run;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// One part of a page with a heading of its own.
pub(super) struct Section {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    /// Its name in the navigation.
    pub(super) short: &'static str,
    /// What is to be seen here, in a sentence or two.
    pub(super) lead: &'static str,
    pub(super) body: Html,
}

/// A page that is being put together.
pub(super) struct Page {
    title: String,
    heading: Html,
    about: Html,
    sections: Vec<Section>,
}

impl Page {
    /// A page about a run, without sections.
    pub(super) fn new(run: &Run) -> Self {
        let report = &run.report;
        let seeds: Vec<String> = report.seeds.iter().map(ToString::to_string).collect();
        let about = format!(
            "{} track, seeds {}, {} queries tested, run {}",
            report.track,
            seeds.join(" "),
            report.queries,
            report.run_id
        );
        let controls =
            report.controls.iter().map(|line| element("p").class("warning").text(format!("Control: {line}")));
        let heading = element("h1").and(element("bdi").text(&report.name)).into();
        let about = Html::all([Html::from(element("p").class("about").text(about)), Html::all(controls)]);
        Self { title: format!("{} - routerlab", report.name), heading, about, sections: Vec::new() }
    }

    /// Says something that whoever reads on must know.
    pub(super) fn warn(&mut self, words: &str) {
        self.about.push(element("p").class("warning").text(words));
    }

    pub(super) fn add(&mut self, section: Section) {
        self.sections.push(section);
    }

    /// Bytes of what is there already, roughly.
    pub(super) fn bytes(&self) -> usize {
        let sections: usize = self.sections.iter().map(|section| section.body.len()).sum();
        sections + STYLE.len() + SCRIPT.len()
    }

    /// The whole file.
    pub(super) fn finish(self) -> String {
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
            source_digest(STYLE),
            source_digest(SCRIPT)
        );
        let head = Html::all([
            element("meta").with("charset", "utf-8"),
            element("meta").with("http-equiv", "Content-Security-Policy").with("content", policy),
            element("meta").with("name", "viewport").with("content", "width=device-width, initial-scale=1"),
            element("meta").with("name", "color-scheme").with("content", "light dark"),
            element("title").text(&self.title),
            element("style").and(Html::own(STYLE.to_owned())),
        ]);
        let links = self.sections.iter().map(|section| {
            element("li").and(element("a").with("href", format!("#{}", section.id)).text(section.short))
        });
        let switch =
            element("button").with("type", "button").with("id", "theme").with("hidden", "").text("Colours: system");
        let navigation = element("nav").with("aria-label", "Sections").and(element("ul").and(Html::all(links)));
        let sections = self.sections.iter().map(|section| {
            let heading = format!("{}-heading", section.id);
            let mut out = element("section")
                .with("id", section.id)
                .with("aria-labelledby", &heading)
                .and(element("h2").with("id", &heading).text(section.title));
            if !section.lead.is_empty() {
                out = out.and(element("p").class("lead").text(section.lead));
            }
            out.and(section.body.clone())
        });
        let body = Html::all([
            Html::from(element("a").class("skip").with("href", "#main").text("Skip to the content")),
            element("header")
                .and(element("div").class("masthead").and(self.heading).and(switch))
                .and(self.about)
                .into(),
            navigation.into(),
            element("main").with("id", "main").with("tabindex", "-1").and(Html::all(sections)).into(),
            element("script").and(Html::own(SCRIPT.to_owned())).into(),
        ]);
        let page: Html =
            element("html").with("lang", "en").and(element("head").and(head)).and(element("body").and(body)).into();
        format!("<!doctype html>\n{}\n", page.into_string())
    }
}

/// The digest by which the page's policy knows its own style and script: sha-256 in base64.
fn source_digest(source: &str) -> String {
    STANDARD.encode(Sha256::digest(source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_what_browsers_compute() {
        // Of nothing: FIPS 180-4's e3b0c442...7852b855 in base64.
        assert_eq!(source_digest(""), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }
}
