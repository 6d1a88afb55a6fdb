//! What a person at the keyboard meets: words, exit codes, a table.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Output;

use crate::world::{KEY, Mode, Outcome, Server, vigie};

fn complaint(output: &Output) -> &str {
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    std::str::from_utf8(&output.stderr).unwrap()
}

#[test]
fn what_cannot_be_checked_ends_with_code_2() {
    let check = |arguments: &[&str], expected: &str| {
        let output = vigie().arg("check").args(arguments).output().unwrap();
        let told = complaint(&output);
        assert!(told.contains(expected), "{arguments:?}: {told}");
    };
    // A port that nobody can listen on.
    check(&["http://127.0.0.1:1"], "127.0.0.1:1");
    check(&["https://chat.example.org"], "behind it");
    check(&["localhost:3000"], "http://host:port");
    check(&["--timeout", "0s"], "longer");
    check(&["--tiemout", "1s"], "--tiemout");
}

#[test]
fn an_address_is_taken_in_capitals_too() {
    let server = Server::start(Mode::Production, &[]);
    let mut check = vigie();
    let address = server.url.replace("http://", "HTTP://");
    check.args(["check", &address, "--json", "--data-dir", "/nowhere"]);
    let outcome = Outcome::of(check);
    assert_eq!(outcome.report["verdict"], "incomplete");
    assert_eq!(outcome.step("livez")["outcome"], "passed");
}

/// A server that gives everybody the same answer.
fn that_always_answers(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let Ok(mut client) = client else { continue };
            let mut head = [0; 4_096];
            // One that hangs up early is nothing to report.
            if client.read(&mut head).is_ok() {
                client.write_all(answer.as_bytes()).ok();
            }
        }
    });
    url
}

#[test]
fn a_redirection_is_told_and_not_followed() {
    let answer = "HTTP/1.1 308 Permanent Redirect\r\nlocation: https://chat.example.org/livez\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let url = that_always_answers(answer);
    let output = vigie().args(["check", &url]).output().unwrap();
    let told = complaint(&output);
    let expected = format!("{url} redirects to https://chat.example.org/livez; give that address");
    assert!(told.contains(&expected), "{told}");
}

#[test]
fn a_server_that_says_yes_to_everything_does_not_know_the_key() {
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
    let url = that_always_answers(answer);
    let mut check = vigie();
    check.args(["check", &url, "--json", "--data-dir", "/nowhere"]);
    check.env("VIGIE_API_KEY", KEY);
    let outcome = Outcome::of(check);
    assert_eq!(outcome.step("api-key")["outcome"], "failed");
}

#[test]
fn machines_are_told_in_json_that_nothing_was_checked() {
    let mut check = vigie();
    check.args(["check", "http://127.0.0.1:1", "--json"]);
    let nothing = Outcome::of(check);
    assert_eq!(nothing.code, Some(2), "{:#}", nothing.report);
    assert_eq!(nothing.report["verdict"], "unchecked");
    let why = nothing.report["error"].as_str().unwrap();
    assert!(why.contains("127.0.0.1:1"), "{why}");
}

#[test]
fn without_credentials_the_rest_is_skipped_and_said() {
    let server = Server::start(Mode::Production, &[]);
    let run = |key: Option<&str>| {
        let mut check = vigie();
        check.args(["check", &server.url, "--json", "--data-dir", "/nowhere"]);
        if let Some(key) = key {
            check.env("VIGIE_API_KEY", key);
        }
        Outcome::of(check)
    };
    let open = ["livez", "readyz", "health", "openapi", "forged-token"];
    let nothing = run(None);
    assert_eq!(nothing.code, Some(2), "{:#}", nothing.report);
    assert_eq!(nothing.report["verdict"], "incomplete");
    assert_eq!(nothing.steps("passed"), open);
    let why = nothing.step("throttle")["seen"].as_str().unwrap();
    assert!(
        why.contains("VIGIE_API_KEY") && why.contains("JWT_SECRET"),
        "{why}"
    );

    let key_only = run(Some(KEY));
    assert_eq!(key_only.code, Some(2), "{:#}", key_only.report);
    assert_eq!(key_only.step("metrics")["outcome"], "passed");
    let why = key_only.step("people")["seen"].as_str().unwrap();
    assert!(
        why.contains("JWT_SECRET") && !why.contains("VIGIE_API_KEY"),
        "{why}"
    );
}

#[tokio::test]
async fn a_key_or_secret_of_another_server_is_named() {
    for mode in [Mode::Development, Mode::Production] {
        let server = Server::start(mode, &[]);
        let mut check = server.check();
        check.env("VIGIE_API_KEY", "another");
        let outcome = Outcome::of(check);
        outcome.assert_red(&["api-key"]);
        assert_eq!(outcome.step("people")["outcome"], "skipped");

        let mut check = server.check();
        check.env("JWT_SECRET", "another secret, which is long enough for it");
        let outcome = Outcome::of(check);
        outcome.assert_red(&["token"]);
        assert_eq!(server.population().await, (0, 0));
    }
}

#[test]
fn people_get_a_table_without_colours_in_a_pipe() {
    let server = Server::start(Mode::Development, &[]);
    let output = vigie()
        .args(["check", &server.url, "--data-dir"])
        .arg(server.folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.starts_with(&server.url), "{table}");
    assert!(table.contains("\nok    throttle "), "{table}");
    assert!(table.contains("\nskip  reset "), "{table}");
    assert!(table.contains("\nall is right: "), "{table}");
    assert!(!table.contains('\x1b'), "{table}");
}

#[test]
fn help_teaches_with_examples() {
    let output = vigie().args(["check", "--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    for words in [
        "Examples:",
        "--ops-url http://",
        "--destructive",
        "Exit code:",
        "JWT_SECRET",
    ] {
        assert!(help.contains(words), "{words}\n{help}");
    }
}
