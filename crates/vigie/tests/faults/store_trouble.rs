//! The store goes away under load and comes back.
//!
//! `VIGIE_FAULTS_AWAY` sets for how many seconds, a few by default.
//! Whatever the trouble is, the same must hold: known people's requests succeed, watchers are told at once, readiness says what is the matter, and afterwards everything is written.

mod full_disk;
mod locked_file;
mod postgres_away;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use vigie_client::{Http, Method, Socket};
use vigie_core::{PrincipalId, Wall};

use crate::people::{
    act, caller, conversation, enter, next_status, presence, probe, service, until, wall,
};
use crate::run::{number, say};
use crate::server::Site;

/// People who make requests all the time, and people who come and go by socket.
const CALLERS: usize = 10;
const VISITORS: usize = 6;

/// The throttle, and what a busy machine may add to it, in milliseconds.
const THROTTLE_INTERVAL: i64 = 1_000;
const LATENESS: i64 = 2_000;

fn settings() -> [(&'static str, &'static str); 4] {
    [
        // What a flush lost must not be found and written by the reconciliation.
        ("VIGIE_MAINTENANCE_INTERVAL", "1h"),
        ("VIGIE_GRACE", "500ms"),
        ("VIGIE_THROTTLE_INTERVAL", "1s"),
        ("VIGIE_LEAVE_GUARD", "1s"),
    ]
}

/// A way to take the store away, and to give it back.
trait Trouble {
    async fn begin(&mut self);
    async fn end(&mut self);
}

/// Tells the whole story; `database` is read when the server is dead.
async fn known_people_never_notice(site: &Site, database: &str, trouble: &mut impl Trouble) {
    let away = Duration::from_secs(number("VIGIE_FAULTS_AWAY").unwrap_or(6));
    let mut server = site.start().await;
    let url = server.url().to_owned();
    let names = |kind: &str, count| -> Vec<String> {
        (0..count).map(|number| format!("{kind}{number}")).collect()
    };
    let (callers, visitors) = (names("caller", CALLERS), names("visitor", VISITORS));
    let mut members = vec!["alice".to_owned()];
    members.extend(callers.iter().chain(&visitors).cloned());
    conversation(&url, "room", &members).await;
    let mut alice = enter(&url, "alice").await;
    for name in callers.iter().chain(&visitors) {
        assert_eq!(act(&caller(&url, name)).await, 200);
    }

    trouble.begin().await;
    let is_over = Arc::new(AtomicBool::new(false));
    let mut calling = JoinSet::new();
    for name in &callers {
        calling.spawn(call_until(Arc::clone(&is_over), caller(&url, name)));
    }
    until("readiness", async || probe(&url, "/readyz").await, 503).await;
    assert_eq!(probe(&url, "/livez").await, 200);
    // Nobody can say who a stranger is, and nobody calls the token bad.
    assert_eq!(act(&caller(&url, "stranger")).await, 503);
    // Who comes and goes is announced meanwhile.
    let until_then = Instant::now() + away;
    let mut present: Vec<Socket> = Vec::new();
    while Instant::now() < until_then || present.len() < VISITORS {
        for mut socket in present.drain(..) {
            socket.disconnect().await;
        }
        for name in &visitors {
            present.push(enter(&url, name).await);
        }
    }
    let left_at = wall();
    // By requests they were online before, so the first thing that alice is told is a leave.
    for (visitor, socket) in visitors.iter().zip(&mut present).skip(VISITORS / 2) {
        socket.disconnect().await;
        while next_status(&mut alice, visitor).await["isOnline"] == true {}
    }
    refused_once_more(&url).await;
    assert_eq!(probe(&url, "/readyz").await, 503);

    trouble.end().await;
    until("readiness", async || probe(&url, "/readyz").await, 200).await;
    assert_eq!(probe(&url, "/health").await, 200);
    is_over.store(true, Ordering::Relaxed);
    let mut took = Vec::new();
    while let Some(calls) = calling.join_next().await {
        took.extend(calls.unwrap());
    }
    took.sort_unstable();
    let p99 = took[took.len() * 99 / 100];
    say(&format!(
        "{} requests, p99 {p99:?}, none failed",
        took.len()
    ));
    let stopped_calling = wall();
    let pending = async || updates(&url, "pendingUpdates").await;
    until("pending updates", pending, 0).await;
    sleep(Duration::from_millis(LATENESS.unsigned_abs())).await;
    for (number, name) in visitors.iter().enumerate() {
        let is_online = presence(&url, name).await["isOnline"] == true;
        assert_eq!(is_online, number < VISITORS / 2, "{name}");
    }
    server.assert_alive();
    server.kill().await;

    let store = vigie_store::open(database).await.unwrap();
    for (number, name) in visitors.iter().enumerate() {
        let kept = kept(&*store, name).await;
        assert_eq!(kept.has_lease(), number < VISITORS / 2, "{name}: {kept:?}");
        if !kept.has_lease() {
            let seen = kept.last_seen_at.map(Wall::as_millis);
            assert!(seen >= Some(left_at), "{name}: {kept:?}");
        }
    }
    for name in &callers {
        let kept = kept(&*store, name).await;
        let active = kept.last_active_at.map(Wall::as_millis);
        let bound = stopped_calling - THROTTLE_INTERVAL - LATENESS;
        assert!(active >= Some(bound), "{name}: {kept:?}, not {bound}");
    }
    store.close().await;
}

/// Requests without a pause; how long each took.
async fn call_until(is_over: Arc<AtomicBool>, caller: Http) -> Vec<Duration> {
    let mut took = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let asked = Instant::now();
        assert_eq!(act(&caller).await, 200);
        took.push(asked.elapsed());
        sleep(Duration::from_millis(5)).await;
    }
    took
}

/// Waits until the store has refused everything that happened so far.
async fn refused_once_more(url: &str) {
    // The batch under way may have begun before; the one after it holds all that waits, and the callers see to it that there is one.
    for _ in 0..2 {
        let before = updates(url, "failedUpdates").await;
        let is_refused = async || updates(url, "failedUpdates").await > before;
        until("a refusal", is_refused, true).await;
    }
}

/// A number of the status metrics.
async fn updates(url: &str, name: &str) -> u64 {
    let path = "/maintenance/status-metrics";
    let reply = service(url).call(Method::GET, path, None).await.unwrap();
    reply.json()["data"][name].as_u64().unwrap()
}

async fn kept(store: &dyn vigie_store::Store, name: &str) -> vigie_core::PresenceRecord {
    let id = PrincipalId::user(name).unwrap();
    let found = store.read_presence(&[id]).await.unwrap();
    found.into_iter().next().unwrap().record
}
