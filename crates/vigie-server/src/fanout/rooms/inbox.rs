//! What happened since somebody looked: members who changed, who moved, and who see others otherwise.
//!
//! In: names, noted by whoever causes a change. Out: gatherings in which all of it is known, and what is due has its time.
//! Always true: a name is noted after the change that it stands for, so that whoever takes it in reads the state after that.

use std::collections::{BTreeMap, BTreeSet};

use parking_lot::MutexGuard;
use vigie_core::{ConversationKey, PrincipalKey};

use super::Gatherings;
use super::gathering::Gathering;
use super::index::Standing;
use super::marks::{Mark, Strangers, strangers_of_all};
use super::view::View;
use crate::fanout::Fanout;
use crate::fanout::wire::event;

/// What happened since the loop looked last.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    pub(super) changed: BTreeSet<PrincipalKey>,
    moved: BTreeMap<(ConversationKey, PrincipalKey), Move>,
    /// Conversations that are gone.
    pub(super) ended: BTreeSet<ConversationKey>,
    /// Whoever sees others otherwise than before.
    pub(super) looking: BTreeSet<PrincipalKey>,
}

/// What became of a membership.
#[derive(Debug, Default)]
struct Move {
    came: bool,
    /// It ended, and somebody was a stranger to these.
    left: Option<Strangers>,
}

impl Inbox {
    pub(super) fn note_came(&mut self, conversation: ConversationKey, who: PrincipalKey) {
        self.moved.entry((conversation, who)).or_default().came = true;
    }

    /// Somebody left who looked like nobody to `strangers`.
    pub(super) fn note_left(
        &mut self,
        conversation: ConversationKey,
        who: PrincipalKey,
        strangers: Strangers,
    ) {
        let moved = self.moved.entry((conversation, who)).or_default();
        moved.left = Some(strangers_of_all(moved.left.take(), strangers));
    }
}

impl Fanout {
    /// The gatherings, with all that happened taken in.
    pub(super) fn gatherings(&self) -> MutexGuard<'_, Gatherings> {
        let mut gatherings = self.rooms.gatherings.lock();
        let inbox = std::mem::take(&mut *self.rooms.inbox.lock());
        if !inbox.changed.is_empty() {
            self.take_in_changes(&mut gatherings, &inbox.changed);
        }
        if !inbox.looking.is_empty() {
            self.take_in_looks(&mut gatherings, &inbox.looking);
        }
        if !inbox.moved.is_empty() {
            self.take_in_moves(&mut gatherings, inbox.moved);
        }
        if !inbox.ended.is_empty() {
            self.take_in_ends(&mut gatherings, &inbox.ended);
        }
        gatherings
    }

    fn take_in_changes(&self, gatherings: &mut Gatherings, changed: &BTreeSet<PrincipalKey>) {
        let changed: Vec<_> = changed.iter().copied().collect();
        let (presences, _) = self.host.survey(&changed);
        let now = self.host.now();
        let directory = self.people.directory();
        for (principal, presence) in changed.into_iter().zip(presences) {
            let member = directory.member(principal);
            let standing = Standing::of(member, &presence, now.wall);
            for conversation in member.conversations() {
                gatherings.change(*conversation, |gathering| {
                    let before = gathering.note(member.id(), principal, standing);
                    if before != Some(standing) {
                        let was_shown = before.is_some_and(Standing::is_public);
                        let mark = Mark::shown_if(was_shown || standing.is_public());
                        gathering.mark(principal, mark, now.mono);
                    }
                });
            }
        }
    }

    fn take_in_looks(&self, gatherings: &mut Gatherings, looking: &BTreeSet<PrincipalKey>) {
        let now = self.host.now().mono;
        for principal in looking {
            let conversations = self
                .people
                .directory()
                .member(*principal)
                .conversations()
                .to_vec();
            for conversation in conversations {
                gatherings.change(conversation, |gathering| {
                    for id in gathering.compare_views_of(*principal) {
                        gathering.hurry(id, now);
                    }
                });
            }
        }
    }

    fn take_in_moves(
        &self,
        gatherings: &mut Gatherings,
        moved: BTreeMap<(ConversationKey, PrincipalKey), Move>,
    ) {
        let people: Vec<_> = moved.keys().map(|(_, principal)| *principal).collect();
        let mut conversations: Vec<_> = moved.keys().map(|(key, _)| *key).collect();
        conversations.dedup();
        let (presences, _) = self.host.survey(&people);
        let now = self.host.now();
        let mut ended = Vec::new();
        {
            let directory = self.people.directory();
            for (((conversation, principal), moved), presence) in moved.into_iter().zip(presences) {
                let member = directory.member(principal);
                let is_member = directory.is_member(conversation, principal);
                let standing = if is_member {
                    Standing::of(member, &presence, now.wall)
                } else {
                    Standing::Absent
                };
                gatherings.change(conversation, |gathering| {
                    gathering.note(member.id(), principal, standing);
                    if let Some(strangers) = moved.left {
                        gathering.mark_left(principal, strangers, now.mono);
                    }
                    if moved.came || is_member {
                        gathering.mark(principal, Mark::Came, now.mono);
                    }
                    if is_member {
                        // What changed meanwhile was not kept in mind for it.
                        gathering.compare_views_of(principal);
                    } else {
                        ended.extend(gathering.end_views_of(principal));
                    }
                });
            }
        }
        self.say_views_ended(&ended);
        for conversation in conversations {
            if self.is_large(conversation) {
                self.ensure_index(gatherings, conversation);
            }
            self.drop_if_over(gatherings, conversation);
        }
    }

    fn take_in_ends(&self, gatherings: &mut Gatherings, ended: &BTreeSet<ConversationKey>) {
        for conversation in ended {
            let views = gatherings.change(*conversation, Gathering::end);
            let views: Vec<_> = views.into_iter().flatten().collect();
            self.say_views_ended(&views);
            self.drop_if_over(gatherings, *conversation);
        }
    }

    pub(super) fn drop_if_over(&self, gatherings: &mut Gatherings, conversation: ConversationKey) {
        if gatherings.table.contains_key(&conversation) {
            let is_large = self.is_large(conversation);
            gatherings.drop_if_over(conversation, is_large);
        }
    }

    /// Whoever looked on is told that there is no more to see.
    fn say_views_ended(&self, ended: &[View]) {
        for view in ended {
            let payload = {
                let directory = self.people.directory();
                serde_json::json!({
                    "conversationId": view.id.as_str(),
                    "userId": directory.member(view.watcher()).id().as_str(),
                    "reason": "no_longer_member",
                })
            };
            let frame = event("conversation:left", &payload);
            view.connection.emit_if_room(frame);
        }
    }
}
