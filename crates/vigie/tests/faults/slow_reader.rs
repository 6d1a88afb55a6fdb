//! A client that reads nothing, or little at a time, while its contacts change thousands of times.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, timeout_at};
use vigie_client::{Http, Method, Socket};
use vigie_testbed::{Direction, Terms, Wire};

use crate::people::{conversation, enter, gauge, service};
use crate::server::{BOUND, Site};
use crate::vitals::resident;

const CONTACTS: usize = 50;
/// Each contact comes and goes so often; odd, so that the last change differs from the first state.
const CHANGES: usize = 201;

/// What ten thousand changes that one client does not read may cost, in bytes.
const MEMORY: u64 = 16 * 1024 * 1024;

const SLOW: &str = "vigie_limits_reached_total{limit=\"slow_socket\"}";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_reads_nothing_costs_little_and_gets_the_newest_state_afterwards() {
    // A frozen client answers no ping, and a re-stamp would repeat what was lost: both are beyond this test.
    let site = Site::new(&[
        ("VIGIE_PING_INTERVAL", "10s"),
        ("VIGIE_PING_TIMEOUT", "110s"),
        ("VIGIE_RESTAMP_INTERVAL", "175s"),
        ("VIGIE_SLOW_SOCKET_LIMIT", "64KiB"),
    ]);
    let mut server = site.start().await;
    let url = server.url().to_owned();
    let contacts: Vec<String> = (0..CONTACTS).map(|number| format!("c{number}")).collect();
    let mut members = contacts.clone();
    members.extend(["slow".to_owned(), "quick".to_owned()]);
    conversation(&url, "room", &members).await;
    // A wire takes little that nobody reads, where a loopback alone would take megabytes.
    let wire = Wire::to(server.address().parse().unwrap()).await.unwrap();
    let mut slow = enter(&wire.url(), "slow").await;
    let mut quick = enter(&url, "quick").await;
    let service = service(&url);
    // One whole round first, so that what the server keeps once is not counted.
    set_all(&service, &contacts, false).await;
    let dead = Terms {
        is_dead: true,
        ..Terms::default()
    };
    slow.freeze();
    wire.set(Direction::Down, dead);
    let before = resident(server.pid());
    for change in 0..CHANGES {
        set_all(&service, &contacts, change % 2 == 0).await;
    }
    // Else nothing was put to the test: the system took it all.
    assert!(gauge(&url, SLOW).await >= 1, "the client was never slow");
    let grown = resident(server.pid()).saturating_sub(before);
    assert!(grown < MEMORY, "{grown} bytes");
    // Who reads was never disturbed, and holds the newest state.
    all_become_online(&mut quick, &contacts).await;
    wire.heal();
    slow.thaw();
    all_become_online(&mut slow, &contacts).await;
    server.assert_alive();
}

/// A thin link, in bytes a second: less than a third of what the storm makes.
const THIN: u32 = 64 * 1024;

/// Long enough that whatever the server let pile up would keep a ping for longer than its answer may take.
const STORM: Duration = Duration::from_secs(12);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thin_link_in_a_storm_stays_open_and_gets_the_newest_state() {
    let site = Site::new(&[("VIGIE_PING_INTERVAL", "1s"), ("VIGIE_PING_TIMEOUT", "6s")]);
    let mut server = site.start().await;
    let url = server.url().to_owned();
    let contacts: Vec<String> = (0..CONTACTS).map(|number| format!("c{number}")).collect();
    let mut members = contacts.clone();
    members.push("thin".to_owned());
    conversation(&url, "room", &members).await;
    let service = service(&url);
    for contact in &contacts {
        // As many bytes as a name may have make each change heavy.
        let path = format!("/v1/users/{contact}");
        let name = json!({"displayName": "é".repeat(200)});
        let reply = service.call(Method::PUT, &path, Some(&name)).await.unwrap();
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    let wire = Wire::to(server.address().parse().unwrap()).await.unwrap();
    let terms = Terms {
        bytes_per_second: Some(THIN),
        ..Terms::default()
    };
    wire.set(Direction::Down, terms);
    let mut thin = enter(&wire.url(), "thin").await;
    let until = tokio::time::Instant::now() + STORM;
    let mut is_online = false;
    while tokio::time::Instant::now() < until {
        is_online = !is_online;
        set_all(&service, &contacts, is_online).await;
    }
    set_all(&service, &contacts, true).await;
    all_become_online(&mut thin, &contacts).await;
    server.assert_alive();
}

async fn set_all(service: &Http, contacts: &[String], is_online: bool) {
    for contact in contacts {
        let body = json!({"userId": contact, "isOnline": is_online});
        let reply = service
            .call(Method::POST, "/maintenance/user-status", Some(&body))
            .await
            .unwrap();
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
}

/// Reads until everybody is online, also after an answer of the server to what was asked then.
async fn all_become_online(socket: &mut Socket, contacts: &[String]) {
    let mut view = BTreeMap::new();
    let deadline = Instant::now() + BOUND;
    let mark = json!({"clientTime": 1});
    let mut is_marked = false;
    loop {
        let online = view.values().filter(|online| **online).count();
        if online == contacts.len() && !is_marked {
            socket.emit("heartbeat", Some(mark.clone()));
            is_marked = true;
        }
        let event = timeout_at(deadline, socket.recv()).await;
        let event = event
            .unwrap_or_else(|_| panic!("only {online} are online"))
            .unwrap();
        match event.name.as_str() {
            "user:status" => {
                let who = event.payload()["userId"].as_str().unwrap().to_owned();
                let is_online = event.payload()["isOnline"].as_bool().unwrap();
                if contacts.contains(&who) {
                    view.insert(who, is_online);
                }
            }
            "heartbeat:ack" => {
                // News may be a moment behind an answer.
                if online == contacts.len() {
                    return;
                }
                is_marked = false;
            }
            _ => {}
        }
    }
}
