//! From an offered credential to a seat: the only way a socket becomes somebody's.
//!
//! Subscribe, then announce, then acknowledge: the socket is registered before its person's arrival is announced, and only then told `authenticated` and given its snapshot.

use std::sync::Arc;
use std::time::Duration;

use engineioxide::{DisconnectReason, ProtocolVersion, Socket};
use serde_json::{Value, json};
use vigie_core::{PrincipalKind, SessionId, Signal};

use crate::admission::{Identity, Refusal};
use crate::auth::credentials;
use crate::engine_host::Arrival;
use crate::fanout::{self, Connection, wire};
use crate::limits::Limit;

use super::acknowledge::acknowledge;
use super::codec::Event;
use super::handler::Handler;
use super::link::{self, EngineLink};
use super::seat::{Phase, Seat, Seated};

/// Old clients look for its first two words.
const REQUIRED: &str =
    "Authentification requise. Veuillez fournir un Bearer token ou un x-session-token valide.";

/// What `authenticated` says when neither profile nor client names a language.
const DEFAULT_LANGUAGE: &str = "fr";

/// How a credential came.
#[derive(Debug)]
pub(super) enum Offer {
    /// With the handshake: headers, the connect packet's payload, an old client's query.
    Handshake(Value),
    /// By the `authenticate` event.
    Event(Event),
}

impl Handler {
    /// Looks at what a socket offers; while it settles, other events wait.
    pub(super) fn offer(self: &Arc<Self>, offer: Offer, socket: &Arc<Socket<Seat>>) {
        let seated = {
            let mut phase = socket.data.phase.lock();
            match &mut *phase {
                Phase::Waiting { early } => {
                    let early = std::mem::take(early);
                    *phase = Phase::Settling { early };
                    None
                }
                Phase::Seated(seated) => Some(seated.clone()),
                // A second offer waits its turn like any other event.
                Phase::Settling { early } => {
                    if let Offer::Event(event) = offer {
                        self.let_wait(early, event);
                    }
                    return;
                }
                Phase::Over { .. } => return,
            }
        };
        let handler = Arc::clone(self);
        let socket = Arc::clone(socket);
        tokio::spawn(async move {
            match seated {
                None => handler.settle(offer, &socket).await,
                Some(seated) => handler.renew(offer, seated, &socket).await,
            }
        });
    }

    /// The time to authenticate is over.
    pub(super) fn time_out(&self, socket: &Arc<Socket<Seat>>) {
        let is_settling = match &*socket.data.phase.lock() {
            Phase::Waiting { .. } => false,
            Phase::Settling { .. } => true,
            Phase::Seated(_) | Phase::Over { .. } => return,
        };
        if is_settling {
            // Not the client's fault: it comes back by itself.
            socket.close(DisconnectReason::ClosingServer);
        } else {
            self.refuse(socket, "AUTH_REQUIRED");
        }
    }

    async fn settle(self: &Arc<Self>, offer: Offer, socket: &Arc<Socket<Seat>>) {
        let is_event = matches!(offer, Offer::Event(_));
        let (admitted, wishes) = self.admit(&offer, socket).await;
        if let (Err(_), Offer::Event(event)) = (&admitted, &offer) {
            self.acknowledge_refusal(event, REQUIRED, socket);
        }
        match admitted {
            Ok(identity) => self.seat(identity, wishes, &offer, socket),
            Err(Refusal::Required) if is_event => self.refuse(socket, "INVALID_PAYLOAD"),
            // A socket that offered nothing may still send `authenticate`.
            Err(Refusal::Required) => self.wait_for_authenticate(socket),
            Err(refusal) => self.refuse_for(refusal, socket),
        }
    }

    /// More offers than the limit allows: whoever is nobody yet is refused for it.
    pub(super) fn refuse_offer_for_rate(&self, event: &Event, socket: &Arc<Socket<Seat>>) {
        self.acknowledge_refusal(event, REQUIRED, socket);
        if socket.data.seated().is_some() {
            let message = "Trop de demandes. Veuillez patienter.";
            let error = json!({"message": message, "code": "RATE_LIMITED"});
            self.answer(socket, wire::event("error", &error));
        } else {
            self.refuse(socket, "RATE_LIMITED");
        }
    }

    /// Back to waiting; an `authenticate` among the events that came meanwhile is an offer.
    fn wait_for_authenticate(self: &Arc<Self>, socket: &Arc<Socket<Seat>>) {
        let offer = {
            let mut phase = socket.data.phase.lock();
            let Phase::Settling { early } = &mut *phase else {
                return;
            };
            let mut early = std::mem::take(early);
            let place = early.iter().position(|event| event.name == "authenticate");
            let offer = place.map(|place| early.remove(place));
            *phase = Phase::Waiting { early };
            offer
        };
        if let Some(event) = offer {
            self.offer(Offer::Event(event), socket);
        }
    }

