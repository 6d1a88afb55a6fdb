//! One cursor over four transports: the same changes, the same view, and after a drop only what was missed.

use serde_json::{Value, json};
use tokio::time::Instant;
use vigie_client::Method;

use crate::follower::{A_MOMENT, EventStream, Follower, Kept, Transport};
use crate::world::{SOON, World, token, told_by_now};

const PEOPLE: [&str; 4] = ["ann", "ben", "cem", "dot"];

async fn world() -> World {
    world_with(&[]).await
}

/// A server on which bob shares a room with four people.
async fn world_with(settings: &[(&str, &str)]) -> World {
    let mut all = vec![("VIGIE_GRACE", "300ms")];
    all.extend_from_slice(settings);
    let world = World::with(&all).await;
    let mut members = PEOPLE.to_vec();
    members.push("bob");
    world.conversation("room", &members).await;
    world
}

async fn force(world: &World, id: &str, is_online: bool) {
    let forced = json!({"userId": id, "isOnline": is_online});
    world
        .service(Method::POST, "/maintenance/user-status", Some(forced))
        .await;
}

/// Whom somebody was told of, each once.
fn distinct(told: &[String]) -> Vec<&str> {
    let mut told: Vec<&str> = told.iter().map(String::as_str).collect();
    told.sort_unstable();
    told.dedup();
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_changes_reach_all_four_and_each_goes_on_where_another_stopped() {
    let world = world().await;
    let mut followers = Vec::new();
    for transport in Transport::ALL {
        followers.push(Follower::fresh(&world, transport, "bob").await);
    }
    force(&world, "ann", true).await;
    force(&world, "ben", true).await;
    force(&world, "ann", false).await;
    let now = [
        ("ann", false),
        ("ben", true),
        ("cem", false),
        ("dot", false),
    ];
    let mut kept = Vec::new();
    for mut follower in followers {
        follower.until(&now).await;
        assert_eq!(follower.wholes, 1);
        kept.push(follower.drop_link());
    }
    let views: Vec<_> = kept.iter().map(|kept| &kept.view).collect();
    assert!(views.iter().all(|view| *view == views[0]), "{views:?}");

    force(&world, "cem", true).await;
    // Each goes on by the next transport.
    kept.rotate_left(1);
    let now = [("ann", false), ("ben", true), ("cem", true), ("dot", false)];
    for (transport, kept) in Transport::ALL.into_iter().zip(kept) {
        let mut follower = Follower::open(&world, transport, "bob", kept).await;
        follower.until(&now).await;
        assert_eq!(follower.wholes, 0, "{transport:?}");
        // Fresh times of whoever is present may come with it, and by chance do.
        let mut told = distinct(&follower.told);
        told.retain(|id| *id != "ben");
        assert_eq!(told, ["cem"], "{transport:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_back_is_told_each_of_whom_it_missed_once() {
    let world = world().await;
    for transport in Transport::ALL {
        let mut follower = Follower::fresh(&world, transport, "bob").await;
        force(&world, "ann", true).await;
        follower.until(&[("ann", true)]).await;
        let kept = follower.drop_link();
        for is_online in [true, false, true, false] {
            force(&world, "dot", is_online).await;
        }
        force(&world, "ann", false).await;
        tokio::time::sleep(A_MOMENT).await;
        let follower = Follower::open(&world, transport, "bob", kept.clone()).await;
        let mut told = follower.told.clone();
        told.sort_unstable();
        assert_eq!(
            (follower.wholes, told),
            (0, vec!["ann".into(), "dot".into()])
        );
        let online = follower.view.iter().filter(|(_, (online, _))| *online);
        assert_eq!((online.count(), follower.view.len()), (0, PEOPLE.len()));
        // The same cursor again tells the same, and the new one nothing.
        let again = Follower::open(&world, transport, "bob", kept).await;
        assert_eq!(
            (again.wholes, distinct(&again.told)),
            (0, vec!["ann", "dot"])
        );
        assert_eq!(again.view, follower.view);
        let none = Follower::open(&world, transport, "bob", again.drop_link()).await;
        assert_eq!((none.wholes, none.told.len()), (0, 0), "{transport:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_outlives_a_graceful_restart() {
    let world = world().await;
    let mut kept = Vec::new();
    force(&world, "ann", true).await;
    for transport in Transport::ALL {
        let mut follower = Follower::fresh(&world, transport, "bob").await;
        follower.until(&[("ann", true)]).await;
        kept.push(follower.drop_link());
    }
    force(&world, "cem", true).await;
    let world = world.restart().await;
    force(&world, "ben", true).await;
    for (transport, kept) in Transport::ALL.into_iter().zip(kept) {
        let mut follower = Follower::open(&world, transport, "bob", kept).await;
        let now = [("ann", true), ("ben", true), ("cem", true), ("dot", false)];
        follower.until(&now).await;
        assert_eq!(follower.wholes, 0, "{transport:?}");
        assert!(!distinct(&follower.told).contains(&"dot"), "{transport:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_that_is_no_good_is_answered_by_everybody() {
    let world = world().await;
    world.conversation("else", &["eve", "ann"]).await;
    let whose = async |who: &str| {
        let follower = Follower::fresh(&world, Transport::Changes, who).await;
        follower.drop_link().cursor.unwrap()
    };
    let (own, foreign) = (whose("bob").await, whose("eve").await);
    let mut forged = own.clone().into_bytes();
    forged[20] = if forged[20] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).unwrap();
    let bad = [
        forged,
        own[..own.len() - 1].to_owned(),
        foreign,
        "0123456789abcdef".to_owned(),
    ];
    for transport in Transport::ALL {
        for cursor in &bad {
            let kept = Kept {
                cursor: Some(cursor.clone()),
                ..Kept::default()
            };
            let follower = Follower::open(&world, transport, "bob", kept).await;
            assert_eq!(follower.wholes, 1, "{transport:?} with {cursor}");
            assert_eq!(follower.view.len(), PEOPLE.len());
        }
        let kept = Kept {
            cursor: Some(own.clone()),
            ..Kept::default()
        };
        let follower = Follower::open(&world, transport, "bob", kept).await;
        assert_eq!(
            (follower.wholes, follower.told.len()),
            (0, 0),
            "{transport:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beyond_the_kept_time_everybody_is_told_anew() {
    let world = world_with(&[("VIGIE_CURSOR_MAX_AGE", "1s")]).await;
    for transport in Transport::ALL {
        let follower = Follower::fresh(&world, transport, "bob").await;
        let kept = follower.drop_link();
        force(&world, "ann", true).await;
        let deadline = Instant::now() + SOON;
        loop {
            let follower = Follower::open(&world, transport, "bob", kept.clone()).await;
            if follower.wholes == 1 {
                assert_eq!(follower.view.len(), PEOPLE.len());
                assert!(follower.view["ann"].0);
                break;
            }
            assert!(Instant::now() < deadline, "{transport:?} still gets a part");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_who_came_or_went_meanwhile_mean_everybody_anew() {
    let world = world().await;
    force(&world, "ann", true).await;
    for transport in Transport::ALL {
        world
            .conversation("room", &["ann", "ben", "cem", "dot", "bob"])
            .await;
        let mut follower = Follower::fresh(&world, transport, "bob").await;
        // Also one that sees them go, and does not see them come back.
        world.conversation("room", &["ann", "ben", "bob"]).await;
        let deadline = Instant::now() + SOON;
        while follower.view.contains_key("dot") || follower.view.contains_key("cem") {
            follower.next(deadline).await.unwrap();
        }
        let kept = follower.drop_link();
        world
            .conversation("room", &["ann", "ben", "cem", "bob"])
            .await;
        let mut follower = Follower::open(&world, transport, "bob", kept).await;
        // The change may have been made, and not told yet.
        let deadline = Instant::now() + SOON;
        while follower.view.keys().ne(["ann", "ben", "cem"]) {
            let seen = format!("{:?}", follower.view);
            assert!(
                follower.next(deadline).await.is_some(),
                "{transport:?}: {seen}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_watches_makes_nobody_present() {
    let world = world().await;
    let mut eve = Follower::fresh(&world, Transport::SocketIo, "ann").await;
    let mut links = Vec::new();
    for transport in [Transport::Events, Transport::WebSocket, Transport::Changes] {
        links.push(Follower::fresh(&world, transport, "bob").await);
    }
    assert_eq!(world.seen_by("ann", "bob").await["isOnline"], false);
    force(&world, "ben", true).await;
    eve.until(&[("ben", true)]).await;
    assert!(!eve.told[PEOPLE.len()..].contains(&"bob".to_owned()));
    assert_eq!(world.seen_by("ann", "bob").await["isOnline"], false);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stock_clients_are_given_no_cursors_beside_their_snapshots() {
    let world = world().await;
    let mut bob = world.user("bob").await;
    let mut keeper = Follower::fresh(&world, Transport::SocketIo, "bob").await;
    force(&world, "ann", true).await;
    keeper.until(&[("ann", true)]).await;
    // The keeper has its cursor of this change by now.
    let told = told_by_now(&mut bob).await;
    let told: Vec<_> = told.iter().map(|(name, _)| name.as_str()).collect();
    assert!(told.contains(&"user:status"), "{told:?}");
    assert!(!told.contains(&"presence:cursor"), "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_link_may_ask_again() {
    let world = world().await;
    let mut talks = Follower::fresh(&world, Transport::WebSocket, "bob").await;
    let mut socket = Follower::fresh(&world, Transport::SocketIo, "bob").await;
    talks
        .say(json!({"event": "resume", "data": {"since": talks.cursor}}))
        .await;
    socket.emit("presence:resume", json!({"since": socket.cursor}));
    for follower in [&mut talks, &mut socket] {
        let deadline = Instant::now() + SOON;
        while follower.next(deadline).await.unwrap() != "snapshot" {}
        // The first was whole, the second a part of nobody.
        assert_eq!((follower.wholes, follower.told.len()), (1, PEOPLE.len()));
    }
    force(&world, "ann", true).await;
    for follower in [&mut talks, &mut socket] {
        follower.until(&[("ann", true)]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_logs_out_everywhere_is_told_so_on_every_link() {
    let world = world().await;
    let mut links = Vec::new();
    for transport in [Transport::SocketIo, Transport::Events, Transport::WebSocket] {
        links.push(Follower::fresh(&world, transport, "bob").await);
    }
    let bob = vigie_client::Http::new(world.url())
        .header("authorization", format!("Bearer {}", token("bob")));
    let cursor = links[0].cursor.clone().unwrap();
    let path = format!("/v1/changes?wait=50&since={cursor}");
    let waiting = tokio::spawn(async move { bob.call(Method::GET, &path, None).await.unwrap() });
    crate::world::until(async || world.links().await, 4).await;
    world
        .service(Method::DELETE, "/v1/users/bob/sessions", None)
        .await;
    for mut link in links {
        let deadline = Instant::now() + SOON;
        while link.next(deadline).await.is_some() {}
        assert_eq!(link.end.unwrap()["code"], "session_revoked");
    }
    let reply = tokio::time::timeout(SOON, waiting).await.unwrap().unwrap();
    assert_eq!(reply.status, 401);
    crate::world::until(async || world.links().await, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_that_watch_count_as_sockets_of_their_person() {
    let world = world_with(&[("VIGIE_CONNECTIONS_PER_PRINCIPAL", "2")]).await;
    let first = Follower::fresh(&world, Transport::Events, "bob").await;
    let _second = Follower::fresh(&world, Transport::WebSocket, "bob").await;
    let headers = format!("Authorization: Bearer {}\r\n", token("bob"));
    let refused = EventStream::open(&world, "/v1/events", &headers).await;
    assert_eq!(refused.status(), 429);
    drop(first);
    crate::world::until(
        async || {
            EventStream::open(&world, "/v1/events", &headers)
                .await
                .status()
        },
        200,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_stream_outlives_an_idle_connection() {
    let world = world_with(&[
        ("VIGIE_KEEP_ALIVE", "1s"),
        ("VIGIE_HEADER_TIMEOUT", "500ms"),
    ])
    .await;
    let mut links = Vec::new();
    for transport in [Transport::Events, Transport::WebSocket] {
        links.push(Follower::fresh(&world, transport, "bob").await);
    }
    // Several times what an idle connection has.
    tokio::time::sleep(A_MOMENT * 12).await;
    force(&world, "ann", true).await;
    for mut link in links {
        link.until(&[("ann", true)]).await;
        assert_eq!(link.wholes, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_served_is_refused_before_anything_is_opened() {
    let world = world().await;
    let bob = vigie_client::Http::new(world.url())
        .header("authorization", format!("Bearer {}", token("bob")));
    let anonymous = vigie_client::Http::new(world.url());
    let code = async |http: &vigie_client::Http, path: &str| -> (u16, Value) {
        let reply = http.call(Method::GET, path, None).await.unwrap();
        (reply.status.as_u16(), reply.json()["code"].clone())
    };
    for path in ["/v1/events", "/v1/ws", "/v1/changes"] {
        assert_eq!(code(&anonymous, path).await, (401, json!("AUTH_REQUIRED")));
        let path = format!("{path}?ticket=ticket_nonsense");
        assert_eq!(code(&anonymous, &path).await, (401, json!("AUTH_FAILED")));
    }
    assert_eq!(code(&bob, "/v1/ws").await, (400, json!("INVALID_PAYLOAD")));
    assert_eq!(
        code(&bob, "/v1/changes?wait=soon").await,
        (400, json!("INVALID_PAYLOAD"))
    );
    assert_eq!(world.links().await, 0);
}
