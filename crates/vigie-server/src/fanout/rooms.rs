//! Presence of conversations: who of the members is online, and who has the conversation open.
//!
//! In: views that open and close, members that change in any way. Out: `conversation:presence`, and `conversation:presence_diff` after it.
//! Always true: one loop tells all views, each of them by what its client holds and may see now; a change that a viewer may not see sends that viewer nothing.
//! Lock order: the gatherings', then the engine's or an outbox's, then the directory's; the directory is let go before anything is sent.

mod allowance;
mod diff;
mod gathering;
mod here;
mod inbox;
mod index;
mod indexing;
mod ladder;
mod marks;
mod reading;
mod round;
mod scene;
mod view;
mod wire;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio::sync::Notify;
use vigie_core::{ConversationKey, Mono, PrincipalKey};

use super::connection::Connection;
use super::{Fanout, online_stats};
use crate::config::Limits;
use crate::limits::Limit;
use crate::people::Merged;
use gathering::Gathering;
use inbox::Inbox;
use ladder::Ladder;
use marks::{Mark, Strangers};
use view::View;

pub(in crate::fanout) use allowance::Allowance;
pub(crate) use diff::Counts;
pub(crate) use here::Metadata;
pub(crate) use reading::Seen;
pub(crate) use wire::Entry;

/// Every conversation that somebody has open, and every large one.
#[derive(Debug)]
pub(super) struct Rooms {
    gatherings: Mutex<Gatherings>,
    inbox: Mutex<Inbox>,
    came: Notify,
    /// There are gatherings: without, nobody needs to know who changed.
    is_used: AtomicBool,
    ladder: Ladder,
}

#[derive(Debug, Default)]
struct Gatherings {
    table: HashMap<ConversationKey, Gathering>,
    /// When something is due; each gathering at most once.
    due: BTreeSet<(Mono, ConversationKey)>,
}

impl Rooms {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            gatherings: Mutex::default(),
            inbox: Mutex::default(),
            came: Notify::new(),
            is_used: AtomicBool::new(false),
            ladder: Ladder {
                full: limits.room_full.min(limits.audience),
                batched: limits.audience,
                viewers: limits.room_viewers,
            },
        }
    }

    /// When something is due next.
    pub(super) fn next_due(&self) -> Option<Mono> {
        let gatherings = self.gatherings.lock();
        gatherings.due.first().map(|(at, _)| *at)
    }

    /// Somebody's presence changed, or what they let others see.
    pub(super) fn note_change(&self, principal: PrincipalKey) {
        if self.is_used.load(Ordering::Acquire) {
            self.inbox.lock().changed.insert(principal);
            self.came.notify_one();
        }
    }
}

impl Gatherings {
    /// The gathering of a conversation, a new one where there is none.
    fn begin(&mut self, conversation: ConversationKey) -> &mut Gathering {
        let anew = || Gathering::of(conversation);
        self.table.entry(conversation).or_insert_with(anew)
    }

    /// Lets the loop come by when the gathering is due.
    fn schedule(&mut self, conversation: ConversationKey, before: Option<Mono>) {
        let due = self.table.get(&conversation).and_then(Gathering::due);
        if due == before {
            return;
        }
        if let Some(before) = before {
            self.due.remove(&(before, conversation));
        }
        if let Some(due) = due {
            self.due.insert((due, conversation));
        }
    }

    /// Changes a gathering, if there is one, and its time with it.
    fn change<T>(
        &mut self,
        conversation: ConversationKey,
        change: impl FnOnce(&mut Gathering) -> T,
    ) -> Option<T> {
        let gathering = self.table.get_mut(&conversation)?;
        let before = gathering.due();
        let result = change(gathering);
        self.schedule(conversation, before);
        Some(result)
    }

    fn drop_if_over(&mut self, conversation: ConversationKey, is_large: bool) {
        let is_over = |gathering: &Gathering| gathering.is_over(is_large);
        if self.table.get(&conversation).is_some_and(is_over) {
            let due = self.table.remove(&conversation);
            if let Some(due) = due.and_then(|gathering| gathering.due()) {
                self.due.remove(&(due, conversation));
            }
        }
    }
}

