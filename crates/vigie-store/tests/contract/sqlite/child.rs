//! A second process: the test program itself, started again for one test, which then finds itself to be the child.
//!
//! In: the name of the test and the database. Out: a process whose lines can be read, and which is killed at the latest when it is dropped.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

const DATABASE: &str = "VIGIE_STORE_TEST_DATABASE";

/// What a child's own lines begin with, among those of the test harness.
const MARK: &str = "child: ";

/// The database to work on, in a child; `None` in the test itself.
pub(crate) fn database() -> Option<PathBuf> {
    std::env::var_os(DATABASE).map(PathBuf::from)
}

/// In a child: tells the parent a line.
pub(crate) fn tell(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{MARK}{line}").unwrap();
    out.flush().unwrap();
}

/// A running child.
pub(crate) struct Process {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Process {
    /// Starts this program again for one test, named with its path.
    pub(crate) fn start(test: &str, database: &Path) -> Self {
        Self::spawn(
            Command::new(std::env::current_exe().unwrap()),
            test,
            database,
        )
    }

    /// As [`Process::start`], but no file of the child may grow beyond `blocks` of 512 bytes.
    pub(crate) fn start_with_little_disk(test: &str, database: &Path, blocks: u32) -> Self {
        let mut shell = Command::new("sh");
        // Without the trap the limit would kill the process where a full disk only refuses.
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        shell.arg("-c").arg(script);
        shell.arg(std::env::current_exe().unwrap());
        Self::spawn(shell, test, database)
    }

    fn spawn(mut command: Command, test: &str, database: &Path) -> Self {
        let mut child = command
            .args([test, "--exact", "--nocapture", "--test-threads=1"])
            .env(DATABASE, database)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// The next line that the child tells; `None` once it has ended.
    pub(crate) fn next_told(&mut self) -> Option<String> {
        let mut line = String::new();
        while self.lines.read_line(&mut line).unwrap() > 0 {
            if let Some(told) = line.trim_end().strip_prefix(MARK) {
                return Some(told.to_owned());
            }
            line.clear();
        }
        None
    }

    /// SIGKILL; the process has no say in it.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
