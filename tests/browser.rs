//! The report in a browser: a page of the starter's run and one of hostile records, opened in a headless chromium.
//!
//! Needs a chromium, and playwright in `target/interop` (`tests/browser/setup.sh` brings both); skips by name without them.
//! Screenshots are left in `target/browser`.

use std::path::{Path, PathBuf};
use std::process::Command;

mod pages;
mod support;
use support::{Scratch, checkout};

/// A program on the path.
fn on_path(names: &[&str]) -> Option<PathBuf> {
    let folders =
        std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<_>>()).unwrap_or_default();
    names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|path| path.is_file())
}

/// A Python that can drive a browser.
fn python(target: &Path) -> Option<PathBuf> {
    let python = target.join("interop/bin/python");
    let drives = Command::new(&python).args(["-c", "import playwright"]).output().is_ok_and(|ran| ran.status.success());
    drives.then_some(python)
}

#[test]
fn a_page_can_be_seen_read_and_used_with_mouse_and_keyboard_and_asks_for_nothing() {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| checkout().join("target"), PathBuf::from);
    let chromium = on_path(&["chromium", "chromium-browser", "google-chrome"]);
    let (Some(chromium), Some(python)) = (chromium, python(&target)) else {
        #[allow(clippy::print_stderr, reason = "a test that is skipped says so")]
        {
            eprintln!(
                "skipped `a_page_can_be_seen_read_and_used_with_mouse_and_keyboard_and_asks_for_nothing`: `tests/browser/setup.sh` brings chromium and playwright"
            );
        }
        return;
    };
    let scratch = Scratch::new();
    let run = pages::starter(&scratch);
    pages::page(&scratch, &run, "starter.html", &[]);
    let run = pages::hostile(&scratch);
    pages::page(&scratch, &run, "hostile.html", &[]);
    let ran = Command::new(python)
        .arg(checkout().join("tests/browser/check.py"))
        .args([chromium, target.join("browser"), scratch.path("starter.html"), scratch.path("hostile.html")])
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{said}");
}
