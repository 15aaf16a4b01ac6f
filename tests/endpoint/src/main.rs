//! `scripted-endpoint --FIELD VALUE ...`: an endpoint that runs until it is killed. The fields are those of `Script`, with
//! hyphens; ranges and lists have commas. The first line it prints is its address.

use std::io::{self, Write};
use std::process::ExitCode;

use scripted_endpoint::{Endpoint, Script};
use serde_json::{Map, Value};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            let _ = writeln!(io::stderr(), "error: {message}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), String> {
    let (script, exit_after) = script(std::env::args().skip(1))?;
    let endpoint = Endpoint::bind(script).map_err(|error| format!("cannot listen: {error}"))?;
    let mut out = io::stdout();
    writeln!(out, "{}", endpoint.url()).and_then(|()| out.flush()).map_err(|error| error.to_string())?;
    if let Some(count) = exit_after {
        endpoint.wait_for_requests(count);
        // As a server that crashes: with everything that is under way.
        std::process::exit(3);
    }
    loop {
        std::thread::park();
    }
}

/// Fields whose values are lists, of one thing as well.
const LISTS: [&str; 4] = ["faults", "verdicts", "models", "slips"];

/// The script of a command line, and after how many requests the process is to end.
fn script(mut arguments: impl Iterator<Item = String>) -> Result<(Script, Option<u64>), String> {
    let mut fields = Map::new();
    let mut exit_after = None;
    while let Some(argument) = arguments.next() {
        let name = argument.strip_prefix("--").ok_or_else(|| format!("expected `--FIELD`, found `{argument}`"))?;
        let value = arguments.next().ok_or_else(|| format!("`{argument}` has no value"))?;
        let name = name.replace('-', "_");
        if name == "exit_after" {
            exit_after = Some(value.parse().map_err(|_| format!("`{value}` is not a number of requests"))?);
            continue;
        }
        let word = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
        let is_json = value.starts_with(['[', '{']);
        let value = if !is_json && (LISTS.contains(&&*name) || value.contains(',')) {
            Value::Array(value.split(',').map(word).collect())
        } else {
            word(&value)
        };
        fields.insert(name, value);
    }
    let script = serde_json::from_value(Value::Object(fields)).map_err(|error| error.to_string())?;
    Ok((script, exit_after))
}

#[cfg(test)]
mod tests {
    use scripted_endpoint::{Fault, Script};

    use super::*;

    fn read(line: &str) -> Result<(Script, Option<u64>), String> {
        script(line.split(' ').map(str::to_owned))
    }

    #[test]
    fn arguments_are_the_fields_of_a_script() {
        let line = "--seed 1 --fault-share 0.2 --faults stall,cut_before --delay-ms 1,5 --models m --exit-after 9";
        let expected = Script {
            seed: 1,
            fault_share: 0.2,
            faults: vec![Fault::Stall, Fault::CutBefore],
            delay_ms: (1, 5),
            models: vec!["m".to_owned()],
            ..Script::default()
        };
        assert_eq!(read(line), Ok((expected, Some(9))));
    }

    #[test]
    fn what_is_no_field_is_refused() {
        assert!(read("--sed 1").unwrap_err().contains("unknown field `sed`"));
        assert_eq!(read("--seed"), Err("`--seed` has no value".to_owned()));
        assert_eq!(read("seed"), Err("expected `--FIELD`, found `seed`".to_owned()));
    }
}
