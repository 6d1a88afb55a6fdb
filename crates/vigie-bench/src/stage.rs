//! Where servers are started from: the programs, and one temporary folder each.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use tempfile::TempDir;
use vigie_client::Http;

use crate::people::JWT_SECRET;
use crate::server::Server;

/// What the measured servers take as their API key.
const API_KEY: &str = "the-key-of-the-benchmarks";

/// The programs to measure.
#[derive(Debug)]
pub(crate) struct Stage {
    vigie: PathBuf,
    this: PathBuf,
}

/// A Vigie with its folder, which goes when it does.
#[derive(Debug)]
pub(crate) struct Vigie {
    pub(crate) server: Server,
    _folder: TempDir,
}

impl Stage {
    /// Finds the server beside this program, built anew where Cargo runs this and nobody says otherwise.
    ///
    /// # Errors
    /// When the server is not there, or cannot be built.
    pub(crate) fn set(no_build: bool) -> anyhow::Result<Self> {
        if let Some(cargo) = std::env::var_os("CARGO").filter(|_| !no_build) {
            let built = Command::new(cargo)
                .args(["build", "--release", "-p", "vigie"])
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
        Ok(Self { vigie, this })
    }

    /// A fresh server with an empty store and default rules.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) fn vigie(&self) -> anyhow::Result<Vigie> {
        let folder = tempfile::tempdir()?;
        Ok(Vigie {
            server: self.vigie_in(folder.path(), &[])?,
            _folder: folder,
        })
    }

    /// A server on the store that a folder holds, with some settings of its own.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) fn vigie_in(
        &self,
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
            .env("JWT_SECRET", JWT_SECRET)
            .env("DATABASE_URL", database(folder))
            .envs(settings.iter().copied());
        Server::start(&mut command)
    }

    /// The bare route that requests are compared with.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) fn bare(&self) -> anyhow::Result<Server> {
        Server::start(Command::new(&self.this).arg("--serve-bare"))
    }
}

/// A caller with the API key.
pub(crate) fn operator(server: &Server) -> Http {
    server.http().header("x-api-key", API_KEY)
}

/// The store of a folder.
pub(crate) fn database(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("vigie.db").display())
}
