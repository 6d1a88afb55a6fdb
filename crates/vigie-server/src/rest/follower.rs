//! Links that only watch: who may have one, and how long it is told things.
//!
//! In: a request with a credential or a ticket. Out: a connection of the fan-out, under the limits of every socket.
//! Always true: a link that only watches makes nobody present, and is forgotten when whoever holds it is dropped.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use vigie_core::PrincipalId;

use super::access::{Passive, admitted_before};
use super::error::ApiError;
use crate::admission::{Identity, Refusal};
use crate::app::App;
use crate::auth::credentials;
use crate::fanout::watching::WatchRefusal;
use crate::fanout::{Connection, Link};
use crate::listener::{ClientAddress, Place};
use crate::socketio::attending::principal_id;

/// Whoever wants to follow, and what the request says of it.
#[derive(Debug)]
pub(super) struct Visitor {
    pub(super) identity: Identity,
    /// The cursor up to which its client holds everything.
    pub(super) since: Option<String>,
    /// Whom it follows outside its conversations.
    pub(super) watch: Vec<PrincipalId>,
    client: Option<ClientAddress>,
}

/// What the query of such a request may say; the last of a name counts.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) since: Option<String>,
    pub(super) wait: Option<String>,
    watch: Option<String>,
    ticket: Option<String>,
}

impl Asked {
    pub(super) fn of(parts: &Parts) -> Self {
        let mut asked = Self::default();
        let query = parts.uri.query().unwrap_or_default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let field = match &*name {
                "since" => &mut asked.since,
                "wait" => &mut asked.wait,
                "watch" => &mut asked.watch,
                "ticket" => &mut asked.ticket,
                _ => continue,
            };
            *field = Some(value.into_owned()).filter(|value| !value.is_empty());
        }
        asked
    }
}

/// The comma-separated ids of a `watch`, each once.
pub(super) fn watch_list(text: &str) -> Result<Vec<PrincipalId>, ApiError> {
    let ids = text.split(',').map(str::trim).filter(|id| !id.is_empty());
    let read = |id: &str| {
        let refusal = || ApiError::invalid(format!("`watch` names `{id}`, which is no id."));
        principal_id(id).ok_or_else(refusal)
    };
    let mut ids = ids.map(read).collect::<Result<Vec<_>, _>>()?;
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

impl FromRequestParts<Arc<App>> for Visitor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let asked = Asked::of(parts);
        let has_credential =
            credentials::of_request(&parts.headers).is_some() || admitted_before(parts).is_some();
        let identity = match asked.ticket {
            Some(ticket) if !has_credential => app
                .tickets
                .redeem(&ticket, app.host.now().mono)
                .filter(|identity| app.admission.is_still_admitted(identity))
                .ok_or(Refusal::InvalidSession)?,
            Some(_) | None => Passive::from_request_parts(parts, app).await?.0,
        };
        let watch = watch_list(asked.watch.as_deref().unwrap_or_default())?;
        app.fanout
            .admit_named(identity.key, &watch)
            .map_err(|refusal| match refusal {
                WatchRefusal::RateLimited => ApiError::TooManyWatched,
                WatchRefusal::TooMany | WatchRefusal::InvalidId => ApiError::invalid(format!(
                    "`watch` names at most {} ids.",
                    app.config.limits.watch_list
                )),
            })?;
        Ok(Self {
            identity,
            since: asked.since,
            watch,
            client: parts.extensions.get::<ClientAddress>().copied(),
        })
    }
}

/// A link that only watches, from its registration to its end.
#[derive(Debug)]
pub(super) struct Follower {
    app: Arc<App>,
    pub(super) connection: Arc<Connection>,
    /// Held until the end, when the connection belongs to a proxy.
    _address: Option<Place>,
}

impl Follower {
    /// Registers a link, which is told nothing before it was given a snapshot.
    ///
    /// # Errors
    /// When the person or the address has as many links as it may have.
    pub(super) fn begin(
        app: &Arc<App>,
        visitor: &Visitor,
        link: Box<dyn Link>,
    ) -> Result<Self, ApiError> {
        let address = match visitor.client {
            Some(client) => app
                .places
                .take_behind_proxy(client)
                .map_err(|_| ApiError::TooManyOfAddress)?,
            None => None,
        };
        let connection = Arc::new(Connection::new(
            app.fanout.hub.next_id(),
            visitor.identity.key,
            link,
            app.fanout.outbox(),
        ));
        let most = app.config.limits.connections_per_principal;
        if !app.fanout.hub.register(&connection, most) {
            return Err(ApiError::TooManyLinks);
        }
        let follower = Self {
            app: Arc::clone(app),
            connection,
            _address: address,
        };
        app.fanout.watch_named(&follower.connection, &visitor.watch);
        let ends = visitor.identity.expires_at;
        app.fanout.expire_at(&follower.connection, ends);
        // Deactivated or logged out meanwhile: the revocation may not have found this link.
        if !app.admission.is_still_admitted(&visitor.identity) {
            return Err(Refusal::InvalidJwt.into());
        }
        Ok(follower)
    }

    /// Gives the link what its client lacks, and from then on every change, with cursors.
    pub(super) fn follow(&self, since: Option<&str>) {
        self.connection.keep_cursors();
        self.app.fanout.give_snapshot(&self.connection, since);
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.app.fanout.forget(&self.connection);
    }
}
