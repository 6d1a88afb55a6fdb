//! What each event of an authenticated client means.

use std::sync::Arc;

use engineioxide::Socket;
use serde_json::{Value, json};
use vigie_core::{ConversationKey, Id, Sight, Signal, Wall};

use crate::choosing::{Unchosen, choose};
use crate::fanout::visibility::shown;
use crate::fanout::wire::Status;
use crate::fanout::{Frame, wire};
use crate::limits::Limit;

use super::acknowledge::acknowledge;
use super::attending::Attendance;
use super::codec::Event;
use super::handler::Handler;
use super::seat::{Seat, Seated};

impl Handler {
    /// Deals with one event; each is a sign of life, some are activity.
    pub(super) fn handle_event(
        self: &Arc<Self>,
        event: Event,
        seated: &Seated,
        socket: &Arc<Socket<Seat>>,
    ) {
        let connection = seated.connection.id;
        match event.name.as_str() {
            "heartbeat" => {
                self.app.host.signal(Signal::SessionProved { connection });
                self.answer_heartbeat(&event, seated);
            }
            "presence:activity" => {
                self.app
                    .status
                    .record_on_socket(Signal::SessionActive { connection });
                acknowledge(&seated.connection, &event, &json!({"success": true}));
            }
            "presence:status" => self.choose_status(&event, seated),
            "presence:app-state" => self.app_state(&event, seated),
            "typing:start" => {
                self.app
                    .status
                    .record_on_socket(Signal::SessionActive { connection });
                if let Ok(conversation) = self.conversation_of(&event, seated) {
                    self.app
                        .fanout
                        .start_typing(&seated.connection, conversation);
                }
            }
            "typing:stop" => {
                self.app.host.signal(Signal::SessionProved { connection });
                // A stop retracts what was shown, also when its sender is no longer a member.
                let id = conversation_id(&event.payload);
                let key = id.and_then(|id| self.app.people.directory().conversation_key(&id));
                if let Some(conversation) = key {
                    self.app
                        .fanout
                        .stop_typing(&seated.connection, conversation);
                }
            }
            "conversation:join" => {
                self.app.host.signal(Signal::SessionProved { connection });
                self.join(&event, seated);
            }
            "conversation:leave" => {
                self.app.host.signal(Signal::SessionProved { connection });
                self.leave(&event, seated);
            }
            "conversation:metadata" => {
                self.app.host.signal(Signal::SessionProved { connection });
                self.change_metadata(&event, seated);
            }
            "conversation:window" => {
                self.app.host.signal(Signal::SessionProved { connection });
                self.change_window(&event, seated);
            }
            "presence:watch" | "presence:unwatch" => {
                self.app.host.signal(Signal::SessionProved { connection });
                self.change_watched(&event, seated);
            }
            "presence:resume" => {
                self.app.host.signal(Signal::SessionProved { connection });
                self.resume(&event, seated);
            }
            "authenticate" => self.offer(super::authenticate::Offer::Event(event), socket),
            _ => {
                self.app.host.signal(Signal::SessionProved { connection });
                self.count_ignored();
            }
        }
    }

    /// More events than the limit allows: joins and offers are told, anything else is dropped and counted.
    pub(super) fn refuse_for_rate(&self, event: &Event, socket: &Arc<Socket<Seat>>) {
        self.count_ignored();
        match event.name.as_str() {
            "conversation:join" => {
                self.answer(socket, join_error(&event.payload, "rate_limited"));
            }
            "authenticate" => self.refuse_offer_for_rate(event, socket),
            "presence:status" => {
                let refusal = Unchosen::TooOften;
                self.answer(socket, status_error(&refusal));
                self.acknowledge_refusal(event, refusal.code(), socket);
            }
            _ => {}
        }
    }

