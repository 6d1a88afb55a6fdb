//! The commands as a person or a script meets them: the real binary, its output and its exit code.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tempfile::TempDir;
use vigie_server::auth::{JwtError, JwtVerifier, Role, Wall};
use vigie_server::config::{self, Secret};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// The binary in a folder of its own, with nothing in its environment.
fn vigie(folder: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vigie"));
    command
        .args(arguments)
        .current_dir(folder.path())
        .env_clear();
    command
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn stdout(output: &Output) -> &str {
    assert!(output.status.success(), "{output:?}");
    std::str::from_utf8(&output.stdout).unwrap()
}

/// What the command complained about, after it has ended with this code.
fn complaint(output: &Output, code: i32) -> &str {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    std::str::from_utf8(&output.stderr).unwrap()
}

fn now() -> Wall {
    let since_epoch = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    Wall::from_millis(i64::try_from(since_epoch.as_millis()).unwrap())
}

#[test]
fn config_tells_each_value_and_its_source() {
    let folder = folder();
    std::fs::write(
        folder.path().join("vigie.toml"),
        "away_after = \"7m\"\ngrace = \"1s\"\n",
    )
    .unwrap();
    let output = vigie(
        &folder,
        &[
            "config",
            "--json",
            "--config",
            "vigie.toml",
            "--grace",
            "3s",
        ],
    )
    .env("VIGIE_GRACE", "2s")
    .env("THROTTLE_INTERVAL_MS", "30000")
    .output()
    .unwrap();
    let told: Value = serde_json::from_str(stdout(&output)).unwrap();
    let check =
        |name: &str, expected: Value| assert_eq!(told["settings"][name], expected, "{name}");
    check(
        "grace",
        serde_json::json!({"value": "3s", "source": "flag", "from": "--grace"}),
    );
    check(
        "throttle_interval",
        serde_json::json!({"value": "30s", "source": "environment", "from": "THROTTLE_INTERVAL_MS"}),
    );
    check(
        "away_after",
        serde_json::json!({"value": "7m", "source": "file", "from": "vigie.toml"}),
    );
    check(
        "offline_after",
        serde_json::json!({"value": "5m", "source": "default", "from": null}),
    );
    assert_eq!(told["development"], true);
}

#[test]
fn config_shows_no_secret_and_makes_none() {
    let folder = folder();
    for arguments in [&["config"][..], &["config", "--json"]] {
        let output = vigie(&folder, arguments)
            .env("JWT_SECRET", SECRET)
            .env("VIGIE_API_KEY", "key-one")
            .output()
            .unwrap();
        let text = stdout(&output);
        assert!(text.contains("jwt_secret"), "{text}");
        assert!(
            !text.contains(SECRET) && !text.contains("key-one"),
            "{text}"
        );
    }
    stdout(&vigie(&folder, &["config"]).output().unwrap());
    assert!(
        !folder.path().join("vigie-data").exists(),
        "looking makes nothing"
    );
}

#[test]
fn what_config_prints_is_a_configuration_file() {
    let folder = folder();
    let first = vigie(&folder, &["config", "--grace", "3s"])
        .output()
        .unwrap();
    std::fs::write(folder.path().join("vigie.toml"), stdout(&first)).unwrap();
    let second = vigie(&folder, &["config", "--json"])
        .env("VIGIE_CONFIG", "vigie.toml")
        .output()
        .unwrap();
    let told: Value = serde_json::from_str(stdout(&second)).unwrap();
    assert_eq!(told["settings"]["grace"]["value"], "3s");
    assert_eq!(told["settings"]["grace"]["source"], "file");
}

#[test]
fn contradictions_are_refused_with_both_names_and_all_at_once() {
    let folder = folder();
    for command in ["config", "serve"] {
        let output = vigie(
            &folder,
            &[
                command,
                "--throttle-interval",
                "10m",
                "--message-limit",
                "2MiB",
            ],
        )
        .output()
        .unwrap();
        let text = complaint(&output, 2);
        for name in [
            "throttle_interval",
            "offline_after",
            "away_after",
            "message_limit",
            "body_limit",
        ] {
            assert!(text.contains(name), "{name}: {text}");
        }
    }
}

#[test]
fn what_cannot_be_served_is_refused_before_anything_is_made() {
    let folder = folder();
    let check = |variable: &str, value: &str, expected: &str| {
        let output = vigie(&folder, &["serve"])
            .env(variable, value)
            .output()
            .unwrap();
        let text = complaint(&output, 2);
        assert!(text.contains(expected), "{variable}: {text}");
        assert!(!folder.path().join("vigie-data").exists());
    };
    check("VIGIE_LISTEN", "0.0.0.0:0", "development mode");
    check("REDIS_URL", "redis://127.0.0.1", "not support");
    check("DATABASE_URL", "mysql://127.0.0.1/vigie", "postgres://");
    check("CORS_ORIGINS", "*", "every web page");
    check("JWT_SECRET", "too-short", "32 bytes");
    check("VIGIE_CONFIG", "absent.toml", "absent.toml");
}

#[test]
fn a_token_is_all_that_token_prints() {
    let folder = folder();
    let arguments = [
        "token", "--user", "alice", "--role", "ADMIN", "--name", "Alice", "--ttl", "1m",
    ];
    let output = vigie(&folder, &arguments)
        .env("JWT_SECRET", SECRET)
        .output()
        .unwrap();
    let token = stdout(&output).strip_suffix('\n').unwrap();
    let verifier = JwtVerifier::new(&Secret::new(SECRET), 10);
    let claims = verifier.verify(token, now()).unwrap();
    assert_eq!(claims.user.as_str(), "alice");
    assert_eq!(claims.role, Some(Role::Admin));
    assert_eq!(claims.username.as_deref(), Some("Alice"));
    let much_later = now() + Duration::from_secs(70);
    assert_eq!(verifier.verify(token, much_later), Err(JwtError::Expired));
}

#[test]
fn without_a_secret_tokens_are_signed_with_the_one_kept_for_development() {
    let folder = folder();
    let token = |arguments: &[&str]| {
        stdout(&vigie(&folder, arguments).output().unwrap())
            .trim()
            .to_owned()
    };
    let first = token(&["token", "--user", "alice", "--data-dir", "data"]);
    let second = token(&["token", "--user", "bob", "--data-dir", "data"]);
    let kept = std::fs::read_to_string(folder.path().join("data/dev-secret")).unwrap();
    let verifier = JwtVerifier::new(&Secret::new(kept.trim()), 10);
    for token in [first, second] {
        assert!(verifier.verify(&token, now()).is_ok());
    }
}

#[test]
fn misuse_ends_with_code_2() {
    let folder = folder();
    let check = |arguments: &[&str], expected: &str| {
        let output = vigie(&folder, arguments).output().unwrap();
        assert!(complaint(&output, 2).contains(expected), "{output:?}");
    };
    check(&["token"], "--user");
    check(&["token", "--user", "g_1"], "guests");
    check(&["token", "--user", "alice", "--role", "KING"], "ADMIN");
    check(&["token", "--user", "alice", "--ttl", "1"], "duration");
    check(&["dance"], "dance");
    check(&["serve", "--grce", "2s"], "--grce");
    check(&["serve", "--log-filter", "a=b=c"], "log_filter");
}

#[test]
fn every_setting_but_secrets_has_a_flag_in_the_help() {
    let output = vigie(&folder(), &["serve", "--help"]).output().unwrap();
    let help = stdout(&output);
    for setting in config::all() {
        match setting.flag() {
            Some(flag) => assert!(help.contains(&format!("--{flag} ")), "{flag}"),
            None => assert!(setting.is_secret, "{}", setting.name),
        }
    }
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = vigie(&folder(), &["completions", shell]).output().unwrap();
        let script = stdout(&output);
        for word in ["serve", "replay", "throttle-interval"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn a_reader_that_has_read_enough_is_no_failure() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = vigie(&folder(), &["config"])
        .stdout(writer)
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
}

#[test]
fn the_documentation_lists_the_settings_as_they_are() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let document = std::fs::read_to_string(path).unwrap();
    let (_, reference) = document
        .split_once("`vigie config --markdown` -->\n\n")
        .unwrap();
    let output = vigie(&folder(), &["config", "--markdown"])
        .output()
        .unwrap();
    assert_eq!(
        reference,
        stdout(&output),
        "paste the output of `vigie config --markdown` below the comment"
    );
}
