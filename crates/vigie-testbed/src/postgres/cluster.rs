//! A cluster on disk: its folder, its settings, and the command that serves it.
//!
//! PostgreSQL refuses to run as root; then everything here is done as Debian's user `postgres`.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::{Sync, USER, newest_programs};

/// Whom Debian's package made for the server.
const SERVICE_USER: &str = "postgres";

/// A folder with a cluster in it.
#[derive(Debug)]
pub(super) struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    data: PathBuf,
}

impl Cluster {
    /// Makes a new, empty cluster.
    pub(super) fn create() -> io::Result<Self> {
        let programs = newest_programs()?;
        // The watcher removes it; it has to outlive a killed process to be removed at all.
        let folder = tempfile::Builder::new()
            .prefix("vigie-postgres-")
            .tempdir()?
            .keep();
        let data = folder.join("data");
        if is_root() {
            let (user, group) = (id_of("-u")?, id_of("-g")?);
            chown(&folder, Some(user), Some(group))?;
        }
        let cluster = Self {
            programs,
            folder,
            data,
        };
        let made = cluster
            .command("initdb")
            .args([
                "--auth=trust",
                "--no-sync",
                "--no-locale",
                "--encoding=UTF8",
            ])
            .arg(format!("--username={USER}"))
            .arg("--pgdata")
            .arg(&cluster.data)
            .stdin(Stdio::null())
            .output()?;
        if made.status.success() {
            Ok(cluster)
        } else {
            let message = String::from_utf8_lossy(&made.stderr).into_owned();
            fs::remove_dir_all(&cluster.folder)?;
            Err(io::Error::other(message))
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn data(&self) -> &Path {
        &self.data
    }

    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// Starts the server; its first process is the one that comes out.
    pub(super) fn serve(&self, port: u16, sync: Sync) -> io::Result<Child> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log_path())?;
        let fsync = match sync {
            Sync::Commit => "fsync=on",
            Sync::Never => "fsync=off",
        };
        let port = format!("port={port}");
        let settings = [
            "listen_addresses=127.0.0.1",
            &port,
            "unix_socket_directories=",
            fsync,
            "shared_buffers=64MB",
            "max_connections=200",
            "max_wal_size=2GB",
            "logging_collector=off",
        ];
        let mut command = self.command("postgres");
        command.arg("-D").arg(&self.data);
        for setting in settings {
            command.args(["-c", setting]);
        }
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // Out of reach of the terminal's Ctrl-C, which would stop it under the tests' feet.
            .process_group(0)
            .spawn()
    }

    /// Whether the server with this first process takes connections.
    pub(super) fn is_ready(&self, postmaster: u32) -> bool {
        // Its lines: the process, the folder, when it started, port, sockets, address, shared memory, status.
        let Ok(said) = fs::read_to_string(self.data.join("postmaster.pid")) else {
            return false;
        };
        let mut lines = said.lines();
        let is_ours = lines.next() == Some(&postmaster.to_string());
        is_ours && lines.nth(6).is_some_and(|status| status.trim() == "ready")
    }

    /// The end of what the server said.
    pub(super) fn log(&self) -> String {
        let all = fs::read_to_string(self.log_path()).unwrap_or_default();
        let lines: Vec<_> = all.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    fn log_path(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    /// A program of PostgreSQL's, run by somebody it accepts; `setpriv` becomes the program, so that its process is ours to signal.
    fn command(&self, name: &str) -> Command {
        let program = self.program(name);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command
                .arg(format!("--reuid={SERVICE_USER}"))
                .arg(format!("--regid={SERVICE_USER}"))
                .arg("--init-groups")
                .arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir("/").env("LC_ALL", "C");
        command
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn id_of(which: &str) -> io::Result<u32> {
    let output = Command::new("id").args([which, SERVICE_USER]).output()?;
    String::from_utf8_lossy(&output.stdout)
        .trim()
        .parse()
        .map_err(|_| io::Error::other(format!("there is no user {SERVICE_USER}")))
}
