//! A server under measurement: a child process that ends with its handle.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use vigie_client::Http;

use crate::process::Process;

/// A child that said where it listens.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    url: String,
    started_in: Duration,
}

impl Server {
    /// Starts a program and waits until it prints where it listens.
    ///
    /// # Errors
    /// When it cannot be started, or ends before it listens.
    pub(crate) fn start(command: &mut Command) -> anyhow::Result<Self> {
        let began = Instant::now();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        let stdout = child.stdout.take().context("no standard output")?;
        let mut lines = BufReader::new(stdout).lines();
        let url = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| Some(line.strip_prefix("listening on ")?.to_owned()));
        let started_in = began.elapsed();
        let Some(url) = url else {
            let status = child.wait()?;
            anyhow::bail!("the server ended before it listened: {status}");
        };
        Ok(Self {
            child,
            url,
            started_in,
        })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// From its birth until it listened.
    pub(crate) fn started_in(&self) -> Duration {
        self.started_in
    }

    pub(crate) fn process(&self) -> Process {
        Process(self.child.id())
    }

    /// A caller without credentials.
    pub(crate) fn http(&self) -> Http {
        Http::new(&self.url)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
