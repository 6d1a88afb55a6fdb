//! The documents for operators name what there is.

use std::collections::BTreeSet;
use std::path::Path;

use vigie_client::Method;

use crate::world::{Mode, Server};

fn document(name: &str) -> String {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    std::fs::read_to_string(docs.join(name)).unwrap()
}

/// The names of metrics in a text.
fn metrics_in(text: &str) -> BTreeSet<&str> {
    let is_of_name = |letter: char| letter.is_ascii_lowercase() || letter == '_';
    text.split(|letter| !is_of_name(letter))
        .filter(|word| word.starts_with("vigie_"))
        .collect()
}

#[tokio::test]
async fn every_metric_of_the_documents_is_exported() {
    let server = Server::start(Mode::Production, &[]);
    let scrape = async || {
        let reply = server.service().call(Method::GET, "/metrics", None).await;
        reply.unwrap().text()
    };
    // The second one knows of a request.
    scrape().await;
    let text = scrape().await;
    let exported: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .collect();
    for name in [
        "monitoring.md",
        "alerts.yml",
        "limits.md",
        "durability.md",
        "troubleshooting.md",
    ] {
        let text = document(name);
        assert!(!metrics_in(&text).is_empty(), "{name}");
        let unknown: Vec<_> = metrics_in(&text).difference(&exported).copied().collect();
        assert_eq!(unknown, [""; 0], "{name}");
    }
}

#[test]
fn the_tests_that_the_documents_name_exist() {
    let durability = document("durability.md");
    let faults = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults");
    let mut sources = String::new();
    let mut folders = vec![faults];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                sources.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    /// Shorter ones are names of settings.
    const WORDS: usize = 5;
    let named: Vec<&str> = durability
        .split('`')
        .filter(|word| word.matches('_').count() >= WORDS)
        .collect();
    assert!(!named.is_empty());
    for test in named {
        assert!(sources.contains(&format!("fn {test}(")), "{test}");
    }
}
