//! The example of the documentation, run as it stands there.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::receiver::Receiver;
use crate::world::{SECRET, World};

/// The JavaScript of `docs/webhooks.md`.
fn example() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/webhooks.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, rest) = text.split_once("```js\n").unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

/// Whether the example takes a delivery for genuine.
fn verifies(signature: &str, timestamp: &str, body: &[u8]) -> bool {
    let script = format!(
        "{}\nconst body = require('node:fs').readFileSync(0);\nconst [, signature, timestamp, secret] = process.argv;\nconst headers = {{'x-vigie-signature': signature, 'x-vigie-timestamp': timestamp}};\nprocess.exit(isGenuine(headers, body, secret) ? 0 : 7);",
        example()
    );
    let mut node = Command::new("node")
        .args(["-e", &script, signature, timestamp, SECRET])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    node.stdin.take().unwrap().write_all(body).unwrap();
    match node.wait().unwrap().code() {
        Some(0) => true,
        Some(7) => false,
        other => panic!("the example ended with {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_documented_example_tells_genuine_deliveries_from_others() {
    let world = World::start().await;
    world.people(&["ann"]).await;
    let receiver = Receiver::start().await;
    world.webhook(&receiver).await;
    world.force("ann", true).await;
    receiver.knows(&[("ann", true)]).await;
    let delivery = receiver.taken().remove(0);
    let header = |name: &str| delivery.headers[name].to_str().unwrap().to_owned();
    let (signature, timestamp) = (header("x-vigie-signature"), header("x-vigie-timestamp"));
    assert!(verifies(&signature, &timestamp, &delivery.body));
    let mut forged = delivery.body.to_vec();
    forged[40] ^= 1;
    assert!(!verifies(&signature, &timestamp, &forged));
    let later = (timestamp.parse::<u64>().unwrap() + 1).to_string();
    assert!(!verifies(&signature, &later, &delivery.body));
    assert!(!verifies("v1=00", &timestamp, &delivery.body));
    assert!(!verifies("", &timestamp, &delivery.body));
}
