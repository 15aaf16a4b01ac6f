//! Models on servers of one's own, and judges: both go through the collector like any other model.
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

mod collecting {
    pub(crate) mod support;
}
mod support;

use std::path::Path;

use collecting::support::{attempts, completions, queries};
use routerlab_records::{CompletionStatus, JudgementStatus, ScoreStatus};
use scripted_endpoint::{Endpoint, Script};
use support::{Scratch, recorded, scores};

/// A server of chat completions in a few lines of Python. It repeats the prompt in capitals; at the word `crash` it ends, once
/// for each file name.
const SERVER: &str = r#"
import http.server, json, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *args): pass
    def say(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self): self.say({})
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        prompt = asked["messages"][-1]["content"]
        if "crash" in prompt and not os.path.exists("crashed"):
            open("crashed", "w").close()
            os._exit(1)
        self.say({"model": "echo", "choices": [{"finish_reason": "stop", "message": {"content": prompt.upper()}}],
                  "usage": {"prompt_tokens": 3, "completion_tokens": 4}})
http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
"#;

fn server_pool(scratch: &Scratch, more: &str) {
    scratch.write("server.py", SERVER);
    scratch.write(
        "pool.toml",
        format!(
            "name = \"own\"\n[servers.echo]\nengine = \"command\"\ncommand = [\"python3\", \"server.py\", \"{{host}}\", \"{{port}}\"]\n{more}\n\
             [defaults]\nserver = \"echo\"\nstream = false\nbackoff_s = 0.01\n[models.one]\n[models.two]\nsystem = \"Be loud.\"\n"
        ),
    );
}

#[test]
fn a_server_of_ones_own_is_started_asked_started_again_and_stopped() {
    let scratch = Scratch::new();
    let data = queries(&scratch, 20);
    server_pool(&scratch, "");
    // One prompt makes it die.
    let mut rows: Vec<_> = (1..=20).map(|index| collecting::support::query(index, &format!("say {index}"))).collect();
    rows[7].prompt = "crash now".into();
    collecting::support::write_queries(&data, &rows);
    let ran = scratch.routerlab(["collect", "data", "--pool", "pool.toml", "--no-cache"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    for line in ["starting server `echo`", "server `echo` runs: ", "server `echo` had died and runs again"] {
        assert!(ran.stderr.contains(line), "{line} is not in {}", ran.stderr);
    }
    let answers = completions(&data);
    assert_eq!(answers.len(), 40);
    assert!(
        answers.values().all(|row| row.status == CompletionStatus::Ok && row.provider_model.as_deref() == Some("echo"))
    );
    assert_eq!(answers[&(8, "one".to_owned(), 0)].raw_output, "CRASH NOW");
    assert!(attempts(&data).len() > 40, "the crash is on record");
    let read = |name: &str| -> serde_json::Value {
        serde_json::from_str(&std::fs::read_to_string(data.join(name)).unwrap()).unwrap()
    };
    assert_eq!(read("servers.json")["echo"]["command"][0], "python3", "what answered is on record");
    let stopped = !data.join("collect/servers/echo.json").exists() || {
        let pid = read("collect/servers/echo.json")["server"]["pid"].as_u64().unwrap();
        !Path::new(&format!("/proc/{pid}")).exists()
    };
    assert!(stopped, "the server is stopped");
}

fn completions_of(data: &Path) -> Option<usize> {
    routerlab_records::read_completions(data).ok().map(|table| table.rows.len())
}

#[test]
fn a_gpu_that_is_asked_for_and_not_there_is_said_and_nothing_runs_without_it() {
    if routerlab_infer::gpus().is_ok() {
        eprintln!("skipped: this machine has a GPU");
        return;
    }
    let scratch = Scratch::new();
    let data = queries(&scratch, 2);
    server_pool(&scratch, "gpus = 1");
    let ran = scratch.routerlab(["collect", "data", "--pool", "pool.toml"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("one was closed: ") && ran.stderr.contains("libcuda.so.1"), "{}", ran.stderr);
    assert_eq!(completions_of(&data), None, "nothing was asked");
}

#[test]
fn a_judge_is_asked_what_is_open_and_scoring_anew_makes_no_call() {
    let scratch = Scratch::new();
    let outputs = ["short", "long enough for a judge", "another one for the judge", "a third long one to judge"];
    // A guest that asks a judge about long completions.
    recorded(&scratch, "asks_a_judge", &outputs);
    let endpoint = Endpoint::start(Script { answer_words: (1, 3), ..Script::default() });
    collecting::support::pool(&scratch, &endpoint.url(), &["referee"], "");
    let judge =
        ["judge", "data", "--pool", "pool.toml", "--judge", "referee", "--evaluators", "evaluators", "--no-cache"];
    let ran = scratch.routerlab(judge);
    assert!(ran.stderr.contains("3 questions to `referee`"), "{}", ran.stderr);
    // All three questions are the same words: one request answers them.
    let asked = endpoint.seen().requests;
    assert_eq!(asked, 1);
    let rows: Vec<_> =
        routerlab_records::read_folder::<routerlab_records::JudgementRow>(&scratch.path("data/judgements"))
            .unwrap()
            .into_iter()
            .flat_map(|table| table.rows)
            .collect();
    assert_eq!(rows.len(), 3);
    for row in &rows {
        assert_eq!((row.status, row.judge.as_deref()), (JudgementStatus::Ok, Some("referee")));
        assert!(row.cost_usd.is_some_and(|cost| cost > 0.0), "what the judge cost is counted");
    }
    assert_eq!(attempts(&scratch.path("data")).len(), 1);
    let waiting = |scores: Vec<routerlab_records::ScoreRow>| {
        scores.iter().filter(|score| score.status == ScoreStatus::Unjudged).count()
    };
    assert_eq!(waiting(scores(&scratch.path("data"), "own")), 0);

    let ran = scratch.routerlab(judge);
    assert!(ran.stderr.contains("0 questions to `referee`"), "{}", ran.stderr);
    scratch.routerlab(["score", "data", "--evaluators", "evaluators", "--label", "again"]);
    assert_eq!(waiting(scores(&scratch.path("data"), "again")), 0);
    assert_eq!(endpoint.seen().requests, asked, "no call was made anew");
}
