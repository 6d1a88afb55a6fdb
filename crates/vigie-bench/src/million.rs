//! A million people in a database, made once and copied for every run.
//!
//! They are users in conversations of ten; everybody is offline, or everybody is online by a REST lease.

use std::time::{Duration, SystemTime};

use anyhow::Context;
use vigie_core::{Availability, PresenceRecord, PrincipalId, Profile, Version, Wall};
use vigie_store::{PresenceWrite, Store, StoredConversation, StoredUser};

use crate::database::{Database, Kind};
use crate::output;
use crate::people::id;

const PEOPLE: usize = 1_000_000;

/// The same in a trial.
const FEW: usize = 20_000;

const MEMBERS: usize = 10;

/// Principals in one transaction while the store is filled.
pub(crate) const BATCH: usize = 50_000;

/// Leases are restored when the node that wrote them proved its life within this; an hour, since templates wait to be copied.
pub(crate) const OFFLINE_AFTER: Duration = Duration::from_secs(3_600);

/// How everybody is when a server starts on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Offline,
    Online,
}

impl State {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Online => "online",
        }
    }
}

/// The templates of one kind of store.
#[derive(Debug)]
pub(crate) struct Million {
    people: usize,
    offline: Database,
    online: Database,
    active_at: Wall,
    copies: u32,
}

impl Million {
    /// Fills both.
    ///
    /// # Errors
    /// When the store refuses.
    pub(crate) async fn create(kind: Kind, is_quick: bool) -> anyhow::Result<Self> {
        let people = if is_quick { FEW } else { PEOPLE };
        output::note(&format!("filling {kind} with {people} people"));
        let offline = Database::create(kind)?;
        let store = vigie_store::open(&offline.url()).await?;
        fill_directory(&*store, people).await?;
        write_everybody(&*store, people, |now| PresenceRecord {
            last_active_at: Some(now),
            last_seen_at: Some(now),
            ..PresenceRecord::default()
        })
        .await?;
        store.close().await;
        let online = offline.copy("everybody_online")?;
        let store = vigie_store::open(&online.url()).await?;
        let active_at = write_everybody(&*store, people, |now| PresenceRecord {
            availability: Availability::Online,
            last_active_at: Some(now),
            rest_floor: Some(now),
            ..PresenceRecord::default()
        })
        .await?;
        store.close().await;
        Ok(Self {
            people,
            offline,
            online,
            active_at,
            copies: 0,
        })
    }

    pub(crate) fn people(&self) -> usize {
        self.people
    }

    /// When everybody who is online was active last.
    pub(crate) fn active_at(&self) -> Wall {
        self.active_at
    }

    /// A database of its own, in which the latest server was alive a moment ago.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub(crate) async fn copy(&mut self, state: State) -> anyhow::Result<Database> {
        self.copies += 1;
        let template = match state {
            State::Offline => &self.offline,
            State::Online => &self.online,
        };
        let copy = template.copy(&format!("run_{}", self.copies))?;
        let now = now()?.as_millis();
        copy.execute(&format!("UPDATE incarnations SET alive_at = {now}"))
            .await?;
        Ok(copy)
    }
}

async fn fill_directory(store: &dyn Store, people: usize) -> anyhow::Result<()> {
    let ids = ids(people)?;
    for batch in ids.chunks(BATCH) {
        let users: Vec<_> = batch.iter().cloned().map(user).collect();
        store.provision_users(&users).await?;
    }
    let conversations: Vec<_> = ids
        .chunks(MEMBERS)
        .enumerate()
        .map(|(number, members)| {
            let id = format!("conversation-{number:07}").parse();
            Ok(StoredConversation {
                id: id.context("an id that is none")?,
                title: None,
                members: members.to_vec(),
            })
        })
        .collect::<anyhow::Result<_>>()?;
    for batch in conversations.chunks(BATCH / MEMBERS) {
        store.upsert_conversations(batch).await?;
    }
    Ok(())
}

/// Says when, the same instant for everybody.
async fn write_everybody(
    store: &dyn Store,
    people: usize,
    record: impl Fn(Wall) -> PresenceRecord,
) -> anyhow::Result<Wall> {
    let now = now()?;
    let by = store.begin_incarnation(now, OFFLINE_AFTER).await?;
    let record = PresenceRecord {
        version: Version(now.as_millis().unsigned_abs()),
        ..record(now)
    };
    for batch in ids(people)?.chunks(BATCH) {
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
    Ok(now)
}

pub(crate) fn ids(people: usize) -> anyhow::Result<Vec<PrincipalId>> {
    (0..people)
        .map(|number| Ok(PrincipalId::user(&id(number))?))
        .collect()
}

pub(crate) fn user(id: PrincipalId) -> StoredUser {
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

/// # Errors
/// When the machine's clock stands before 1970.
pub(crate) fn now() -> anyhow::Result<Wall> {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    Ok(Wall::from_millis(i64::try_from(since_epoch.as_millis())?))
}
