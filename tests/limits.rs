//! Real routers at their limits: each limit is obeyed by default and ends the call, by name, when it is too small.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use routerlab_plugin::{
    CallError, CallOptions, Compiler, Limits, Matrix, ModelCard, OnPluginThread, Preference, QuerySet, RouterPlugin,
    Sandbox, SandboxOptions, TrainedState, TrainingSet, on_plugin_thread,
};

const ROUTERS: [&str; 5] = ["random", "best-single", "knn", "avengers", "linear"];

fn component(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/components").join(format!("{name}.wasm"));
    assert!(path.is_file(), "there is no `{name}.wasm`; run `make plugins` first");
    path
}

fn sandbox(cache: &Path) -> Sandbox {
    let options = SandboxOptions {
        limits: Limits::default(),
        cache_dir: Some(cache.to_owned()),
        compiler: Compiler::Child(PathBuf::from(env!("CARGO_BIN_EXE_routerlab"))),
    };
    Sandbox::new(options).unwrap()
}

/// 60 queries in two clusters, three models; the second model is right on the first cluster, the third on the other.
fn data() -> TrainingSet {
    let rows = 60;
    let embedding =
        |row: usize| (0..8).map(move |at| if (at < 4) == row.is_multiple_of(2) { 1.0 } else { row as f32 / 600.0 });
    let queries = QuerySet {
        prompts: (0..rows).map(|row| Arc::from(format!("question {row}"))).collect(),
        prompt_tokens: vec![2; rows].into(),
        embeddings: Some(Matrix::new(rows, 8, (0..rows).flat_map(embedding).collect()).unwrap()),
    };
    let card = |name: &str| ModelCard {
        name: name.into(),
        input_usd_per_mtok: None,
        output_usd_per_mtok: None,
        description: None,
    };
    let score = |row: usize| [0.0, f32::from(u8::from(row.is_multiple_of(2))), f32::from(u8::from(row % 2 == 1))];
    TrainingSet {
        queries,
        models: [card("a"), card("b"), card("c")].into(),
        groups: (0..rows as u32).map(|row| row % 2).collect(),
        scores: (0..rows).flat_map(score).collect(),
        costs_usd: vec![0.001; rows * 3].into(),
        latencies_ms: vec![10.0; rows * 3].into(),
        completion_tokens: vec![5.0; rows * 3].into(),
    }
}

fn on_thread<R: Send>(work: impl FnOnce(&OnPluginThread) -> R + Send) -> R {
    on_plugin_thread(Limits::default().stack_bytes, work).unwrap()
}

/// Describes, trains, loads and routes; gives the choices and the fuel of training and routing.
fn whole_life(sandbox: &Sandbox, name: &str, options: &CallOptions) -> Result<(Vec<u32>, u64, u64), CallError> {
    let plugin = RouterPlugin::load(sandbox, &component(name)).unwrap();
    let data = data();
    on_thread(|thread| {
        let description = plugin.describe(options, thread).result?;
        let trained = plugin.train(&description, (&data, &data), "{}", 42, options, thread);
        let state = trained.result?;
        let mut router = plugin.start(&description, &state, options, thread).result?;
        let routed = router.route(&data.queries, &[Preference::default()], &[], thread);
        Ok((routed.result?.remove(0).choices, trained.fuel, routed.fuel))
    })
}

#[test]
fn every_router_lives_within_the_default_limits_and_uses_the_same_fuel_every_time() {
    let cache = tempfile::tempdir().unwrap();
    let sandbox = sandbox(cache.path());
    for name in ROUTERS {
        let first = whole_life(&sandbox, name, &CallOptions::default()).unwrap();
        assert_eq!(whole_life(&sandbox, name, &CallOptions::default()).unwrap(), first, "{name}");
        assert!(first.1 > 0 && first.2 > 0, "{name}");
    }
    let (choices, ..) = whole_life(&sandbox, "knn", &CallOptions::default()).unwrap();
    let right = choices.iter().enumerate().filter(|(row, choice)| **choice == [1, 2][row % 2]).count();
    assert!(right >= 58, "knn finds the planted experts: {right} of 60");
}

