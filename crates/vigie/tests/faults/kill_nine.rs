//! Twenty `kill -9` at random instants under load.
//!
//! People come, go, act, lose their connections and return; servers are killed while they serve, while they restore, and while people come back to them.
//! Everybody writes an independent log; afterwards it is compared with what watchers were told and with what the database kept.
//!
//! `VIGIE_FAULTS_SEED` repeats a run's random choices, `VIGIE_FAULTS_ROUNDS` sets the number of kills.

mod log;
mod person;
mod stay;
mod town;
mod verdict;
mod watcher;

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use tokio::task::JoinSet;
use tokio::time::Instant;
use vigie_core::{PrincipalId, Wall};
use vigie_testbed::Postgres;

use crate::people::{probe, until};
use crate::run::{number, say};
use crate::server::{BOUND, Server, Site};
use log::{Stored, What};
use person::Person;
use town::{Town, WATCHERS};

/// People whose lives are random.
const PEOPLE: usize = 30;

/// Periods in milliseconds, shortened so that a grace can pass between two kills.
const GRACE: i64 = 2_000;
const RESTART_GRACE: i64 = 4_000;
const OFFLINE_AFTER: i64 = 8_000;
const THROTTLE_INTERVAL: i64 = 1_000;
const ALIVE_INTERVAL: i64 = 2_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_nine_at_random_instants_loses_and_invents_nothing_on_sqlite() {
    let site = site();
    let database = format!("sqlite:{}", site.sqlite().display());
    survive(&site, &database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_nine_at_random_instants_loses_and_invents_nothing_on_postgresql() {
    let postgres = Postgres::start().unwrap();
    let database = postgres.database().unwrap();
    let mut site = site();
    site.set("DATABASE_URL", &database);
    survive(&site, &database).await;
}

fn site() -> Site {
    let mut site = Site::new(&[
        ("VIGIE_LEAVE_GUARD", "1s"),
        ("VIGIE_PING_INTERVAL", "2s"),
        ("VIGIE_PING_TIMEOUT", "2s"),
    ]);
    for (name, value) in [
        ("VIGIE_GRACE", GRACE),
        ("VIGIE_RESTART_GRACE", RESTART_GRACE),
        ("VIGIE_OFFLINE_AFTER", OFFLINE_AFTER),
        ("VIGIE_THROTTLE_INTERVAL", THROTTLE_INTERVAL),
        ("VIGIE_ALIVE_INTERVAL", ALIVE_INTERVAL),
    ] {
        site.set(name, format!("{value}ms"));
    }
    site
}

/// Kills again and again, lets everybody come to rest, and compares.
async fn survive(site: &Site, database: &str) {
    let seed = number("VIGIE_FAULTS_SEED").unwrap_or_else(|| fastrand::u64(..));
    let rounds: usize = number("VIGIE_FAULTS_ROUNDS").unwrap_or(20);
    say(&format!("VIGIE_FAULTS_SEED={seed}"));
    let mut rng = Rng::with_seed(seed);
    let town = Arc::new(Town::new());
    let mut watchers = JoinSet::new();
    for watcher in 0..WATCHERS {
        let town = Arc::clone(&town);
        watchers.spawn(async move { watcher::watch(&town, watcher).await });
    }
    let mut people = JoinSet::new();
    for slot in 0..PEOPLE {
        let (town, rng) = (Arc::clone(&town), rng.fork());
        people.spawn(async move { Person::new(&town, slot, rng).live().await });
    }

    let mut generation = 0;
    let mut server = reign(site, &town, generation).await;
    for _ in 0..rounds {
        tokio::time::sleep(Duration::from_millis(rng.u64(100..6_000))).await;
        store_answers(&server, generation).await;
        end(server, &town, generation).await;
        keep_what_is_stored(database, &town, generation).await;
        generation += 1;
        server = reign(site, &town, generation).await;
    }
    town.end();
    let mut still_there = Vec::new();
    while let Some(person) = people.join_next().await {
        still_there.push(person.unwrap());
    }
    // The last kill comes when everything must be durable; the sockets live until then.
    tokio::time::sleep(Duration::from_millis(verdict::DURABLE.unsigned_abs())).await;
    server.assert_alive();
    end(server, &town, generation).await;
    drop(still_there);
    watchers.shutdown().await;
    keep_what_is_stored(database, &town, generation).await;

    let verdict = verdict::judge(&town.log.lines());
    let contradictions = &verdict.contradictions;
    assert!(
        contradictions.is_empty(),
        "seed {seed}, {} contradictions:\n{}",
        contradictions.len(),
        contradictions.join("\n")
    );
    say(&format!("{verdict:?}"));
    assert!(
        verdict.excused * 4 <= verdict.stays
            && verdict.returns > rounds
            && verdict.ends > rounds
            && verdict.arrivals > rounds,
        "seed {seed}: too little was put to the test: {verdict:?}"
    );
}

async fn reign(site: &Site, town: &Town, generation: usize) -> Server {
    let server = site.start().await;
    town.listening(generation, server.url());
    server
}

/// Waits while the server says that its store is away, and until what waited is written: what is promised to be durable by now is promised of a store that answers.
async fn store_answers(server: &Server, generation: usize) {
    let ready = async || probe(server.url(), "/readyz").await;
    let asked = Instant::now();
    while ready().await != 200 {
        until("readiness", ready, 200).await;
        tokio::time::sleep(Duration::from_millis(verdict::DURABLE.unsigned_abs())).await;
        let waited = asked.elapsed();
        say(&format!(
            "server {generation} waited {waited:?} for its store"
        ));
    }
}

async fn end(server: Server, town: &Town, generation: usize) {
    server.kill().await;
    town.killed(generation);
}

/// Writes down what the database keeps of everybody, as its next server would find it.
async fn keep_what_is_stored(database: &str, town: &Town, after: usize) {
    let mut names: Vec<String> = Vec::new();
    for line in town.log.lines() {
        if let What::Began { who, .. } = line.what
            && !names.contains(&who)
        {
            names.push(who);
        }
    }
    let ids: Vec<PrincipalId> = names
        .iter()
        .map(|name| PrincipalId::user(name).unwrap())
        .collect();
    let store = tokio::time::timeout(BOUND, vigie_store::open(database))
        .await
        .unwrap()
        .unwrap();
    for kept in store.read_presence(&ids).await.unwrap() {
        town.log.write(What::Stored(Stored {
            after,
            who: kept.principal.as_str().to_owned(),
            has_lease: kept.record.has_lease(),
            last_active_at: kept.record.last_active_at.map(Wall::as_millis),
            last_seen_at: kept.record.last_seen_at.map(Wall::as_millis),
        }));
    }
    store.close().await;
}
