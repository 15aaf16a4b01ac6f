//! Whether a run is what its tables say, seen from the command line.

use std::path::{Path, PathBuf};

use routerlab_records::{CellRow, CellStatus, DecisionRow, MetricRow, Row, Table, read_table, write_table};
use serde_json::Value;

mod support;
use support::{Ran, Scratch, component, experiment};

/// A finished run of three routers under two seeds on the starter data, whose components lie in `components`.
fn run(scratch: &Scratch, lines: &str) -> PathBuf {
    scratch.starter();
    let routers = ["knn", "avengers", "random"].map(|name| {
        scratch.write(&format!("components/{name}.wasm"), std::fs::read(component(name)).unwrap());
        (name, scratch.path(&format!("components/{name}.wasm")))
    });
    let seeds = format!("statistics.replicates = 200\nprotocol.seeds = [42, 7]\n{lines}");
    scratch.write("e.toml", experiment("verified", "starter", &seeds, routers));
    scratch.done(["bench", "e.toml"]);
    scratch.run_below("runs")
}

fn verify(scratch: &Scratch, run: &Path, more: &[&str]) -> Ran {
    scratch.routerlab(["verify".as_ref(), run.as_os_str()].into_iter().chain(more.iter().map(|text| text.as_ref())))
}

/// The lines about what failed.
fn failures(ran: &Ran) -> Vec<&str> {
    ran.stdout.lines().filter(|line| line.starts_with("FAILED")).collect()
}

/// Turns over one bit in the middle of a file.
fn flip(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

/// Writes a table anew with one row changed.
fn change<R: Row>(path: &Path, change: impl FnOnce(&mut Vec<R>)) {
    let Table { mut rows, provenance, .. } = read_table::<R>(path).unwrap();
    change(&mut rows);
    write_table(path, &rows, &provenance).unwrap();
}

#[test]
fn a_finished_run_is_verified_wherever_its_inputs_lie() {
    let scratch = Scratch::new();
    let run = run(&scratch, "");
    let ran = verify(&scratch, &run, &[]);
    assert_eq!((ran.code, ran.stdout.lines().last()), (Some(0), Some("verified")), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("6 of 6: cells decide the same when run again"), "{}", ran.stdout);

    let ran = verify(&scratch, &run, &["--json", "--routers", "knn"]);
    let told: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(told["verified"], true);
    let unchecked = told["checks"].as_array().unwrap().iter().filter(|check| check["verdict"] == "unchecked");
    assert_eq!(unchecked.count(), 2, "the routers that were not named");

    // Elsewhere: the data under another name, components under other names too.
    std::fs::rename(scratch.path("starter"), scratch.path("moved")).unwrap();
    std::fs::create_dir(scratch.path("others")).unwrap();
    for (name, other) in [("knn", "a"), ("avengers", "b"), ("random", "c")] {
        let to = scratch.path(&format!("others/{other}.wasm"));
        std::fs::rename(scratch.path(&format!("components/{name}.wasm")), to).unwrap();
    }
    let ran = verify(&scratch, &run, &["--data", "moved", "--components", "others"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    let ran = verify(&scratch, &run, &["--data", "moved", "--no-run"]);
    assert_eq!((ran.code, failures(&ran).len()), (Some(1), 3), "components that are nowhere: {}", ran.stdout);
}

#[test]
fn whatever_was_changed_is_named() {
    let scratch = Scratch::new();
    let run = run(&scratch, "");
    let kept = |name: &str| (run.join(name), std::fs::read(run.join(name)).unwrap());
    let check = |(path, before): (PathBuf, Vec<u8>), spoil: &dyn Fn(&Path), expected: &[&str]| {
        spoil(&path);
        let ran = verify(&scratch, &run, &["--routers", "random"]);
        assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
        for part in expected {
            assert!(failures(&ran).iter().any(|line| line.contains(part)), "no {part:?} in {}", ran.stdout);
        }
        std::fs::write(&path, before).unwrap();
    };
    let file = "`decisions/knn-42.parquet` is not the file that was written when the cell ended";
    check(kept("decisions/knn-42.parquet"), &flip, &[file]);
    // A forger who knows how tables are written, but not the digest that the cell has.
    let forge = |path: &Path| change::<DecisionRow>(path, |rows| rows[0].score = Some(0.5));
    check(kept("decisions/random-7.parquet"), &forge, &["decisions/random-7.parquet", "`score` of", "metrics.parquet"]);
    let better = |path: &Path| {
        change::<MetricRow>(path, |rows| {
            let row = rows.iter_mut().find(|row| row.metric.as_str() == "AvgAcc" && row.router.as_str() == "knn");
            row.unwrap().value = Some(99.0);
        });
    };
    check(kept("metrics.parquet"), &better, &["metrics metrics.parquet: AvgAcc of `knn`", "99"]);
    let cut = |path: &Path| std::fs::write(path, b"PAR1").unwrap();
    check(kept("cells/avengers-7.parquet"), &cut, &["cell cells: "]);
    let thrifty = |path: &Path| change::<CellRow>(path, |rows| rows[0].route_fuel -= 1);
    check(kept("cells/random-42.parquet"), &thrifty, &["decisions random-42: routing used "]);
    let failed = |path: &Path| change::<CellRow>(path, |rows| rows[0].status = CellStatus::Trapped);
    check(kept("cells/random-42.parquet"), &failed, &["ended as trapped, and run again as ok"]);

    let outside = |name: &str| (scratch.path(name), std::fs::read(scratch.path(name)).unwrap());
    check(outside("components/random.wasm"), &flip, &["component random: ", "`--components` names a folder"]);
    check(outside("starter/outcomes.parquet"), &flip, &["data "]);
    let other_score = |path: &Path| {
        change::<routerlab_records::OutcomeRow>(path, |rows| rows[3].score = rows[3].score.map(|score| 1.0 - score));
    };
    check(outside("starter/outcomes.parquet"), &other_score, &["data outcomes.parquet: was "]);
    let groups = (scratch.path("starter/groups.parquet"), Vec::new());
    scratch.done(["duplicates", "starter"]);
    check(groups, &|_| (), &["data groups.parquet: was not there when the run was made"]);
    std::fs::remove_file(scratch.path("starter/groups.parquet")).unwrap();
    assert_eq!(verify(&scratch, &run, &[]).code, Some(0), "everything is as it was");
}

#[test]
fn a_run_with_a_secret_is_verified_by_who_knows_it() {
    let scratch = Scratch::new();
    let run = run(&scratch, "protocol.secret = \"sesame\"");
    let asked = |more: &[&str]| verify(&scratch, &run, more);
    let ran = asked(&[]);
    assert!(ran.code == Some(2) && ran.stderr.contains("`--secret` must name it"), "{}", ran.stderr);
    let ran = asked(&["--secret", "other"]);
    assert!(ran.code == Some(2) && ran.stderr.contains("the secret is not that of the run"), "{}", ran.stderr);
    let ran = asked(&["--secret", "sesame"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    let ran = asked(&["--secret", "sesame", "--routers", "nobody"]);
    assert!(ran.stderr.contains("there is no router `nobody`; there are: knn, avengers, random"), "{}", ran.stderr);
    let ran = scratch.routerlab(["verify", "starter"]);
    assert!(ran.stderr.contains("holds no run that has ended"), "{}", ran.stderr);
}
