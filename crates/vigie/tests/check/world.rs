//! A server of its own for each test, the check run against it, and what is left afterwards.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use vigie_client::{Http, Method};

/// How long a busy machine may take for anything that is waited for here.
pub(crate) const BOUND: Duration = Duration::from_secs(60);

pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const KEY: &str = "the-key-of-the-check";

/// Which credentials a server has, and where the check finds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Made ones, in the data folder.
    Development,
    /// `JWT_SECRET` and `VIGIE_API_KEY` in the environment of both.
    Production,
}

/// A started server, with short periods, that ends with the test.
pub(crate) struct Server {
    process: Child,
    mode: Mode,
    pub(crate) folder: TempDir,
    pub(crate) url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // An exited server is what we want.
        let _gone = self.process.kill();
        let _reaped = self.process.wait();
    }
}

/// The binary with nothing of ours in its environment.
pub(crate) fn vigie() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vigie"));
    command.env_clear();
    command
}

impl Server {
    pub(crate) fn start(mode: Mode, settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = vigie();
        command
            .arg("serve")
            .env("VIGIE_LISTEN", "127.0.0.1:0")
            .env("VIGIE_DATA_DIR", folder.path())
            .env("VIGIE_PING_INTERVAL", "300ms")
            .env("VIGIE_PING_TIMEOUT", "2s")
            .env("VIGIE_GRACE", "1s")
            .envs(settings.iter().copied())
            .current_dir(folder.path())
            .stdout(Stdio::piped());
        if mode == Mode::Production {
            command.env("JWT_SECRET", SECRET).env("VIGIE_API_KEY", KEY);
        }
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let first = lines.next().expect("the server ended at once").unwrap();
        let url = first.strip_prefix("listening on ").unwrap().to_owned();
        // Nothing may fill the pipe and block the server.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            process,
            mode,
            folder,
            url,
        }
    }

    /// The check against this server.
    pub(crate) fn check(&self) -> Command {
        self.check_at(&self.url)
    }

    /// The check against something in front of this server.
    pub(crate) fn check_at(&self, url: &str) -> Command {
        let mut command = vigie();
        command
            .args(["check", url, "--json", "--data-dir"])
            .arg(self.folder.path())
            .current_dir(self.folder.path());
        if self.mode == Mode::Production {
            command.env("JWT_SECRET", SECRET).env("VIGIE_API_KEY", KEY);
        }
        command
    }

    /// A caller with the server's API key.
    pub(crate) fn service(&self) -> Http {
        let key = match self.mode {
            Mode::Production => KEY.to_owned(),
            Mode::Development => std::fs::read_to_string(self.folder.path().join("api-key"))
                .unwrap()
                .trim()
                .to_owned(),
        };
        Http::new(&self.url).header("X-API-Key", key)
    }

    /// A token that this server takes.
    pub(crate) fn token(&self, user: &str) -> String {
        let mut command = vigie();
        command
            .args(["token", "--user", user, "--data-dir"])
            .arg(self.folder.path());
        if self.mode == Mode::Production {
            command.env("JWT_SECRET", SECRET);
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Users and guests of the directory.
    pub(crate) async fn population(&self) -> (u64, u64) {
        let stats = self
            .service()
            .call(Method::GET, "/maintenance/stats", None)
            .await
            .unwrap()
            .json();
        let count = |field: &str| stats["data"][field].as_u64().unwrap();
        (count("totalUsers"), count("anonymousSessions"))
    }
}

/// What a check came to.
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) report: Value,
}

impl Outcome {
    pub(crate) fn of(mut check: Command) -> Self {
        let output = check.output().unwrap();
        let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
            panic!("no report: {}", String::from_utf8_lossy(&output.stderr));
        });
        Self {
            code: output.status.code(),
            report,
        }
    }

    pub(crate) fn step(&self, name: &str) -> &Value {
        let steps = self.report["steps"].as_array().unwrap();
        let found = steps.iter().find(|step| step["name"] == name);
        found.unwrap_or_else(|| panic!("no step {name}: {:#}", self.report))
    }

    /// The names of the steps with this outcome.
    pub(crate) fn steps(&self, outcome: &str) -> Vec<&str> {
        let steps = self.report["steps"].as_array().unwrap();
        let named = steps.iter().filter(|step| step["outcome"] == outcome);
        named.map(|step| step["name"].as_str().unwrap()).collect()
    }

    /// Everything passed but what nobody asked for.
    pub(crate) fn assert_green(&self) {
        assert_eq!(self.code, Some(0), "{:#}", self.report);
        assert_eq!(self.report["verdict"], "passed", "{:#}", self.report);
        assert_eq!(self.steps("skipped"), ["reset"], "{:#}", self.report);
    }

    /// These steps failed and no other, each saying what was expected, seen, and where to look.
    pub(crate) fn assert_red(&self, failed: &[&str]) {
        assert_eq!(self.code, Some(1), "{:#}", self.report);
        assert_eq!(self.report["verdict"], "failed", "{:#}", self.report);
        assert_eq!(self.steps("failed"), failed, "{:#}", self.report);
        for name in failed {
            let step = self.step(name);
            for field in ["expected", "seen", "hint"] {
                assert!(!step[field].as_str().unwrap().is_empty(), "{step:#}");
            }
        }
    }
}
