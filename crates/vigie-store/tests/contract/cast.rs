//! People and records to tell stories with.

use std::time::Duration;

use vigie_core::{
    Availability, Id, PresenceRecord, PrincipalId, Profile, SessionId, StoredSession, Version, Wall,
};
use vigie_store::{
    Page, PresenceWrite, ReadError, Store, StoredBlock, StoredConversation, StoredGuest,
    StoredPresence, StoredPrivacy, StoredUser,
};

/// When the stories begin, in milliseconds: some instant in the past.
pub(crate) const DAWN: i64 = 1_700_000_000_000;

/// The default of the rule.
pub(crate) const OFFLINE_AFTER: Duration = Duration::from_secs(300);

pub(crate) fn at(seconds: i64) -> Wall {
    Wall::from_millis(DAWN + seconds * 1_000)
}

pub(crate) fn user(id: &str) -> PrincipalId {
    PrincipalId::user(id).unwrap()
}

pub(crate) fn guest(id: &str) -> PrincipalId {
    PrincipalId::guest(id).unwrap()
}

pub(crate) fn conversation(id: &str) -> Id {
    id.parse().unwrap()
}

/// A user called as its id is.
pub(crate) fn registered(id: &str) -> StoredUser {
    StoredUser {
        id: user(id),
        profile: Profile {
            username: Some(id.into()),
            ..Profile::default()
        },
        is_deleted: false,
    }
}

/// A guest of the conversation `lobby`.
pub(crate) fn visitor(id: &str, token: u8) -> StoredGuest {
    StoredGuest {
        id: guest(id),
        token_sha256: [token; 32],
        conversation: conversation("lobby"),
        display_name: "Visitor".into(),
        language: None,
        expires_at: None,
        created_at: at(0),
    }
}

/// Online by one open session since `seconds`.
pub(crate) fn online(seconds: i64) -> PresenceRecord {
    PresenceRecord {
        version: version(seconds),
        availability: Availability::Online,
        last_active_at: Some(at(seconds)),
        sessions: vec![StoredSession {
            id: SessionId(7),
            active_at: at(seconds),
            backgrounded: false,
            lost_alive_at: None,
        }],
        ..PresenceRecord::default()
    }
}

/// Offline since `seconds`, and last active then.
pub(crate) fn offline(seconds: i64) -> PresenceRecord {
    PresenceRecord {
        version: version(seconds),
        last_active_at: Some(at(seconds)),
        last_seen_at: Some(at(seconds)),
        ..PresenceRecord::default()
    }
}

pub(crate) fn version(seconds: i64) -> Version {
    Version(at(seconds).as_millis().unsigned_abs())
}

pub(crate) fn write(principal: &PrincipalId, record: &PresenceRecord) -> PresenceWrite {
    PresenceWrite {
        principal: principal.clone(),
        record: record.clone(),
    }
}

/// Everything that a store keeps.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    pub(crate) users: Vec<StoredUser>,
    pub(crate) guests: Vec<StoredGuest>,
    pub(crate) privacy: Vec<StoredPrivacy>,
    pub(crate) blocks: Vec<StoredBlock>,
    pub(crate) conversations: Vec<StoredConversation>,
    pub(crate) presence: Vec<StoredPresence>,
}

/// Reads everything, and sees that no page is empty or comes before its turn.
pub(crate) async fn load(store: &dyn Store) -> Result<Snapshot, ReadError> {
    let mut found = Snapshot::default();
    let mut turn = 0;
    let mut receive = |page| {
        let (of_page, rows) = match page {
            Page::Users(users) => (0, extend(&mut found.users, users)),
            Page::Guests(guests) => (1, extend(&mut found.guests, guests)),
            Page::Privacy(settings) => (2, extend(&mut found.privacy, settings)),
            Page::Blocks(blocks) => (3, extend(&mut found.blocks, blocks)),
            Page::Conversations(groups) => (4, extend(&mut found.conversations, groups)),
            Page::Presence(presence) => (5, extend(&mut found.presence, presence)),
        };
        assert!(rows > 0 && of_page >= turn, "{rows} rows of part {of_page}");
        turn = of_page;
    };
    store.load(&mut receive).await?;
    Ok(found)
}

fn extend<T>(all: &mut Vec<T>, page: Vec<T>) -> usize {
    let rows = page.len();
    all.extend(page);
    rows
}

/// What a snapshot says of one principal.
pub(crate) fn presence_of<'s>(
    snapshot: &'s Snapshot,
    principal: &PrincipalId,
) -> Option<&'s StoredPresence> {
    let mut found = snapshot
        .presence
        .iter()
        .filter(|presence| presence.principal == *principal);
    let first = found.next();
    assert_eq!(found.next(), None, "{principal} has one entry at most");
    first
}