#[test]
fn a_limit_that_is_too_small_ends_the_call_by_its_name() {
    let cache = tempfile::tempdir().unwrap();
    let sandbox = sandbox(cache.path());
    type Change = fn(&mut Limits);
    let cases: [(&str, Change, &str); 6] = [
        (
            "describe_fuel",
            |limits| limits.describe_fuel = 10,
            "stopped at its fuel limit of 10 units (`limits.*_fuel`)",
        ),
        ("train_fuel", |limits| limits.train_fuel = 100, "stopped at its fuel limit of 100 units (`limits.*_fuel`)"),
        ("load_fuel", |limits| limits.load_fuel = 100, "stopped at its fuel limit of 100 units (`limits.*_fuel`)"),
        (
            "memory_bytes",
            |limits| limits.memory_bytes = 65_536,
            "stopped at its memory limit of 65536 bytes (`limits.memory_bytes`)",
        ),
        ("handles", |limits| limits.handles = 1, "stopped at its handles limit of 1 handles (`limits.handles`)"),
        (
            "state_bytes",
            |limits| limits.state_bytes = 4,
            "stopped at its state-bytes limit of 4 bytes (`limits.state_bytes`)",
        ),
    ];
    for (limit, change, message) in cases {
        let mut options = CallOptions::default();
        change(&mut options.limits);
        let error = whole_life(&sandbox, "knn", &options).unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), ("stopped", message), "{limit}");
    }
    // The plugin itself is none the worse for it.
    assert!(whole_life(&sandbox, "knn", &CallOptions::default()).is_ok());
}

#[test]
fn a_state_that_was_not_left_by_training_is_refused_not_trusted() {
    let cache = tempfile::tempdir().unwrap();
    let sandbox = sandbox(cache.path());
    let options = CallOptions::default();
    for name in ROUTERS {
        let plugin = RouterPlugin::load(&sandbox, &component(name)).unwrap();
        for garbage in [vec![], vec![0; 3], vec![255; 64], b"knn/1".to_vec(), vec![7; 1 << 20]] {
            let length = garbage.len();
            let state = TrainedState { bytes: garbage.into(), matrices: vec![], models: 3 };
            let result = on_thread(|thread| {
                let description = plugin.describe(&options, thread).result.unwrap();
                plugin.start(&description, &state, &options, thread).result.map(|_| ())
            });
            let error = result.expect_err("garbage must not load");
            assert_eq!(error.kind(), "refused", "{name}, {length} bytes: {error}");
        }
    }
}

#[test]
fn an_unknown_key_in_a_configuration_is_refused_by_name() {
    let cache = tempfile::tempdir().unwrap();
    let sandbox = sandbox(cache.path());
    let options = CallOptions::default();
    let data = data();
    for name in ROUTERS {
        let plugin = RouterPlugin::load(&sandbox, &component(name)).unwrap();
        let result = on_thread(|thread| {
            let description = plugin.describe(&options, thread).result.unwrap();
            plugin.train(&description, (&data, &data), r#"{"colour":1}"#, 42, &options, thread).result.map(|_| ())
        });
        let error = result.unwrap_err();
        assert_eq!(error.kind(), "refused", "{name}: {error}");
        assert!(error.to_string().contains("colour"), "{name}: {error}");
    }
}

#[test]
fn a_damaged_cache_entry_is_noticed_and_rebuilt() {
    let cache = tempfile::tempdir().unwrap();
    let expected = whole_life(&sandbox(cache.path()), "best-single", &CallOptions::default()).unwrap();
    let code = std::fs::read_dir(cache.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|extension| extension == "cwasm"))
        .unwrap();
    let whole = std::fs::read(&code).unwrap();
    let mut damaged = whole.clone();
    damaged.truncate(whole.len() / 2);
    std::fs::write(&code, &damaged).unwrap();
    assert_eq!(whole_life(&sandbox(cache.path()), "best-single", &CallOptions::default()).unwrap(), expected);
    assert_eq!(std::fs::read(&code).unwrap(), whole, "the entry is whole again");
}

#[test]
fn a_component_that_takes_too_much_to_compile_is_refused_with_the_limit() {
    let cache = tempfile::tempdir().unwrap();
    let options = SandboxOptions {
        limits: Limits { compile_memory_bytes: 24 << 20, ..Limits::default() },
        cache_dir: Some(cache.path().to_owned()),
        compiler: Compiler::Child(PathBuf::from(env!("CARGO_BIN_EXE_routerlab"))),
    };
    let error = RouterPlugin::load(&Sandbox::new(options).unwrap(), &component("knn")).unwrap_err();
    assert!(error.to_string().contains("cannot be compiled"), "{error}");
    assert_eq!(std::fs::read_dir(cache.path()).unwrap().count(), 0, "nothing is left behind");
}
