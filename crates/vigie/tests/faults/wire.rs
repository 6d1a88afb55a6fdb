//! People behind a bad network: bob's connection runs over a wire that fails, alice watches over a good one.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use vigie_client::{Connect, End, Socket};
use vigie_testbed::{Direction, Terms, Wire};

use crate::people::{
    conversation, enter, gauge, millis, next_status, token, told_by_now, until, wall,
};
use crate::server::{BOUND, Server, Site};

/// A dead link is noticed after this by either side: a ping and its timeout, in milliseconds.
const SILENCE: i64 = 2_000;

/// An instant read outside the server may differ from the one it reads by this, in milliseconds.
const SKEW: i64 = 1_000;

const DEAD: Terms = Terms {
    is_dead: true,
    delay: Duration::ZERO,
    bytes_per_second: None,
};

struct Scene {
    server: Server,
    wire: Wire,
    alice: Socket,
    _site: Site,
}

/// Bob over a wire.
struct Bob {
    socket: Socket,
    session: String,
}

impl Scene {
    async fn with_grace(grace: &str) -> Self {
        let site = Site::new(&[
            ("VIGIE_PING_INTERVAL", "1s"),
            ("VIGIE_PING_TIMEOUT", "1s"),
            ("VIGIE_GRACE", grace),
        ]);
        let server = site.start().await;
        let both = ["alice".to_owned(), "bob".to_owned()];
        conversation(server.url(), "room", &both).await;
        let address: SocketAddr = server.address().parse().unwrap();
        Self {
            wire: Wire::to(address).await.unwrap(),
            alice: enter(server.url(), "alice").await,
            server,
            _site: site,
        }
    }

    /// Bob enters over the wire, and alice is told.
    async fn bob_enters(&mut self) -> Bob {
        let bob = self.bob(None).await;
        assert_eq!(self.told().await["isOnline"], true);
        bob
    }

    async fn bob(&self, resume: Option<&str>) -> Bob {
        let mut socket = Connect::to(self.wire.url())
            .auth(json!({"token": token("bob"), "resume": resume}))
            .timeout(BOUND)
            .open()
            .await
            .unwrap();
        let welcome = socket.wait_for("authenticated", BOUND).await.unwrap();
        let session = welcome.payload()["session"].as_str().unwrap().to_owned();
        Bob { socket, session }
    }

    /// The next thing that alice is told of bob.
    async fn told(&mut self) -> Value {
        next_status(&mut self.alice, "bob").await
    }

    async fn nobody_was_told(&mut self) {
        assert_eq!(told_by_now(&mut self.alice).await, [] as [Value; 0]);
    }

    /// Waits until the server has this many connected sessions, and so many in their grace.
    async fn sessions(&self, connected: u64, in_grace: u64) {
        let url = self.server.url();
        let ask = async || {
            let connected = gauge(url, r#"vigie_sessions{state="connected"}"#).await;
            (
                connected,
                gauge(url, r#"vigie_sessions{state="grace"}"#).await,
            )
        };
        until("sessions", ask, (connected, in_grace)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_dead_for_less_than_the_grace_is_nobodys_business() {
    let mut scene = Scene::with_grace("30s").await;
    let mut bob = scene.bob_enters().await;
    scene.wire.kill();
    // Both sides give the connection up.
    assert_eq!(bob.socket.ended().await, End::PingTimeout);
    scene.sessions(1, 1).await;
    scene.wire.heal();
    let mut bob = scene.bob(Some(&bob.session)).await;
    scene.sessions(2, 0).await;
    scene.nobody_was_told().await;
    bob.socket.disconnect().await;
    assert_eq!(scene.told().await["isOnline"], false);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_dead_for_longer_is_one_offline_with_the_last_proof_and_one_online() {
    for directions in [
        &[Direction::Up, Direction::Down][..],
        &[Direction::Up],
        &[Direction::Down],
    ] {
        let mut scene = Scene::with_grace("500ms").await;
        let bob = scene.bob_enters().await;
        let died = wall();
        for direction in directions {
            scene.wire.set(*direction, DEAD);
        }
        let offline = scene.told().await;
        assert_eq!(offline["isOnline"], false);
        let proof = millis(&offline["lastActiveAt"]).unwrap();
        assert!(
            (died - SILENCE - SKEW..=died + SKEW).contains(&proof),
            "{directions:?}: the link died at {died}, and {proof} is told"
        );
        scene.wire.heal();
        let back = scene.bob(Some(&bob.session)).await;
        assert_eq!(scene.told().await["isOnline"], true);
        // What the old connection still held comes too late for anything.
        drop(bob);
        back.socket.emit("heartbeat", None);
        scene.sessions(2, 0).await;
        scene.nobody_was_told().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_only_the_client_lost_ends_unnoticed_beside_the_new_one() {
    let mut scene = Scene::with_grace("500ms").await;
    let mut bob = scene.bob_enters().await;
    scene.wire.cut_clients();
    assert!(matches!(bob.socket.ended().await, End::TransportLost(_)));
    let mut back = scene.bob(Some(&bob.session)).await;
    // Two of bob's, for the server still believes in the old one; then it does not.
    scene.sessions(3, 0).await;
    scene.sessions(2, 0).await;
    scene.nobody_was_told().await;
    back.socket.disconnect().await;
    assert_eq!(scene.told().await["isOnline"], false);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_is_cut_again_and_again_does_not_flap() {
    let mut scene = Scene::with_grace("30s").await;
    let mut bob = scene.bob_enters().await;
    for round in 0..20 {
        if round % 2 == 0 {
            scene.wire.cut();
        } else {
            scene.wire.end();
        }
        bob.socket.ended().await;
        // Every third return knows nothing of the old session.
        let resume = (round % 3 > 0).then_some(bob.session.as_str());
        bob = scene.bob(resume).await;
    }
    scene.nobody_was_told().await;
    bob.socket.disconnect().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_and_thin_link_is_not_an_absence() {
    let mut scene = Scene::with_grace("500ms").await;
    let terms = Terms {
        delay: Duration::from_millis(250),
        bytes_per_second: Some(4_096),
        ..Terms::default()
    };
    scene.wire.set(Direction::Up, terms);
    scene.wire.set(Direction::Down, terms);
    let mut bob = scene.bob_enters().await;
    // Several pings long.
    let until = tokio::time::Instant::now() + Duration::from_millis(4 * SILENCE.unsigned_abs());
    while tokio::time::Instant::now() < until {
        bob.socket.emit("heartbeat", Some(json!({})));
        bob.socket.wait_for("heartbeat:ack", BOUND).await.unwrap();
    }
    scene.nobody_was_told().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handshake_over_a_dead_link_harms_nobody() {
    let mut scene = Scene::with_grace("500ms").await;
    scene.wire.set(Direction::Down, DEAD);
    let attempt = Connect::to(scene.wire.url())
        .auth(json!({"token": token("bob")}))
        .timeout(Duration::from_secs(3));
    assert!(attempt.open().await.is_err());
    scene.sessions(1, 0).await;
    scene.nobody_was_told().await;
    scene.wire.heal();
    scene.bob_enters().await;
}
