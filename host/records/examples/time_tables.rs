//! How fast tables are written and read: two million decisions, in batches and whole.
//!
//! ```console
//! $ cargo run --release -p routerlab-records --example time_tables
//! ```
#![allow(clippy::print_stdout, reason = "an example talks to its user")]

use std::error::Error;
use std::time::Instant;

use routerlab_records::{DecisionRow, Provenance, QueryId, TableReader, TableWriter, read_table};

const QUERIES: u64 = 10_000;
const PREFERENCES: u32 = 41;
const SEEDS: u64 = 5;

fn main() -> Result<(), Box<dyn Error>> {
    for utilities in [false, true] {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("decisions.parquet");
        let mut ids: Vec<QueryId> =
            (1..=QUERIES).map(|index| QueryId::new("medqa", "test", index)).collect::<Result<_, _>>()?;
        ids.sort();

        let start = Instant::now();
        let mut writer = TableWriter::create(&path, &Provenance::by("time_tables"))?;
        for seed in 0..SEEDS {
            for preference_index in 0..PREFERENCES {
                for (query_id, number) in ids.iter().zip(0_u32..) {
                    writer.push(DecisionRow {
                        run_id: "run".into(),
                        router: "knn".into(),
                        seed,
                        preference: f64::from(preference_index) / f64::from(PREFERENCES - 1),
                        preference_index,
                        query_id: query_id.clone(),
                        part: "test".into(),
                        model: if number % 3 == 0 { "a".into() } else { "b".into() },
                        utilities: utilities.then(|| vec![number as f32, 0.5, 0.25, 0.125]),
                        score: Some(f64::from(number % 2)),
                        cost_usd: Some(f64::from(number % 977) * 1e-6),
                        latency_ms: Some(f64::from(number % 1009)),
                        route_ns: u64::from(number % 5000),
                        fuel: u64::from(number % 30),
                        available: true,
                        attempts: None,
                    })?;
                }
            }
        }
        let rows = writer.rows();
        let written = writer.finish()?;
        println!("utilities {utilities}: {rows} rows, {} bytes, written in {:.2?}", written.bytes, start.elapsed());

        let start = Instant::now();
        let mut count = 0;
        for batch in TableReader::<DecisionRow>::open(&path)? {
            count += batch?.len();
        }
        println!("  {count} rows read in batches in {:.2?}", start.elapsed());
        let start = Instant::now();
        let table = read_table::<DecisionRow>(&path)?;
        println!("  {} rows read whole in {:.2?}", table.rows.len(), start.elapsed());
    }
    Ok(())
}
