//! Changes of members that overlap, or end all memberships at once: the last thing that a client is told agrees with what it would be answered.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};
use vigie_client::{Event, Method, Socket};

use crate::world::{SOON, World, next_status, token};

/// Enough that some overlap so closely that the later one begins before the earlier one is made.
const ROUNDS: usize = 40;

const BOB: &str = "/v1/conversations/room/members/user:bob";

/// A client that keeps who is online, as far as it was told.
struct Client {
    socket: Socket,
    online: BTreeMap<String, bool>,
}

impl Client {
    fn take_in(&mut self, event: &Event) {
        let payload = event.payload();
        let users = match event.name.as_str() {
            "presence:snapshot" => {
                if payload["partial"] != true {
                    self.online.clear();
                }
                payload["users"].as_array().unwrap().clone()
            }
            "user:status" => vec![payload.clone()],
            _ => Vec::new(),
        };
        for user in users {
            let id = user["userId"].as_str().unwrap().to_owned();
            self.online.insert(id, user["isOnline"] == true);
        }
    }

    /// Reads until it holds somebody as that; whether it came to that.
    async fn holds(&mut self, who: &str, is_online: bool) -> bool {
        let deadline = Instant::now() + SOON;
        while self.online.get(who).copied().unwrap_or_default() != is_online {
            let Ok(event) = timeout_at(deadline, self.socket.recv()).await else {
                return false;
            };
            self.take_in(&event.unwrap());
        }
        true
    }
}

async fn force(world: &World, who: &str, is_online: bool) {
    let forced = json!({"userId": who, "isOnline": is_online});
    world
        .service(Method::POST, "/maintenance/user-status", Some(forced))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_who_is_taken_out_and_put_in_at_once_is_shown_as_what_they_end_as() {
    let world = World::start().await;
    world.conversation("room", &["ann", "bob"]).await;
    world.conversation("marks", &["ann", "eva"]).await;
    force(&world, "bob", true).await;
    let mut ann = Client {
        socket: world.user("ann").await,
        online: BTreeMap::from([("bob".to_owned(), true)]),
    };
    for round in 0..ROUNDS {
        let is_member = round % 2 == 0;
        let (begin, end) = if is_member {
            (Method::PUT, Method::DELETE)
        } else {
            (Method::DELETE, Method::PUT)
        };
        world.service(begin.clone(), BOB, None).await;
        assert!(ann.holds("bob", is_member).await, "round {round} begins");
        let ends = || world.service(end.clone(), BOB, None);
        let begins = || world.service(begin.clone(), BOB, None);
        // Whichever comes last; those behind it began before the first of them was made.
        tokio::join!(ends(), begins(), ends(), begins(), ends(), begins());
        // Eva's change is told after all of theirs.
        force(&world, "eva", is_member).await;
        assert!(ann.holds("eva", is_member).await, "round {round}");
        let seen = world.seen_by("ann", "bob").await["isOnline"] == true;
        assert!(ann.holds("bob", seen).await, "round {round} ends: {seen}");
    }
}

async fn watch(socket: &mut Socket, who: &str) {
    socket.emit("presence:watch", Some(json!({"ids": [who]})));
    let shown = socket.wait_for("presence:snapshot", SOON).await.unwrap();
    assert_eq!(shown.payload()["users"][0]["isOnline"], true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_watched_through_a_conversation_alone_goes_with_it_and_comes_back_with_it() {
    // In a conversation that subscribes its members, and in one that is too large for that.
    for limit in ["1000", "2"] {
        let world = World::with(&[("VIGIE_GRACE", "20s"), ("VIGIE_AUDIENCE_LIMIT", limit)]).await;
        let members = ["ann", "bob", "cem", "dot"];
        world.conversation("big", &members).await;
        force(&world, "bob", true).await;
        let auth = json!({"token": token("ann"), "cursor": true});
        let (mut ann, welcome, _) = world.enter(auth).await;
        watch(&mut ann, "user:bob").await;
        world
            .service(Method::DELETE, "/v1/conversations/big", None)
            .await;
        assert!(!next_status(&mut ann, "bob").await, "{limit}");
        let cursor = ann.wait_for("presence:cursor", SOON).await.unwrap();
        let cursor = cursor.payload()["cursor"].clone();
        ann.abort().await;
        // Whoever may see the same as at first, and was told otherwise in between, is told again.
        world.conversation("big", &members).await;
        let session = &welcome["session"];
        let again = json!({"token": token("ann"), "since": cursor, "resume": session});
        let (_ann, _, snapshot) = world.enter(again).await;
        let users = snapshot["users"].as_array().unwrap().iter();
        let online = users.filter(|user| user["isOnline"] == true);
        let online: Vec<&Value> = online.map(|user| &user["userId"]).collect();
        assert_eq!(online, ["bob"], "{limit}");
    }
}
