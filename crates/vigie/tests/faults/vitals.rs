//! What the system says about a process: memory, processor time, open files.

use std::time::Duration;

use rustix::process::Pid;

/// Resident memory, in bytes.
pub(crate) fn resident(pid: Pid) -> u64 {
    let status = read(pid, "status");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kilobytes * 1024
}

/// Processor time used so far, in user and system mode.
pub(crate) fn processor_time(pid: Pid) -> Duration {
    let stat = read(pid, "stat");
    // The name, in parentheses, may hold spaces; what follows it does not.
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let ticks: u64 = fields
        .split(' ')
        .skip(11)
        .take(2)
        .map(|field| field.parse::<u64>().unwrap())
        .sum();
    Duration::from_secs(ticks) / u32::try_from(rustix::param::clock_ticks_per_second()).unwrap()
}

/// Open file descriptors.
pub(crate) fn open_files(pid: Pid) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", pid.as_raw_nonzero()))
        .unwrap()
        .count()
}

fn read(pid: Pid, file: &str) -> String {
    std::fs::read_to_string(format!("/proc/{}/{file}", pid.as_raw_nonzero())).unwrap()
}
