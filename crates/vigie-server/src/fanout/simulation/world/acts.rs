//! What people and their server do: they come and go, choose, hide, block, meet and part; time passes, and the server restarts.

use super::*;

impl World {
    /// A device without a client here comes, or goes with or without a goodbye.
    pub(super) fn turn_around(&mut self, who: &'static str, goodbye: bool) {
        if self.stays_away(who) {
            return;
        }
        self.note(format!("{who} turns around"));
        let principal = self.key(who);
        match self.elsewhere.remove(who) {
            Some(connection) if goodbye => {
                self.server.host.signal(Signal::SessionLeft { connection });
            }
            Some(connection) => self.server.host.signal(Signal::SessionLost {
                connection,
                silence: Duration::ZERO,
            }),
            None => {
                let connection = self.server.fanout.hub.next_id();
                self.devices += 1;
                self.server.host.arrive(Arrival {
                    principal,
                    connection,
                    session: SessionId(u128::MAX - u128::from(self.devices)),
                    resumes: None,
                    silence: Duration::from_secs(16),
                });
                self.elsewhere.insert(who, connection);
            }
        }
    }

    pub(super) fn force(&mut self, who: &'static str, online: bool) {
        if self.stays_away(who) {
            return;
        }
        self.note(format!("{who} is forced, online: {online}"));
        let principal = self.key(who);
        self.server
            .host
            .signal(Signal::StatusForced { principal, online });
    }

    pub(super) fn choose(&mut self, who: &'static str, rng: &mut Rng) {
        let status = rng.choice([
            None,
            Some(ChosenStatus::Away),
            Some(ChosenStatus::Busy),
            Some(ChosenStatus::Invisible),
            Some(ChosenStatus::Invisible),
        ]);
        let now = self.clock.now().wall;
        let mut chosen = Chosen {
            status: status.flatten(),
            text: rng.bool().then(|| "a line".into()),
            until: rng
                .bool()
                .then(|| now + Duration::from_secs(rng.u64(1..100))),
        };
        if self.stays_away(who) {
            return;
        }
        if self.hides_by(who, Hiding::Invisible) {
            chosen.status = Some(ChosenStatus::Invisible);
            chosen.until = None;
        }
        self.choose_so(who, chosen);
    }

    fn choose_so(&mut self, who: &'static str, chosen: Chosen) {
        self.note(format!("{who} chooses {chosen:?}"));
        let principal = self.key(who);
        let signal = Signal::StatusChosen { principal, chosen };
        self.server.host.signal(signal);
    }

    pub(super) async fn let_see(&mut self, who: &'static str, rng: &mut Rng) {
        let mut reach = || rng.choice([Reach::Nobody, Reach::Contacts, Reach::Everyone]);
        let privacy = Privacy {
            availability: reach().unwrap(),
            last_seen: reach().unwrap(),
        };
        if !self.hides_by(who, Hiding::ToNobody) {
            self.let_see_so(who, privacy).await;
        }
    }

    async fn let_see_so(&mut self, who: &'static str, privacy: Privacy) {
        self.note(format!("{who} lets see {privacy:?}"));
        let (fanout, id) = (&self.server.fanout, PrincipalId::user(who).unwrap());
        let before = |key| fanout.sights_around(key);
        let noted = self.server.people.set_privacy(&id, privacy, before).await;
        self.truth.privacy.insert(who, privacy);
        if let Some(noted) = noted.unwrap() {
            self.sights_changed(noted);
        }
    }

    /// Somebody hides, as long as the world lasts.
    pub(super) async fn hide(&mut self, secret: Secret) {
        match secret.hiding {
            Hiding::Invisible => {
                let chosen = Chosen {
                    status: Some(ChosenStatus::Invisible),
                    ..Chosen::default()
                };
                self.choose_so(secret.who, chosen);
            }
            Hiding::ToNobody => {
                let privacy = Privacy {
                    availability: Reach::Nobody,
                    last_seen: Reach::Nobody,
                };
                self.let_see_so(secret.who, privacy).await;
            }
            Hiding::ByBlocks => {
                for whom in PEOPLE.into_iter().filter(|whom| *whom != secret.who) {
                    self.block_or_not(secret.who, whom).await;
                }
            }
            Hiding::NotAtAll => {}
        }
    }

    fn hides_by(&self, who: &str, hiding: Hiding) -> bool {
        let is_so = |secret: Secret| secret.who == who && secret.hiding == hiding;
        self.secret.is_some_and(is_so)
    }

