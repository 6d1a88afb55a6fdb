//! A round: every view that is due is told what it lacks.
//!
//! Always true: a view is taken to hold what its link took, and nothing else; one without room is tried again when the window is over.

use std::collections::{BTreeSet, HashMap};

use vigie_core::{ConnectionId, ConversationKey};

use super::gathering::Work;
use super::ladder::Rung;
use super::marks::Concerns;
use super::scene::Scene;
use super::view::Message;
use super::wire::encode;
use crate::fanout::Fanout;
use crate::fanout::connection::Delivery;
use crate::fanout::link::Frame;
use crate::fanout::window::WINDOW;

/// Views that are told in one go, before other tasks get their turn.
const AT_ONCE: usize = 64;

/// What is said in one round, encoded once for all who are told the same.
type Said = HashMap<Message, Frame>;

impl Fanout {
    /// The conversations in which something is due, in an order that shows nothing of when it was.
    pub(super) fn due_gatherings(&self) -> BTreeSet<ConversationKey> {
        let now = self.host.now().mono;
        let gatherings = self.rooms.gatherings.lock();
        let due = gatherings.due.iter().take_while(|(at, _)| *at <= now);
        due.map(|(_, conversation)| *conversation).collect()
    }

    /// Tells the views of a conversation what is due.
    pub(super) async fn hold_round(&self, conversation: ConversationKey) {
        let ladder = self.rooms.ladder;
        let work = self.gatherings().change(conversation, |gathering| {
            let directory = self.people.directory();
            gathering.take_work(self.host.now().mono, ladder, &directory)
        });
        let Some(work) = work else {
            return;
        };
        let views: Vec<_> = work.views.iter().copied().collect();
        let mut said = Said::new();
        for views in views.chunks(AT_ONCE) {
            self.tell_views(conversation, views, &work, &mut said);
            tokio::task::yield_now().await;
        }
    }

    fn tell_views(
        &self,
        conversation: ConversationKey,
        views: &[ConnectionId],
        work: &Work,
        said: &mut Said,
    ) {
        let mut gatherings = self.gatherings();
        let Some(gathering) = gatherings.table.get_mut(&conversation) else {
            return;
        };
        let mut messages = Vec::new();
        {
            let directory = self.people.directory();
            let (Some(index), Some(group)) =
                (&gathering.index, directory.conversation(conversation))
            else {
                return;
            };
            let scene = Scene {
                directory: &directory,
                conversation,
                members: group.members().len(),
                here: &gathering.here,
                index,
                here_public: gathering.here.public(),
            };
            let concerns = Concerns::new(&directory, &work.dirty);
            for id in views {
                let Some(view) = gathering.views.get(id) else {
                    continue;
                };
                let watcher = view.watcher();
                // Whoever is no member any more is told nothing; the view is about to end, or is compared when its watcher is back.
                if !directory.is_member(conversation, watcher) {
                    continue;
                }
                let viewers = gathering.viewers_for(work.viewers, &directory, watcher);
                let rung = self.rooms.ladder.rung(view.rung(), scene.members, viewers);
                let concern = concerns.of(watcher);
                let may_list_again = (rung == Rung::Count) != (view.rung() == Some(Rung::Count));
                if concern.is_empty() && !view.is_owed() && !may_list_again {
                    continue;
                }
                let Some(view) = gathering.views.get_mut(id) else {
                    continue;
                };
                let message = view.next(&scene, rung, &concern);
                let frame = message.as_ref().map(|message| {
                    let encode = || encode(&directory, scene.here, group.id.as_str(), message);
                    let frame = said.entry(message.clone()).or_insert_with(encode);
                    frame.copy()
                });
                messages.push((*id, message, frame));
            }
        }
        let now = self.host.now().mono;
        gatherings.change(conversation, |gathering| {
            let mut refused = Vec::new();
            for (id, message, frame) in messages {
                let Some(view) = gathering.views.get_mut(&id) else {
                    continue;
                };
                let delivery = frame.map_or(Delivery::Done, |frame| view.connection.show(frame));
                match delivery {
                    Delivery::Done => {
                        view.told(message.as_ref());
                        let rung = view.rung();
                        gathering.note_rung(rung, now);
                    }
                    // Not before there is something to say: whether a link has room is asked by nothing that its viewer may not see.
                    Delivery::NoRoom => refused.push(id),
                }
            }
            if !refused.is_empty() {
                let directory = self.people.directory();
                gathering.put_off(
                    &refused,
                    &Concerns::new(&directory, &work.dirty),
                    now + WINDOW,
                );
            }
        });
    }
}
