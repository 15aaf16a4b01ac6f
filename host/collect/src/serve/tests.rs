//! Servers of a few lines: they answer, fall silent, die or stay behind.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::process::{Identity, Process, Record};
use super::{Devices, ServeError, Server, ServerConfig};
use routerlab_infer::{DeviceError, Gpu};
use routerlab_records::atomic;

/// Answers 200 to everything; with what its environment says of GPUs.
const WELL: &str = "
import http.server, os, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ.get('SAID', '').encode())
print('gpus:', os.environ['CUDA_VISIBLE_DEVICES'], flush=True)
http.server.HTTPServer((sys.argv[1], int(sys.argv[2])), Answer).serve_forever()
";

fn python(program: &str) -> ServerConfig {
    command(&["python3", "-c", program, "{host}", "{port}"])
}

fn shell(program: &str) -> ServerConfig {
    command(&["sh", "-c", program, "{port}"])
}

fn command(words: &[&str]) -> ServerConfig {
    let mut config: ServerConfig = toml::from_str("engine = 'command'").unwrap();
    config.command = words.iter().map(|word| (*word).to_owned()).collect();
    config
}

fn no_gpus() -> Arc<Devices> {
    Devices::new(|| Err(DeviceError::NoDevice), None)
}

async fn start(config: &ServerConfig, dir: &Path) -> Result<Server, ServeError> {
    Server::start("s", config, dir, &no_gpus()).await
}

fn record(dir: &Path) -> Record {
    Record::read(&dir.join("s.json")).unwrap()
}

fn kill(process: Identity) {
    kill_process(Pid::from_raw(i32::try_from(process.pid).unwrap()).unwrap(), Signal::KILL).unwrap();
}

async fn until(mut is_so: impl FnMut() -> bool) {
    while !is_so() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_healthy_server_serves_until_it_is_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(&python(WELL), dir.path()).await.unwrap();
    assert!(server.is_alive());
    let process = record(dir.path());
    assert!(process.server.runs());
    assert_eq!(server.base_url(), format!("http://127.0.0.1:{}/v1", process.port));
    assert_eq!(server.about().command, process.command);
    assert_eq!((server.about().engine, &server.about().version), ("command", &None));
    server.stop().await.unwrap();
    assert!(!process.server.runs());
    assert!(!dir.path().join("s.json").exists());
}

#[tokio::test]
async fn a_server_sees_its_own_gpus_only_and_its_variables() {
    let dir = tempfile::tempdir().unwrap();
    let gpu = |index, free_bytes| Gpu { index, name: "Card".into(), total_bytes: 9, free_bytes, capability: (9, 0) };
    let devices = Devices::new(move || Ok(vec![gpu(0, 1), gpu(1, 5)]), None);
    let mut config = python(WELL);
    config.gpus = Some(1);
    config.env.insert("SAID".into(), r#"{"version": "7"}"#.into());
    let server = Server::start("s", &config, dir.path(), &devices).await.unwrap();
    assert_eq!(server.about().gpus, [1]);
    assert_eq!(std::fs::read_to_string(dir.path().join("s.log")).unwrap().lines().next(), Some("gpus: 1"));
    let said = super::probe::json(record(dir.path()).port, "/version").await.unwrap();
    assert_eq!(said["version"], "7");
}

#[tokio::test]
async fn a_gpu_asked_for_where_there_is_none_starts_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = python(WELL);
    config.gpus = Some(1);
    let message = start(&config, dir.path()).await.unwrap_err().to_string();
    assert_eq!(message, "server `s` needs 1 GPU: CUDA driver there, but no device");
    assert!(!dir.path().join("s.log").exists());
}

#[tokio::test]
async fn a_server_that_ends_at_once_is_told_with_the_end_of_its_log() {
    let dir = tempfile::tempdir().unwrap();
    atomic::write_bytes(&dir.path().join("s.log"), "an earlier run's words\n").unwrap();
    let message = start(&shell("echo no such model; exit 3"), dir.path()).await.unwrap_err().to_string();
    let log = dir.path().join("s.log");
    let expected = format!(
        "server `s` ended (exit status: 3) before it was healthy; the end of `{}`:\nno such model",
        log.display()
    );
    assert_eq!(message, expected);
    assert!(std::fs::read_to_string(log).unwrap().starts_with("an earlier run's words\n"));
}

#[tokio::test]
async fn a_server_that_is_never_healthy_is_given_up_and_killed_with_what_it_started() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = shell("trap '' TERM; sleep 1000 & echo $!; wait");
    config.startup_s = 1;
    let error = start(&config, dir.path()).await.unwrap_err();
    let ServeError::NotHealthy { seconds: 1, tail, .. } = error else { panic!("{error}") };
    let child = format!("/proc/{tail}/stat");
    until(|| !std::fs::read_to_string(&child).is_ok_and(|stat| stat.contains("(sleep) S"))).await;
}

#[tokio::test]
async fn a_server_that_does_not_listen_to_signals_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let deaf = format!("import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n{WELL}");
    let server = start(&python(&deaf), dir.path()).await.unwrap();
    let process = record(dir.path()).server;
    server.stop_within(Duration::from_millis(50)).await.unwrap();
    assert!(!process.runs());
}

