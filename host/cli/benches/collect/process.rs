//! Other processes: the endpoint, and whatever asks it, with what that took.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use scripted_endpoint::Script;

/// Ticks of `/proc/PID/stat` in a second, on every Linux.
const TICKS: f64 = 100.0;

/// Is the endpoint, until it is killed: prints its address, and every one of `counts` once so many requests have come.
pub(crate) fn serve(counts: impl Iterator<Item = u64>) {
    let endpoint = scripted_endpoint::Endpoint::start(Script { answer_words: (4, 8), ..Script::instant() });
    let mut out = std::io::stdout();
    let mut say = |line: &str| writeln!(out, "{line}").and_then(|()| out.flush());
    say(&endpoint.url()).unwrap();
    for count in counts {
        endpoint.wait_for_requests(count);
        if say(&count.to_string()).is_err() {
            return;
        }
    }
    loop {
        std::thread::park();
    }
}

/// The endpoint in a process of its own, so that what it takes is nobody else's.
pub(crate) struct Endpoint {
    child: Child,
    pub(crate) url: String,
    pub(crate) counts: Receiver<(u64, Instant)>,
}

impl Endpoint {
    pub(crate) fn start(counts: &[u64]) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg("endpoint").args(counts.iter().map(u64::to_string)).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let url = lines.next().unwrap();
        let (sender, counts) = channel();
        std::thread::spawn(move || {
            for line in lines {
                let _ = sender.send((line.parse().unwrap(), Instant::now()));
            }
        });
        Self { child, url, counts }
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a process took.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) wall: f64,
    /// Seconds, of the program and of the kernel for it.
    pub(crate) cpu: f64,
    pub(crate) peak_mib: f64,
    /// At every count of requests that the endpoint told of: seconds until then, and the peak until then.
    pub(crate) marks: Vec<(u64, f64, f64)>,
}

/// Runs a process to its end, which must be a good one.
pub(crate) fn run(command: Command, endpoint: Option<&Endpoint>) -> Measured {
    let (measured, good) = watch(command, endpoint, None);
    assert!(good, "it ended badly");
    measured
}

/// Runs a process, and kills it when the endpoint has seen so many requests.
pub(crate) fn run_until(command: Command, endpoint: &Endpoint, count: u64) -> Measured {
    watch(command, Some(endpoint), Some(count)).0
}

fn watch(mut command: Command, endpoint: Option<&Endpoint>, kill_at: Option<u64>) -> (Measured, bool) {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let begun = Instant::now();
    let mut child = command.spawn().unwrap();
    let (mut peak_mib, mut marks) = (0.0, Vec::new());
    let id = WaitId::Pid(Pid::from_child(&child));
    let told = |marks: &mut Vec<_>, peak_mib: f64| {
        for (count, at) in endpoint.into_iter().flat_map(|endpoint| endpoint.counts.try_iter()) {
            marks.push((count, at.duration_since(begun).as_secs_f64(), peak_mib));
        }
    };
    // It is looked at once it has ended and before it is gone: then its times are whole.
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    while waitid(id.clone(), look).unwrap().is_none() {
        peak_mib = high_water_mib(child.id()).unwrap_or(peak_mib);
        told(&mut marks, peak_mib);
        if kill_at.is_some_and(|count| marks.last().is_some_and(|mark| mark.0 >= count)) {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let wall = begun.elapsed().as_secs_f64();
    let cpu = cpu_seconds(child.id());
    // What the endpoint said last may still be on its way.
    std::thread::sleep(Duration::from_millis(50));
    told(&mut marks, peak_mib);
    let good = child.wait().unwrap().success();
    (Measured { wall, cpu, peak_mib, marks }, good)
}

fn high_water_mib(process: u32) -> Option<f64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<f64>().ok().map(|kib| kib / 1024.0)
}

fn cpu_seconds(process: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // After the name, which may hold anything: the state, and from there user and system time are the 12th and 13th.
    let fields: Vec<&str> = text.rsplit_once(')').unwrap().1.split_whitespace().collect();
    fields[11..13].iter().map(|ticks| ticks.parse::<f64>().unwrap() / TICKS).sum()
}
