//! Rules of the house that the compiler does not know.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

mod support;
use support::checkout;

/// Every file below `dir` with this extension, in order.
fn files(dir: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|it| it == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The project's own dependencies named in a section of a manifest.
fn own_dependencies(manifest: &Path) -> Vec<String> {
    let manifest: toml::Table = std::fs::read_to_string(manifest).unwrap().parse().unwrap();
    let section = manifest.get("dependencies").and_then(toml::Value::as_table);
    section.into_iter().flat_map(|table| table.keys()).filter(|name| name.starts_with("routerlab")).cloned().collect()
}

#[test]
fn a_crate_depends_on_lower_floors_only() {
    let allowed: [(&str, &[&str]); 9] = [
        ("records", &[]),
        ("kernels", &[]),
        ("metrics", &[]),
        ("infer", &["routerlab-kernels"]),
        ("plugin", &["routerlab-kernels", "routerlab-records"]),
        ("query", &["routerlab-records"]),
        ("bench", &["routerlab-kernels", "routerlab-metrics", "routerlab-plugin", "routerlab-records"]),
        ("collect", &["routerlab-infer", "routerlab-records"]),
        (
            "cli",
            &[
                "routerlab-bench",
                "routerlab-collect",
                "routerlab-infer",
                "routerlab-metrics",
                "routerlab-plugin",
                "routerlab-records",
            ],
        ),
    ];
    for (name, lower) in allowed {
        for dependency in own_dependencies(&checkout().join("host").join(name).join("Cargo.toml")) {
            assert!(lower.contains(&dependency.as_str()), "host/{name} must not depend on {dependency}");
        }
    }
}

#[test]
fn plugins_depend_on_the_sdk_and_on_what_their_kind_shares() {
    for manifest in files(&checkout().join("plugins"), "toml") {
        let is_in = |folder: &str| manifest.components().any(|part| part.as_os_str() == folder);
        for dependency in own_dependencies(&manifest) {
            let allowed = match dependency.as_str() {
                "routerlab-sdk" => true,
                "routerlab-learn" => is_in("routers"),
                "routerlab-answers" | "routerlab-algebra" => is_in("evaluators"),
                _ => false,
            };
            assert!(allowed, "{} must not depend on {dependency}", manifest.display());
        }
    }
}

#[test]
fn each_heavy_dependency_has_one_owner() {
    // `query` is a program of its own beside `cli`: it has flags, and its engine needs a runtime.
    let shared = [("clap", "query")];
    let owners = [
        ("datafusion", "query"),
        ("wasmtime", "plugin"),
        ("parquet", "records"),
        ("arrow-array", "records"),
        ("clap", "cli"),
        ("plotters", "cli"),
        ("reqwest", "collect"),
        ("rusqlite", "collect"),
        ("cudarc", "infer"),
        ("hf-hub", "infer"),
        ("safetensors", "infer"),
        ("tokenizers", "infer"),
    ];
    for (dependency, owner) in owners {
        for manifest in files(&checkout().join("host"), "toml").iter().filter(|path| path.ends_with("Cargo.toml")) {
            let text: toml::Table = std::fs::read_to_string(manifest).unwrap().parse().unwrap();
            let named = text.get("dependencies").and_then(|table| table.get(dependency)).is_some();
            let lies_in = |name: &str| manifest.parent().is_some_and(|dir| dir.ends_with(name));
            let is_owner = lies_in(owner) || shared.iter().any(|(what, with)| *what == dependency && lies_in(with));
            assert!(!named || is_owner, "{dependency} belongs to host/{owner}, not to {}", manifest.display());
        }
    }
}

#[test]
fn the_default_build_leaves_out_the_engine_for_sql() {
    let manifest: toml::Table = std::fs::read_to_string(checkout().join("Cargo.toml")).unwrap().parse().unwrap();
    let list = manifest["workspace"]["default-members"].as_array().unwrap();
    let built: Vec<&str> = list.iter().map(|name| name.as_str().unwrap()).collect();
    let folders = std::fs::read_dir(checkout().join("host")).unwrap().map(|entry| entry.unwrap());
    for name in folders.map(|folder| folder.file_name().into_string().unwrap()) {
        let is_built = built.contains(&format!("host/{name}").as_str());
        assert_eq!(is_built, name != "query", "host/{name} and `default-members` of Cargo.toml");
    }
}

#[test]
fn every_item_of_the_contract_has_a_sentence() {
    let mut missing = Vec::new();
    for file in files(&checkout().join("wit"), "wit") {
        if file.components().any(|part| part.as_os_str() == "frozen") {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        let mut documented = false;
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.starts_with("///") {
                documented = true;
            } else if line.starts_with('@') {
                // Sits between the sentence and the item.
            } else {
                let plain = ["package", "use ", "import ", "export ", "}", "//"];
                let is_item = !line.is_empty() && !plain.iter().any(|start| line.starts_with(start));
                if is_item && !documented {
                    missing.push(format!("{}:{}: {line}", file.display(), number + 1));
                }
                documented = false;
            }
        }
    }
    assert!(missing.is_empty(), "without a sentence:\n{}", missing.join("\n"));
}

/// What a released version of the contract says, by its digest. Nothing here changes; a new version is a new line.
const FROZEN: [(&str, &str); 2] = [
    ("0.1.0", "7650a5cf7d3edc9f100b91635c5d9d96ab70bde063b803ffd4eb689b0a596791"),
    ("0.1.1", "a27384021faaeee3e7789f6ba58a775571bbb8a425440c62b1ce0683b8bf62c7"),
];

#[test]
fn a_released_contract_is_frozen() {
    let frozen = checkout().join("wit/frozen");
    let folders: Vec<_> = std::fs::read_dir(&frozen).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(folders.len(), FROZEN.len(), "every released version has its digest here: {folders:?}");
    for (version, expected) in FROZEN {
        let mut digest = Sha256::new();
        for extension in ["wit", "wasm"] {
            for file in files(&frozen.join(version), extension) {
                digest.update(file.file_name().unwrap().as_encoded_bytes());
                digest.update(Sha256::digest(std::fs::read(&file).unwrap()));
            }
        }
        let found: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(found, expected, "wit/frozen/{version} was changed");
    }
}

/// The lines of a contract that this version had: without comments and the package's own line, and without items that
/// are marked as newer, however many lines those have.
fn items_of(text: &str, version: &str) -> Vec<String> {
    let parts = |version: &str| version.split('.').map(|part| part.parse::<u32>().unwrap()).collect::<Vec<u32>>();
    let since = |line: &str| {
        let marked = line.strip_prefix("@since(version = ")?.split(')').next().map(str::to_owned);
        marked.map(|version| parts(&version))
    };
    let mut lines = Vec::new();
    let (mut newer, mut depth) = (false, 0);
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")) {
        if newer {
            depth += line.matches('{').count();
            depth -= line.matches('}').count();
            newer = depth > 0;
        } else if since(line).is_some_and(|since| since > parts(version)) {
            newer = true;
        } else if !line.starts_with("package ") {
            lines.push(line.to_owned());
        }
    }
    lines
}

