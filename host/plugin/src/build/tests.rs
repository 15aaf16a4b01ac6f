use std::fs;
use std::path::Path;

use super::{BuildError, BuildOptions, Toolchain, build_plugin, target_dir};

/// A package whose library is `source`, with these lines in its manifest.
fn package(folder: &Path, manifest: &str, source: &str) {
    fs::create_dir_all(folder.join("src")).unwrap();
    let head = "[package]\nname = \"toy\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n";
    fs::write(folder.join("Cargo.toml"), format!("{head}{manifest}")).unwrap();
    fs::write(folder.join("src/lib.rs"), source).unwrap();
}

#[test]
fn a_relative_target_folder_is_relative_to_where_the_program_runs() {
    let here = std::env::current_dir().unwrap();
    let of = |named: Option<&str>| target_dir(named.map(Into::into), Path::new("/p/target")).unwrap();
    assert_eq!(of(Some("built/guests")), here.join("built/guests"));
    assert_eq!(of(Some("/built")), Path::new("/built"));
    assert_eq!(of(Some("")), Path::new("/p/target/guests"));
    assert_eq!(of(None), Path::new("/p/target/guests"));
}

#[test]
fn a_folder_that_is_no_plugin_is_refused_before_anything_is_compiled() {
    let Ok(toolchain) = Toolchain::find() else {
        return skipped("a_folder_that_is_no_plugin_is_refused_before_anything_is_compiled");
    };
    let scratch = tempfile::tempdir().unwrap();
    let build = |folder: &Path, examples| {
        let options = BuildOptions { examples, ..BuildOptions::default() };
        build_plugin(&toolchain, folder, options).unwrap_err()
    };
    assert!(matches!(build(&scratch.path().join("nowhere"), false), BuildError::NoFolder { .. }));
    assert!(matches!(build(scratch.path(), false), BuildError::NotASource { .. }));
    let plain = scratch.path().join("plain");
    package(&plain, "", "");
    assert!(matches!(build(&plain, true), BuildError::NoExample { .. }));
    fs::rename(plain.join("src/lib.rs"), plain.join("src/main.rs")).unwrap();
    assert!(matches!(build(&plain, false), BuildError::NoLibrary { .. }));
    let group = scratch.path().join("group");
    fs::create_dir(&group).unwrap();
    fs::write(group.join("Cargo.toml"), "[workspace]\n").unwrap();
    assert!(matches!(build(&group, false), BuildError::NoPackage { .. }));
    fs::write(group.join("Cargo.toml"), "[package\n").unwrap();
    let error = build(&group, false).to_string();
    assert!(error.contains("`Cargo.toml` cannot be read\n") && error.contains("unclosed table"), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_whose_name_no_component_can_have_is_refused() {
    use std::os::unix::ffi::OsStrExt;
    let Ok(toolchain) = Toolchain::find() else {
        return skipped("a_folder_whose_name_no_component_can_have_is_refused");
    };
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9"));
    package(&folder, "", "");
    let error = build_plugin(&toolchain, &folder, BuildOptions::default()).unwrap_err().to_string();
    assert!(error.ends_with(": the component is named after this folder; give it a name in UTF-8"), "{error}");
}

#[test]
fn a_package_that_does_not_compile_is_quoted_and_one_without_an_export_is_refused() {
    let Some(toolchain) = Toolchain::find().ok().filter(|found| !found.builds_standard_library()) else {
        // Building a standard library takes a minute; building a plugin is tested with the plugins themselves.
        return skipped("a_package_that_does_not_compile_is_quoted_and_one_without_an_export_is_refused");
    };
    let scratch = tempfile::tempdir().unwrap();
    let build = |name: &str, source: &str| {
        let folder = scratch.path().join(name).join("toy");
        package(&folder, "", source);
        let options = BuildOptions { target_dir: Some(scratch.path().join("target")), ..BuildOptions::default() };
        build_plugin(&toolchain, &folder, options).unwrap_err()
    };
    let error = build("broken", "fn broken() -> u32 { \"\" }").to_string();
    assert!(error.contains("does not compile\nerror[E0308]: mismatched types"), "{error}");
    // The same package name in another folder: what was compiled before is not taken for it.
    assert!(matches!(build("bare", ""), BuildError::NotAPlugin { name } if name == "toy"));
}

#[allow(clippy::print_stderr, reason = "a skipped test says why")]
fn skipped(test: &str) {
    eprintln!("{test}: skipped, this machine has no toolchain with a standard library for plugins");
}
