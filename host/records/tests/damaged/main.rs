//! Files that are not what they say: an error that names the file, or the rows, and never a panic, a wait without end or
//! memory without bound. The kinds of lies are those of the files that readers of Parquet have met, made anew.

mod forge;

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use forge::{Forge, Page, RLE_DICTIONARY, list_page, plain_texts};
use routerlab_records::export::{ExportFormat, export_tables};
use routerlab_records::{AnswerEmbeddingRow, QueryId, QueryRow, Row, about_table, read_table};

/// Far beyond what any file here needs, and far below what a file that lies asks for.
const MEMORY_BYTES: u64 = 1 << 30;
/// As long as a loaded machine may take for one file.
const PATIENCE: Duration = Duration::from_secs(120);

/// What came of a file in each of the ways in which it is read.
struct Met<R> {
    /// Rows of the typed reader, or what it said.
    rows: Result<Vec<R>, String>,
    /// What the footer says, or what is wrong with it.
    about: Result<u64, String>,
    /// Rows that came out, or what the exporter said.
    exported: Result<u64, String>,
}

/// Reads a file in every way, on a thread of its own so that a wait without end is noticed.
fn meet<R: Row + Send>(folder: &Path, bytes: &[u8]) -> Met<R> {
    let path = folder.join(format!("{}.parquet", R::TABLE));
    std::fs::write(&path, bytes).unwrap();
    let (sender, receiver) = mpsc::channel();
    let folder = folder.to_owned();
    let reading = std::thread::spawn(move || {
        let rows = read_table::<R>(&path).map(|table| table.rows).map_err(|error| error.to_string());
        let about = about_table(&path).map(|about| about.rows).map_err(|error| error.to_string());
        let out = folder.join("out");
        let exported = export_tables(&[folder], &[], ExportFormat::JsonLines, &out, &mut |_| {});
        let exported = exported.map(|tables| tables[0].rows).map_err(|error| error.to_string());
        assert_eq!(out.exists(), exported.is_ok(), "whole or not at all");
        let _ = std::fs::remove_dir_all(&out);
        sender.send(Met { rows, about, exported }).unwrap();
    });
    match receiver.recv_timeout(PATIENCE) {
        Ok(met) => met,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("still reading after {PATIENCE:?}"),
        Err(mpsc::RecvTimeoutError::Disconnected) => std::panic::resume_unwind(reading.join().unwrap_err()),
    }
}

/// The memory that this process has had at most; 0 where the system does not say.
fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()).unwrap_or_default() << 10
}

fn honest_rows() -> Vec<AnswerEmbeddingRow> {
    (1..=3)
        .map(|index| AnswerEmbeddingRow {
            query_id: QueryId::new("d", "test", index).unwrap(),
            model: "m".into(),
            encoder: "e".into(),
            embedding: vec![index as f32 * 2.0 - 1.0, index as f32 * 2.0],
        })
        .collect()
}

/// The model's column by a dictionary of one text.
fn with_dictionary(forge: &mut Forge) -> (&mut Page, &mut Page) {
    let chunk = &mut forge.chunks[1];
    chunk.dictionary = Some(Page::new(1, plain_texts(&["m"])));
    // Indices of one bit, all 0: a run of three.
    let page = Page { encoding: RLE_DICTIONARY, ..Page::new(3, vec![1, 6, 0]) };
    chunk.pages = vec![page];
    (chunk.dictionary.as_mut().unwrap(), &mut chunk.pages[0])
}

