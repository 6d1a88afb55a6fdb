//! A PostgreSQL server of one's own, to work with and to break.
//!
//! In: the newest PostgreSQL that Debian's packages installed. Out: fresh databases on it, and every way a server can go away.
//! Always true: it listens on 127.0.0.1 alone, and nothing of it outlives the process that started it.

mod cluster;
mod processes;
mod watcher;

use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use cluster::Cluster;
use watcher::Watcher;

/// Superuser of every cluster; needs no password on this machine.
const USER: &str = "vigie";

/// A start is given up after this; recovery after a kill on a busy machine takes seconds.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How often the start looks whether the server is ready.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Whether a commit waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sync {
    Commit,
    Never,
}

/// A running server; dropped, it is gone with all it held.
#[derive(Debug)]
pub struct Postgres {
    cluster: Cluster,
    sync: Sync,
    port: u16,
    postmaster: Option<Child>,
    databases: AtomicU32,
    // Declared last: it removes the folder when everything else is done.
    _watcher: Watcher,
}

impl Postgres {
    /// Starts a server whose commits wait for the disk, as in production.
    ///
    /// # Errors
    /// When PostgreSQL is not installed, or does not start.
    pub fn start() -> io::Result<Self> {
        Self::start_with(Sync::Commit)
    }

    /// Starts a server whose commits do not wait for the disk: faster, for tests that are not about durability.
    ///
    /// # Errors
    /// When PostgreSQL is not installed, or does not start.
    pub fn start_without_fsync() -> io::Result<Self> {
        Self::start_with(Sync::Never)
    }

    fn start_with(sync: Sync) -> io::Result<Self> {
        let cluster = Cluster::create()?;
        let watcher = Watcher::start(cluster.folder())?;
        let mut server = Self {
            cluster,
            sync,
            port: free_port()?,
            postmaster: None,
            databases: AtomicU32::new(0),
            _watcher: watcher,
        };
        server.start_again()?;
        Ok(server)
    }

    /// The URL of a new, empty database.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn database(&self) -> io::Result<String> {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{number}");
        self.execute("postgres", &format!("CREATE DATABASE {name}"))?;
        Ok(self.url_of(&name))
    }

    /// The URL of a database by its name; `postgres` is always there.
    #[must_use]
    pub fn url_of(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    /// The port it listens on; the same for as long as this server is there.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder of the data, for those who want to look at files.
    #[must_use]
    pub fn data(&self) -> &Path {
        self.cluster.data()
    }

    /// Runs SQL in a database by `psql`; out comes what it prints, without headers.
    ///
    /// # Errors
    /// When the server does not answer or refuses the statement, with its message.
    pub fn execute(&self, database: &str, sql: &str) -> io::Result<String> {
        let output = Command::new(self.cluster.program("psql"))
            .args(["-XqAt", "-v", "ON_ERROR_STOP=1", "-d"])
            .arg(self.url_of(database))
            .args(["-c", sql])
            .stdin(Stdio::null())
            .output()?;
        if !output.status.success() {
            let message = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(io::Error::other(message));
        }
        Ok(String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned())
    }

    /// Ends the server as an operator does: connections are cut, everything is written.
    ///
    /// # Errors
    /// When there is no process to signal.
    pub fn stop(&mut self) -> io::Result<()> {
        let Some(mut postmaster) = self.postmaster.take() else {
            return Ok(());
        };
        // Fast shutdown, in PostgreSQL's words.
        processes::signal(&postmaster, Signal::INT)?;
        postmaster.wait().map(drop)
    }

    /// Ends every process of the server with SIGKILL.
    ///
    /// # Errors
    /// When a process cannot be signalled.
    pub fn kill(&mut self) -> io::Result<()> {
        processes::signal_all(self.cluster.data(), Signal::KILL)?;
        self.postmaster
            .take()
            .map_or(Ok(()), |mut postmaster| postmaster.wait().map(drop))
    }

    /// Stops every process of the server where it stands: connections stay open and nothing answers.
    ///
    /// # Errors
    /// When a process cannot be signalled.
    pub fn pause(&self) -> io::Result<()> {
        processes::signal_all(self.cluster.data(), Signal::STOP)
    }

    /// Lets a paused server go on.
    ///
    /// # Errors
    /// When a process cannot be signalled.
    pub fn resume(&self) -> io::Result<()> {
        processes::signal_all(self.cluster.data(), Signal::CONT)
    }

    /// Starts it again on the same port with the same data, after [`Self::stop`] or [`Self::kill`]; returns when it answers.
    ///
    /// # Errors
    /// When it does not start, with the end of its log.
    pub fn start_again(&mut self) -> io::Result<()> {
        if self.postmaster.is_some() {
            return Ok(());
        }
        let mut postmaster = self.cluster.serve(self.port, self.sync)?;
        let deadline = Instant::now() + START_LIMIT;
        while !self.cluster.is_ready(postmaster.id()) {
            let ended = postmaster.try_wait()?.is_some();
            if ended || Instant::now() >= deadline {
                return Err(io::Error::other(format!(
                    "PostgreSQL does not start:\n{}",
                    self.cluster.log()
                )));
            }
            std::thread::sleep(LOOK_EVERY);
        }
        self.postmaster = Some(postmaster);
        Ok(())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // What is left over is the watcher's.
        let _ = self.kill();
    }
}

/// A port that was free a moment ago.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// The folder of the newest PostgreSQL's programs.
fn newest_programs() -> io::Result<PathBuf> {
    const INSTALLED: &str = "/usr/lib/postgresql";
    let version = |folder: &PathBuf| -> Option<u32> { folder.file_name()?.to_str()?.parse().ok() };
    std::fs::read_dir(INSTALLED)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|folder| folder.join("bin/postgres").is_file())
        .max_by_key(version)
        .map(|folder| folder.join("bin"))
        .ok_or_else(|| {
            io::Error::other(format!(
                "no PostgreSQL under {INSTALLED}: install Debian's package postgresql (scripts/test does)"
            ))
        })
}
