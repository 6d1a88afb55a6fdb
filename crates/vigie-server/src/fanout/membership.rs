//! A conversation's members change while people are connected.
//!
//! Who came is shown to the others and the others to whoever came; who left and those who no longer share anything with them become unknown to each other.
//! Losing the right to see is a change like any other: without it, watchers would keep the last dot for ever.
//!
//! Always true: changes may be told in any order, and late. Each brings who was a member right before it, and is compared with who is one when it is told.
//! Take the last change that made a difference between two people: from then on nothing changes between them, so that whenever it is told, what was before it differs from what is, and they are told what is.
//! A change told before that one tells what is true at that time, which it overrules.

use std::sync::Arc;

use vigie_core::{ConversationKey, PrincipalKey, Sight, Watcher};

use super::connection::{Connection, Delivery};
use super::watching::Watches;
use super::{Fanout, Wanted, online_stats};
use crate::people::{Before, Moved};

/// A change of a conversation's members, with all that only the instant of the change knows.
#[derive(Debug)]
pub(crate) struct MembersChange {
    moved: Moved,
    watching: Vec<Watches>,
}

/// Who came and who left, and the pairs who could not see each other, the one who left first.
#[derive(Debug, Clone, Copy)]
struct Moves<'m> {
    came: &'m [PrincipalKey],
    left: &'m [PrincipalKey],
    strangers: &'m [(PrincipalKey, PrincipalKey)],
}

impl Fanout {
    /// What telling a change of members will need to know; to be asked for before anything else changes in the directory.
    ///
    /// Of a conversation that is gone, the views end here.
    pub(crate) fn note_members(&self, moved: Moved) -> MembersChange {
        let is_gone = {
            let directory = self.people.directory();
            directory.conversation(moved.conversation).is_none()
        };
        if is_gone {
            self.end_conversation(moved.conversation);
        }
        let watching = self.watching_moved(&moved);
        MembersChange { moved, watching }
    }

    /// Tells a conversation's members, present and past, what changed: who came, and who left.
    pub(crate) fn members_changed(&self, change: MembersChange) {
        if !change.moved.came.is_empty() || !change.moved.left.is_empty() {
            self.want(Wanted::Members(change));
        }
    }

    pub(super) fn tell_members(&self, MembersChange { moved, watching }: &MembersChange) {
        let conversation = moved.conversation;
        // First, so that whoever is told at once as a contact too is told once.
        self.tell_watching(watching);
        match &moved.before {
            Before::Members(before) => {
                self.tell_membership(conversation, before, &moved.strangers);
            }
            Before::Many => {
                self.tell_moves(conversation, &moved.came, &moved.left, &moved.strangers);
            }
        }
    }

    fn tell_membership(
        &self,
        conversation: ConversationKey,
        before: &[PrincipalKey],
        strangers: &[(PrincipalKey, PrincipalKey)],
    ) {
        let after = self.people.members_of(conversation);
        if self.hub.has_viewers(conversation) {
            online_stats::note(self, conversation);
        }
        let came = without(&after, before);
        let left = without(before, &after);
        self.members_moved(conversation, &came, &left, strangers);
        // A conversation beyond the limit subscribes nobody; one that crosses it changes what everybody holds.
        if before.len().min(after.len()) <= self.audience_limit {
            let moved = Moves {
                came: &came,
                left: &left,
                strangers,
            };
            self.relations_changed(&self.concerned(before, moved));
            self.relations_changed(&came);
        }
        if !left.is_empty() {
            self.end_views(conversation, &left);
        }
        let subscribes = |members: &[PrincipalKey]| members.len() <= self.audience_limit;
        match (subscribes(before), subscribes(&after)) {
            (true, true) => {
                if !came.is_empty() {
                    self.introduce(&after, &came);
                }
                if !left.is_empty() {
                    self.part(before, &left, strangers);
                }
            }
            // Now everybody is told of everybody else, or nobody of anybody.
            (true, false) | (false, true) => {
                self.renew_views(before);
                self.renew_views(&came);
            }
            (false, false) => {}
        }
    }

    /// Those among the members to whom somebody came or left whom they could know of: whoever blocked them all, or was blocked, notices nothing.
    fn concerned(&self, members: &[PrincipalKey], moves: Moves<'_>) -> Vec<PrincipalKey> {
        let directory = self.people.directory();
        let moved = || moves.came.iter().chain(moves.left);
        let notices = |member: &PrincipalKey| {
            moves.left.contains(member)
                || moved().any(|moved| {
                    !moves.strangers.contains(&(*moved, *member))
                        && !directory.is_blocked_between(*moved, *member)
                })
        };
        members.iter().copied().filter(notices).collect()
    }

