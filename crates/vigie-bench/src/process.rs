//! What the kernel says of a process: time on a processor, memory.

use std::fs;
use std::time::Duration;

use anyhow::Context;

/// The kernel counts time on a processor in hundredths of a second for every program, whatever its own tick is.
const TICK: Duration = Duration::from_millis(10);

/// A running process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Process(pub(crate) u32);

impl Process {
    /// Time its threads have spent on processors, in the kernel too; to a hundredth of a second.
    ///
    /// # Errors
    /// When the process is gone.
    pub(crate) fn cpu(self) -> anyhow::Result<Duration> {
        let path = format!("/proc/{}/stat", self.0);
        let stat = fs::read_to_string(&path).context("the server is gone")?;
        // The program's name stands in parentheses and may hold anything; user and system time are the 12th and 13th field after it.
        let (_, fields) = stat
            .rsplit_once(')')
            .context("a stat line without a name")?;
        let fields: Vec<_> = fields.split_whitespace().collect();
        let ticks: u32 = fields
            .get(11..13)
            .context("a short stat line")?
            .iter()
            .map(|field| field.parse::<u32>())
            .sum::<Result<_, _>>()?;
        Ok(TICK * ticks)
    }

    /// Resident memory in bytes.
    ///
    /// # Errors
    /// When the process is gone.
    pub(crate) fn resident(self) -> anyhow::Result<u64> {
        let path = format!("/proc/{}/status", self.0);
        let status = fs::read_to_string(&path).context("the server is gone")?;
        let kilobytes: u64 = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.trim().strip_suffix(" kB"))
            .context("no VmRSS")?
            .parse()?;
        Ok(kilobytes * 1024)
    }
}

/// Time that the calling thread has spent on a processor, to a nanosecond; others that run beside it are left out.
///
/// # Errors
/// When the kernel does not tell.
pub(crate) fn cpu_of_this_thread() -> anyhow::Result<Duration> {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").context("no schedstat")?;
    let nanoseconds = stat.split(' ').next().context("an empty schedstat")?;
    Ok(Duration::from_nanos(nanoseconds.parse()?))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    #[test]
    fn memory_that_was_written_to_is_resident() {
        let me = Process(std::process::id());
        let before = me.resident().unwrap();
        let block = vec![1_u8; 32 << 20];
        assert!(me.resident().unwrap() >= before + (24 << 20));
        drop(block);
    }

    #[test]
    fn work_takes_time_on_a_processor() {
        let me = Process(std::process::id());
        let before = me.cpu().unwrap();
        let began = std::time::Instant::now();
        while me.cpu().unwrap() < before + TICK * 2 {
            assert!(began.elapsed() < Duration::from_secs(60));
        }
    }
}
