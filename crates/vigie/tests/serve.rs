//! `vigie serve` as whoever starts it sees it: what it prints, how it is tried, how it ends.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// How long a busy machine may take for anything that is asked here.
const BOUND: Duration = Duration::from_secs(60);

/// A server that ends with the test.
struct Server {
    process: Child,
    lines: Receiver<String>,
    log: Receiver<String>,
    address: String,
}

impl Server {
    fn start(folder: &TempDir, arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_vigie"))
            .args(arguments)
            .current_dir(folder.path())
            .env_clear()
            .env("VIGIE_LISTEN", "127.0.0.1:0")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let stdout = BufReader::new(process.stdout.take().unwrap());
        std::thread::spawn(move || {
            stdout
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| sender.send(line))
        });
        let (sender, log) = channel();
        let mut stderr = process.stderr.take().unwrap();
        std::thread::spawn(move || {
            let mut text = String::new();
            stderr
                .read_to_string(&mut text)
                .and_then(|_| sender.send(text).map_err(std::io::Error::other))
        });
        let mut server = Self {
            process,
            lines,
            log,
            address: String::new(),
        };
        let first = server.line();
        first
            .strip_prefix("listening on http://")
            .unwrap()
            .clone_into(&mut server.address);
        server
    }

    fn line(&self) -> String {
        self.lines.recv_timeout(BOUND).unwrap()
    }

    /// Status line and body of a GET.
    fn get(&self, path: &str, headers: &str) -> (String, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(BOUND)).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{headers}\r\n",
            self.address
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.lines().next().unwrap().to_owned(), body.to_owned())
    }

    /// Asks the server to end, and tells how it did and what it logged.
    fn terminate(mut self) -> (ExitStatus, String) {
        let pid = self.process.id().to_string();
        assert!(
            Command::new("sh")
                .args(["-c", "kill -TERM \"$0\"", &pid])
                .status()
                .unwrap()
                .success()
        );
        // Its log ends when it does.
        let log = self.log.recv_timeout(BOUND).unwrap();
        (self.process.wait().unwrap(), log)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

#[test]
fn development_mode_prints_a_token_that_works() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder, &["serve"]);
    assert!(server.line().contains("development mode"));
    let token = server.line();
    assert_eq!(server.line(), "try it:");
    let curl = server.line();
    assert_eq!(
        curl,
        format!(
            "curl -H 'Authorization: Bearer {token}' http://{}/api/conversations",
            server.address
        )
    );
    let (status, body) = server.get(
        "/api/conversations",
        &format!("Authorization: Bearer {token}\r\n"),
    );
    assert!(status.contains(" 200 "), "{status}");
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["success"], true);
    let (status, _) = server.get("/api/conversations", "");
    assert!(status.contains(" 401 "), "{status}");
    assert_eq!(server.line(), "or look at the demo:");
    assert_eq!(
        server.line(),
        format!("http://{}/demo/#token={token}", server.address)
    );
    let (status, _) = server.get("/demo/", "");
    assert!(status.contains(" 200 "), "{status}");
}

#[test]
fn serving_is_what_it_does_when_nothing_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder, &[]);
    let (status, _) = server.get("/livez", "");
    assert!(status.contains(" 200 "), "{status}");
}

#[test]
fn sigterm_is_a_clean_end_and_log_lines_are_json_without_personal_data() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder, &["serve", "--log-format", "json"]);
    server.line();
    let token = server.line();
    server.get(
        "/api/conversations",
        &format!("Authorization: Bearer {token}\r\n"),
    );
    let (status, log) = server.terminate();
    assert!(status.success(), "{status} {log}");
    assert!(!log.is_empty());
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(line["level"].is_string(), "{line}");
    }
    assert!(!log.contains(&token));
}

#[test]
fn a_taken_address_is_told_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let first = Server::start(&folder, &["serve"]);
    let second = Command::new(env!("CARGO_BIN_EXE_vigie"))
        .args(["serve", "--listen", &first.address, "--data-dir", "other"])
        .current_dir(folder.path())
        .env_clear()
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(1), "{second:?}");
    let complaint = String::from_utf8(second.stderr).unwrap();
    assert!(
        complaint.contains(&first.address) && complaint.contains("--listen"),
        "{complaint}"
    );
}