    /// Gives these people's sockets everything anew: whom they are told of is no longer whom they hold.
    fn renew_views(&self, members: &[PrincipalKey]) {
        for socket in self.sockets_of(members) {
            self.renew_view(&socket);
        }
    }

    fn renew_view(&self, socket: &Connection) {
        self.tell_at_once(socket);
        self.give_snapshot(socket, None);
    }

    /// These watchers see other people than before, or see them otherwise: whoever of them comes back with an older position gets a snapshot.
    ///
    /// To be called before their sockets are told.
    pub(super) fn relations_changed(&self, watchers: &[PrincipalKey]) {
        self.positions
            .note_relations(watchers, self.host.draw_number());
        for socket in self.sockets_of(watchers) {
            socket.doubt_relations();
        }
    }

    /// Shows whoever came to the others, and everybody to whoever came.
    fn introduce(&self, members: &[PrincipalKey], came: &[PrincipalKey]) {
        for socket in self.sockets_of(members) {
            let is_new = came.binary_search(&socket.principal).is_ok();
            let mut others = if is_new {
                members.to_vec()
            } else {
                came.to_vec()
            };
            others.retain(|other| *other != socket.principal);
            // Told by a mark: news that wait may count as known to a snapshot of before, which did not hold them.
            for other in self.host.with_news(&others) {
                let watcher = Watcher::Principal(socket.principal);
                if self.people.directory().sight(watcher, other).follows() {
                    socket.mark(other);
                }
            }
            if self.give_partial(&socket, &others, |_| true) == Delivery::NoRoom {
                others.iter().for_each(|other| socket.mark(*other));
            }
        }
    }

    /// Makes people unknown to each other who no longer share a conversation.
    ///
    /// The `strangers` were unknown before for a block, as watcher and seen, and are told nothing; of whoever was not, a block since is no reason to be silent.
    fn part(
        &self,
        members: &[PrincipalKey],
        left: &[PrincipalKey],
        strangers: &[(PrincipalKey, PrincipalKey)],
    ) {
        for socket in self.sockets_of(members) {
            let is_gone = left.binary_search(&socket.principal).is_ok();
            let others = if is_gone { members } else { left };
            let watcher = Watcher::Principal(socket.principal);
            let mut is_still_seen = false;
            for other in others {
                let (sight, is_subscribed) = {
                    let directory = self.people.directory();
                    let (one, limit) = (socket.principal, self.audience_limit);
                    let is_subscribed = directory.are_subscribed(one, *other, limit);
                    (directory.sight(watcher, *other), is_subscribed)
                };
                let is_told = || is_subscribed || self.is_watched_by(&socket, *other);
                let pair = (socket.principal, *other);
                let is_unknown = strangers.binary_search(&pair).is_ok();
                match sight {
                    Sight::Nothing if is_unknown => {}
                    Sight::Nothing => socket.mark(*other),
                    Sight::Part { .. } => is_still_seen = is_still_seen || !is_told(),
                    Sight::Whole => {}
                }
            }
            if is_still_seen {
                // Seen by everyone, or in a conversation that subscribes nobody: their dot would never change again.
                self.renew_view(&socket);
            } else {
                // A dot that may no longer be seen goes now, not when the window is over.
                self.tell_at_once(&socket);
            }
        }
    }

    /// Whoever left looks at the conversation no more, and types there no more.
    pub(super) fn end_views(&self, conversation: ConversationKey, left: &[PrincipalKey]) {
        for principal in left {
            self.end_typing(conversation, *principal);
        }
        for socket in self.sockets_of(left) {
            if self.hub.close_view(conversation, &socket) {
                self.online_stats.lock().forget(conversation, socket.id);
                socket.allowance.lock().give_back(conversation);
                socket.note_parting(conversation);
            }
        }
    }

    fn sockets_of(&self, principals: &[PrincipalKey]) -> Vec<Arc<Connection>> {
        let mut sockets = Vec::new();
        self.hub
            .for_sockets_of(principals, |socket| sockets.push(Arc::clone(socket)));
        sockets
    }
}

/// What one sorted list has and the other has not.
fn without(list: &[PrincipalKey], other: &[PrincipalKey]) -> Vec<PrincipalKey> {
    list.iter()
        .copied()
        .filter(|key| other.binary_search(key).is_err())
        .collect()
}
