//! The demo page: served where it is wanted, and strict about what it loads.

use crate::world::World;

const FILES: [(&str, &str); 3] = [
    ("/demo/", "text/html; charset=utf-8"),
    ("/demo/demo.js", "text/javascript; charset=utf-8"),
    ("/demo/demo.css", "text/css; charset=utf-8"),
];

#[tokio::test]
async fn a_demo_loads_nothing_from_elsewhere() {
    let world = World::with(&[("VIGIE_DEMO", "on")]).await;
    for (path, kind) in FILES {
        let reply = world.anonymous().get(path).await;
        assert_eq!(reply.status, 200, "{path}");
        assert_eq!(reply.headers["content-type"], kind);
        assert_eq!(reply.headers["x-content-type-options"], "nosniff");
        let policy = reply.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
        assert!(
            !policy.contains("unsafe") && !policy.contains('*') && !policy.contains("http"),
            "{policy}"
        );
    }
    let page = world.anonymous().get("/demo/").await.text();
    assert_eq!(page.matches("<script").count(), 1);
    assert!(page.contains(r#"<script type="module" src="demo.js"></script>"#));
    assert!(
        !page.contains("<style") && !page.contains("style=") && !page.contains("://"),
        "{page}"
    );
    // Relative, so that it leads there also where a host application nests the routes.
    let redirect = world.anonymous().get("/demo").await;
    assert_eq!(redirect.status, 303);
    assert_eq!(redirect.headers["location"], "demo/");
}

#[tokio::test]
async fn a_server_with_a_signing_secret_has_no_demo_unless_it_is_asked_for() {
    for settings in [&[][..], &[("VIGIE_DEMO", "off")][..]] {
        let world = World::with(settings).await;
        for (path, _) in FILES {
            assert_eq!(world.anonymous().get(path).await.status, 404, "{path}");
        }
    }
}
