//! The wall clock is set forward and back under a running server, and between two starts.
//!
//! Debian's `faketime` lies to the process; its monotonic clock stays true, as it would.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use tokio::time::sleep;
use vigie_client::{Http, Method, Socket};

use crate::people::{
    act, caller, come_online, conversation, enter, gauge, millis, next_status, presence,
    told_by_now, until, wall,
};
use crate::run::say;
use crate::server::{BOUND, Server, Site};

const HOUR: i64 = 3_600_000;

/// Instants read outside and inside the process may differ by this, in milliseconds.
const SKEW: i64 = 60_000;

/// What happened this long before a kill is durable.
const DURABLE: Duration = Duration::from_secs(2);

/// A site whose server believes the clock that a file says.
struct Liar {
    site: Site,
    offset: PathBuf,
}

impl Liar {
    /// `None`, and said aloud, where the package `faketime` is not installed.
    fn new() -> Option<Self> {
        let Some(library) = library() else {
            say("SKIPPED: clock jumps need Debian's package faketime");
            return None;
        };
        let mut site = Site::new(&[
            ("VIGIE_PING_INTERVAL", "1s"),
            ("VIGIE_PING_TIMEOUT", "1s"),
            ("VIGIE_GRACE", "500ms"),
            ("VIGIE_THROTTLE_INTERVAL", "1s"),
            ("VIGIE_LEAVE_GUARD", "1s"),
            ("VIGIE_OFFLINE_AFTER", "4s"),
            ("VIGIE_RESTART_GRACE", "3s"),
        ]);
        let offset = site.folder().join("offset");
        site.set("LD_PRELOAD", library);
        site.set("FAKETIME_TIMESTAMP_FILE", &offset);
        site.set("FAKETIME_NO_CACHE", "1");
        site.set("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        let liar = Self { site, offset };
        liar.set(0);
        Some(liar)
    }

    /// From the next look on, the wall clock is off by so many hours.
    fn set(&self, hours: i64) {
        fs::write(&self.offset, format!("{:+}\n", hours * 3_600)).unwrap();
    }

    /// Sets the clock, and waits until the server goes by it.
    async fn jump(&self, server: &Server, hours: i64) {
        self.set(hours);
        let goes_by_it = async || {
            let reply = Http::new(server.url())
                .call(Method::GET, "/health", None)
                .await
                .unwrap();
            let believes = millis(&reply.json()["timestamp"]).unwrap();
            (believes - wall() - hours * HOUR).abs() < SKEW
        };
        until("the server's clock", goes_by_it, true).await;
    }
}

fn library() -> Option<OsString> {
    let folders = fs::read_dir("/usr/lib").ok()?;
    let inside = |folder: PathBuf| folder.join("faketime/libfaketime.so.1");
    folders
        .filter_map(|folder| Some(inside(folder.ok()?.path())))
        .find(|library| library.is_file())
        .map(PathBuf::into_os_string)
}

async fn acts(socket: &Socket) {
    let answer = socket.emit_with_ack("presence:activity", None, BOUND);
    answer.await.unwrap();
}

/// The times of one person, which only grow.
async fn times(url: &str, id: &str) -> [Option<i64>; 3] {
    let presence = presence(url, id).await;
    ["lastActiveAt", "lastActivityAt", "lastSeenAt"].map(|time| millis(&presence[time]))
}

fn assert_grown(before: [Option<i64>; 3], after: [Option<i64>; 3]) {
    for (before, after) in before.into_iter().zip(after) {
        assert!(before <= after, "{before:?}, then {after:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_jump_of_the_wall_clock_takes_a_time_back_or_moves_a_deadline() {
    let Some(liar) = Liar::new() else { return };
    let mut server = liar.site.start().await;
    let url = server.url().to_owned();
    let everybody = ["alice", "bob", "carol"].map(ToOwned::to_owned);
    conversation(&url, "room", &everybody).await;
    let mut alice = enter(&url, "alice").await;
    let mut bob = enter(&url, "bob").await;
    let carol = caller(&url, "carol");
    assert_eq!(act(&carol).await, 200);
    come_online(&mut alice, &["bob", "carol"]).await;

    let mut before = times(&url, "bob").await;
    for hours in [1, 0, -1, 2, -2] {
        liar.jump(&server, hours).await;
        acts(&bob).await;
        assert_eq!(act(&carol).await, 200);
        let after = times(&url, "bob").await;
        assert_grown(before, after);
        before = after;
        if hours > 0 {
            let [active, ..] = after;
            assert!(active > Some(wall() + hours * HOUR - SKEW), "{after:?}");
        }
        assert_eq!(told_by_now(&mut alice).await, [] as [Value; 0], "{hours}");
    }

    // Two hours behind what is stored: leases end all the same, a lost one and one by requests.
    bob.abort().await;
    for _ in 0..2 {
        let event = alice.wait_for("user:status", BOUND).await.unwrap();
        assert_eq!(event.payload()["isOnline"], false);
    }
    let after = times(&url, "bob").await;
    assert_grown(before, after);
    let _bob = enter(&url, "bob").await;
    assert_eq!(next_status(&mut alice, "bob").await["isOnline"], true);
    assert_grown(after, times(&url, "bob").await);
    server.assert_alive();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_with_an_earlier_clock_restores_ends_and_keeps_as_ever() {
    let Some(liar) = Liar::new() else { return };
    let everybody = ["alice", "bob", "carol", "dora"].map(ToOwned::to_owned);
    liar.set(1);
    let server = liar.site.start().await;
    conversation(server.url(), "room", &everybody).await;
    let _bob = enter(server.url(), "bob").await;
    let _dora = enter(server.url(), "dora").await;
    assert_eq!(act(&caller(server.url(), "carol")).await, 200);
    sleep(DURABLE).await;
    server.kill().await;

    // Two hours earlier by the clock, moments later in truth: dora returns, bob and carol do not.
    liar.set(-1);
    let server = liar.site.start().await;
    let mut dora = enter(server.url(), "dora").await;
    let mut alice = enter(server.url(), "alice").await;
    // What is stored of two hours ahead can mean now at the latest, and the operator is told.
    for who in ["bob", "dora", "carol"] {
        for time in times(server.url(), who).await.into_iter().flatten() {
            let latest = wall() - HOUR + SKEW;
            assert!(time < latest, "{who}: {time}, and it is {latest}");
        }
    }
    assert!(gauge(server.url(), "vigie_clamped_times").await >= 3);
    for _ in 0..2 {
        let event = alice.wait_for("user:status", BOUND).await.unwrap();
        let status = event.payload();
        assert_ne!(status["userId"], "dora");
        assert_eq!(status["isOnline"], false, "{status}");
    }
    // What was decided by the earlier clock is newer than what was stored by the later one.
    let _bob = enter(server.url(), "bob").await;
    dora.disconnect().await;
    assert_eq!(next_status(&mut alice, "dora").await["isOnline"], false);
    sleep(DURABLE).await;
    server.kill().await;

    let mut server = liar.site.start().await;
    let online = async |who: &str| presence(server.url(), who).await["isOnline"] == true;
    assert!(online("bob").await);
    assert!(!online("dora").await);
    assert!(!online("carol").await);
    until("bob's end", async || online("bob").await, false).await;
    server.assert_alive();
}
