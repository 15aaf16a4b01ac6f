//! Every definition that ships with the program.

use std::collections::BTreeSet;
use std::path::Path;

use routerlab_records::definition::{DatasetDefinition, Mode, SHIPPED, shipped};

use crate::Scratch;
use crate::cases::{Case, all};

/// The evaluators of these datasets.
const EVALUATORS: [&str; 10] = [
    "labelled-letter",
    "boxed-math",
    "identities",
    "grids",
    "double-brackets",
    "python-tests",
    "judge-verdict",
    "judge-pairwise",
    "tagged-answer",
    "protocol-steps",
];

#[test]
fn every_definition_of_the_repository_ships_with_the_program() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets");
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let files: BTreeSet<String> = names.filter_map(|name| name.strip_suffix(".toml").map(str::to_owned)).collect();
    let ids: BTreeSet<String> = SHIPPED.iter().map(|(id, _)| (*id).to_owned()).collect();
    assert_eq!(ids, files);
    assert!(SHIPPED.is_sorted_by_key(|(id, _)| *id));
}

#[test]
fn every_definition_says_what_it_is_and_where_it_is_from() {
    // The results of these two come from harnesses.
    let without_evaluator = ["swe-bench", "tau2"];
    for (id, text) in SHIPPED {
        let definition = DatasetDefinition::parse(text).unwrap_or_else(|reason| panic!("{id}: {reason}"));
        assert_eq!(definition.name, *id);
        for said in [&definition.description, &definition.licence, &definition.source] {
            assert!(!said.is_empty(), "{id}");
        }
        assert_eq!(definition.evaluator.is_empty(), without_evaluator.contains(id), "{id}");
        for entry in &definition.evaluator {
            assert!(EVALUATORS.contains(&entry.name.as_str()), "{id}: {}", entry.name);
            assert_eq!(entry.modes, [Mode::Fixed, Mode::Compat], "{id}");
        }
        let default = definition.split.iter().filter(|split| split.default).count();
        assert_eq!(default, usize::from(definition.split.len() > 1), "{id}: one split is the default one");
    }
}

#[test]
fn every_definition_makes_of_its_files_what_it_says() {
    let mut seen = BTreeSet::new();
    for &Case { id, split, files, number, of, ref expected } in all() {
        seen.insert(id);
        let scratch = Scratch::with(files.iter().map(|(name, text)| (*name, text.as_bytes())));
        let rows =
            scratch.import(shipped(id).unwrap(), Some(split), "in").unwrap_or_else(|error| panic!("{id}: {error}"));
        assert_eq!(rows.len(), of, "{id}");
        let row = &rows[number - 1];
        assert_eq!(row.query_id.as_str(), format!("{id}/{split}/{number}"));
        assert_eq!(row.prompt, expected.prompt, "{id}");
        assert_eq!(row.origin_query, expected.origin_query.unwrap_or(expected.prompt), "{id}");
        assert_eq!(row.ground_truth.as_deref(), expected.ground_truth, "{id}");
        assert_eq!(row.metadata, expected.metadata, "{id}");
    }
    assert_eq!(seen.len(), SHIPPED.len(), "every dataset has a case");
}