    /// An `authenticate` on a live socket: the same person with a fresh token.
    async fn renew(self: &Arc<Self>, offer: Offer, seated: Seated, socket: &Arc<Socket<Seat>>) {
        let (admitted, wishes) = self.admit(&offer, socket).await;
        match admitted {
            Ok(identity) if identity.key == seated.identity.key => {
                let renewed = Seated { identity, ..seated };
                if let Phase::Seated(current) = &mut *socket.data.phase.lock() {
                    *current = renewed.clone();
                }
                self.app
                    .fanout
                    .expire_at(&renewed.connection, renewed.identity.expires_at);
                let session = self.app.host.session_of(renewed.connection.id);
                self.welcome(&renewed, session, wishes, &offer);
            }
            Ok(_) => self.refuse_for(Refusal::InvalidJwt, socket),
            Err(refusal) => self.refuse_for(refusal, socket),
        }
    }

    async fn admit(
        &self,
        offer: &Offer,
        socket: &Socket<Seat>,
    ) -> (Result<Identity, Refusal>, Wishes) {
        let headers = &socket.req_parts.headers;
        let query = socket.req_parts.uri.query().unwrap_or_default();
        let (credentials, wishes) = match offer {
            Offer::Event(event) => (
                credentials::of_authenticate(&event.payload),
                Wishes::of(&event.payload),
            ),
            Offer::Handshake(auth) => {
                let credentials = match socket.protocol {
                    ProtocolVersion::V3 => credentials::of_eio3_handshake(headers, query),
                    ProtocolVersion::V4 => credentials::of_handshake(headers, auth),
                };
                (credentials, Wishes::of(auth))
            }
        };
        let now = self.app.host.now();
        (self.app.admission.admit(&credentials, now).await, wishes)
    }

    fn seat(
        self: &Arc<Self>,
        identity: Identity,
        wishes: Wishes,
        offer: &Offer,
        socket: &Arc<Socket<Seat>>,
    ) {
        // One that is gone already must not be announced first.
        if !socket.data.is_settling() {
            return;
        }
        let Ok(proposed) = random_session() else {
            tracing::error!("the system gave no random numbers for a session");
            return socket.close(DisconnectReason::TransportError);
        };
        let connection = Arc::new(Connection::new(
            self.app.fanout.hub.next_id(),
            identity.key,
            Box::new(EngineLink::new(socket)),
            self.app.fanout.outbox(),
        ));
        let most = self.app.config.limits.connections_per_principal;
        if !self.app.fanout.hub.register(&connection, most) {
            self.app.metrics.limits.note(Limit::ConnectionsPerPrincipal);
            if let Offer::Event(event) = offer {
                self.acknowledge_refusal(event, REQUIRED, socket);
            }
            return self.refuse(socket, "RATE_LIMITED");
        }
        let (session, _) = self.app.host.arrive(Arrival {
            principal: identity.key,
            connection: connection.id,
            session: proposed,
            resumes: wishes.resumes,
            silence: self.silence_limit(socket),
        });
        self.app.fanout.begin_watching(&connection, session);
        self.app.fanout.expire_at(&connection, identity.expires_at);
        let seated = Seated {
            connection,
            identity,
        };
        self.welcome(&seated, Some(session), wishes, offer);
        self.sit_down(&seated, socket);
    }

    /// Deals with the events that waited, and takes the seat when none is left.
    ///
    /// An `authenticate` among them renews the seat once it is taken; only the last one counts.
    fn sit_down(self: &Arc<Self>, seated: &Seated, socket: &Arc<Socket<Seat>>) {
        let mut renewal = None;
        loop {
            let waiting = {
                let mut phase = socket.data.phase.lock();
                match &mut *phase {
                    Phase::Settling { early } if early.is_empty() => {
                        *phase = Phase::Seated(seated.clone());
                        socket.data.keep_place(None);
                        break;
                    }
                    Phase::Settling { early } => std::mem::take(early),
                    // The socket ended while its credential was looked at.
                    Phase::Over { goodbye } => {
                        let goodbye = *goodbye;
                        drop(phase);
                        return self.end_unseated(seated, goodbye);
                    }
                    Phase::Waiting { .. } | Phase::Seated(_) => {
                        unreachable!("whoever settles a socket is the only one to seat it")
                    }
                }
            };
            for event in waiting {
                if event.name == "authenticate" {
                    renewal = Some(event);
                } else {
                    self.handle_event(event, seated, socket);
                }
            }
        }
        // Deactivated or logged out between admission and arrival: the revocation did not find this socket.
        if !self.app.admission.is_still_admitted(&seated.identity) {
            return self.refuse_for(Refusal::InvalidJwt, socket);
        }
        if let Some(event) = renewal {
            self.offer(Offer::Event(event), socket);
        }
    }

