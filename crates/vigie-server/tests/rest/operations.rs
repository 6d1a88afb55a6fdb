//! What whoever runs the server looks at: probes, metrics, the description of the routes.

use serde_json::json;

use crate::world::{World, until};

#[tokio::test]
async fn probes_are_open_and_say_nothing_more() {
    let world = World::start().await;
    for path in ["/livez", "/readyz"] {
        let reply = world.anonymous().get(path).await;
        assert_eq!(
            (reply.status.as_u16(), reply.text().len()),
            (200, 0),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_store_that_is_away_shows_in_health_and_readiness() {
    let world = World::start().await;
    world.server.app().store.close().await;
    let health = world.anonymous().get("/health").await;
    assert_eq!(health.status, 503);
    let body = health.json();
    assert_eq!(
        (&body["status"], &body["services"]["database"]["status"]),
        (&json!("unhealthy"), &json!("down"))
    );
    assert_eq!(world.anonymous().get("/readyz").await.status, 503);
    assert_eq!(world.anonymous().get("/livez").await.status, 200);
}

#[tokio::test]
async fn while_the_store_is_away_known_people_are_served_and_unknown_ones_told_to_wait() {
    let world = World::start().await;
    let alice = world.user("alice");
    alice.acts().await;
    world.server.app().store.close().await;
    alice.acts().await;
    let unknown = world.user("newcomer").get("/api/conversations").await;
    assert_eq!(unknown.status, 503);
    assert_eq!(unknown.headers["retry-after"], "2");
    assert_eq!(unknown.json()["code"], "STORE_AWAY");
    let change = world.service().put("/v1/users/bob", &json!({})).await;
    assert_eq!(
        (
            change.status.as_u16(),
            change.headers["retry-after"].to_str().unwrap()
        ),
        (503, "2")
    );
    let cleanup = world
        .service()
        .post("/maintenance/cleanup", &json!({}))
        .await;
    assert_eq!(cleanup.status, 503);
    assert_eq!(cleanup.json()["success"], false);
}

#[tokio::test]
async fn metrics_speak_both_formats() {
    let world = World::start().await;
    world.user("alice").acts().await;
    let service = world.service();
    let plain = async || service.get("/metrics").await.text();
    until(
        async || plain().await.contains("\nvigie_activities_durable_total 1"),
        true,
    )
    .await;
    let text = plain().await;
    for line in [
        r#"vigie_present{kind="user"} 1"#,
        r#"vigie_edges_total{to="online"} 1"#,
        r#"vigie_activities_total{outcome="accepted"} 1"#,
        "vigie_store_up 1",
        "vigie_updates_pending 0",
        "# TYPE vigie_edges_total counter",
        r#"vigie_http_requests_total{method="GET",route="/api/conversations",status="200"} 1"#,
    ] {
        assert!(
            text.lines().any(|found| found.starts_with(line)),
            "{line} is not in\n{text}"
        );
    }
    assert!(!text.contains("# EOF"));
    let reply = service.get("/metrics").await;
    assert!(
        reply.headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/plain")
    );
    let open = service
        .header("accept", "application/openmetrics-text;version=1.0.0")
        .get("/metrics")
        .await;
    assert!(
        open.headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("application/openmetrics-text")
    );
    assert!(open.text().ends_with("# EOF\n"));
    assert!(open.text().contains("# TYPE vigie_edges counter"));
}

#[tokio::test]
async fn paths_of_people_are_not_labels() {
    let world = World::start().await;
    for id in ["one", "two"] {
        world.service().get(&format!("/v1/users/{id}")).await;
        world.service().get(&format!("/maintenance/{id}")).await;
    }
    let text = world.service().get("/metrics").await.text();
    let line = r#"vigie_http_requests_total{method="GET",route="/v1/users/{id}",status="404"} 2"#;
    assert!(text.contains(line), "{text}");
    assert!(!text.contains("/maintenance/one"));
}

#[tokio::test]
async fn a_listener_of_its_own_takes_operations_away_from_the_public_one() {
    let world = World::with(&[("VIGIE_OPS_LISTEN", "127.0.0.1:0")]).await;
    let operators =
        vigie_client::Http::new(format!("http://{}", world.server.ops_address().unwrap()));
    let status = async |http: &vigie_client::Http, path: &str| {
        let reply = http
            .call(vigie_client::Method::GET, path, None)
            .await
            .unwrap();
        reply.status.as_u16()
    };
    let service = operators.clone().header("x-api-key", crate::world::API_KEY);
    for path in ["/metrics", "/livez", "/readyz"] {
        assert_eq!(status(&operators, path).await, 200, "{path}");
        assert_eq!(world.service().get(path).await.status, 404, "{path}");
    }
    assert_eq!(status(&service, "/maintenance/stats").await, 200);
    assert_eq!(status(&operators, "/maintenance/stats").await, 401);
    assert_eq!(world.service().get("/maintenance/stats").await.status, 404);
    assert_eq!(world.anonymous().get("/health").await.status, 200);
}

#[tokio::test]
async fn the_description_and_its_page_need_nothing_from_elsewhere() {
    let world = World::start().await;
    let anonymous = world.anonymous();
    let document = anonymous.get("/openapi.json").await.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert!(document["paths"]["/v1/presence/{id}"]["get"].is_object());
    let page = anonymous.get("/docs/").await;
    assert_eq!(page.status, 200);
    let page = page.text();
    assert!(
        page.contains("swagger-ui") && !page.contains("http://") && !page.contains("https://"),
        "{page}"
    );
    for file in [
        "swagger-ui-bundle.js",
        "swagger-ui.css",
        "swagger-initializer.js",
    ] {
        assert_eq!(
            anonymous.get(&format!("/docs/{file}")).await.status,
            200,
            "{file}"
        );
    }
    let initializer = anonymous.get("/docs/swagger-initializer.js").await.text();
    assert!(
        initializer.contains(r#""../openapi.json""#),
        "{initializer}"
    );
    // Relative, so that it leads there also where a host application nests the routes.
    let redirect = anonymous.get("/docs").await;
    assert_eq!(redirect.status, 303);
    assert_eq!(redirect.headers["location"], "docs/");
}
