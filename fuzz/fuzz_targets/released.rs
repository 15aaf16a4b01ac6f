//! Released results: any bytes as a result file, or as an archive of result files. Whatever is taken in must come out again
//! and be taken in once more; nothing may be left where an import failed.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use routerlab_records::export::export_llmrouterbench;
use routerlab_records::import::{LlmRouterBenchOptions, import_llmrouterbench};

fuzz_target!(|content: &[u8]| {
    let scratch = tempfile::Builder::new().prefix("fuzz").tempdir_in(room()).unwrap();
    let path = |name: &str| scratch.path().join(name);
    // An archive is told from a JSON file by its content.
    std::fs::write(path("in.json"), content).unwrap();
    let options = LlmRouterBenchOptions::default();
    let import = |from: &Path, to: &str| import_llmrouterbench(from, &options, &path(to), &mut |_| ());
    match import(&path("in.json"), "data") {
        Err(_) => assert!(!path("data").exists()),
        Ok(first) => {
            export_llmrouterbench(&path("data"), "own", &path("back"), &mut |_| ()).unwrap();
            let second = import(&path("back"), "again").unwrap();
            assert_eq!((first.rows, first.queries, first.models), (second.rows, second.queries, second.models));
        }
    }
});

/// Memory where there is some to write files to, so that the disk is not what is measured.
fn room() -> &'static Path {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory } else { Path::new("/tmp") }
}
