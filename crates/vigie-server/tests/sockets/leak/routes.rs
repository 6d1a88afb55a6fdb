//! Every route of the document, asked by a watcher.
//!
//! Always true: a parameter or a body that nobody taught this file makes the test fail, so that a new route cannot be left out.

use serde_json::{Value, json};
use vigie_client::{Http, Method};

use super::plain::{HIDDEN, Record};
use super::watchers::Who;
use crate::follower::EventStream;
use crate::world::{World, token};

/// Asks all routes that change nothing, and then with `changes` the others.
pub(super) async fn ask_everything(
    world: &World,
    who: &Who,
    cursor: &str,
    (changes, unblocks): (bool, bool),
    record: &mut Record,
) {
    let anybody = Http::new(world.url());
    let document = anybody.call(Method::GET, "/openapi.json", None).await;
    let document = document.unwrap().json();
    let paths = document["paths"].as_object().unwrap();
    let mut operations = Vec::new();
    for (path, item) in paths {
        for (method, operation) in item.as_object().unwrap() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let is_own_unblock = !unblocks && method == Method::DELETE && path.contains("/blocks/");
            if (changes || method.is_safe()) && !is_own_unblock {
                operations.push((!method.is_safe(), path, method, operation));
            }
        }
    }
    operations.sort_by_key(|(changes, path, method, _)| (*changes, *path, method.to_string()));
    let http = match who {
        Who::User(id) => anybody.header("authorization", format!("Bearer {}", token(id))),
        Who::Guest(token) => anybody.header("x-session-token", token.as_str()),
    };
    for (_, path, method, operation) in operations {
        for way in filled(path, operation, cursor) {
            let channel = format!("{} asks {method} {path}", who.name());
            if path == "/v1/events" {
                record_stream(world, who, &way, &channel, record).await;
                continue;
            }
            let body = body_of(path, &method, operation);
            let reply = http
                .call(method.clone(), &way, body.as_ref())
                .await
                .unwrap();
            let mut headers = serde_json::Map::new();
            for (name, value) in &reply.headers {
                // The length is that of what is compared anyhow.
                if !["date", "content-length", "etag"].contains(&name.as_str()) {
                    headers.insert(name.to_string(), value.to_str().unwrap().into());
                }
            }
            let body = reply.json();
            let body = if body.is_null() {
                reply.text().into()
            } else {
                body
            };
            let answer = json!({
                "way": way.replace(cursor, "cursor"),
                "status": reply.status.as_u16(), "headers": headers, "body": body,
            });
            record.note(&channel, "answer", &answer);
        }
    }
}

/// The first event of a stream, which would never end by itself.
async fn record_stream(world: &World, who: &Who, way: &str, channel: &str, record: &mut Record) {
    let header = match who {
        Who::User(id) => format!("Authorization: Bearer {}\r\n", token(id)),
        Who::Guest(token) => format!("X-Session-Token: {token}\r\n"),
    };
    let mut stream = EventStream::open(world, way, &header).await;
    let status = json!({"status": stream.status()});
    record.note(channel, "head", &status);
    let first = tokio::time::timeout(crate::world::SOON, stream.next()).await;
    if let Some((name, payload)) = first.unwrap() {
        record.note(channel, &name, &payload);
    }
}

/// The path with its parameters filled in, in every way that is of interest.
fn filled(path: &str, operation: &Value, cursor: &str) -> Vec<String> {
    let mut ways = vec![path.to_owned()];
    let nothing = Vec::new();
    for parameter in operation["parameters"].as_array().unwrap_or(&nothing) {
        let name = parameter["name"].as_str().unwrap();
        let values = values_of(path, name, cursor);
        let is_in_path = parameter["in"] == "path";
        ways = ways
            .iter()
            .flat_map(|way| {
                values.iter().map(move |value| match value {
                    None => way.clone(),
                    Some(value) if is_in_path => way.replace(&format!("{{{name}}}"), value),
                    Some(value) => {
                        let sign = if way.contains('?') { '&' } else { '?' };
                        format!("{way}{sign}{name}={value}")
                    }
                })
            })
            .collect();
    }
    assert!(
        ways.iter().all(|way| !way.contains('{')),
        "{path} has a parameter that it does not document"
    );
    ways
}

/// What a parameter is filled with; `None` leaves it out.
fn values_of(path: &str, name: &str, cursor: &str) -> Vec<Option<String>> {
    let some = |values: &[&str]| -> Vec<Option<String>> {
        values
            .iter()
            .map(|value| Some((*value).to_owned()))
            .collect()
    };
    let typed = format!("user:{HIDDEN}");
    match name {
        "id" if path.starts_with("/v1/conversations/") => some(&["room", "hall"]),
        "id" if path.starts_with("/v1/guests/") => some(&["g_nobody"]),
        "id" => some(&[HIDDEN, &typed]),
        "who" => some(&["me", &typed]),
        "principal" => some(&[&typed]),
        "ids" if path.starts_with("/v1/conversations/") => some(&["room,hall"]),
        "ids" => some(&[&format!("anna,{HIDDEN},zoe,nobody")]),
        "since" => vec![None, Some(cursor.to_owned())],
        "wait" => some(&["0"]),
        "activity" => some(&["0", "1"]),
        "watch" => vec![None, Some(typed)],
        "fields" => vec![None, Some("count".to_owned())],
        "limit" => vec![None, Some("2".to_owned())],
        "after" => vec![None],
        "original" => some(&["x"]),
        // A ticket is spent by its first use, and another credential is there.
        "ticket" | "Last-Event-ID" => vec![None],
        other => panic!("teach this test what to fill in for `{other}` of {path}"),
    }
}

fn body_of(path: &str, method: &Method, operation: &Value) -> Option<Value> {
    if operation["requestBody"].is_null() {
        return None;
    }
    Some(match (method.as_str(), path) {
        ("PUT", "/v1/privacy/{who}") => json!({"availability": "contacts", "lastSeen": "contacts"}),
        ("PUT", "/v1/presence/me") => json!({"status": "busy", "text": "of the watcher"}),
        ("PUT", "/v1/conversations/{id}/members") => json!([format!("user:{HIDDEN}")]),
        ("POST", "/v1/activity") => json!([{"userId": HIDDEN}]),
        // These take an operator's credential, and are refused whatever is sent.
        ("PUT", "/v1/users/{id}" | "/v1/conversations/{id}") | ("POST", "/v1/guests") => json!({}),
        ("POST", "/v1/guests/{id}/merge") => json!({"userId": HIDDEN}),
        ("POST" | "PATCH" | "PUT", path) if path.starts_with("/v1/webhooks") => {
            json!({"url": "https://example.org/"})
        }
        ("POST", path) if path.ends_with("/user-status") => {
            json!({"userId": HIDDEN, "isOnline": true})
        }
        (method, path) => panic!("teach this test what to send to {method} {path}"),
    })
}
