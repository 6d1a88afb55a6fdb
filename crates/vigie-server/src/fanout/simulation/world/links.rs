//! What clients do: they connect and drop, read, open conversations, watch others, and come back by their cursors.

use super::*;

impl World {
    /// A socket opens its view of a conversation and wants to be told who is there, or closes it.
    pub(super) fn open_or_close(&mut self, number: usize, conversation: &'static str) {
        let client = &mut self.clients[number];
        let Some(live) = &client.live else {
            return;
        };
        let key = {
            let directory = self.server.people.directory();
            let key = directory.conversation_key(&conversation_id(conversation));
            key.filter(|key| directory.is_member(*key, live.connection.principal))
        };
        // Who is here has a session.
        let Some(key) = key.filter(|_| client.has_session) else {
            return;
        };
        let fanout = &self.server.fanout;
        if client.opened.remove(conversation) {
            fanout.leave(&live.connection, key);
        } else {
            client.kept.rooms.remove(conversation);
            client.opened.insert(conversation);
            fanout.join(&live.connection, key);
            fanout.attend(&live.connection, key, Metadata::Unchanged, true);
        }
        self.note(format!(
            "client {number} opens {conversation}, or closes it"
        ));
    }

    /// A link follows somebody outside its conversations, or no more; then its client forgets them by itself.
    pub(super) fn watch(&mut self, number: usize, whom: &'static str) {
        let client = &mut self.clients[number];
        let Some(live) = &client.live else {
            return;
        };
        // The list of a session waits for it in real time.
        if client.has_session || whom == client.who {
            return;
        }
        let (fanout, limit) = (&self.server.fanout, self.config.limits.audience);
        if client.watched.remove(whom) {
            fanout.unwatch(&live.connection, &[whom]);
            let told = self.truth.subscriptions(client.who, limit);
            client
                .forgotten
                .extend((!told.contains(whom)).then_some(whom));
        } else {
            fanout.watch(&live.connection, &[whom]);
            client.watched.insert(whom);
            client.forgotten.remove(whom);
        }
        self.note(format!("client {number} watches {whom}, or no more"));
    }

    pub(super) fn connect_or_drop(&mut self, number: usize, goodbye: bool) {
        if self.clients[number].live.is_some() {
            self.drop_link(number, goodbye);
        } else {
            self.connect(number);
        }
    }

    pub(super) fn connect(&mut self, number: usize) {
        let who = self.clients[number].who;
        if self.stays_away(who) {
            return;
        }
        self.note(format!("client {number} of {who} connects"));
        let principal = self.key(who);
        let fanout = &self.server.fanout;
        let wire = Wire::default();
        let connection = Arc::new(Connection::new(
            fanout.hub.next_id(),
            principal,
            Box::new(wire.clone()),
            fanout.outbox(),
        ));
        let is_early = self.bug == Some(Bug::SnapshotBeforeSubscription);
        let client = &mut self.clients[number];
        let mut since = client.kept.cursor.clone();
        if !client.watched.is_empty() || !client.forgotten.is_empty() {
            // The list went with the link, and so does whatever it held.
            since = None;
            client.watched.clear();
            client.forgotten.clear();
        }
        connection.keep_cursors();
        if is_early {
            fanout.give_snapshot(&connection, since.as_deref());
            fanout.tell_news();
        }
        assert!(fanout.hub.register(&connection, usize::MAX));
        if client.has_session {
            client.sessions += 1;
            let session = SessionId(u128::from(client.sessions) << 8 | number as u128);
            let (session, _) = self.server.host.arrive(Arrival {
                principal,
                connection: connection.id,
                session,
                resumes: client.session,
                silence: Duration::from_secs(16),
            });
            client.session = Some(session);
        }
        if !is_early {
            fanout.give_snapshot(&connection, since.as_deref());
        }
        client.opened.clear();
        client.live = Some(Live { connection, wire });
    }

    pub(super) fn drop_link(&mut self, number: usize, goodbye: bool) {
        let client = &mut self.clients[number];
        let Some(Live { connection, .. }) = client.live.take() else {
            return;
        };
        let has_session = client.has_session;
        self.note(format!("client {number} drops, goodbye: {goodbye}"));
        self.server.fanout.forget(&connection);
        if has_session {
            let connection = connection.id;
            self.server.host.signal(if goodbye {
                Signal::SessionLeft { connection }
            } else {
                Signal::SessionLost {
                    connection,
                    silence: Duration::ZERO,
                }
            });
        }
    }

    /// `presence:resume` on an open link, with the cursor of what was read.
    pub(super) fn ask_again(&mut self, number: usize) {
        let client = &self.clients[number];
        if let Some(live) = &client.live {
            let since = client.kept.cursor.as_deref();
            self.server.fanout.give_snapshot(&live.connection, since);
        }
    }

    pub(super) fn read(&mut self, number: usize, most: usize) {
        let client = &mut self.clients[number];
        if let Some(live) = &client.live {
            if self.bug == Some(Bug::FramesOvertake) {
                live.wire.overtake();
            }
            if self.bug == Some(Bug::DiffsAreLost) {
                live.wire.lose_diffs();
            }
            for _ in 0..most {
                client.kept.read(&live.wire);
            }
        }
    }

    pub(super) fn restamp(&self, number: usize) {
        if let Some(live) = &self.clients[number].live {
            let wish = Wanted::Restamp(Arc::clone(&live.connection));
            self.server.fanout.want(wish);
        }
    }

    /// Every client drops its link and comes back by its cursor, before anybody's grace is over.
    pub(in crate::fanout::simulation) fn everybody_returns(&mut self) -> Result<(), Finding> {
        for number in 0..CLIENTS {
            self.drop_link(number, false);
            self.connect(number);
            self.check()?;
        }
        Ok(())
    }
}
