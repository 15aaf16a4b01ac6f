//! A server's process with all that it started, from its birth to its end.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use serde::{Deserialize, Serialize};

const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long a killed process may take: one with much memory on GPUs takes seconds.
const DEATH: Duration = Duration::from_secs(30);
/// The same where a thread has to wait for it.
const SUDDEN_DEATH: Duration = Duration::from_secs(5);

/// A process as the system knows it. Ids are used again; an id with the time of its birth is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    pub(super) pid: u32,
    /// In the kernel's ticks since it started; none where the system does not tell.
    pub(super) started: Option<u64>,
}

impl Identity {
    fn of(pid: u32) -> Self {
        Self { pid, started: birth(pid) }
    }

    /// This very process.
    pub(super) fn own() -> Self {
        Self::of(std::process::id())
    }

    /// Whether it still runs. Nothing is known to run where births are not known.
    pub(super) fn runs(self) -> bool {
        self.started.is_some() && birth(self.pid) == self.started
    }
}

/// When a process that has not ended was born.
fn birth(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in brackets, which may hold blanks and brackets.
    let mut fields = stat[stat.rfind(')')? + 1..].split_ascii_whitespace();
    let state = fields.next()?;
    // What has ended and was not waited for is still listed.
    if matches!(state, "Z" | "X") { None } else { fields.nth(18)?.parse().ok() }
}

/// `NAME.json`: which process a server is.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Record {
    #[serde(flatten)]
    pub(super) server: Identity,
    /// The process that started it.
    pub(super) owner: Identity,
    pub(super) command: Vec<String>,
    pub(super) port: u16,
}

impl Record {
    /// The record that an earlier run left, if it left one.
    pub(super) fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(path).ok()?).ok()
    }
}

/// A process in a group of its own. Dropped, it is killed with its group.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    identity: Identity,
    ended: Option<ExitStatus>,
}

impl Process {
    /// Starts a command line with these variables besides our own; what it says goes to `log`.
    pub(super) fn start<'a>(
        line: &[String],
        env: impl IntoIterator<Item = (&'a str, &'a str)>,
        log: &File,
    ) -> std::io::Result<Self> {
        let mut command = Command::new(&line[0]);
        command.args(&line[1..]).envs(env).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log.try_clone()?);
        // Engines start workers; a signal to the group reaches them, and the terminal's interrupt does not: whether a
        // run ends at once is the collector's to say.
        command.process_group(0);
        let child = command.spawn()?;
        let identity = Identity::of(child.id());
        Ok(Self { child, identity, ended: None })
    }

    pub(super) fn identity(&self) -> Identity {
        self.identity
    }

    /// Whether it has not ended.
    pub(super) fn runs(&self) -> bool {
        // It is looked at and not waited for: until then its id, which is also its group's, belongs to nobody else.
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        self.ended.is_none() && matches!(waitid(WaitId::Pid(Pid::from_child(&self.child)), look), Ok(None))
    }

    /// How it ended, once it has; what it left in its group is killed.
    pub(super) fn end(&mut self) -> Option<ExitStatus> {
        if !self.runs() {
            self.kill();
        }
        self.ended
    }

    /// Kills it with its group at once. False when that does not end it.
    pub(super) fn kill(&mut self) -> bool {
        let give_up = Instant::now() + SUDDEN_DEATH;
        if self.ended.is_none() {
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        }
        while self.ended.is_none() && Instant::now() < give_up {
            self.ended = self.child.try_wait().ok().flatten();
            if self.ended.is_none() {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        self.ended.is_some()
    }

    /// Asks it to end, and kills it and its group when it has not after `grace`. False when not even that ends it.
    pub(super) async fn stop(&mut self, grace: Duration) -> bool {
        let group = Pid::from_child(&self.child);
        if self.ended.is_none() && !end_group(group, grace, || self.runs()).await {
            return false;
        }
        self.end();
        true
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Ends a process that an earlier run left, with its group. False when it does not end.
pub(super) async fn stop_leftover(leftover: Identity, grace: Duration) -> bool {
    let group = i32::try_from(leftover.pid).ok().and_then(Pid::from_raw);
    match group {
        Some(group) if leftover.runs() => end_group(group, grace, || leftover.runs()).await,
        _ => true,
    }
}

/// SIGTERM, and SIGKILL for who is left after `grace`; errors say that nobody is left.
async fn end_group(group: Pid, grace: Duration, runs: impl Fn() -> bool) -> bool {
    let _ = kill_process_group(group, Signal::TERM);
    if !is_over_within(grace, &runs).await {
        let _ = kill_process_group(group, Signal::KILL);
    }
    is_over_within(DEATH, &runs).await
}

async fn is_over_within(time: Duration, runs: impl Fn() -> bool) -> bool {
    let end = Instant::now() + time;
    while runs() {
        if Instant::now() >= end {
            return false;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    true
}

/// A server's log, from where this start of it began.
#[derive(Debug, Clone)]
pub(super) struct Log {
    pub(super) path: PathBuf,
    pub(super) from: u64,
}

impl Log {
    const LINES: usize = 20;
    const BYTES: u64 = 16 << 10;

    /// Its last lines, as far as they are of this start.
    pub(super) fn tail(&self) -> String {
        let read = || -> std::io::Result<Vec<u8>> {
            let mut file = File::open(&self.path)?;
            let end = file.metadata()?.len();
            file.seek(SeekFrom::Start(self.from.max(end.saturating_sub(Self::BYTES))))?;
            let mut bytes = Vec::new();
            file.take(Self::BYTES).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        let bytes = read().unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        let tail = lines[lines.len().saturating_sub(Self::LINES)..].join("\n");
        if tail.trim().is_empty() { "(nothing)".into() } else { tail }
    }
}
