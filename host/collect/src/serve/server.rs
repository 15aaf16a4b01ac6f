//! One local server.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use routerlab_records::atomic;

use super::command::HOST;
use super::config::{Engine, ServerConfig};
use super::devices::{Claim, Devices};
use super::error::ServeError;
use super::probe;
use super::process::{Identity, Log, Process, Record, stop_leftover};

/// How long a server may take to end by itself: vLLM's workers say goodbye to each other.
const GRACE: Duration = Duration::from_secs(10);
const FIRST_LOOK: Duration = Duration::from_millis(20);
const LAST_LOOK: Duration = Duration::from_secs(1);

/// What a run's provenance says of a server.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ServerAbout {
    /// Name of the engine in pool files.
    pub engine: &'static str,
    /// The engine's version as it tells it itself.
    pub version: Option<String>,
    /// Program and flags.
    pub command: Vec<String>,
    /// The model as the pool names it.
    pub model: Option<String>,
    /// Its GPUs' places in the driver's order.
    pub gpus: Vec<usize>,
}

/// A local server that was healthy when it started. Dropped, it is killed; [`Server::stop`] lets it end by itself.
#[derive(Debug)]
pub struct Server {
    name: String,
    config: ServerConfig,
    port: u16,
    record: PathBuf,
    log: Log,
    // Before the claim: GPUs are free once the process is gone.
    process: Process,
    claim: Claim,
    restarts: u32,
    about: ServerAbout,
}

impl Server {
    /// Starts a server and waits until it is healthy. A process that a killed run left under this name is stopped
    /// first. Its log and its record are `NAME.log` and `NAME.json` in `log_dir`.
    ///
    /// # Errors
    /// [`ServeError`]; nothing runs then.
    pub async fn start(
        name: &str,
        config: &ServerConfig,
        log_dir: &Path,
        devices: &Arc<Devices>,
    ) -> Result<Self, ServeError> {
        check(name, config)?;
        let record = log_dir.join(format!("{name}.json"));
        clear(name, &record).await?;
        let claim = claim(name, config, devices).await?;
        let port = free_port().map_err(|source| ServeError::NoPort { name: name.to_owned(), source })?;
        let command = config.command_line(name, port);
        let log = log_dir.join(format!("{name}.log"));
        let (process, log) = launch(name, &command, config, &claim, log)?;
        let about = ServerAbout {
            engine: config.engine.name(),
            version: None,
            command,
            model: config.model.clone(),
            gpus: claim.indices().to_vec(),
        };
        let name = name.to_owned();
        let config = config.clone();
        let mut server = Self { name, config, port, record, log, process, claim, restarts: 0, about };
        server.become_healthy().await?;
        server.about.version = version(server.config.engine, port).await;
        Ok(server)
    }

    /// Its name in the pool.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What stands before `/chat/completions` in its addresses. It stays the same over restarts.
    pub fn base_url(&self) -> String {
        format!("http://{HOST}:{}{}", self.port, self.config.base_path)
    }

    /// What a run's provenance says of it.
    pub fn about(&self) -> &ServerAbout {
        &self.about
    }

    /// How often it was started again.
    pub fn restarts(&self) -> u32 {
        self.restarts
    }

    /// Whether its process runs.
    pub fn is_alive(&self) -> bool {
        self.process.runs()
    }

    /// Starts it again if it died, on the same port and GPUs, and waits until it is healthy. False when it is alive.
    ///
    /// # Errors
    /// [`ServeError::GaveUp`] when it may not be started again; else as [`Server::start`].
    pub async fn restart_if_dead(&mut self) -> Result<bool, ServeError> {
        if self.is_alive() {
            return Ok(false);
        }
        self.process.end();
        if self.restarts >= self.config.max_restarts {
            let (name, tail) = (self.name.clone(), self.log.tail());
            return Err(ServeError::GaveUp { name, restarts: self.restarts, log: self.log.path.clone(), tail });
        }
        self.restarts += 1;
        let log = self.log.path.clone();
        (self.process, self.log) = launch(&self.name, &self.about.command, &self.config, &self.claim, log)?;
        self.become_healthy().await?;
        Ok(true)
    }

    /// Ends it: it is asked to, and killed when it does not.
    ///
    /// # Errors
    /// [`ServeError::Stuck`] when not even that ends it.
    pub async fn stop(self) -> Result<(), ServeError> {
        self.stop_within(GRACE).await
    }

    pub(super) async fn stop_within(mut self, grace: Duration) -> Result<(), ServeError> {
        if self.process.stop(grace).await {
            return Ok(());
        }
        Err(ServeError::Stuck { name: self.name.clone(), pid: self.process.identity().pid })
    }

