//! Where servers are started from: the programs, and one temporary folder each.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use tempfile::TempDir;
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};
use vigie_client::Http;
use vigie_testbed::Postgres;

use crate::database::Kind;
use crate::million::Million;
use crate::node::Node;
use crate::people::JWT_SECRET;
use crate::server::Server;
use crate::subject::Subject;

/// What the measured servers take as their API key.
const API_KEY: &str = "the-key-of-the-benchmarks";

/// Runs of each measurement.
const RUNS: usize = 3;

/// The programs to measure, and how thoroughly.
#[derive(Debug)]
pub(crate) struct Stage {
    vigie: PathBuf,
    this: PathBuf,
    node: Result<Node, String>,
    postgres_version: Result<String, String>,
    is_quick: bool,
    /// Filled when a row wants them first: SQLite's and PostgreSQL's.
    millions: [Mutex<Option<Million>>; 2],
}

/// A server with its folder, which goes when it does.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) server: Server,
    _folder: Option<TempDir>,
}

impl Stage {
    /// Finds the server beside this program, built anew where Cargo runs this and nobody says otherwise, and what the peers need.
    ///
    /// # Errors
    /// When the server is not there, or cannot be built.
    pub(crate) fn set(no_build: bool, is_quick: bool) -> anyhow::Result<Self> {
        if let Some(cargo) = std::env::var_os("CARGO").filter(|_| !no_build) {
            let built = Command::new(cargo)
                .args(["build", "--release", "--locked", "-p", "vigie"])
                .status()
                .context("cannot run cargo")?;
            anyhow::ensure!(built.success(), "the server could not be built");
        }
        let this = std::env::current_exe()?;
        let vigie = this.with_file_name("vigie");
        anyhow::ensure!(
            vigie.is_file(),
            "there is no server at {}; build it: cargo build --release -p vigie",
            vigie.display()
        );
        Ok(Self {
            vigie,
            this,
            node: Node::find(),
            postgres_version: postgres_version(),
            is_quick,
            millions: [const { Mutex::const_new(None) }; 2],
        })
    }

    /// How often everything is measured.
    pub(crate) fn runs(&self) -> usize {
        if self.is_quick { 1 } else { RUNS }
    }

    /// A size of the work, or the small one of a trial.
    pub(crate) fn size<T>(&self, whole: T, trial: T) -> T {
        if self.is_quick { trial } else { whole }
    }

    pub(crate) fn program(&self) -> &Path {
        &self.vigie
    }

    pub(crate) fn node(&self) -> Result<&Node, &str> {
        self.node.as_ref().map_err(String::as_str)
    }

    pub(crate) fn why_no_node(&self) -> Option<&str> {
        self.node().err()
    }

    /// The version of the PostgreSQL that [`Self::postgres`] starts, or why it cannot.
    pub(crate) fn postgres_version(&self) -> Result<&str, &str> {
        self.postgres_version.as_deref().map_err(String::as_str)
    }

    /// Why a kind of store cannot be measured here.
    pub(crate) fn why_not(&self, kind: Kind) -> Option<&str> {
        match kind {
            Kind::Sqlite => None,
            Kind::Postgres => self.postgres_version().err(),
        }
    }

    /// A million people in this kind of store.
    ///
    /// # Errors
    /// When it cannot be filled.
    pub(crate) async fn million(
        &self,
        kind: Kind,
    ) -> anyhow::Result<MappedMutexGuard<'_, Million>> {
        let [sqlite, postgres] = &self.millions;
        let mut filled = match kind {
            Kind::Sqlite => sqlite.lock().await,
            Kind::Postgres => postgres.lock().await,
        };
        if filled.is_none() {
            *filled = Some(Million::create(kind, self.is_quick).await?);
        }
        MutexGuard::try_map(filled, Option::as_mut)
            .map_err(|_| anyhow::anyhow!("nothing was filled"))
    }

    /// A fresh server of this kind, with an empty store and default rules.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) fn start(&self, subject: Subject) -> anyhow::Result<Running> {
        let alone = |server| Running {
            server,
            _folder: None,
        };
        match subject {
            Subject::Vigie => {
                let folder = tempfile::tempdir()?;
                Ok(Running {
                    server: self.vigie_in(folder.path(), &[])?,
                    _folder: Some(folder),
                })
            }
            Subject::BareAxum => {
                let mut command = Command::new(&self.this);
                Server::start(command.arg("--serve-bare")).map(alone)
            }
            Subject::Node => {
                let mut command = self.node_program("main.js")?;
                command
                    .env("JWT_SECRET", JWT_SECRET)
                    .env("API_KEY", API_KEY);
                Server::start(&mut command).map(alone)
            }
            Subject::BareFastify => Server::start(&mut self.node_program("bare.js")?).map(alone),
        }
    }

    fn node_program(&self, file: &str) -> anyhow::Result<Command> {
        let node = self.node().map_err(|why| anyhow::anyhow!("{why}"))?;
        Ok(node.program(file))
    }

    /// A Vigie on the SQLite store that a folder holds, with some settings of its own.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) fn vigie_in(
        &self,
        folder: &Path,
        settings: &[(&str, &str)],
    ) -> anyhow::Result<Server> {
        self.vigie_on(&database(folder), folder, settings)
    }

    /// A Vigie on a store, with some settings of its own; it is ready when it comes out.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) fn vigie_on(
        &self,
        database: &str,
        folder: &Path,
        settings: &[(&str, &str)],
    ) -> anyhow::Result<Server> {
        let mut command = Command::new(&self.vigie);
        command
            .arg("serve")
            .current_dir(folder)
            .env_clear()
            .env("VIGIE_LISTEN", "127.0.0.1:0")
            .env("VIGIE_DATA_DIR", folder)
            .env("VIGIE_API_KEY", API_KEY)
            .env("VIGIE_LOG_FILTER", "error")
            .env("JWT_SECRET", JWT_SECRET)
            .env("DATABASE_URL", database)
            .envs(settings.iter().copied());
        let mut server = Server::start(&mut command)?;
        server.wait_until_ready()?;
        Ok(server)
    }
}

/// A caller with the API key.
pub(crate) fn operator(server: &Server) -> Http {
    server.http().header("x-api-key", API_KEY)
}

/// The SQLite store of a folder.
pub(crate) fn database(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("vigie.db").display())
}

/// Starts a server once, to know that one can be started.
fn postgres_version() -> Result<String, String> {
    let told = Postgres::start_without_fsync()
        .and_then(|postgres| postgres.execute("postgres", "SHOW server_version"));
    told.map_err(|error| error.to_string().trim().replace('\n', " "))
}