    fn end_unseated(&self, seated: &Seated, goodbye: bool) {
        self.app.fanout.forget(&seated.connection);
        let connection = seated.connection.id;
        self.app.host.signal(if goodbye {
            Signal::SessionLeft { connection }
        } else {
            Signal::SessionLost {
                connection,
                silence: Duration::ZERO,
            }
        });
    }

    fn welcome(&self, seated: &Seated, session: Option<SessionId>, wishes: Wishes, offer: &Offer) {
        let language = {
            let directory = self.app.people.directory();
            let known = directory.member(seated.identity.key).names().language;
            wishes.language.or_else(|| known.map(str::to_owned))
        };
        let payload = json!({
            "success": true,
            "user": {
                "id": seated.identity.id.as_str(),
                "language": language.as_deref().unwrap_or(DEFAULT_LANGUAGE),
                "isAnonymous": seated.identity.id.kind() == PrincipalKind::Guest,
            },
            "version": env!("CARGO_PKG_VERSION"),
            "session": session.map(|session| format!("{:032x}", session.0)),
            "watching": self.app.fanout.count_watched(&seated.connection),
        });
        let connection = &seated.connection;
        connection.emit(wire::event("authenticated", &payload));
        if let Offer::Event(event) = offer {
            acknowledge(connection, event, &payload);
        }
        if wishes.keeps_cursors {
            connection.keep_cursors();
        }
        let since = wishes.since.as_deref();
        self.app.fanout.give_snapshot(connection, since);
    }

    /// Refuses a credential; with an expired token the client is told so first.
    pub(super) fn refuse_for(&self, refusal: Refusal, socket: &Arc<Socket<Seat>>) {
        match refusal {
            // The client comes back by itself, and the store may be there again.
            Refusal::StoreAway => socket.close(DisconnectReason::ClosingServer),
            Refusal::ExpiredJwt => {
                self.answer(socket, fanout::token_expired());
                self.refuse(socket, "AUTH_FAILED");
            }
            Refusal::InvalidJwt | Refusal::InvalidSession => self.refuse(socket, "AUTH_FAILED"),
            Refusal::Required => self.refuse(socket, "AUTH_REQUIRED"),
        }
    }

    fn refuse(&self, socket: &Arc<Socket<Seat>>, code: &str) {
        let early = socket.data.take_early();
        for event in early
            .iter()
            .filter(|event| event.name == "conversation:join")
        {
            self.answer(
                socket,
                super::events::join_error(&event.payload, "not_authenticated"),
            );
        }
        let failure = json!({"success": false, "error": REQUIRED});
        self.answer(socket, wire::event("authenticated", &failure));
        let error = json!({"message": REQUIRED, "code": code});
        self.answer(socket, wire::event("error", &error));
        self.lose(socket, Duration::ZERO);
        link::dismiss(Arc::clone(socket));
    }
}

/// What a client asks for beside being admitted.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    pub(super) language: Option<String>,
    pub(super) resumes: Option<SessionId>,
    /// The cursor up to which the client holds everything.
    pub(super) since: Option<String>,
    /// It wants a cursor whenever it has been told something.
    pub(super) keeps_cursors: bool,
}

impl Wishes {
    pub(super) fn of(payload: &Value) -> Self {
        /// Longer texts are no language tags (RFC 5646, section 4.4.1).
        const MAX_LANGUAGE_BYTES: usize = 35;
        let text = |field: &str| payload.get(field)?.as_str();
        Self {
            language: text("language")
                .filter(|tag| !tag.is_empty() && tag.len() <= MAX_LANGUAGE_BYTES)
                .map(str::to_owned),
            resumes: text("resume")
                .and_then(|id| u128::from_str_radix(id, 16).ok())
                .map(SessionId),
            since: text("since").map(str::to_owned),
            keeps_cursors: text("since").is_some()
                || payload.get("cursor").and_then(Value::as_bool) == Some(true),
        }
    }
}

fn random_session() -> Result<SessionId, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(SessionId(u128::from_le_bytes(bytes)))
}
