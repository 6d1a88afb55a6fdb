//! The online list of one conversation, as each of its viewers is shown it.
//!
//! Nearly everybody is shown the same list, which is made once; of whoever blocked somebody, was blocked, or sees by reciprocity, the list is their own.

use std::collections::HashMap;
use std::hash::Hasher;

use serde::Serialize;
use siphasher::sip::SipHasher13;
use vigie_core::{ConversationKey, Presence, PrincipalKey, Wall};

use crate::fanout::Fanout;
use crate::fanout::link::Frame;
use crate::fanout::online_members::OnlineMembers;
use crate::fanout::visibility::{list_sight, shown};
use crate::fanout::wire::{event, iso};

/// Names in one list; the count is exact all the same.
const NAMES: usize = 50;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    conversation_id: String,
    online_users: Vec<OnlineUser>,
    online_count: usize,
    updated_at: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct OnlineUser {
    id: String,
    username: String,
    status: &'static str,
    last_active_at: Option<String>,
}

/// One list, encoded.
pub(super) struct List {
    pub(super) frame: Frame,
    pub(super) digest: u64,
}

/// The lists of one conversation at one instant.
pub(super) struct Lists<'f> {
    fanout: &'f Fanout,
    conversation: ConversationKey,
    members: OnlineMembers<'f>,
    now: Wall,
    /// By the viewer; the common one by nobody.
    made: HashMap<Option<PrincipalKey>, List>,
}

impl<'f> Lists<'f> {
    /// `None` of a conversation that is gone.
    pub(super) fn read(fanout: &'f Fanout, conversation: ConversationKey) -> Option<Self> {
        fanout.people.directory().conversation(conversation)?;
        Some(Self {
            fanout,
            conversation,
            members: OnlineMembers::of(fanout, conversation),
            now: fanout.host.now().wall,
            made: HashMap::new(),
        })
    }

    /// The list that a viewer is shown.
    pub(super) fn of(&mut self, viewer: PrincipalKey) -> &List {
        let is_own = {
            let directory = self.fanout.people.directory();
            directory.member(viewer).has_blocks() || directory.sight_rules().reciprocal
        };
        let whose = is_own.then_some(viewer);
        if !self.made.contains_key(&whose) {
            let list = self.make(viewer);
            self.made.insert(whose, list);
        }
        &self.made[&whose]
    }

    fn make(&self, viewer: PrincipalKey) -> List {
        let online = self.members.shown_to(viewer, NAMES);
        let directory = self.fanout.people.directory();
        let user = |(key, presence): &(PrincipalKey, Presence)| {
            let member = directory.member(*key);
            let sight = list_sight(&directory, viewer, *key);
            let shown = shown(sight, Some(member), member.id(), Some(presence), self.now);
            OnlineUser {
                id: shown.id.as_str().to_owned(),
                username: shown.name.into_owned(),
                status: shown.face.availability.as_str(),
                last_active_at: shown.face.last_proof_at.map(iso),
            }
        };
        let group = directory.conversation(self.conversation);
        let payload = Payload {
            conversation_id: group.map_or_else(String::new, |group| group.id.to_string()),
            online_count: online.count,
            online_users: online.first.iter().map(user).collect(),
            updated_at: iso(self.now),
        };
        List {
            digest: payload.digest(),
            frame: event("conversation:online_stats", &payload),
        }
    }
}

impl Payload {
    /// Of all that it shows but the times, which move without a change.
    fn digest(&self) -> u64 {
        let mut hasher = SipHasher13::new();
        hasher.write_usize(self.online_count);
        for user in &self.online_users {
            for text in [&*user.id, &*user.username, user.status] {
                hasher.write(text.as_bytes());
                hasher.write_u8(0xff);
            }
        }
        hasher.finish()
    }
}
