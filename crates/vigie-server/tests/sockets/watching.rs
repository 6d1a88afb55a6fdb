//! People followed outside one's conversations: by difference, once per change, and nothing of whoever may not be seen.

use serde_json::{Value, json};
use vigie_client::{Http, Method, Socket};

use crate::follower::{EventStream, Follower, Kept, Transport};
use crate::world::{SOON, World, next_status, token, told_by_now, until};

/// A server on which mona, who moderates and so sees everybody, shares a conversation with ann alone.
async fn world_with(settings: &[(&str, &str)]) -> World {
    let mut all = vec![("VIGIE_GRACE", "20s")];
    all.extend_from_slice(settings);
    let world = World::with(&all).await;
    world.conversation("room", &["mona", "ann"]).await;
    world
        .conversation("elsewhere", &["ben", "cem", "dot"])
        .await;
    let moderates = Some(json!({"role": "MODERATOR"}));
    world
        .service(Method::PUT, "/v1/users/mona", moderates)
        .await;
    world
}

async fn force(world: &World, id: &str, is_online: bool) {
    let forced = json!({"userId": id, "isOnline": is_online});
    world
        .service(Method::POST, "/maintenance/user-status", Some(forced))
        .await;
}

/// Asks to watch, and is answered; then the snapshot of the newly watched, if there are any.
async fn watch(socket: &mut Socket, ids: &[&str]) -> (Value, Vec<Value>) {
    socket.emit("presence:watch", Some(json!({"ids": ids})));
    let answer = socket.wait_for("presence:watching", SOON).await.unwrap();
    let answer = answer.payload().clone();
    if answer["refused"].as_array().unwrap().len() == ids.len() {
        return (answer, Vec::new());
    }
    let snapshot = socket.wait_for("presence:snapshot", SOON).await.unwrap();
    assert_eq!(snapshot.payload()["partial"], true);
    let users = snapshot.payload()["users"].as_array().unwrap().clone();
    (answer, users)
}