/// A lie, by its name and what it does to an honest file.
type Lie = (&'static str, fn(&mut Forge));

/// Lies that must be noticed, whatever else is right.
const NOTICED: [Lie; 23] = [
    ("a dictionary with a negative number of values", |f| with_dictionary(f).0.values = -1),
    ("an index beyond the dictionary", |f| with_dictionary(f).1.body = vec![1, 6, 1]),
    ("indices of 200 bits", |f| with_dictionary(f).1.body = vec![200, 6, 0]),
    ("indices without a dictionary", |f| {
        with_dictionary(f);
        f.chunks[1].dictionary = None;
    }),
    ("a dictionary at a negative place", |f| {
        with_dictionary(f);
        f.chunks[1].dictionary_offset = Some(-4);
    }),
    ("a dictionary beyond the file", |f| {
        with_dictionary(f);
        f.chunks[1].dictionary_offset = Some(1 << 40);
    }),
    ("fewer repetition levels than the page says", |f| {
        f.chunks[3].pages[0].values = 600;
        f.chunks[3].values = 600;
    }),
    ("fewer definition levels than values", |f| {
        f.chunks[3].pages[0].body = [forge::levels(&[0, 1, 0, 1, 0, 1]), vec![0; 4], vec![0; 24]].concat();
    }),
    ("levels longer than their page", |f| f.chunks[3].pages[0].body[..4].copy_from_slice(&[255, 255, 255, 127])),
    ("a page that ends within its levels", |f| f.chunks[3].pages[0].body.truncate(6)),
    ("a page that ends within its numbers", |f| {
        let page = &mut f.chunks[3].pages[0];
        page.body.truncate(page.body.len() - 3);
    }),
    ("fewer lists than rows", |f| {
        f.chunks[3].pages[0] = Page::new(4, list_page(&[0, 1, 0, 1], &[1; 4], &[1.0; 4]));
        f.chunks[3].values = 4;
    }),
    ("columns of unequal length", |f| {
        f.chunks[2].pages[0] = Page::new(2, plain_texts(&["e"; 2]));
        f.chunks[2].values = 2;
    }),
    ("a text longer than its page", |f| f.chunks[0].pages[0].body[..4].copy_from_slice(&[255, 255, 255, 127])),
    ("a text of negative length", |f| f.chunks[0].pages[0].body[..4].copy_from_slice(&[255; 4])),
    ("a page of negative size", |f| f.chunks[0].pages[0].compressed = Some(-1)),
    ("a page larger than the file", |f| {
        f.chunks[0].pages[0].compressed = Some(i64::from(i32::MAX));
        f.chunks[0].pages[0].uncompressed = Some(i64::from(i32::MAX));
    }),
    ("a column of negative size", |f| f.chunks[0].size = Some(-100)),
    ("a column beyond the file", |f| f.chunks[0].data_offset = Some(1 << 50)),
    ("a huge number of rows", |f| (f.rows, f.group_rows) = (1 << 60, 1 << 60)),
    ("a negative number of rows", |f| (f.rows, f.group_rows) = (-3, -3)),
    ("a packing that does not exist", |f| f.chunks[0].codec = 77),
    ("a type that does not exist", |f| f.schema[1].physical = Some(99)),
];

/// Lies that a reader may see through: an error, or the rows that are there.
const SEEN_THROUGH: [Lie; 10] = [
    ("a dictionary with more values than bytes", |f| with_dictionary(f).0.values = i64::from(i32::MAX)),
    ("indices of no bits", |f| with_dictionary(f).1.body = vec![0, 6]),
    ("more nulls than values", |f| f.chunks[1].null_count = Some(1 << 40)),
    ("a negative number of nulls", |f| f.chunks[1].null_count = Some(-7)),
    ("a page that says another size uncompressed", |f| f.chunks[0].pages[0].uncompressed = Some(5)),
    ("a column that says a huge number of values", |f| f.chunks[0].values = 1 << 60),
    ("a column that says no values", |f| f.chunks[0].values = 0),
    ("a column of texts without that mark", |f| f.schema[1].converted = None),
    ("a converted type that does not exist", |f| f.schema[2].converted = Some(99)),
    ("lists that begin in the middle", |f| {
        f.chunks[3].pages[0].body = list_page(&[1, 1, 0, 1, 0, 1], &[1; 6], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    }),
];

#[test]
fn an_honest_file_made_byte_by_byte_is_read() {
    let scratch = tempfile::tempdir().unwrap();
    let mut by_dictionary = Forge::honest();
    with_dictionary(&mut by_dictionary);
    for forge in [Forge::honest(), by_dictionary] {
        let met = meet::<AnswerEmbeddingRow>(scratch.path(), &forge.bytes());
        assert_eq!(met.rows.unwrap(), honest_rows());
        assert_eq!((met.about, met.exported), (Ok(3), Ok(3)));
    }
}

#[test]
fn files_that_lie_are_errors_that_name_the_file() {
    let scratch = tempfile::tempdir().unwrap();
    let lies = NOTICED.into_iter().map(|lie| (lie, true)).chain(SEEN_THROUGH.into_iter().map(|lie| (lie, false)));
    let mut wrong = Vec::new();
    for ((name, lie), must_be_noticed) in lies {
        let mut forge = Forge::honest();
        lie(&mut forge);
        let met = meet::<AnswerEmbeddingRow>(scratch.path(), &forge.bytes());
        let errors = [met.rows.as_ref().err(), met.about.as_ref().err(), met.exported.as_ref().err()];
        if let Some(said) = errors.into_iter().flatten().find(|said| !said.contains("answer_embeddings.parquet")) {
            wrong.push(format!("{name}: the file is not named in: {said}"));
        }
        match &met.rows {
            Ok(rows) if must_be_noticed => wrong.push(format!("{name}: {} rows were read", rows.len())),
            Ok(rows) if *rows != honest_rows() => wrong.push(format!("{name}: other rows were read: {rows:?}")),
            Ok(_) | Err(_) => {}
        }
        if met.exported.is_ok() != met.rows.is_ok() {
            wrong.push(format!("{name}: read {:?}, exported {:?}", met.rows.map(|rows| rows.len()), met.exported));
        }
        if peak_bytes() >= MEMORY_BYTES {
            wrong.push(format!("{name}: {} bytes of memory", peak_bytes()));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// A real table of ours.
fn real_table() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets/starter/queries.parquet")
}

/// A sequence without a pattern, the same every time (splitmix64).
fn places(seed: u64) -> impl Iterator<Item = u64> {
    (1..).map(move |count: u64| {
        let mut bits = seed.wrapping_add(count.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    })
}

/// Whether a damaged copy of the real table met with an error everywhere; otherwise it gave all of its rows everywhere.
fn refused(folder: &Path, bytes: &[u8], rows: usize, what: &str) -> bool {
    let met = meet::<QueryRow>(folder, bytes);
    let errors = [met.rows.as_ref().err(), met.about.as_ref().err(), met.exported.as_ref().err()];
    for said in errors.into_iter().flatten() {
        assert!(said.contains("queries"), "{what}: {said}");
    }
    assert_eq!(met.rows.is_ok(), met.exported.is_ok(), "{what}");
    if let (Ok(read), Ok(exported)) = (&met.rows, &met.exported) {
        assert_eq!((read.len(), *exported as usize), (rows, rows), "{what}");
    }
    met.rows.is_err()
}

#[test]
fn a_real_table_cut_at_a_thousand_places_is_refused() {
    let good = std::fs::read(real_table()).unwrap();
    let rows = read_table::<QueryRow>(&real_table()).unwrap().rows.len();
    let scratch = tempfile::tempdir().unwrap();
    for (count, place) in places(1).take(1_000).enumerate() {
        let at = (place % good.len() as u64) as usize;
        // Every other copy still ends as a table does: the end of the file is what says where everything is.
        let cut = match count % 2 {
            0 => good[..at].to_vec(),
            _ => [&good[..at], &good[good.len() - 8..]].concat(),
        };
        assert!(cut == good || refused(scratch.path(), &cut, rows, &format!("cut at {at}")), "cut at {at}");
    }
    assert!(peak_bytes() < MEMORY_BYTES, "{} bytes", peak_bytes());
}

#[test]
fn a_real_table_with_a_flipped_bit_is_refused_or_gives_all_its_rows() {
    let good = std::fs::read(real_table()).unwrap();
    let rows = read_table::<QueryRow>(&real_table()).unwrap().rows.len();
    let scratch = tempfile::tempdir().unwrap();
    let mut noticed = 0;
    for (count, place) in places(2).take(1_000).enumerate() {
        // Every other one in the footer, where a bit says more.
        let from = if count % 2 == 0 { 0 } else { good.len() - good.len().min(8192) };
        let at = from + (place % (good.len() - from) as u64) as usize;
        let mut bad = good.clone();
        bad[at] ^= 1 << (place >> 61);
        noticed += usize::from(refused(scratch.path(), &bad, rows, &format!("bit {} of byte {at}", place >> 61)));
    }
    // Pages carry no checksum, so a bit of a text can pass.
    assert!(noticed > 300, "{noticed} of 1000 were noticed");
    assert!(peak_bytes() < MEMORY_BYTES, "{} bytes", peak_bytes());
}
