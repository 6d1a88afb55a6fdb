//! The peer: a Node gateway in `bench/gateway`, and what it needs to run.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::output;

/// Where the gateway lies, from this crate.
const GATEWAY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../bench/gateway");

/// The oldest Node that the gateway is written for.
const OLDEST: u32 = 20;

/// A Node that can run the gateway.
#[derive(Debug)]
pub(crate) struct Node {
    gateway: PathBuf,
    version: String,
}

impl Node {
    /// Finds Node, and installs the gateway's packages as its lock file pins them when they are not there.
    ///
    /// # Errors
    /// What is missing, and how to get it.
    pub(crate) fn find() -> Result<Self, String> {
        let how = "install it: apt-get install nodejs npm, or https://nodejs.org";
        let version = output_of(Command::new("node").arg("--version"))
            .ok_or_else(|| format!("there is no Node; {how}"))?;
        let major = version.trim_start_matches('v').split('.').next();
        let major = major.and_then(|major| major.parse::<u32>().ok());
        if major.is_none_or(|major| major < OLDEST) {
            return Err(format!("Node {version} is older than {OLDEST}; {how}"));
        }
        let gateway = PathBuf::from(GATEWAY);
        if !gateway.join("node_modules").is_dir() {
            install(&gateway)?;
        }
        Ok(Self { gateway, version })
    }

    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// A program of the gateway's folder, optimised as in production.
    pub(crate) fn program(&self, file: &str) -> Command {
        let mut command = Command::new("node");
        command
            .arg(self.gateway.join("src").join(file))
            .env("NODE_ENV", "production");
        command
    }
}

fn install(gateway: &Path) -> Result<(), String> {
    output::note("installing the gateway's packages: npm ci");
    let installed = Command::new("npm")
        .args(["ci", "--omit=dev", "--no-audit", "--no-fund"])
        .arg("--loglevel=error")
        .current_dir(gateway)
        .stdout(Stdio::null())
        .status();
    match installed {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("npm ci in bench/gateway failed: {status}")),
        Err(_) => Err("there is no npm; install it: apt-get install npm".to_owned()),
    }
}

fn output_of(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
