//! The processes of one server, found by where they work.
//!
//! Each backend makes a process group of its own, so a signal to the first process's group reaches none of them;
//! but all of them work in the folder of the data, and nobody else does.

use std::io;
use std::path::Path;
use std::process::Child;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};

/// Signals one process that has not been waited for.
pub(super) fn signal(process: &Child, signal: Signal) -> io::Result<()> {
    Ok(kill_process(Pid::from_child(process), signal)?)
}

/// Signals every process that works in `data`, until a look finds none that was not signalled: a process may fork between look and signal.
pub(super) fn signal_all(data: &Path, signal: Signal) -> io::Result<()> {
    let mut signalled = Vec::new();
    loop {
        let mut found = working_in(data)?;
        found.retain(|pid| !signalled.contains(pid));
        if found.is_empty() {
            return Ok(());
        }
        for pid in found {
            match kill_process(pid, signal) {
                // It ended by itself meanwhile.
                Ok(()) | Err(Errno::SRCH) => signalled.push(pid),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn working_in(data: &Path) -> io::Result<Vec<Pid>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let entry = entry?;
        let name = entry.file_name();
        let pid = name
            .to_str()
            .and_then(|name| Pid::from_raw(name.parse().ok()?));
        // Processes come and go while one looks.
        let works_there = std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == data);
        if let Some(pid) = pid
            && works_there
        {
            found.push(pid);
        }
    }
    Ok(found)
}