    pub(super) async fn block(&mut self, who: &'static str, rng: &mut Rng) {
        let whom = rng.choice(PEOPLE).unwrap();
        let is_kept = [who, whom].map(|one| self.hides_by(one, Hiding::ByBlocks));
        if who != whom && is_kept == [false; 2] {
            self.block_or_not(who, whom).await;
        }
    }

    async fn block_or_not(&mut self, who: &'static str, whom: &'static str) {
        self.note(format!("{who} blocks {whom}, or no more"));
        let (fanout, people) = (&self.server.fanout, &self.server.people);
        let id = |text| PrincipalId::user(text).unwrap();
        let before = |one, other| fanout.sights_between(one, other);
        let noted = if self.truth.blocks.remove(&(who, whom)) {
            people.unblock(&id(who), &id(whom), before).await
        } else {
            self.truth.blocks.insert((who, whom));
            people.block(&id(who), &id(whom), before).await
        };
        if let Some(noted) = noted.unwrap() {
            self.sights_changed(noted);
        }
    }

    pub(super) fn sights_changed(&self, before: Sights) {
        if self.bug != Some(Bug::SightsAreUntold) {
            self.server.fanout.sights_changed(before);
        }
    }

    pub(super) async fn meet(&mut self, conversation: &'static str, who: &'static str) {
        self.note(format!("{who} joins {conversation}"));
        let (id, member) = (conversation_id(conversation), PrincipalId::user(who));
        let (people, fanout) = (&self.server.people, &self.server.fanout);
        let (limit, members) = (self.config.limits.audience, [member.unwrap()]);
        let note = |moved| fanout.note_members(moved);
        let noted = people.add_members(id, &members, limit, note).await;
        let group = self.truth.conversations.entry(conversation).or_default();
        group.insert(who);
        self.untold.push(noted.unwrap());
    }

    pub(super) async fn part(&mut self, conversation: &'static str, who: &'static str) {
        self.note(format!("{who} leaves {conversation}"));
        let (id, member) = (conversation_id(conversation), PrincipalId::user(who));
        let (people, fanout) = (&self.server.people, &self.server.fanout);
        if people.directory().conversation_key(&id).is_none() {
            return;
        }
        let (limit, member) = (self.config.limits.audience, member.unwrap());
        let note = |moved| fanout.note_members(moved);
        let noted = people.remove_member(&id, &member, limit, note).await;
        let group = self.truth.conversations.entry(conversation).or_default();
        group.remove(who);
        for client in self.clients.iter_mut().filter(|client| client.who == who) {
            client.opened.remove(conversation);
        }
        self.untold.push(noted.unwrap());
    }

    /// A conversation is deleted, and begun anew when somebody joins it.
    pub(super) async fn end(&mut self, conversation: &'static str) {
        self.note(format!("{conversation} is deleted"));
        let (people, fanout) = (&self.server.people, &self.server.fanout);
        let (id, limit) = (conversation_id(conversation), self.config.limits.audience);
        let note = |moved| fanout.note_members(moved);
        let noted = people.delete_conversation(&id, limit, note).await;
        self.truth
            .conversations
            .entry(conversation)
            .or_default()
            .clear();
        for client in &mut self.clients {
            client.opened.remove(conversation);
        }
        // There may be none, or none again.
        self.untold.extend(noted.ok());
    }

    /// Calls that changed members go on, in any order, and each asks that its change be told.
    pub(super) fn ask_to_tell(&mut self, rng: &mut Rng) {
        rng.shuffle(&mut self.untold);
        for change in std::mem::take(&mut self.untold) {
            if self.bug != Some(Bug::MembersAreUntold) {
                self.server.fanout.members_changed(change);
            }
        }
    }

    pub(super) fn pass(&mut self, time: Duration) {
        self.note(format!("{time:?} pass"));
        self.pass_silently(time);
    }

    /// The same without a line in the log.
    pub(super) fn pass_silently(&self, time: Duration) {
        self.clock.advance(time);
        while decide_due(&self.server.host) {}
    }

    pub(super) async fn restart(&mut self, gracefully: bool) {
        self.note(format!("the server restarts, gracefully: {gracefully}"));
        let server = &self.server;
        let told_until = self.clock.now().wall;
        if gracefully {
            server.fanout.drain();
            server.flusher.flush_last(told_until).await.unwrap();
        } else if self.bug == Some(Bug::CrashKeepsCursors) {
            let ended = server.store.write_end(&server.incarnation, told_until);
            ended.await.unwrap();
        }
        server.store.close().await;
        for client in &mut self.clients {
            client.live = None;
        }
        self.elsewhere.clear();
        self.untold.clear();
        self.clock.advance(Duration::from_millis(500));
        self.server = Server::start(&self.url, &self.config, &self.clock).await;
    }
}