/// Tells views as they are due, until it is dropped.
pub(super) async fn run(fanout: &Fanout) {
    fanout.index_large_conversations().await;
    loop {
        fanout.tell_rooms().await;
        let next = fanout.rooms.next_due();
        let is_due = async {
            match next {
                Some(at) => tokio::time::sleep(at.since(fanout.host.now().mono)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = fanout.rooms.came.notified() => {}
            () = is_due => {}
        }
    }
}

impl Fanout {
    /// Takes in what happened, and tells every view that is due.
    pub(super) async fn tell_rooms(&self) {
        drop(self.gatherings());
        for conversation in self.due_gatherings() {
            self.hold_round(conversation).await;
        }
    }

    /// A member opens a conversation; with `shows_presence` its client is told who is there, now and from now on.
    pub(crate) fn attend(
        &self,
        connection: &Arc<Connection>,
        conversation: ConversationKey,
        metadata: Metadata,
        shows_presence: bool,
    ) {
        let (principal, id) = (connection.principal, connection.id);
        let now = self.host.now().mono;
        let (who, name) = {
            let directory = self.people.directory();
            let Some(group) = directory.conversation(conversation) else {
                return;
            };
            (directory.member(principal).id().clone(), group.id.clone())
        };
        // Its own arrival may still be on its way to whoever tells news.
        self.rooms.inbox.lock().changed.insert(principal);
        {
            let mut gatherings = self.gatherings();
            self.rooms.is_used.store(true, Ordering::Release);
            // Whoever leaves from here on has its view ended by that.
            if !self.people.directory().is_member(conversation, principal) {
                return;
            }
            gatherings.begin(conversation);
            if shows_presence {
                self.ensure_index(&mut gatherings, conversation);
            }
            gatherings.change(conversation, |gathering| {
                let mut is_news = gathering.open(&who, principal, id, metadata);
                if shows_presence {
                    let view = gathering.views.entry(id).or_insert_with(|| {
                        // One viewer more may change what all are told.
                        is_news = true;
                        View::new(Arc::clone(connection), name)
                    });
                    view.start_over();
                    gathering.hurry(id, now);
                }
                if is_news {
                    let is_shown = gathering.here.is_public(principal);
                    gathering.mark(principal, Mark::shown_if(is_shown), now);
                }
            });
        }
        // The socket may be gone, or its membership, since somebody looked.
        if self.hub.connection(id).is_none() || !connection.joined().contains(&conversation) {
            self.stop_attending(connection, conversation);
        }
        self.rooms.came.notify_one();
    }

    /// Whether a socket may have who is present in a conversation listed, beside what it looks at already.
    pub(crate) fn may_show(&self, connection: &Connection, conversation: ConversationKey) -> bool {
        let now = self.host.now().mono;
        let mut allowance = connection.allowance.lock();
        let may = allowance.take(conversation, self.room_views_limit, now);
        if !may {
            self.reached.note(Limit::RoomViews);
        }
        may
    }

    /// A socket closes a conversation.
    pub(super) fn stop_attending(&self, connection: &Connection, conversation: ConversationKey) {
        connection.allowance.lock().give_back(conversation);
        let mut gatherings = self.rooms.gatherings.lock();
        gatherings.change(conversation, |gathering| {
            gathering.leave(connection.principal, connection.id, self.host.now().mono);
        });
        self.drop_if_over(&mut gatherings, conversation);
        drop(gatherings);
        self.rooms.came.notify_one();
    }

    /// A socket that looks at a large conversation asks for these members beside the first; whoever is none is left out.
    pub(crate) fn ask_for(
        &self,
        connection: &Connection,
        conversation: ConversationKey,
        members: Vec<PrincipalKey>,
    ) {
        let id = connection.id;
        self.gatherings().change(conversation, |gathering| {
            if let Some(view) = gathering.views.get_mut(&id) {
                view.ask(members);
                gathering.hurry(id, self.host.now().mono);
            }
        });
        self.rooms.came.notify_one();
    }

    /// Members came to a conversation or left it; `strangers` did not know of some who left, as watcher and seen.
    pub(super) fn members_moved(
        &self,
        conversation: ConversationKey,
        came: &[PrincipalKey],
        left: &[PrincipalKey],
        strangers: &[(PrincipalKey, PrincipalKey)],
    ) {
        // A conversation that becomes a large one is to be known before anybody asks.
        if self.is_large(conversation) {
            self.rooms.is_used.store(true, Ordering::Release);
        } else if !self.rooms.is_used.load(Ordering::Acquire) {
            return;
        }
        let mut strangers_of: HashMap<PrincipalKey, Strangers> = HashMap::new();
        for (watcher, seen) in strangers {
            strangers_of.entry(*seen).or_default().insert(*watcher);
        }
        let mut inbox = self.rooms.inbox.lock();
        for who in came {
            inbox.note_came(conversation, *who);
        }
        for who in left {
            let strangers = strangers_of.remove(who).unwrap_or_default();
            inbox.note_left(conversation, *who, strangers);
        }
        drop(inbox);
        self.rooms.came.notify_one();
    }

    /// A guest became a user: the one leaves and the other joins in one change.
    pub(crate) fn guest_merged<T>(&self, merged: &Merged<T>) {
        if self.rooms.is_used.load(Ordering::Acquire) {
            let mut inbox = self.rooms.inbox.lock();
            for (conversation, _) in &merged.joined {
                inbox.note_left(*conversation, merged.guest, Strangers::new());
                inbox.note_came(*conversation, merged.user);
            }
            drop(inbox);
            self.rooms.came.notify_one();
        }
    }

    /// Tells what becomes of members who came to a conversation that subscribes nobody, or left it.
    pub(super) fn tell_moves(
        &self,
        conversation: ConversationKey,
        came: &[PrincipalKey],
        left: &[PrincipalKey],
        strangers: &[(PrincipalKey, PrincipalKey)],
    ) {
        if self.people.directory().conversation(conversation).is_none() {
            // Its views ended with it.
            return;
        }
        // Before the list is noted, for it is made of those who are known to be present.
        self.members_moved(conversation, came, left, strangers);
        if self.hub.has_viewers(conversation) {
            online_stats::note(self, conversation);
        }
        let mut left = left.to_vec();
        // Whoever came back meanwhile may look on.
        left.retain(|who| !self.people.directory().is_member(conversation, *who));
        self.end_views(conversation, &left);
    }

    /// A conversation is gone, with all its memberships: nobody looks on, before another one may have its id.
    pub(super) fn end_conversation(&self, conversation: ConversationKey) {
        for socket in self.hub.viewers(conversation) {
            self.end_views(conversation, &[socket.principal]);
        }
        self.rooms.inbox.lock().ended.insert(conversation);
        self.rooms.came.notify_one();
    }

    /// What some let others see is not what it was, nor what those see who are `looking`.
    pub(super) fn sight_changed_in_rooms(&self, seen: &[PrincipalKey], looking: &[PrincipalKey]) {
        if !self.rooms.is_used.load(Ordering::Acquire) {
            return;
        }
        let mut inbox = self.rooms.inbox.lock();
        inbox.changed.extend(seen);
        inbox.looking.extend(looking);
        drop(inbox);
        self.rooms.came.notify_one();
    }
}