    /// Puts a choice in force at once, and answers when it is durable.
    fn choose_status(self: &Arc<Self>, event: &Event, seated: &Seated) {
        let connection = seated.connection.id;
        let active = Signal::SessionActive { connection };
        let wish = serde_json::from_value(event.payload.clone()).map_err(|error| {
            let words = format!("The payload is not what this event takes: {error}.");
            Unchosen::Invalid(words)
        });
        let principal = seated.identity.key;
        let in_force = wish.and_then(|wish| choose(&self.app, principal, wish, Some(active)));
        let (handler, event, seated) = (Arc::clone(self), event.clone(), seated.clone());
        match in_force {
            Ok(in_force) => {
                tokio::spawn(async move {
                    let outcome = in_force.durable(&handler.app).await;
                    handler.answer_choice(&event, &seated, outcome);
                });
            }
            Err(refusal) => {
                self.app.host.signal(Signal::SessionProved { connection });
                if refusal == Unchosen::TooOften {
                    self.app.metrics.limits.note(Limit::Choices);
                }
                self.answer_choice(&event, &seated, Err(refusal));
            }
        }
    }

    fn answer_choice(&self, event: &Event, seated: &Seated, outcome: Result<(), Unchosen>) {
        let connection = &seated.connection;
        match outcome {
            Ok(()) => {
                let own = self.own_status(seated);
                connection.emit(wire::event("presence:status-set", &own));
                acknowledge(connection, event, &json!({"success": true, "status": own}));
            }
            Err(refusal) => {
                connection.emit(status_error(&refusal));
                let refusal = json!({"success": false, "error": refusal.code()});
                acknowledge(connection, event, &refusal);
            }
        }
    }

    /// What a person sees of itself.
    fn own_status(&self, seated: &Seated) -> Status {
        let key = seated.identity.key;
        let presence = self.app.host.presence(key);
        let now = self.app.host.now().wall;
        let directory = self.app.people.directory();
        let member = directory.member(key);
        let shown = shown(
            Sight::Whole,
            Some(member),
            member.id(),
            Some(&presence),
            now,
        );
        Status::from(shown)
    }

    fn answer_heartbeat(&self, event: &Event, seated: &Seated) {
        let payload = heartbeat_answer(&event.payload, self.app.host.now().wall);
        seated
            .connection
            .emit(wire::event("heartbeat:ack", &payload));
        acknowledge(&seated.connection, event, &payload);
    }

    fn app_state(&self, event: &Event, seated: &Seated) {
        let connection = seated.connection.id;
        match event.payload.get("foreground").and_then(Value::as_bool) {
            Some(true) => self
                .app
                .status
                .record_on_socket(Signal::SessionForegrounded { connection }),
            Some(false) => self
                .app
                .host
                .signal(Signal::SessionBackgrounded { connection }),
            None => self.app.host.signal(Signal::SessionProved { connection }),
        }
    }

    fn join(&self, event: &Event, seated: &Seated) {
        let attendance = Attendance::of(&event.payload).map_err(|no| self.refuse_payload(no));
        let joining = self
            .conversation_of(event, seated)
            .and_then(|conversation| Ok((conversation, attendance?)))
            .and_then(|(conversation, attendance)| {
                let fanout = &self.app.fanout;
                let may_show =
                    !attendance.shows_presence || fanout.may_show(&seated.connection, conversation);
                may_show
                    .then_some((conversation, attendance))
                    .ok_or("rate_limited")
            });
        match joining {
            Ok((conversation, attendance)) => {
                self.app.fanout.join(&seated.connection, conversation);
                let payload = view(&event.payload, seated);
                seated
                    .connection
                    .emit(wire::event("conversation:joined", &payload));
                acknowledge(&seated.connection, event, &json!({"success": true}));
                let Attendance {
                    shows_presence,
                    metadata,
                } = attendance;
                self.app
                    .fanout
                    .attend(&seated.connection, conversation, metadata, shows_presence);
            }
            Err(reason) => {
                seated.connection.emit(join_error(&event.payload, reason));
                let refusal = json!({"success": false, "error": reason});
                acknowledge(&seated.connection, event, &refusal);
            }
        }
    }

