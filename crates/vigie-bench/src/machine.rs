//! What the numbers were measured on.

use std::fs;
use std::process::Command;

use serde::Serialize;

use crate::stage::Stage;

/// A machine, and the versions of what ran on it.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    processor: String,
    cores: usize,
    memory_gib: u64,
    kernel: String,
    vigie: String,
    rust: String,
    node: String,
    postgresql: String,
    /// Programs that wanted a processor during the last minute, when the measuring began.
    load: String,
}

impl Machine {
    pub(crate) fn look(stage: &Stage) -> Self {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let meminfo = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let kilobytes = field(&meminfo, "MemTotal")
            .and_then(|total| total.strip_suffix(" kB")?.parse::<u64>().ok())
            .unwrap_or(0);
        let loadavg = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        Self {
            processor: field(&cpuinfo, "model name").unwrap_or_else(unknown),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory_gib: kilobytes / (1 << 20),
            kernel: first_line("uname", &["-sr"]),
            vigie: first_line(stage.program(), &["--version"]),
            rust: first_line("rustc", &["--version"]),
            node: stage
                .node()
                .map_or_else(|_| unknown(), |node| node.version().to_owned()),
            postgresql: stage
                .postgres_version()
                .map_or_else(|_| unknown(), str::to_owned),
            load: loadavg.split(' ').next().unwrap_or_default().to_owned(),
        }
    }

    /// One sentence for people.
    pub(crate) fn sentence(&self) -> String {
        format!(
            "{}, {} cores, {} GiB, {}; {}, {}, Node {}, PostgreSQL {}; load at the start {}",
            self.processor,
            self.cores,
            self.memory_gib,
            self.kernel,
            self.vigie,
            self.rust,
            self.node,
            self.postgresql,
            self.load,
        )
    }
}

/// The value after the first `name :` of a file of the kernel's.
fn field(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn first_line(program: impl AsRef<std::ffi::OsStr>, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().ok();
    output
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .and_then(|text| Some(text.lines().next()?.to_owned()))
        .unwrap_or_else(unknown)
}

fn unknown() -> String {
    "unknown".to_owned()
}
