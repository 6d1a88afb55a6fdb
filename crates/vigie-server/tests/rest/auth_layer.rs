//! `AuthLayer` in another axum application: the example, listening.

use std::net::SocketAddr;

use serde_json::json;
use tokio::net::TcpListener;
use vigie_client::{Http, Method, Reply};
use vigie_server::Vigie;

use crate::world::{API_KEY, config_in, exact, token};

#[path = "../../examples/embed.rs"]
#[expect(dead_code, reason = "the example's main is for running it by hand")]
mod embed;

struct Gateway {
    vigie: Vigie,
    http: Http,
    _data: tempfile::TempDir,
}

impl Gateway {
    async fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        let vigie = Vigie::open(config_in(&data, &[])).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let service = embed::gateway(&vigie).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        Self {
            vigie,
            http: Http::new(url),
            _data: data,
        }
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        let mut http = self.http.clone();
        for (name, value) in headers {
            http = http.header(*name, *value);
        }
        http.call(Method::GET, path, None).await.unwrap()
    }

    async fn is_online(&self, id: &str) -> bool {
        let path = format!("/vigie/v1/presence/{id}");
        let reply = self.get(&path, &[("x-api-key", API_KEY)]).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()["isOnline"].as_bool().unwrap()
    }
}

#[tokio::test]
async fn the_gateways_routes_know_who_calls_and_count_as_activity() {
    let gateway = Gateway::start().await;
    let bearer = |id: &str| format!("Bearer {}", token(id, None));
    let (alice, bob) = (bearer("alice"), bearer("bob"));
    let orders = gateway.get("/orders", &[("authorization", &alice)]).await;
    assert_eq!(exact(&orders), (200, "orders of user:alice".to_owned()));
    assert!(gateway.is_online("alice").await);
    let poll = gateway.get("/poll", &[("authorization", &bob)]).await;
    assert_eq!(exact(&poll), (200, "orders of user:bob".to_owned()));
    assert!(!gateway.is_online("bob").await);
    gateway.vigie.close().await.unwrap();
}

#[tokio::test]
async fn refusals_have_the_bodies_of_the_contract_and_touch_nothing() {
    let gateway = Gateway::start().await;
    let required = r#"{"error":"Authentication required","code":"AUTH_REQUIRED"}"#;
    let bad_jwt = r#"{"error":"Invalid JWT token","code":"AUTH_FAILED"}"#;
    let bad_session = r#"{"error":"Invalid session token","code":"AUTH_FAILED"}"#;
    for path in ["/orders", "/poll"] {
        let check = async |headers: &[(&str, &str)], body: &str| {
            let reply = gateway.get(path, headers).await;
            assert_eq!(exact(&reply), (401, body.to_owned()), "{path}");
        };
        check(&[], required).await;
        check(&[("authorization", "Bearer forged")], bad_jwt).await;
        check(&[("x-session-token", "anon_unknown")], bad_session).await;
    }
    let metrics = gateway
        .get(
            "/vigie/maintenance/status-metrics",
            &[("x-api-key", API_KEY)],
        )
        .await;
    assert_eq!(metrics.json()["data"]["totalRequests"], 0);
}

#[tokio::test]
async fn an_optional_layer_lets_strangers_pass_but_no_forger() {
    let gateway = Gateway::start().await;
    let greeting = |headers: &'static [(&str, &str)]| gateway.get("/greeting", headers);
    assert_eq!(
        exact(&greeting(&[]).await),
        (200, "hello stranger".to_owned())
    );
    assert_eq!(
        greeting(&[("authorization", "Bearer forged")]).await.status,
        401
    );
    let alice = format!("Bearer {}", token("alice", None));
    let known = gateway.get("/greeting", &[("authorization", &alice)]).await;
    assert_eq!(exact(&known), (200, "hello alice".to_owned()));
}

#[tokio::test]
async fn the_gateway_keeps_its_own_health_and_vigie_serves_below() {
    let gateway = Gateway::start().await;
    let own = gateway.get("/health", &[]).await;
    assert_eq!(exact(&own), (200, "the gateway is fine".to_owned()));
    let nested = gateway.get("/vigie/health", &[]).await;
    assert_eq!(nested.json()["status"], "healthy");
    let socket = gateway
        .get("/vigie/socket.io/?EIO=4&transport=polling", &[])
        .await;
    assert_eq!(socket.status, 200, "{}", socket.text());
    assert!(socket.text().starts_with(r#"0{"#));
    let body = json!({"userId": "nobody", "isOnline": true});
    let http = gateway.http.clone().header("x-api-key", API_KEY);
    let reply = http
        .call(Method::POST, "/vigie/api/user-status", Some(&body))
        .await;
    assert_eq!(reply.unwrap().status, 404);
}
