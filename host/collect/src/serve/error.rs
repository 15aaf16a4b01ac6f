//! Why a local server is not there.

use std::path::PathBuf;

use routerlab_infer::DeviceError;
use routerlab_records::TableError;

/// Everything that can keep a local server from serving. Each names the server.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Its entry in the pool makes no sense.
    #[error("server `{name}`: {reason}")]
    Config {
        /// The server.
        name: String,
        /// What is wrong, naming the key.
        reason: String,
    },
    /// Its model's file is not there.
    #[error("server `{name}`: there is no model `{model}`")]
    NoModel {
        /// The server.
        name: String,
        /// The file asked for.
        model: String,
    },
    /// It needs GPUs, and the machine has none that can be used.
    #[error("server `{name}` needs {wanted}: {source}")]
    NoGpu {
        /// The server.
        name: String,
        /// How many, and how much of each.
        wanted: String,
        /// What was looked for.
        source: DeviceError,
    },
    /// It needs more GPUs than are free.
    #[error("server `{name}` needs {wanted}, and {fit} can be had: {found}")]
    TooFewGpus {
        /// The server.
        name: String,
        /// How many, and how much of each.
        wanted: String,
        /// How many would do.
        fit: usize,
        /// Those that will not do, and why.
        found: String,
    },
    /// Another process that still runs keeps it.
    #[error("server `{name}` is kept by process {owner}, which still runs; its record is `{}`", record.display())]
    Taken {
        /// The server.
        name: String,
        /// The process that started it.
        owner: u32,
        /// The server's record.
        record: PathBuf,
    },
    /// It does not end even when it is killed.
    #[error("server `{name}`: process {pid} does not end")]
    Stuck {
        /// The server.
        name: String,
        /// The process.
        pid: u32,
    },
    /// No port is free.
    #[error("server `{name}`: no port can be had on the loopback address")]
    NoPort {
        /// The server.
        name: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// Its program cannot be run.
    #[error("server `{name}`: cannot start `{program}`")]
    Spawn {
        /// The server.
        name: String,
        /// The program.
        program: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// It ended before it was healthy.
    #[error("server `{name}` ended ({status}) before it was healthy; the end of `{}`:\n{tail}", log.display())]
    Ended {
        /// The server.
        name: String,
        /// How it ended.
        status: String,
        /// Its log.
        log: PathBuf,
        /// The log's last lines.
        tail: String,
    },
    /// It runs, and is not healthy in time.
    #[error("server `{name}` was not healthy after {seconds} s; the end of `{}`:\n{tail}", log.display())]
    NotHealthy {
        /// The server.
        name: String,
        /// How long it was waited for.
        seconds: u64,
        /// Its log.
        log: PathBuf,
        /// The log's last lines.
        tail: String,
    },
    /// It died more often than it may be started again.
    #[error("server `{name}` died again after {restarts} restarts; the end of `{}`:\n{tail}", log.display())]
    GaveUp {
        /// The server.
        name: String,
        /// How often it was started again.
        restarts: u32,
        /// Its log.
        log: PathBuf,
        /// The log's last lines.
        tail: String,
    },
    /// Its log or its record cannot be written.
    #[error("server `{name}` cannot have its log and its record")]
    Files {
        /// The server.
        name: String,
        /// What is wrong.
        source: TableError,
    },
}