#[tokio::test]
async fn a_dropped_server_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(&python(WELL), dir.path()).await.unwrap();
    let process = record(dir.path()).server;
    drop(server);
    assert!(!process.runs());
}

#[tokio::test]
async fn a_dead_server_is_started_again_within_its_limit() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = python(WELL);
    config.max_restarts = 1;
    let mut server = start(&config, dir.path()).await.unwrap();
    let address = server.base_url();
    assert!(!server.restart_if_dead().await.unwrap());
    kill(record(dir.path()).server);
    until(|| !server.is_alive()).await;
    assert!(server.restart_if_dead().await.unwrap());
    assert!(server.is_alive() && record(dir.path()).server.runs());
    assert_eq!((server.base_url(), server.restarts()), (address, 1));
    kill(record(dir.path()).server);
    until(|| !server.is_alive()).await;
    let message = server.restart_if_dead().await.unwrap_err().to_string();
    assert!(message.starts_with("server `s` died again after 1 restarts; the end of `"), "{message}");
}

/// A process of nobody, as a killed run leaves it.
fn leave_behind(dir: &Path, owner: Identity, started: impl FnOnce(u64) -> u64) -> Process {
    let log = atomic::append_to(&dir.join("s.log")).unwrap();
    let line = ["sleep", "1000"].map(str::to_owned);
    let process = Process::start(&line, [], &log).unwrap();
    let Identity { pid, started: born } = process.identity();
    let server = Identity { pid, started: born.map(started) };
    let record = Record { server, owner, command: line.to_vec(), port: 1 };
    atomic::write_bytes(&dir.join("s.json"), serde_json::to_vec(&record).unwrap()).unwrap();
    process
}

const GONE: Identity = Identity { pid: 1, started: Some(u64::MAX) };

#[tokio::test]
async fn what_a_killed_run_left_is_stopped_first() {
    let dir = tempfile::tempdir().unwrap();
    let leftover = leave_behind(dir.path(), GONE, |born| born);
    let _server = start(&python(WELL), dir.path()).await.unwrap();
    assert!(!leftover.runs());
}

#[tokio::test]
async fn a_process_that_only_has_the_id_of_a_leftover_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let stranger = leave_behind(dir.path(), GONE, |born| born - 1);
    let _server = start(&python(WELL), dir.path()).await.unwrap();
    assert!(stranger.runs());
}

#[tokio::test]
async fn a_server_that_a_living_run_keeps_is_left_to_it() {
    let dir = tempfile::tempdir().unwrap();
    let kept = leave_behind(dir.path(), Identity::own(), |born| born);
    let message = start(&python(WELL), dir.path()).await.unwrap_err().to_string();
    let expected = format!("server `s` is kept by process {}, which still runs; its record is `", std::process::id());
    assert!(message.starts_with(&expected), "{message}");
    assert!(kept.runs());
}

#[tokio::test]
async fn what_cannot_be_started_is_told_before_anything_runs() {
    let dir = tempfile::tempdir().unwrap();
    let message = start(&command(&["no-such-program", "{port}"]), dir.path()).await.unwrap_err().to_string();
    assert_eq!(message, "server `s`: cannot start `no-such-program`");
    let llama: ServerConfig = toml::from_str("engine = 'llama.cpp'\nmodel = 'no/such.gguf'").unwrap();
    let message = start(&llama, dir.path()).await.unwrap_err().to_string();
    assert_eq!(message, "server `s`: there is no model `no/such.gguf`");
    let message = Server::start("../s", &llama, dir.path(), &no_gpus()).await.unwrap_err().to_string();
    let expected = "server `../s`: its name is also a file's: letters, digits, `-`, `_` and `.`, the first no sign";
    assert_eq!(message, expected);
}

/// Where `llama-server` and a model are: `ROUTERLAB_LLAMA_SERVER` and `ROUTERLAB_GGUF`.
#[tokio::test]
#[allow(clippy::print_stderr, reason = "a skipped test says why")]
async fn a_real_llama_cpp_says_its_version_and_answers() {
    let place = |name| std::env::var(name).ok();
    let (Some(program), Some(model)) = (place("ROUTERLAB_LLAMA_SERVER"), place("ROUTERLAB_GGUF")) else {
        eprintln!("skipped: ROUTERLAB_LLAMA_SERVER or ROUTERLAB_GGUF is not set");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let mut config: ServerConfig = toml::from_str("engine = 'llama.cpp'\ncontext = 512\nparallel = 2").unwrap();
    (config.program, config.model) = (Some(program), Some(model));
    let mut server = start(&config, dir.path()).await.unwrap();
    assert!(server.about().version.as_ref().is_some_and(|version| !version.is_empty()), "{:?}", server.about());
    let props = super::probe::json(record(dir.path()).port, "/props").await.unwrap();
    assert_eq!((&props["total_slots"], &props["default_generation_settings"]["n_ctx"]), (&2.into(), &512.into()));
    kill(record(dir.path()).server);
    until(|| !server.is_alive()).await;
    assert!(server.restart_if_dead().await.unwrap());
    server.stop().await.unwrap();
}
