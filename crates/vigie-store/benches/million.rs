//! What the store costs with a million principals: `cargo bench -p vigie-store`.
//!
//! A million users in conversations of ten, all with times, one in ten with an open session.
//! Prints milliseconds and rows; an argument that is a number takes its place (`-- 100000`).

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program that prints what it measured, and stops at the first error"
)]

use std::time::{Duration, Instant};

use vigie_core::{
    Availability, PresenceRecord, PrincipalId, Profile, SessionId, StoredSession, Version, Wall,
};
use vigie_store::{Page, PresenceWrite, Store, StoredConversation, StoredUser};

const OFFLINE_AFTER: Duration = Duration::from_secs(300);
const MEMBERS: usize = 10;

/// Principals in a transaction while a long queue is written.
const BATCH: usize = 50_000;

/// The number of refreshes in a minute that one transaction may have to take at worst.
const REFRESHES: usize = 1_000;

#[tokio::main]
async fn main() {
    let count = std::env::args()
        .filter_map(|argument| argument.parse().ok())
        .next()
        .unwrap_or(1_000_000);
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("vigie.db").display());
    let store = vigie_store::open(&url).await.unwrap();
    let ids: Vec<_> = (0..count).map(id).collect();

    let began = Instant::now();
    provision(&*store, &ids).await;
    report("provision", began, count);

    let by = store.begin_incarnation(at(0), OFFLINE_AFTER).await.unwrap();
    let began = Instant::now();
    for batch in ids.chunks(BATCH) {
        let batch: Vec<_> = batch.iter().map(|id| write(id, offline(1))).collect();
        store.write_presence(&by, &batch, None).await.unwrap();
    }
    report("write times", began, count);

    let online_ids: Vec<_> = ids.iter().step_by(10).collect();
    let began = Instant::now();
    for batch in online_ids.chunks(BATCH) {
        let batch: Vec<_> = batch.iter().map(|id| write(id, online(2, 2))).collect();
        store.write_presence(&by, &batch, None).await.unwrap();
    }
    report("write sessions", began, online_ids.len());

    let refreshed: Vec<_> = online_ids.iter().take(REFRESHES).collect();
    let mut spent = Vec::new();
    let mut rows = 0;
    for minute in 3..23 {
        let batch: Vec<_> = refreshed
            .iter()
            .map(|id| write(id, online(2, 60 * minute)))
            .collect();
        let began = Instant::now();
        rows = store.write_presence(&by, &batch, None).await.unwrap().rows;
        spent.push(began.elapsed());
    }
    spent.sort();
    println!(
        "refresh        {:>9} in one transaction: {rows} rows, median {:?}, worst {:?}",
        refreshed.len(),
        spent[spent.len() / 2],
        spent[spent.len() - 1],
    );

    let began = Instant::now();
    for batch in online_ids.chunks(BATCH) {
        let batch: Vec<_> = batch.iter().map(|id| write(id, offline(9_000))).collect();
        store.write_presence(&by, &batch, None).await.unwrap();
    }
    report("write ends", began, online_ids.len());

    for batch in online_ids.chunks(BATCH) {
        let batch: Vec<_> = batch
            .iter()
            .map(|id| write(id, online(9_001, 9_001)))
            .collect();
        store.write_presence(&by, &batch, None).await.unwrap();
    }
    store.close().await;
    drop(store);

    let began = Instant::now();
    let store = vigie_store::open(&url).await.unwrap();
    let (mut users, mut presence) = (0, 0);
    let mut receive = |page| match page {
        Page::Users(page) => users += page.len(),
        Page::Presence(page) => presence += page.len(),
        Page::Guests(_) | Page::Conversations(_) | Page::Privacy(_) | Page::Blocks(_) => {}
    };
    store.load(&mut receive).await.unwrap();
    report("open and load", began, users);
    assert_eq!((users, presence), (count, count));

    let successor = store
        .begin_incarnation(at(9_100), OFFLINE_AFTER)
        .await
        .unwrap();
    let began = Instant::now();
    let reaped = store.reap_predecessors(&successor).await.unwrap();
    report("reap", began, usize::try_from(reaped.rows).unwrap());
}

fn report(what: &str, began: Instant, count: usize) {
    let spent = began.elapsed();
    let each = spent.as_secs_f64() * 1e6 / count.max(1) as f64;
    println!(
        "{what:<14} {count:>9} in {:>7} ms, {each:.2} µs each",
        spent.as_millis()
    );
}

async fn provision(store: &dyn Store, ids: &[PrincipalId]) {
    for batch in ids.chunks(BATCH) {
        let users: Vec<_> = batch.iter().map(|id| user(id.clone())).collect();
        store.provision_users(&users).await.unwrap();
    }
    let conversations: Vec<_> = ids
        .chunks(MEMBERS)
        .enumerate()
        .map(|(number, members)| StoredConversation {
            id: format!("conversation-{number:07}").parse().unwrap(),
            title: None,
            members: members.to_vec(),
        })
        .collect();
    for batch in conversations.chunks(BATCH) {
        store.upsert_conversations(batch).await.unwrap();
    }
}

/// 24 bytes, in an order that is not that of the numbers.
fn id(number: usize) -> PrincipalId {
    let scattered = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    PrincipalId::user(&format!("user-{scattered:016x}-ab")).unwrap()
}

fn user(id: PrincipalId) -> StoredUser {
    let profile = Profile {
        username: Some(id.as_str().into()),
        display_name: Some("Somebody Somewhere".into()),
        ..Profile::default()
    };
    StoredUser {
        id,
        profile,
        is_deleted: false,
    }
}

fn at(seconds: i64) -> Wall {
    Wall::from_millis(1_700_000_000_000 + seconds * 1_000)
}

fn version(seconds: i64) -> Version {
    Version(at(seconds).as_millis().unsigned_abs())
}

fn offline(since: i64) -> PresenceRecord {
    PresenceRecord {
        version: version(since),
        last_active_at: Some(at(since)),
        last_seen_at: Some(at(since)),
        ..PresenceRecord::default()
    }
}

fn online(since: i64, active: i64) -> PresenceRecord {
    PresenceRecord {
        version: version(since),
        availability: Availability::Online,
        last_active_at: Some(at(active)),
        sessions: vec![StoredSession {
            id: SessionId(7),
            active_at: at(active),
            backgrounded: false,
            lost_alive_at: None,
        }],
        ..PresenceRecord::default()
    }
}

fn write(principal: &PrincipalId, record: PresenceRecord) -> PresenceWrite {
    PresenceWrite {
        principal: principal.clone(),
        record,
    }
}