    /// Writes the record and waits for health.
    async fn become_healthy(&mut self) -> Result<(), ServeError> {
        let record = Record {
            server: self.process.identity(),
            owner: Identity::own(),
            command: self.about.command.clone(),
            port: self.port,
        };
        let record = serde_json::to_vec_pretty(&record).unwrap_or_default();
        let files = |source| ServeError::Files { name: self.name.clone(), source };
        atomic::write_bytes(&self.record, record).map_err(files)?;
        let seconds = self.config.startup_s;
        let deadline = Instant::now() + Duration::from_secs(seconds);
        let mut pause = FIRST_LOOK;
        loop {
            let status = probe::status(self.port, &self.config.health).await;
            // Its end first: somebody else may answer at its port.
            if let Some(status) = self.process.end() {
                let (name, status, tail) = (self.name.clone(), status.to_string(), self.log.tail());
                return Err(ServeError::Ended { name, status, log: self.log.path.clone(), tail });
            }
            if status == Some(200) {
                return Ok(());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let (name, tail) = (self.name.clone(), self.log.tail());
                return Err(ServeError::NotHealthy { name, seconds, log: self.log.path.clone(), tail });
            }
            tokio::time::sleep(pause.min(left)).await;
            pause = (pause * 2).min(LAST_LOOK);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A process that stays keeps its record: the next run tries again.
        if self.process.kill() {
            let _ = std::fs::remove_file(&self.record);
        }
    }
}

/// Whether a server can have this name.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    if name.starts_with(|letter: char| letter.is_ascii_alphanumeric()) && name.chars().all(is_plain) {
        return Ok(());
    }
    Err("its name is also a file's: letters, digits, `-`, `_` and `.`, the first no sign".into())
}

fn check(name: &str, config: &ServerConfig) -> Result<(), ServeError> {
    let wrong = |reason: String| ServeError::Config { name: name.to_owned(), reason };
    check_name(name).map_err(wrong)?;
    config.check().map_err(wrong)?;
    match &config.model {
        Some(model) if config.engine == Engine::LlamaCpp && !Path::new(model).is_file() => {
            Err(ServeError::NoModel { name: name.to_owned(), model: model.clone() })
        }
        _ => Ok(()),
    }
}

/// Stops what a killed run left. What a living one has is its own.
async fn clear(name: &str, record: &Path) -> Result<(), ServeError> {
    let Some(earlier) = Record::read(record) else { return Ok(()) };
    if earlier.owner.runs() && earlier.server.runs() {
        return Err(ServeError::Taken { name: name.to_owned(), owner: earlier.owner.pid, record: record.to_owned() });
    }
    if !stop_leftover(earlier.server, GRACE).await {
        return Err(ServeError::Stuck { name: name.to_owned(), pid: earlier.server.pid });
    }
    Ok(())
}

async fn claim(name: &str, config: &ServerConfig, devices: &Arc<Devices>) -> Result<Claim, ServeError> {
    let (devices, count, gib) = (Arc::clone(devices), config.gpus(), config.gpu_memory_gib);
    let owned = name.to_owned();
    // The driver takes its time.
    let claim = tokio::task::spawn_blocking(move || devices.claim(&owned, count, gib));
    claim.await.unwrap_or_else(|panic| {
        Err(ServeError::Config { name: name.to_owned(), reason: format!("the GPUs cannot be listed: {panic}") })
    })
}

fn free_port() -> std::io::Result<u16> {
    Ok(std::net::TcpListener::bind((HOST, 0))?.local_addr()?.port())
}

fn launch(
    name: &str,
    command: &[String],
    config: &ServerConfig,
    claim: &Claim,
    path: PathBuf,
) -> Result<(Process, Log), ServeError> {
    let files = |source| ServeError::Files { name: name.to_owned(), source };
    let file = atomic::append_to(&path).map_err(files)?;
    let from = file.metadata().map_or(0, |metadata| metadata.len());
    let visible = claim.visible();
    let env = config.env.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let env = env.chain([("CUDA_VISIBLE_DEVICES", visible.as_str())]);
    let spawn = |source| ServeError::Spawn { name: name.to_owned(), program: command[0].clone(), source };
    let process = Process::start(command, env, &file).map_err(spawn)?;
    Ok((process, Log { path, from }))
}

async fn version(engine: Engine, port: u16) -> Option<String> {
    let (path, key) = match engine {
        Engine::LlamaCpp => ("/props", "build_info"),
        Engine::Vllm => ("/version", "version"),
        Engine::Command => return None,
    };
    Some(probe::json(port, path).await?.get(key)?.as_str()?.to_owned())
}
