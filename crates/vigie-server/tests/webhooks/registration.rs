//! Registering webhooks: by API key, a hundred at most, with a secret that is shown once.

use serde_json::json;
use vigie_client::Method;

use crate::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_is_registered_shown_changed_and_forgotten() {
    let world = World::start().await;
    let url = "https://example.org/hook";
    let made = world
        .ask(Method::POST, "/v1/webhooks", Some(json!({"url": url})))
        .await;
    assert_eq!(made.status, 201);
    assert_eq!(made.headers["cache-control"], "no-store");
    let made = made.json();
    let secret = made["secret"].as_str().unwrap();
    assert_eq!(secret.len(), "whsec_".len() + 64);
    let path = format!("/v1/webhooks/{}", made["id"].as_str().unwrap());
    let shown = world.get(&path).await;
    assert_eq!(shown["url"], url);
    assert_eq!(shown["events"], json!(["status", "conversation"]));
    assert_eq!(shown["state"], "active");
    let list = world.get("/v1/webhooks").await;
    assert_eq!(list["webhooks"], json!([shown]));
    let changed = json!({"url": "https://example.org/other", "events": ["conversation"]});
    let changed = world.service(Method::PUT, &path, Some(changed)).await;
    assert_eq!(changed["events"], json!(["conversation"]));
    let resumed = world
        .service(Method::POST, &format!("{path}/resume"), None)
        .await;
    let world = world.restart().await;
    let kept = world.get(&path).await;
    assert_eq!(kept, changed);
    for answer in [&shown, &list, &changed, &resumed, &kept] {
        assert!(!answer.to_string().contains(secret), "{answer}");
        assert_eq!(answer["secret"], json!(null));
    }
    let gone = world.ask(Method::DELETE, &path, None).await;
    assert_eq!(gone.status, 204);
    for (method, path) in [
        (Method::GET, path.clone()),
        (Method::DELETE, path.clone()),
        (Method::POST, format!("{path}/resume")),
    ] {
        let reply = world.ask(method, &path, None).await;
        assert_eq!(reply.status, 404);
        assert_eq!(reply.json()["code"], "UNKNOWN_WEBHOOK");
    }
    let put = world
        .ask(Method::PUT, &path, Some(json!({"url": url})))
        .await;
    assert_eq!(put.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_is_refused() {
    let world = World::start().await;
    for body in [
        json!({}),
        json!([]),
        json!({"url": 5}),
        json!({"url": "example.org"}),
        json!({"url": "https://user:pass@example.org/"}),
        json!({"url": "https://example.org:25/"}),
        json!({"url": "https://example.org/", "events": []}),
        json!({"url": "https://example.org/", "events": ["typing"]}),
        json!({"url": "https://example.org/", "secret": "short"}),
        json!({"url": "https://example.org/", "secret": "é".repeat(40)}),
    ] {
        let reply = world
            .ask(Method::POST, "/v1/webhooks", Some(body.clone()))
            .await;
        assert_eq!(reply.status, 400, "{body}");
        assert_eq!(reply.json()["code"], "INVALID_PAYLOAD");
    }
    let large = json!({"url": "x".repeat(2 << 20)});
    let reply = world.ask(Method::POST, "/v1/webhooks", Some(large)).await;
    assert_eq!(reply.status, 413);
    assert_eq!(world.get("/v1/webhooks").await["webhooks"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_may_be_registered_and_only_by_an_api_key() {
    let world = World::start().await;
    for path in ["/v1/webhooks", "/v1/webhooks/wh_1"] {
        let reply = world.anonymous(path).await;
        assert_eq!(reply.status, 401, "{path}");
    }
    let body = json!({"url": "https://example.org/hook"});
    for _ in 0..100 {
        world
            .service(Method::POST, "/v1/webhooks", Some(body.clone()))
            .await;
    }
    let refused = world.ask(Method::POST, "/v1/webhooks", Some(body)).await;
    assert_eq!(refused.status, 409);
    assert_eq!(refused.json()["code"], "TOO_MANY_WEBHOOKS");
    let metrics = world.metrics().await;
    assert!(metrics.contains("vigie_limits_reached_total{limit=\"webhooks\"} 1"));
    assert!(metrics.contains("vigie_webhooks{state=\"active\"} 100"));
}
