//! Where things lie on this machine, and what they are called in a component instead.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The folders that a component would name: its workspace, itself, and the packages it depends on by path, each with its
/// workspace, because those depend on one another by path too.
pub(super) fn places(workspace_root: &Path, folder: &Path, package: &Value) -> Vec<(PathBuf, String)> {
    let mut places = vec![(workspace_root.to_owned(), "/plugin".to_owned())];
    let mut add = |folder: PathBuf, name: &str| {
        let is_known = places.iter().any(|(known, _)| folder.starts_with(known));
        if !is_known {
            places.push((folder, format!("/{name}")));
        }
    };
    add(folder.to_owned(), "plugin-folder");
    for dependency in package["dependencies"].as_array().into_iter().flatten() {
        if let (Some(path), Some(name)) = (dependency["path"].as_str(), dependency["name"].as_str()) {
            add(workspace_of(Path::new(path)), name);
        }
    }
    // A folder inside another comes later, because the last that applies wins.
    places.sort_by_key(|(folder, _)| folder.components().count());
    places
}

/// The nearest folder, from a package's own upwards, whose manifest has a workspace; without one, the package's own.
fn workspace_of(package: &Path) -> PathBuf {
    let has_workspace = |folder: &&Path| {
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
        manifest.lines().any(|line| line.trim_start().starts_with("[workspace"))
    };
    package.ancestors().find(has_workspace).unwrap_or(package).to_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::places;

    #[test]
    fn folders_that_a_component_would_name_get_names_that_do_not_depend_on_the_machine() {
        let scratch = tempfile::tempdir().unwrap();
        let path = |name: &str| scratch.path().join(name);
        fs::create_dir_all(path("lab/sdk/rust")).unwrap();
        fs::write(path("lab/Cargo.toml"), "[workspace]\nmembers = [\"sdk/rust\"]\n").unwrap();
        fs::write(path("lab/sdk/rust/Cargo.toml"), "[package]\nname = \"sdk\"\n").unwrap();
        let package = serde_json::json!({ "dependencies": [
            { "name": "serde" },
            { "name": "sdk", "path": path("lab/sdk/rust") },
            { "name": "alone", "path": path("alone") },
            { "name": "helper", "path": path("mine/helper") },
        ] });
        let named = |name: &str, instead: &str| (path(name), instead.to_owned());
        assert_eq!(
            places(&path("mine"), &path("mine/router"), &package),
            [named("mine", "/plugin"), named("lab", "/sdk"), named("alone", "/alone")]
        );
        let only = serde_json::json!({});
        assert_eq!(
            places(&path("a/b"), &path("router"), &only),
            [named("router", "/plugin-folder"), named("a/b", "/plugin")]
        );
    }
}