fn statuses(told: &[(String, Value)]) -> Vec<(&str, bool)> {
    let statuses = told.iter().filter(|(name, _)| name == "user:status");
    statuses
        .map(|(_, status)| {
            let id = status["userId"].as_str().unwrap();
            (id, status["isOnline"].as_bool().unwrap())
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_watched_is_told_once_and_until_watched_no_more() {
    let world = world_with(&[]).await;
    force(&world, "ben", true).await;
    let mut mona = world.user("mona").await;
    // Ann is a contact as well, and told once all the same.
    let (answer, users) = watch(&mut mona, &["user:ben", "ann", "user:cem", "ben"]).await;
    assert_eq!(answer, json!({"total": 3, "refused": []}));
    let shown: Vec<_> = users
        .iter()
        .map(|user| (&user["userId"], &user["isOnline"]))
        .collect();
    assert_eq!(
        json!(shown),
        json!([["ben", true], ["ann", false], ["cem", false]])
    );
    force(&world, "ann", true).await;
    force(&world, "ben", false).await;
    force(&world, "dot", true).await;
    assert!(next_status(&mut mona, "ann").await);
    assert!(!next_status(&mut mona, "ben").await);
    assert_eq!(statuses(&told_by_now(&mut mona).await), []);

    mona.emit(
        "presence:unwatch",
        Some(json!({"ids": ["user:ben", "user:nobody", "user:ann", "not an id"]})),
    );
    let answer = mona.wait_for("presence:watching", SOON).await.unwrap();
    // Ann is followed as a contact still; of the others nothing is told any more.
    let gone = json!(["user:ben", "user:nobody"]);
    assert_eq!(
        answer.payload(),
        &json!({"total": 1, "refused": [], "gone": gone})
    );
    force(&world, "ben", true).await;
    force(&world, "cem", true).await;
    assert!(next_status(&mut mona, "cem").await);
    assert_eq!(statuses(&told_by_now(&mut mona).await), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_may_not_be_seen_looks_like_nobody_and_stays_so() {
    let world = world_with(&[]).await;
    force(&world, "ben", true).await;
    let mut ann = world.user("ann").await;
    let (answer, users) = watch(&mut ann, &["user:ben", "user:ghost", "not an id"]).await;
    assert_eq!(answer["total"], 2);
    assert_eq!(
        answer["refused"],
        json!([{"id": "not an id", "code": "invalid_id"}])
    );
    let alike = |id: &str| {
        let mut user = users
            .iter()
            .find(|user| user["userId"] == id)
            .unwrap()
            .clone();
        user["userId"] = Value::Null;
        user["username"] = Value::Null;
        user
    };
    assert_eq!(alike("ben"), alike("ghost"));
    force(&world, "ben", false).await;
    force(&world, "ben", true).await;
    force(&world, "mona", true).await;
    assert!(next_status(&mut ann, "mona").await);
    assert_eq!(statuses(&told_by_now(&mut ann).await), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_survives_a_resume_and_tells_only_what_was_missed() {
    let world = world_with(&[]).await;
    let auth = json!({"token": token("mona"), "cursor": true});
    let (mut mona, welcome, _) = world.enter(auth).await;
    assert_eq!(welcome["watching"], 0);
    watch(&mut mona, &["user:ben", "user:cem"]).await;
    force(&world, "ben", true).await;
    assert!(next_status(&mut mona, "ben").await);
    let cursor = mona.wait_for("presence:cursor", SOON).await.unwrap();
    let cursor = cursor.payload()["cursor"].clone();
    mona.abort().await;
    until(async || world.links().await, 0).await;
    force(&world, "cem", true).await;
    let again = json!({"token": token("mona"), "since": cursor, "resume": welcome["session"]});
    let (mut mona, resumed, snapshot) = world.enter(again).await;
    assert_eq!(
        (&resumed["session"], &resumed["watching"]),
        (&welcome["session"], &json!(2))
    );
    assert_eq!(snapshot["partial"], true);
    let users = snapshot["users"].as_array().unwrap();
    let told: Vec<_> = users
        .iter()
        .map(|user| user["userId"].as_str().unwrap())
        .collect();
    assert!(told.contains(&"cem"), "{told:?}");
    force(&world, "ben", false).await;
    assert!(!next_status(&mut mona, "ben").await);
    // Another session has a list of its own.
    let other = json!({"token": token("mona")});
    let (mut other, welcome, _) = world.enter(other).await;
    assert_eq!(welcome["watching"], 0);
    force(&world, "ben", true).await;
    assert!(next_status(&mut mona, "ben").await);
    assert!(!statuses(&told_by_now(&mut other).await).contains(&("ben", true)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_has_an_end_and_so_has_a_minute() {
    let world = world_with(&[("VIGIE_WATCH_LIMIT", "2"), ("VIGIE_WATCH_RATE", "3")]).await;
    let mut mona = world.user("mona").await;
    let (answer, users) = watch(&mut mona, &["user:ben", "user:cem", "user:dot"]).await;
    assert_eq!(users.len(), 2);
    let refused = json!([{"id": "user:dot", "code": "too_many"}]);
    assert_eq!(answer, json!({"total": 2, "refused": refused}));
    mona.emit(
        "presence:unwatch",
        Some(json!({"ids": ["user:ben", "user:cem"]})),
    );
    mona.wait_for("presence:watching", SOON).await.unwrap();
    let (answer, _) = watch(&mut mona, &["user:ben"]).await;
    assert_eq!(answer["total"], 1);
    // Nor does another socket of the same person have a minute of its own.
    let mut other = world.user("mona").await;
    let (answer, _) = watch(&mut other, &["user:cem"]).await;
    assert_eq!(answer["refused"][0]["code"], "rate_limited");
    assert_eq!(world.reached("watch_list").await, 1);
    assert_eq!(world.reached("watch_rate").await, 1);
    let bearer = format!("Bearer {}", token("mona"));
    let http = Http::new(world.url()).header("authorization", bearer);
    let ask = async |ids: &str| {
        let path = format!("/v1/changes?watch={ids}");
        http.call(Method::GET, &path, None)
            .await
            .unwrap()
            .status
            .as_u16()
    };
    assert_eq!(ask("user:dot").await, 429);
    assert_eq!(ask("ben,cem,dot").await, 400);
    assert_eq!(ask("%3F").await, 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plain_links_watch_by_their_address_and_a_websocket_by_messages_too() {
    let world = world_with(&[]).await;
    force(&world, "ben", true).await;
    let bearer = format!("Bearer {}", token("mona"));
    let http = Http::new(world.url()).header("authorization", bearer.clone());
    let ask = async |query: &str| {
        let path = format!("/v1/changes?watch=user:ben,user:cem{query}");
        http.call(Method::GET, &path, None).await.unwrap().json()
    };
    let ids = |snapshot: &Value| -> Vec<String> {
        let users = snapshot["users"].as_array().unwrap().iter();
        users
            .map(|user| user["userId"].as_str().unwrap().to_owned())
            .collect()
    };
    let whole = ask("").await;
    let mut all = ids(&whole);
    all.sort_unstable();
    assert_eq!(all, ["ann", "ben", "cem"]);
    let since = format!("&wait=25&since={}", whole["cursor"].as_str().unwrap());
    force(&world, "cem", true).await;
    let part = ask(&since).await;
    assert_eq!(
        (ids(&part), &part["partial"]),
        (vec!["cem".to_owned()], &json!(true))
    );
    // A cursor of a link that watched nobody says nothing of ben.
    let path = "/v1/changes";
    let alone = http.call(Method::GET, path, None).await.unwrap().json();
    let since = format!("&since={}", alone["cursor"].as_str().unwrap());
    let whole = ask(&since).await;
    assert!(ids(&whole).contains(&"ben".to_owned()) && whole["partial"].is_null());

    let headers = format!("Authorization: {bearer}\r\n");
    let mut events = EventStream::open(&world, "/v1/events?watch=ben", &headers).await;
    let deadline = tokio::time::Instant::now() + SOON;
    let first = tokio::time::timeout_at(deadline, events.next()).await;
    let (name, first) = first.unwrap().unwrap();
    assert_eq!(name, "snapshot");
    assert!(ids(&first).contains(&"ben".to_owned()), "{first}");

    let mut link = Follower::open(&world, Transport::WebSocket, "mona", Kept::default()).await;
    link.say(json!({"event": "watch", "data": {"ids": ["user:ben"]}}))
        .await;
    link.until(&[("ben", true)]).await;
    force(&world, "ben", false).await;
    link.until(&[("ben", false)]).await;
    link.say(json!({"event": "unwatch", "data": {"ids": ["user:ben"]}}))
        .await;
    while link.next(deadline).await.as_deref() != Some("watching") {}
    force(&world, "ben", true).await;
    force(&world, "ann", true).await;
    link.until(&[("ann", true), ("ben", false)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_unwatched_at_once_is_gone_in_the_end() {
    let world = world_with(&[]).await;
    force(&world, "ben", true).await;
    let mut mona = world.user("mona").await;
    for is_online in [true, false].repeat(10) {
        let ben = json!({"ids": ["user:ben"]});
        mona.emit("presence:watch", Some(ben.clone()));
        mona.emit("presence:unwatch", Some(ben));
        let mut told = told_by_now(&mut mona).await;
        // Whoever was to be shown is shown before this.
        force(&world, "ann", is_online).await;
        let is_ann = |(_, payload): &(String, Value)| payload["userId"] == "ann";
        while !told.iter().any(is_ann) {
            let event = tokio::time::timeout(SOON, mona.recv()).await.unwrap();
            let event = event.unwrap();
            told.push((event.name.clone(), event.payload().clone()));
        }
        let mut words = told.iter().filter_map(|(name, payload)| match &**name {
            "presence:snapshot" => payload["users"]
                .as_array()
                .unwrap()
                .iter()
                .any(|user| user["userId"] == "ben")
                .then_some("shown"),
            "presence:watching" => (payload["gone"] == json!(["user:ben"])).then_some("gone"),
            _ => None,
        });
        assert_eq!(words.next_back(), Some("gone"), "{told:?}");
    }
}
