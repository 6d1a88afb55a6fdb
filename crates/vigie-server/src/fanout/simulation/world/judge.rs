//! What is true: each frame is compared with the instant it was sent at, and in the end each view with the reference.

use super::*;

impl World {
    /// Compares what was sent since the last step with the truth.
    pub(super) fn check(&mut self) -> Result<(), Finding> {
        for number in 0..CLIENTS {
            let Some(live) = &self.clients[number].live else {
                continue;
            };
            let (unchecked, is_cut) = (live.wire.take_unchecked(), live.wire.is_cut());
            self.hear(number, &unchecked);
            for (name, payload) in unchecked {
                let told: Vec<_> = match name {
                    "presence:snapshot" => payload["users"].as_array().unwrap().clone(),
                    "user:status" => vec![payload],
                    _ => continue,
                };
                let mut seen = BTreeSet::new();
                for status in told {
                    let id = status["userId"].as_str().unwrap().to_owned();
                    if !seen.insert(id.clone()) {
                        return Err(self.finding(number, &format!("{id} twice in one event")));
                    }
                    let watcher = self.clients[number].who;
                    let presence = self.server.host.presence(self.key(&id));
                    let now = self.clock.now().wall;
                    let expected = self.truth.status(watcher, &id, &presence, now);
                    if status != expected {
                        let what = format!("told {status}, and true is {expected}");
                        return Err(self.finding(number, &what));
                    }
                }
            }
            if is_cut {
                self.drop_link(number, false);
            }
        }
        Ok(())
    }

    /// Keeps what anybody but the secret one was sent.
    fn hear(&mut self, number: usize, frames: &[(&'static str, Value)]) {
        let who = self.clients[number].who;
        if self.secret.is_none_or(|secret| secret.who == who) {
            return;
        }
        let (step, at) = (self.steps, self.clock.now().mono);
        for (name, payload) in frames {
            let payload = without_cursor(payload);
            let frame = format!("step {step} {at:?} client {number} of {who}: {name} {payload}");
            self.heard.push(frame);
        }
    }

    pub(super) fn finding(&self, number: usize, what: &str) -> Finding {
        let who = self.clients[number].who;
        format!("client {number} of {who}: {what}\n{}", self.log.join("\n"))
    }

    /// Compares what is held of conversations.
    pub(super) fn compare_rooms(&self) -> Result<(), Finding> {
        let now = self.clock.now().wall;
        for (number, client) in self.clients.iter().enumerate() {
            for conversation in &client.opened {
                let is_here = |who: &str| {
                    let here = |client: &Client| client.opened.contains(conversation);
                    let mut devices = self.clients.iter().filter(|client| client.who == who);
                    devices.any(here)
                };
                let presence_of = |who: &str| self.server.host.presence(self.key(who));
                let truth = &self.truth;
                let mut expected = truth.room(client.who, conversation, is_here, presence_of, now);
                let held = client.kept.rooms.get(*conversation);
                if held.is_some_and(|held| held.is_count) {
                    expected.is_count = true;
                    expected.members.clear();
                }
                if held != Some(&expected) {
                    let what =
                        format!("holds {held:?} of {conversation}, and true is {expected:?}");
                    return Err(self.finding(number, &what));
                }
            }
        }
        Ok(())
    }

    /// Compares everybody's view with the truth.
    pub(in crate::fanout::simulation) fn compare(&self) -> Result<(), Finding> {
        self.compare_rooms()?;
        for (number, client) in self.clients.iter().enumerate() {
            let limit = self.config.limits.audience;
            let mut told = self.truth.subscriptions(client.who, limit);
            let watched = client.watched.iter().copied();
            told.extend(watched.filter(|who| self.truth.may_see(client.who, who)));
            for who in PEOPLE {
                let held = client.kept.view.get(who);
                let presence = self.server.host.presence(self.key(who));
                let is_told = told.contains(who);
                if client.forgotten.contains(who) && !is_told {
                    continue;
                }
                let is_hidden = !self.truth.may_see(client.who, who);
                let now = self.clock.now().wall;
                let expected = self.truth.status(client.who, who, &presence, now);
                let expected = without_moving_times(expected);
                let is_right = match held {
                    Some(held) if is_told || is_hidden || who == client.who => {
                        without_moving_times(held.clone()) == expected
                    }
                    // Whom nobody tells of must not be held as of some earlier time, but may have been lost from sight.
                    Some(held) => *held == unknown(who),
                    None => !is_told || client.kept.is_truncated,
                };
                if !is_right {
                    let what = format!("holds {held:?} in the end, and true is {expected}");
                    return Err(self.finding(number, &what));
                }
            }
        }
        Ok(())
    }
}
