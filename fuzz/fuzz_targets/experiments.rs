//! Experiment files: whatever one says, it is understood or refused, and one that is understood survives being written down.
#![no_main]

use libfuzzer_sys::fuzz_target;
use routerlab_bench::Experiment;
use routerlab_records::settings::parse_toml;

fuzz_target!(|text: &str| {
    let Ok(experiment) = parse_toml::<Experiment>(text) else { return };
    if experiment.check().is_err() {
        return;
    }
    let values = experiment.preferences.values();
    assert!(values.first() == Some(&0.0) && values.is_sorted() && values.iter().all(|value| value.is_finite()));
    // A run keeps its experiment as JSON, and is verified by what it reads there.
    let written = serde_json::to_string(&experiment).expect("an experiment that passed can be written down");
    assert_eq!(serde_json::from_str::<Experiment>(&written).expect("and read again"), experiment);
});
