//! A server under measurement: a child process that ends with its handle.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use vigie_client::Http;

use crate::process::Process;

/// A start is given up after this.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How often the start looks whether the server is ready.
const LOOK_EVERY: Duration = Duration::from_millis(5);

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

    /// Waits until the server says that it is ready to serve; what it needed counts as its start.
    ///
    /// # Errors
    /// When it ends before, or is not ready after a minute.
    pub(crate) fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let began = Instant::now();
        while !self.is_ready() {
            if let Some(status) = self.child.try_wait()? {
                anyhow::bail!("the server ended before it was ready: {status}");
            }
            anyhow::ensure!(
                began.elapsed() < START_LIMIT,
                "the server is not ready after {START_LIMIT:?}"
            );
            std::thread::sleep(LOOK_EVERY);
        }
        self.started_in += began.elapsed();
        Ok(())
    }

    /// Asks `/readyz` on a connection of its own.
    fn is_ready(&self) -> bool {
        let ask = || -> std::io::Result<String> {
            let address = self.url.trim_start_matches("http://");
            let mut stream = TcpStream::connect(address)?;
            stream.set_read_timeout(Some(START_LIMIT))?;
            write!(
                stream,
                "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
            )?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        };
        ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
    }

    /// From its birth until it was ready.
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
