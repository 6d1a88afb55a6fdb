//! Where requests go: into no private network, after no redirection, and over TLS only to whoever proves its name.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use vigie_client::Method;

use crate::receiver::{Answer, Receiver};
use crate::world::{World, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn private_networks_are_refused_unless_they_are_allowed() {
    let world = World::with(&[
        ("VIGIE_WEBHOOK_ALLOW_PRIVATE", "false"),
        ("VIGIE_WEBHOOK_ALLOW_HTTP", "true"),
    ])
    .await;
    let receiver = Receiver::start().await;
    let port = receiver.address().port();
    for host in [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "2130706433",
        "10.0.0.1",
    ] {
        let body = json!({"url": format!("http://{host}:{port}/hook")});
        let reply = world.ask(Method::POST, "/v1/webhooks", Some(body)).await;
        assert_eq!(reply.status, 400, "{host}");
        assert!(reply.json()["detail"].as_str().unwrap().contains("private"));
    }
    assert_eq!(receiver.deliveries().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_that_became_stricter_holds_for_webhooks_that_are_there() {
    let world = World::start().await;
    world.people(&["ann"]).await;
    let receiver = Receiver::start().await;
    let id = world.webhook(&receiver).await;
    let world = world
        .restart_with(&[("VIGIE_WEBHOOK_ALLOW_PRIVATE", "false")])
        .await;
    world.force("ann", true).await;
    until(async || world.state(&id).await, "failing".to_owned()).await;
    let shown = world.get(&format!("/v1/webhooks/{id}")).await;
    assert!(
        shown["lastError"]
            .as_str()
            .unwrap()
            .contains("webhook_allow_private")
    );
    assert_eq!(receiver.deliveries().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirection_is_a_failure_and_is_not_followed() {
    let world = World::start().await;
    world.people(&["ann"]).await;
    let elsewhere = Receiver::start().await;
    let receiver = Receiver::start().await;
    let location: &'static str = Box::leak(elsewhere.url().into_boxed_str());
    let headers = Box::leak(Box::new([("location", location)]));
    receiver.answer(Answer::With(307, headers));
    let id = world.webhook(&receiver).await;
    world.force("ann", true).await;
    receiver.got(2).await;
    let shown = world.get(&format!("/v1/webhooks/{id}")).await;
    let expected = "it answered 307, and redirections are not followed";
    assert_eq!(shown["lastError"], expected);
    assert_eq!(elsewhere.deliveries().len(), 0);
}

/// A certificate for `localhost` that nobody else trusts.
fn certificate(folder: &Path) {
    let made = Command::new("openssl")
        .current_dir(folder)
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
        ])
        .args([
            "-nodes", "-keyout", "key.pem", "-out", "ca.pem", "-days", "2",
        ])
        .args([
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
        ])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_must_be_trusted() {
    let folder = TempDir::new().unwrap();
    certificate(folder.path());
    let chain = CertificateDer::from_pem_file(folder.path().join("ca.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.path().join("key.pem")).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![chain], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut asked = vec![0; 64 * 1024];
            if stream.read(&mut asked).await.is_ok() {
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                let _ = stream.write_all(answer).await;
                let _ = stream.shutdown().await;
            }
        }
    });
    let world = World::start().await;
    world.people(&["ann"]).await;
    let body = json!({"url": format!("https://localhost:{port}/hook")});
    let made = world
        .service(Method::POST, "/v1/webhooks", Some(body))
        .await;
    let path = format!("/v1/webhooks/{}", made["id"].as_str().unwrap());
    world.force("ann", true).await;
    let state = async || world.get(&path).await["state"].clone();
    until(state, json!("failing")).await;
    let error = world.get(&path).await["lastError"].clone();
    assert!(error.as_str().unwrap().contains("certificate"), "{error}");
    let file = folder.path().join("ca.pem");
    let settings = [("VIGIE_WEBHOOK_CA_FILE", file.to_str().unwrap())];
    let world = world.restart_with(&settings).await;
    let state = async || world.get(&path).await["state"].clone();
    until(state, json!("active")).await;
    let metrics = world.metrics().await;
    assert!(
        metrics.contains("vigie_webhook_deliveries_total{outcome=\"taken\"} 1"),
        "{metrics}"
    );
    serving.abort();
}
