//! Conversations' presence by REST: pages that fit together, and counts, for members and services.

use serde_json::{Value, json};
use vigie_client::{Http, Method};

use crate::room_viewer::{Viewer, counts};
use crate::world::{World, token};

async fn ask(world: &World, who: Option<&str>, path: &str) -> (u16, Value) {
    let http = Http::new(world.url());
    let http = match who {
        Some(who) => http.header("authorization", format!("Bearer {}", token(who))),
        None => http.header("x-api-key", "a-key-of-the-tests"),
    };
    let reply = http.call(Method::GET, path, None).await.unwrap();
    (reply.status.as_u16(), reply.json())
}

async fn crowd(world: &World, people: usize) -> Vec<String> {
    let crowd: Vec<String> = (0..people).map(|number| format!("u{number:02}")).collect();
    let mut members: Vec<&str> = crowd.iter().map(String::as_str).collect();
    members.push("bob");
    world.conversation("room", &members).await;
    let present: Vec<_> = crowd
        .iter()
        .step_by(2)
        .map(|id| json!({"userId": id}))
        .collect();
    world
        .service(Method::POST, "/v1/activity", Some(json!(present)))
        .await;
    crowd
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_hold_each_present_member_once_in_small_and_in_large_conversations() {
    for limit in ["1000", "5"] {
        let world = World::with(&[("VIGIE_AUDIENCE_LIMIT", limit)]).await;
        let crowd = crowd(&world, 30).await;
        let _bob = Viewer::open(&world, "bob", "room").await;
        for who in [Some("bob"), None] {
            let mut found = Vec::new();
            let mut after = String::new();
            loop {
                let path = format!("/v1/conversations/room/presence?limit=4{after}");
                let (status, page) = ask(&world, who, &path).await;
                assert_eq!(status, 200, "{page}");
                assert_eq!(page["counts"], counts(31, 16, 1), "{limit} {who:?}");
                let members = page["members"].as_array().unwrap();
                assert!(members.iter().all(|one| one["lastActiveAt"].is_string()));
                found.extend(members.iter().map(|one| {
                    let here = one["here"].as_bool().unwrap();
                    assert_eq!(here, one["userId"] == "bob");
                    assert_eq!(
                        one["id"],
                        format!("user:{}", one["userId"].as_str().unwrap())
                    );
                    one["userId"].as_str().unwrap().to_owned()
                }));
                match page["next"].as_str() {
                    Some(next) => after = format!("&after={next}"),
                    None => break,
                }
            }
            let mut expected = vec!["bob".to_owned()];
            expected.extend(crowd.iter().step_by(2).cloned());
            assert_eq!(found, expected, "{limit} {who:?}");
        }
        // A page may begin behind anything that could be an id.
        let path = "/v1/conversations/room/presence?after=user:u27x";
        let (_, page) = ask(&world, Some("bob"), path).await;
        assert_eq!(page["members"][0]["userId"], "u28");
        assert_eq!(page["members"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_are_for_members_and_services_and_others_learn_nothing() {
    let world = World::start().await;
    crowd(&world, 4).await;
    world.conversation("presence", &["bob", "eve"]).await;
    world
        .service(Method::PUT, "/v1/conversations/presence", None)
        .await;
    let path = "/v1/conversations/room/presence?fields=count";
    let (status, answer) = ask(&world, Some("bob"), path).await;
    let expected = json!({"conversationId": "room", "counts": counts(5, 2, 0)});
    assert_eq!((status, answer), (200, expected.clone()));
    for path in [path, "/v1/conversations/nowhere/presence"] {
        let (status, answer) = ask(&world, Some("eve"), path).await;
        assert_eq!(
            (status, &answer["code"]),
            (404, &json!("UNKNOWN_CONVERSATION"))
        );
    }
    let path = "/v1/conversations/presence?ids=room,nowhere,presence";
    let other = json!({"conversationId": "presence", "counts": counts(2, 0, 0)});
    let check = async |who, expected: Value| {
        let (status, answer) = ask(&world, who, path).await;
        assert_eq!((status, answer), (200, json!({"conversations": expected})));
    };
    check(Some("eve"), json!([other])).await;
    check(Some("bob"), json!([expected, other])).await;
    check(None, json!([expected, other])).await;
    let many: Vec<String> = (0..101).map(|number| format!("c{number}")).collect();
    let path = format!("/v1/conversations/presence?ids={}", many.join(","));
    assert_eq!(ask(&world, None, &path).await.0, 400);
    world
        .service(Method::DELETE, "/v1/conversations/presence", None)
        .await;
}
