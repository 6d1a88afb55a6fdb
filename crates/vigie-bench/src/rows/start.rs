//! A start with a million principals in the store: how long, and how much memory each.
//!
//! They are users in conversations of ten; everybody is offline, or everybody is online by a REST lease.

use std::path::Path;
use std::time::{Duration, SystemTime};

use vigie_core::{Availability, PresenceRecord, PrincipalId, Profile, Version, Wall};
use vigie_store::{PresenceWrite, Store, StoredConversation, StoredUser};

use crate::finding::Finding;
use crate::output;
use crate::people::id;
use crate::row::RUNS;
use crate::stage::{Stage, database};

const PEOPLE: usize = 1_000_000;
const MEMBERS: usize = 10;

/// Principals in one transaction while the store is filled.
const BATCH: usize = 50_000;

/// Leases are restored when the node that wrote them proved its life within this.
const OFFLINE_AFTER: Duration = Duration::from_secs(300);

/// Most seconds until it listens.
const BUDGET: f64 = 5.0;

/// Most resident bytes of each.
const OFFLINE_BUDGET: f64 = 200.0;
const ONLINE_BUDGET: f64 = 500.0;

pub(crate) async fn measure(stage: &Stage) -> anyhow::Result<Vec<Finding>> {
    let empty = stage.vigie()?.server.process().resident()? as f64;
    let folder = tempfile::tempdir()?;
    output::note("filling a store");
    fill(folder.path()).await?;
    let mut findings = Vec::new();
    for (state, budget) in [("offline", OFFLINE_BUDGET), ("online", ONLINE_BUDGET)] {
        let (mut seconds, mut bytes) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            if state == "online" {
                everybody_online(folder.path()).await?;
            }
            let server = stage.vigie_in(folder.path(), &[])?;
            seconds.push(server.started_in().as_secs_f64());
            let resident = server.process().resident()? as f64;
            bytes.push((resident - empty) / PEOPLE as f64);
        }
        let what = format!("start with a million principals, {state}");
        findings.push(Finding::new(what, "s", seconds)?.at_most(BUDGET));
        let what = format!("… resident memory of each, {state}");
        findings.push(Finding::new(what, "B", bytes)?.at_most(budget));
    }
    Ok(findings)
}

async fn fill(folder: &Path) -> anyhow::Result<()> {
    let store = vigie_store::open(&database(folder)).await?;
    let ids = ids()?;
    for batch in ids.chunks(BATCH) {
        let users: Vec<_> = batch.iter().cloned().map(user).collect();
        store.provision_users(&users).await?;
    }
    let mut conversations = Vec::new();
    for (number, members) in ids.chunks(MEMBERS).enumerate() {
        conversations.push(StoredConversation {
            id: format!("conversation-{number:07}").parse()?,
            title: None,
            members: members.to_vec(),
        });
    }
    for batch in conversations.chunks(BATCH) {
        store.upsert_conversations(batch).await?;
    }
    write_everybody(&*store, |now| PresenceRecord {
        last_active_at: Some(now),
        last_seen_at: Some(now),
        ..PresenceRecord::default()
    })
    .await?;
    store.close().await;
    Ok(())
}

async fn everybody_online(folder: &Path) -> anyhow::Result<()> {
    let store = vigie_store::open(&database(folder)).await?;
    write_everybody(&*store, |now| PresenceRecord {
        availability: Availability::Online,
        last_active_at: Some(now),
        rest_floor: Some(now),
        ..PresenceRecord::default()
    })
    .await?;
    store.close().await;
    Ok(())
}

async fn write_everybody(
    store: &dyn Store,
    record: impl Fn(Wall) -> PresenceRecord,
) -> anyhow::Result<()> {
    let now = now()?;
    let by = store.begin_incarnation(now, OFFLINE_AFTER).await?;
    let record = PresenceRecord {
        version: Version(now.as_millis().unsigned_abs()),
        ..record(now)
    };
    for batch in ids()?.chunks(BATCH) {
        let writes: Vec<_> = batch
            .iter()
            .map(|principal| PresenceWrite {
                principal: principal.clone(),
                record: record.clone(),
            })
            .collect();
        store
            .write_presence(&by, &writes, Some(self::now()?))
            .await?;
    }
    store.reap_predecessors(&by).await?;
    Ok(())
}

fn ids() -> anyhow::Result<Vec<PrincipalId>> {
    (0..PEOPLE)
        .map(|number| Ok(PrincipalId::user(&id(number))?))
        .collect()
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

fn now() -> anyhow::Result<Wall> {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    Ok(Wall::from_millis(i64::try_from(since_epoch.as_millis())?))
}