#[test]
fn additions_to_the_contract_are_told_from_changes() {
    let released = "interface a {\n  @since(version = 0.1.0)\n  f: func() -> u32;\n}\n";
    let added = "interface a {\n  /// Again.\n  @since(version = 0.1.0)\n  f: func() -> u32;\n  @since(version = 0.1.1)\n  record r {\n    x: u32,\n  }\n  @since(version = 0.1.1)\n  g: func();\n}\n";
    assert_eq!(items_of(added, "0.1.0"), items_of(released, "0.1.0"));
    // A later release has the items of those before it, and its own.
    assert_eq!(items_of(added, "0.1.1").len(), items_of(added, "0.1.0").len() + 6);
    let changed = released.replace("u32", "u64");
    assert_ne!(items_of(&changed, "0.1.0"), items_of(released, "0.1.0"));
}

#[test]
fn the_contract_says_what_every_release_says_and_adds_only_what_is_newer() {
    for (version, _) in FROZEN {
        for file in files(&checkout().join("wit/frozen").join(version), "wit") {
            let name = file.file_name().unwrap().to_owned();
            let now = std::fs::read_to_string(checkout().join("wit").join(&name)).unwrap();
            let released = std::fs::read_to_string(&file).unwrap();
            assert_eq!(items_of(&now, version), items_of(&released, version), "wit/{} of {version}", name.display());
        }
    }
    let newest = format!("package routerlab:plugin@{};", FROZEN[FROZEN.len() - 1].0);
    let types = std::fs::read_to_string(checkout().join("wit/types.wit")).unwrap();
    assert!(types.starts_with(&newest), "the package's version is that of the newest release");
}

#[test]
fn only_the_collector_waits_without_a_thread() {
    for file in files(&checkout().join("host"), "rs") {
        let text = std::fs::read_to_string(&file).unwrap();
        let may = file.components().any(|part| part.as_os_str() == "collect" || part.as_os_str() == "collecting");
        let said = text.lines().any(|line| {
            let line = line.trim_start();
            !line.starts_with("//")
                && (line.contains("async fn") || line.contains("async move") || line.contains("async {"))
        });
        assert!(may || !said, "{} is asynchronous", file.display());
    }
}

#[test]
fn files_stay_small() {
    for dir in ["host", "plugins", "tests"] {
        for file in files(&checkout().join(dir), "rs") {
            let lines = std::fs::read_to_string(&file).unwrap().lines().count();
            assert!(lines <= 560, "{} has {lines} lines; is there a second room inside?", file.display());
        }
    }
}

#[test]
fn files_are_created_in_one_place_only() {
    for dir in ["host", "plugins"] {
        let sources = files(&checkout().join(dir), "rs");
        // The builder writes components next to its own atomic rename; tests and examples may write as they like.
        let exempt = |path: &Path| {
            path.ends_with("records/src/atomic.rs")
                || path
                    .components()
                    .any(|part| ["tests", "examples", "benches", "build"].iter().any(|name| part.as_os_str() == *name))
        };
        for file in sources.iter().filter(|path| !exempt(path)) {
            let text = std::fs::read_to_string(file).unwrap();
            let product = text.split("#[cfg(test)]").next().unwrap_or_default();
            for call in [" File::create", "(File::create", ":File::create", "fs::write(", "OpenOptions"] {
                assert!(!product.contains(call), "{} calls {call}; use routerlab_records::atomic", file.display());
            }
        }
    }
}