    /// What the client missed since the cursor it names; everything when it names none.
    fn resume(&self, event: &Event, seated: &Seated) {
        let connection = &seated.connection;
        if !connection.may_resume() {
            let refusal = json!({"success": false, "error": "rate_limited"});
            return acknowledge(connection, event, &refusal);
        }
        connection.keep_cursors();
        let since = event.payload.get("since").and_then(Value::as_str);
        self.app.fanout.give_snapshot(connection, since);
        acknowledge(connection, event, &json!({"success": true}));
    }

    fn leave(&self, event: &Event, seated: &Seated) {
        let Some(id) = conversation_id(&event.payload) else {
            return self.count_ignored();
        };
        let key = self.app.people.directory().conversation_key(&id);
        if let Some(conversation) = key {
            self.app.fanout.leave(&seated.connection, conversation);
        }
        let payload = view(&event.payload, seated);
        seated
            .connection
            .emit(wire::event("conversation:left", &payload));
        acknowledge(&seated.connection, event, &json!({"success": true}));
    }

    /// The conversation an event names, if its sender is a member; an unknown one looks like somebody else's.
    pub(super) fn conversation_of(
        &self,
        event: &Event,
        seated: &Seated,
    ) -> Result<ConversationKey, &'static str> {
        let id = conversation_id(&event.payload).ok_or("invalid_payload")?;
        let directory = self.app.people.directory();
        let conversation = directory.conversation_key(&id).ok_or("not_a_member")?;
        if directory.is_member(conversation, seated.identity.key) {
            Ok(conversation)
        } else if seated.connection.has_parted(conversation) {
            Err("no_longer_member")
        } else {
            Err("not_a_member")
        }
    }
}

/// `heartbeat:ack`.
pub(super) fn heartbeat_answer(payload: &Value, now: Wall) -> Value {
    let mut answer = json!({"serverTime": wire::iso(now)});
    let client_time = payload.get("clientTime").and_then(Value::as_i64);
    // A hint only: two clocks that disagree make it meaningless, never negative.
    if let Some(client_time) = client_time {
        let hint = now.as_millis().saturating_sub(client_time).max(0);
        answer["latencyHintMs"] = hint.into();
    }
    answer
}

/// `presence:error` of a choice.
fn status_error(refusal: &Unchosen) -> Frame {
    let payload = json!({
        "event": "presence:status",
        "code": refusal.code(),
        "message": refusal.to_string(),
    });
    wire::event("presence:error", &payload)
}

/// `conversation:join-error`.
pub(super) fn join_error(payload: &Value, reason: &str) -> Frame {
    let message = match reason {
        "invalid_payload" => "Un conversationId valide est requis.",
        "not_authenticated" => "Authentification requise.",
        "rate_limited" => "Trop de demandes. Veuillez patienter.",
        "not_a_member" => "Vous n'êtes pas membre de cette conversation.",
        "no_longer_member" => "Vous n'êtes plus membre de cette conversation.",
        _ => "Erreur du serveur.",
    };
    let id = conversation_id(payload);
    let payload = json!({
        "conversationId": id.as_ref().map(Id::as_str),
        "reason": reason,
        "message": message,
    });
    wire::event("conversation:join-error", &payload)
}

fn view(payload: &Value, seated: &Seated) -> Value {
    let id = conversation_id(payload);
    json!({
        "conversationId": id.as_ref().map(Id::as_str),
        "userId": seated.identity.id.as_str(),
    })
}

/// The id in `{conversationId}`, or the payload itself where a client sends the bare id.
pub(super) fn conversation_id(payload: &Value) -> Option<Id> {
    payload
        .get("conversationId")
        .unwrap_or(payload)
        .as_str()?
        .parse()
        .ok()
}
