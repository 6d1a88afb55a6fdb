//! Tells edges: one loop for all news.
//!
//! In: principals whose state changed, and whom that concerns. Out: `user:status` to those who may follow it, encoded once per sight.
//! Partial snapshots are made by the same loop as news, between two rounds, so that none of them shows an edge before its news.

use std::collections::BTreeMap;

use vigie_core::{Concern, Presence, PrincipalKey, Sight, Watcher};

use super::link::Frame;
use super::visibility::shown;
use super::wire::{Status, event};
use super::{Fanout, online_stats};
use crate::engine_host::Told;

/// News told in one go, before other tasks get their turn.
const NEWS: usize = 256;

/// Tells news as they come, until it is dropped.
pub(super) async fn run(fanout: &Fanout) {
    loop {
        for wish in &fanout.take_wishes() {
            fanout.grant(wish);
            tokio::task::yield_now().await;
        }
        if fanout.tell_news() {
            tokio::task::yield_now().await;
            continue;
        }
        tokio::select! {
            () = fanout.host.news_came() => {}
            () = fanout.is_wanted.notified() => {}
        }
    }
}

impl Fanout {
    /// Tells the oldest news that wait; says whether there were any.
    pub(super) fn tell_news(&self) -> bool {
        let (news, taken) = self.host.take_news(NEWS);
        for told in &news {
            self.tell_change(told);
        }
        let is_public = |told: &&Told| {
            told.concern == Concern::Watchers && self.public_sight(told.principal).follows()
        };
        let changed: Vec<_> = news
            .iter()
            .filter(is_public)
            .map(|told| told.principal)
            .collect();
        // Before the position: whatever lies before it waits for every webhook, or was told.
        self.webhooks.mark(&changed);
        self.positions.reach(taken);
        !news.is_empty()
    }

    fn tell_change(&self, told: &Told) {
        // Before anybody is told: whoever comes back meanwhile finds it.
        self.positions
            .note_change(told.principal, told.number, told.concern);
        // Before an online list is due, which is made of those who are known to be present.
        self.rooms.note_change(told.principal);
        let common = match told.concern {
            Concern::Oneself => None,
            Concern::Watchers => self.tell_others(told),
        };
        self.tell_oneself(told, common);
    }

    /// Tells a change to those others who may follow it; what contacts were told, when all of them were told the same.
    ///
    /// Nothing that anybody else can notice comes of a change that they may not follow.
    fn tell_others(&self, told: &Told) -> Option<Frame> {
        let principal = told.principal;
        // Each of them shares a conversation with the principal, or is the principal.
        let (subscribers, common) = {
            let directory = self.people.directory();
            let subscribers = directory.subscribers(principal, self.audience_limit);
            (subscribers.collect(), directory.common_sight(principal))
        };
        // Whoever connects from now on gets a snapshot that holds the change.
        let audience = self.hub.connected_among(subscribers);
        self.retract_typing(principal);
        self.tell_watchers(told, &audience);
        online_stats::note_change(self, principal, common);
        let Some(sight) = common else {
            for (sight, watchers) in self.by_sight(principal, &audience) {
                self.tell_status(told, sight, &watchers);
            }
            return None;
        };
        let is_told = sight.follows() && !audience.is_empty();
        let frame = is_told.then(|| self.tell_status(told, sight, &audience))?;
        (sight == Sight::CONTACT).then_some(frame)
    }

    fn tell_status(&self, told: &Told, sight: Sight, watchers: &[PrincipalKey]) -> Frame {
        let frame = self.status_frame(sight, told.principal, &told.presence);
        self.hub.for_sockets_of(watchers, |connection| {
            if connection.principal != told.principal {
                connection.tell(told.principal, told.number, &frame);
            }
        });
        frame
    }

    /// The watchers who may follow changes of a principal, by what they may know.
    fn by_sight(
        &self,
        principal: PrincipalKey,
        audience: &[PrincipalKey],
    ) -> BTreeMap<Sight, Vec<PrincipalKey>> {
        let directory = self.people.directory();
        let mut by_sight: BTreeMap<Sight, Vec<PrincipalKey>> = BTreeMap::new();
        for watcher in audience {
            let sight = directory.sight(Watcher::Principal(*watcher), principal);
            if sight.follows() {
                by_sight.entry(sight).or_default().push(*watcher);
            }
        }
        by_sight
    }

    /// Tells somebody's own devices the real state; where nothing is chosen, that is what contacts are told.
    fn tell_oneself(&self, told: &Told, common: Option<Frame>) {
        let principal = told.principal;
        if !self.hub.has_sockets_of(principal) {
            return;
        }
        let presence = &told.presence;
        let is_plain =
            presence.chosen.is_none() && presence.veil.is_none() && presence.times_shown.is_none();
        let frame = common
            .filter(|_| is_plain)
            .unwrap_or_else(|| self.status_frame(Sight::Whole, principal, &told.presence));
        self.hub.for_sockets_of(&[principal], |connection| {
            connection.tell(principal, told.number, &frame);
        });
    }

    /// `user:status` as somebody with this sight is shown it.
    pub(super) fn status_frame(
        &self,
        sight: Sight,
        principal: PrincipalKey,
        presence: &Presence,
    ) -> Frame {
        let now = self.host.now().wall;
        let directory = self.people.directory();
        let member = directory.member(principal);
        let shown = shown(sight, Some(member), member.id(), Some(presence), now);
        event("user:status", &Status::from(shown))
    }
}
