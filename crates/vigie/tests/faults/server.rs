//! A `vigie` process of one's own: where it lives, how it starts, and every way to signal it.
//!
//! In: settings. Out: a process that listens on a free port.
//! Always true: its log is shown when a test fails, and it is gone when it is dropped.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::people::{API_KEY, SECRET};
use crate::run::say;

/// What is waited for happens well within this, also on a busy machine.
pub(crate) const BOUND: Duration = Duration::from_secs(60);

/// Lines of the log that are worth reading after a failure.
const LOG_TAIL: usize = 40;

/// What a server keeps between its starts, and how it is started.
pub(crate) struct Site {
    folder: TempDir,
    environment: Vec<(String, OsString)>,
    /// A shell command that prepares the process before it becomes the server, such as `ulimit -n 64`.
    preparation: String,
}

impl Site {
    /// A site with an empty SQLite database.
    pub(crate) fn new(settings: &[(&str, &str)]) -> Self {
        let mut site = Self {
            folder: tempfile::tempdir().unwrap(),
            environment: Vec::new(),
            preparation: String::new(),
        };
        let given = [
            ("VIGIE_LISTEN", "127.0.0.1:0"),
            ("JWT_SECRET", SECRET),
            ("VIGIE_API_KEY", API_KEY),
        ];
        for (name, value) in given.iter().chain(settings) {
            site.set(name, value);
        }
        site
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.environment.push((name.to_owned(), value.into()));
    }

    pub(crate) fn prepare_by(&mut self, shell: &str) {
        shell.clone_into(&mut self.preparation);
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The database when no other one was set.
    pub(crate) fn sqlite(&self) -> PathBuf {
        self.folder().join("vigie-data/vigie.db")
    }

    fn log(&self) -> PathBuf {
        self.folder().join("log")
    }

    /// Starts a process, and waits until it listens.
    pub(crate) async fn start(&self) -> Server {
        let mut server = self.launch();
        server.await_listening().await;
        server
    }

    /// Starts a process, and waits for nothing.
    pub(crate) fn launch(&self) -> Server {
        let log: File = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log())
            .unwrap();
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(format!("{}\nexec \"$0\" serve", self.preparation))
            .arg(env!("CARGO_BIN_EXE_vigie"))
            .current_dir(self.folder())
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("PATH", "/usr/bin:/bin")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true);
        Server {
            process: command.spawn().unwrap(),
            log: self.log(),
            url: String::new(),
        }
    }
}

/// One process.
pub(crate) struct Server {
    process: Child,
    log: PathBuf,
    url: String,
}

impl Server {
    async fn await_listening(&mut self) {
        let mut lines = BufReader::new(self.process.stdout.take().unwrap()).lines();
        let first = tokio::time::timeout(BOUND, lines.next_line()).await;
        let Ok(Ok(Some(line))) = first else {
            panic!("the server does not listen: {first:?}");
        };
        let address = line.strip_prefix("listening on ").unwrap();
        address.clone_into(&mut self.url);
    }

    /// `http://host:port`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// `host:port`.
    pub(crate) fn address(&self) -> &str {
        self.url.strip_prefix("http://").unwrap()
    }

    pub(crate) fn pid(&self) -> Pid {
        let id = self.process.id().unwrap();
        Pid::from_raw(i32::try_from(id).unwrap()).unwrap()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// `kill -9`: returns when nothing of it is left.
    pub(crate) async fn kill(mut self) {
        self.signal(Signal::KILL);
        self.process.wait().await.unwrap();
    }

    /// It must not have ended by itself.
    pub(crate) fn assert_alive(&mut self) {
        let ended = self.process.try_wait().unwrap();
        assert!(ended.is_none(), "the process ended by itself: {ended:?}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            let tail = &lines[lines.len().saturating_sub(LOG_TAIL)..];
            say(&format!(
                "the end of the server's log:\n{}",
                tail.join("\n")
            ));
        }
    }
}
