//! Real routers at their limits: each limit is obeyed by default and ends the call, by name, when it is too small.

use std::path::Path;

use routerlab_plugin::{
    CallError, CallOptions, EvaluatorPlugin, Item, Limits, OnPluginThread, Preference, RouterPlugin, Sandbox,
    TrainedState, on_plugin_thread,
};

mod support;
use support::{ROUTERS, component, planted};

fn sandbox(cache: &Path) -> Sandbox {
    support::sandbox(cache, Limits::default())
}

fn on_thread<R: Send>(work: impl FnOnce(&OnPluginThread) -> R + Send) -> R {
    on_plugin_thread(Limits::default().stack_bytes, work).unwrap()
}

/// Describes, trains, loads and routes; gives the choices and the fuel of training and routing.
fn whole_life(sandbox: &Sandbox, name: &str, options: &CallOptions) -> Result<(Vec<u32>, u64, u64), CallError> {
    let plugin = RouterPlugin::load(sandbox, &component(name)).unwrap();
    let data = planted();
    on_thread(|thread| {
        let description = plugin.describe(options, thread).result?;
        let trained = plugin.train(&description, (&data, &data), "{}", 42, options, thread);
        let state = trained.result?;
        let mut router = plugin.start(&description, &state, options, thread).result?;
        let routed = router.route(&data.queries, None, &[Preference::default()], &[], thread);
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
    let cases: [(&str, Change, &str); 10] = [
        (
            "describe_fuel",
            |limits| limits.describe_fuel = 10,
            "stopped at its fuel limit of 10 units (`limits.describe_fuel`)",
        ),
        (
            "train_fuel",
            |limits| limits.train_fuel = 100,
            "stopped at its fuel limit of 100 units (`limits.train_fuel`)",
        ),
        ("load_fuel", |limits| limits.load_fuel = 100, "stopped at its fuel limit of 100 units (`limits.load_fuel`)"),
        (
            "memory_bytes",
            |limits| limits.memory_bytes = 65_536,
            "stopped at its memory limit of 65536 bytes (`limits.memory_bytes`)",
        ),
        ("handles", |limits| limits.handles = 1, "stopped at its handle limit of 1 handles (`limits.handles`)"),
        (
            "table_elements",
            |limits| limits.table_elements = 1,
            "stopped at its table limit of 1 elements (`limits.table_elements`)",
        ),
        (
            "instances",
            |limits| limits.instances = 1,
            "stopped at its instance limit of 1 instances (`limits.instances`)",
        ),
        (
            "host_bytes",
            |limits| limits.host_bytes = 1000,
            "stopped at its host memory limit of 1000 bytes (`limits.host_bytes`)",
        ),
        (
            "answer_bytes",
            |limits| limits.answer_bytes = 64,
            "stopped at its answer limit of 64 bytes (`limits.answer_bytes`)",
        ),
        (
            "state_bytes",
            |limits| limits.state_bytes = 4,
            "stopped at its state limit of 4 bytes (`limits.state_bytes`)",
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
fn an_item_that_reaches_a_limit_is_wrong_and_an_evaluator_that_cannot_start_fails() {
    let cache = tempfile::tempdir().unwrap();
    let sandbox = sandbox(cache.path());
    // Any evaluator can be asked about one item; this one is small.
    let plugin = EvaluatorPlugin::load(&sandbox, &component("exact-match")).unwrap();
    let item =
        Item { prompt: String::new(), raw_output: "Answer: 4".into(), ground_truth: "4".into(), metadata: "{}".into() };
    let score = |change: fn(&mut Limits)| {
        let mut options = CallOptions::default();
        change(&mut options.limits);
        on_thread(|thread| plugin.score_one(&item, &[], "{}", &options, thread).result)
    };
    assert_eq!(score(|_| ()).unwrap().score, Some(1.0));
    let stopped = score(|limits| limits.run_fuel = 1000).unwrap();
    assert_eq!(stopped.score, Some(0.0));
    assert_eq!(stopped.explanation.unwrap(), "stopped at its fuel limit of 1000 units (`limits.run_fuel`)");
    let error = score(|limits| limits.memory_bytes = 65_536).unwrap_err();
    assert_eq!(error.to_string(), "stopped at its memory limit of 65536 bytes (`limits.memory_bytes`)");
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
    let data = planted();
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

/// A component with a further core module in it that nobody uses and that has much to compile: `functions` of 2,000
/// multiplications each. Appended whole, so that everything before it stays as it was.
fn padded(component: &[u8], functions: usize) -> Vec<u8> {
    fn length(mut value: usize, to: &mut Vec<u8>) {
        loop {
            let low = (value & 127) as u8;
            value >>= 7;
            to.push(if value == 0 { low } else { low | 128 });
            if value == 0 {
                return;
            }
        }
    }
    let section = |id: u8, content: &[u8], to: &mut Vec<u8>| {
        to.push(id);
        length(content.len(), to);
        to.extend_from_slice(content);
    };
    // f64 -> f64
    let types = [1, 0x60, 1, 0x7c, 1, 0x7c];
    let (mut declared, mut code) = (Vec::new(), Vec::new());
    length(functions, &mut declared);
    declared.extend(std::iter::repeat_n(0, functions));
    length(functions, &mut code);
    // No locals; then local.get 0, local.get 0, f64.mul, local.set 0 again and again; local.get 0, end.
    let mut body = vec![0];
    body.extend([0x20, 0, 0x20, 0, 0xa2, 0x21, 0].repeat(2000));
    body.extend([0x20, 0, 0x0b]);
    for _ in 0..functions {
        length(body.len(), &mut code);
        code.extend_from_slice(&body);
    }
    let mut module = b"\0asm\x01\0\0\0".to_vec();
    section(1, &types, &mut module);
    section(3, &declared, &mut module);
    section(10, &code, &mut module);
    let mut out = component.to_vec();
    section(1, &module, &mut out);
    out
}

#[test]
fn a_component_that_is_too_large_or_takes_too_much_to_compile_is_refused_with_the_limit() {
    let scratch = tempfile::tempdir().unwrap();
    let (cache, path) = (scratch.path().join("cache"), scratch.path().join("padded.wasm"));
    let good = std::fs::read(component("best-single")).unwrap();
    // More than any machine compiles in a second.
    std::fs::write(&path, padded(&good, 3000)).unwrap();
    let load = |limits: Limits| RouterPlugin::load(&support::sandbox(&cache, limits), &path).map(|_| ());
    let cases = [
        (
            Limits { component_bytes: 1 << 20, ..Limits::default() },
            "component `PATH` was stopped at its component limit of 1048576 bytes (`limits.component_bytes`)",
        ),
        (
            Limits { compile_seconds: 1, ..Limits::default() },
            "component `PATH` was stopped at its compile time limit of 1 seconds (`limits.compile_seconds`)",
        ),
        (
            Limits { compile_memory_bytes: 192 << 20, ..Limits::default() },
            "component `PATH` was stopped at its compile memory limit of 201326592 bytes (`limits.compile_memory_bytes`)",
        ),
    ];
    for (limits, expected) in cases {
        let error = load(limits).unwrap_err().to_string().replace(&path.display().to_string(), "PATH");
        assert_eq!(error, expected);
        let left = std::fs::read_dir(&cache).map_or(0, Iterator::count);
        assert_eq!(left, 0, "nothing is left behind");
    }
    // The same kind of component within its limits loads.
    std::fs::write(&path, padded(&good, 10)).unwrap();
    load(Limits::default()).unwrap();
}
