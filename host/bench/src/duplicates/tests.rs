use routerlab_records::{QueryId, group_key};

use super::*;

fn query(dataset: &str, index: u64, text: &str) -> QueryRow {
    QueryRow {
        query_id: QueryId::new(dataset, "test", index).unwrap(),
        dataset: dataset.into(),
        split: "test".into(),
        record_index: index,
        origin_query: text.to_owned(),
        prompt: format!("Answer with a letter. {text}"),
        ground_truth: None,
        metadata: "{}".to_owned(),
        group_key: group_key(&format!("Answer with a letter. {text}")),
    }
}

const HORSE: &str =
    "A horse runs nine miles in one hour, how many miles does it run in the time that three cows need for two meals";
const TRAIN: &str =
    "Which of these gases is the most common one in the air that people on the surface of the earth breathe";

fn found(queries: &[QueryRow], directions: Option<&(f64, Directions)>) -> Duplicates {
    search(queries, 0.8, directions, Threads::all(), &mut |_| ()).unwrap()
}

#[test]
fn texts_that_differ_in_little_are_one_group_also_across_datasets() {
    let queries = [
        query("a", 1, HORSE),
        query("a", 2, TRAIN),
        query("b", 1, &format!("{HORSE}?")),
        query("b", 2, "Something else entirely, which nobody else has asked in any of these words"),
    ];
    let found = found(&queries, None);
    let key = |id: &str| &found.groups.iter().find(|row| row.query_id.as_str() == id).unwrap().group_key;
    assert_eq!(key("a/test/1"), key("b/test/1"));
    assert_ne!(key("a/test/2"), key("b/test/2"));
    // What was not joined has the key that it had, so that its part stays the same.
    assert_eq!(*key("a/test/2"), queries[1].group_key);
    let [pair] = found.joined.as_slice() else { panic!("{:?}", found.joined) };
    assert_eq!((pair.query_id.as_str(), pair.other_query_id.as_str()), ("a/test/1", "b/test/1"));
    assert_eq!((pair.jaccard, pair.cosine), (1.0, None));
    let counts: Vec<_> = found.datasets.iter().map(|d| (d.queries, d.groups, d.joined, d.across, d.largest)).collect();
    assert_eq!(counts, [(2, 2, 1, 1, 1), (2, 2, 1, 1, 1)]);
    assert_eq!(found.largest, [(2, vec!["a/test/1".to_owned(), "b/test/1".to_owned()])]);
}

#[test]
fn a_template_does_not_make_a_group_of_a_dataset() {
    let template = "Read the following question with great care, think about it step by step, and end your answer with one \
                    of the letters from A to D in round brackets.\n";
    let nouns = ["rivers", "planets", "metals", "poems", "bridges", "viruses", "markets", "glaciers"];
    let queries: Vec<QueryRow> = (1..)
        .zip(nouns)
        .map(|(index, noun)| query("a", index, &format!("{template}What is known of {noun}")))
        .collect();
    assert_eq!(found(&queries, None).joined, []);
}

#[test]
fn embeddings_join_what_words_do_not() {
    let queries = [query("a", 1, HORSE), query("a", 2, TRAIN), query("a", 3, "Three"), query("a", 4, "Four")];
    let vectors: [Option<&[f32]>; 4] = [Some(&[1.0, 0.1]), Some(&[1.0, 0.11]), Some(&[-1.0, 2.0]), None];
    let directions = (0.97, Directions::new(vectors.into_iter()).unwrap().unwrap());
    let found = found(&queries, Some(&directions));
    let [pair] = found.joined.as_slice() else { panic!("{:?}", found.joined) };
    assert_eq!((pair.query_id.as_str(), pair.other_query_id.as_str()), ("a/test/1", "a/test/2"));
    assert!(pair.cosine.unwrap() > 0.99 && pair.jaccard == 0.0, "{pair:?}");
    assert_eq!(found.embedded, Some(3));
}

#[test]
fn groups_do_not_depend_on_the_order_of_the_queries() {
    let texts = [HORSE, TRAIN, "alpha", "beta"];
    let mut queries: Vec<QueryRow> = (1..).zip(texts).map(|(index, text)| query("a", index, text)).collect();
    queries.extend((1..).zip(texts).map(|(index, text)| query("b", index, &text.to_uppercase())));
    let groups = found(&queries, None).groups;
    assert_eq!(groups.iter().map(|row| &row.group_key).collect::<std::collections::BTreeSet<_>>().len(), 4);
    queries.reverse();
    assert_eq!(found(&queries, None).groups, groups);
}

#[test]
fn thresholds_that_make_no_sense_are_named() {
    let options = DuplicateOptions::default();
    let cases = [
        (
            DuplicateOptions { jaccard: 0.0, ..options.clone() },
            "a share of common shingles lies above 0 and up to 1, not at 0",
        ),
        (DuplicateOptions { cosine: Some(1.5), ..options.clone() }, "a cosine lies above -1 and up to 1, not at 1.5"),
    ];
    for (options, expected) in cases {
        let error = find_duplicates(Path::new("nowhere"), &options, Threads::all(), &mut |_| ()).unwrap_err();
        assert_eq!(error.to_string(), format!("data `nowhere`: {expected}"));
    }
}
