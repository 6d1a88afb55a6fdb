//! Two people, a conversation and a guest on the server: set up before, removed after.
//!
//! Every id starts with `vigie-check`, and there are only a few of them, so that frequent checks do not fill the directory with deleted people.
//! Checks at the same time take different stages; one whose watcher is not connected belongs to a check that died, and is removed by the next.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use vigie_client::Method;

use super::finding::Fault;
use super::site::{Caller, Site};
use crate::credentials::Signer;

/// Checks that may run at the same time.
const STAGES: u8 = 4;

/// The watcher of a check connects within this time after its stage was taken.
const SETTING_UP: Duration = Duration::from_secs(10);

/// Longer than any check: by then its guest is gone also when nobody removed it.
const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// Ids of one of the stages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) conversation: String,
    /// Is told of the others.
    pub(super) watcher: String,
    /// Comes, is active, leaves and vanishes.
    pub(super) subject: String,
}

impl Names {
    fn of(stage: u8) -> Self {
        let conversation = format!("vigie-check-{}", stage + 1);
        Self {
            watcher: format!("{conversation}.watcher"),
            subject: format!("{conversation}.subject"),
            conversation,
        }
    }
}

/// An anonymous participant of the stage.
#[derive(Debug, Clone)]
pub(super) struct Guest {
    pub(super) id: String,
    pub(super) token: String,
}

/// Everything that a check creates, and what it needs to remove it.
#[derive(Debug)]
pub(super) struct Stage<'a> {
    site: &'a Site,
    service: Caller,
    signer: &'a Signer,
    has_begun: Cell<bool>,
    taken: Cell<Option<u8>>,
    guest: RefCell<Option<Guest>>,
}

impl<'a> Stage<'a> {
    pub(super) fn new(site: &'a Site, service: Caller, signer: &'a Signer) -> Self {
        Self {
            site,
            service,
            signer,
            has_begun: Cell::new(false),
            taken: Cell::new(None),
            guest: RefCell::default(),
        }
    }

    /// Takes a free stage and creates everybody.
    pub(super) async fn set(&self) -> Result<(Names, Guest), Fault> {
        self.has_begun.set(true);
        let names = self.take().await?;
        self.put_user(&names.subject, "Vigie check subject").await?;
        let conversation = format!("/v1/conversations/{}", names.conversation);
        let title = json!({ "title": "Vigie check" });
        self.put(&conversation, &title).await?;
        let members = json!([
            format!("user:{}", names.watcher),
            format!("user:{}", names.subject)
        ]);
        self.put(&format!("{conversation}/members"), &members)
            .await?;
        let guest = json!({
            "conversationId": names.conversation,
            "displayName": "Vigie check guest",
            "expiresAt": format!("{:.3}", Timestamp::now() + LIFETIME),
        });
        let reply = self
            .service
            .expect(&[201], Method::POST, "/v1/guests", Some(&guest))
            .await?;
        let made = reply.json();
        let text = |field: &str| made[field].as_str().map(str::to_owned);
        let (Some(id), Some(token)) = (text("id"), text("sessionToken")) else {
            return Err(Fault::new(
                "POST /v1/guests answers with an id and a sessionToken",
                "an answer without them",
                "is this the server of this version?",
            ));
        };
        let guest = Guest { id, token };
        *self.guest.borrow_mut() = Some(guest.clone());
        Ok((names, guest))
    }

    /// Whether there may be something to remove.
    pub(super) fn has_begun(&self) -> bool {
        self.has_begun.get()
    }

    /// A token of one of the people.
    pub(super) fn token(&self, user: &str) -> Result<String, Fault> {
        self.signer.token(user, LIFETIME).map_err(|error| {
            Fault::new("a token can be signed", format!("{error:#}"), "JWT_SECRET")
        })
    }

    /// Removes what [`Stage::set`] created, as far as it got, and what checks that died left behind.
    ///
    /// What cannot be removed keeps nothing else from being removed; the first refusal is told.
    pub(super) async fn clear(&self) -> Result<(), Fault> {
        let mut refusals = Vec::new();
        let guest = self.guest.take();
        if let Some(guest) = guest {
            refusals.extend(self.delete(&format!("/v1/guests/{}", guest.id)).await.err());
        }
        if let Some(stage) = self.taken.take() {
            refusals.extend(self.remove(&Names::of(stage)).await.err());
        }
        for stage in 0..STAGES {
            let names = Names::of(stage);
            let removed = match self.look_at(&names).await {
                Ok(State::LeftBehind) => self.remove_left_behind(&names).await,
                Ok(State::Free | State::InUse) => Ok(()),
                Err(fault) => Err(fault),
            };
            refusals.extend(removed.err());
        }
        match refusals.into_iter().next() {
            None => Ok(()),
            Some(refusal) => Err(refusal),
        }
    }

    async fn take(&self) -> Result<Names, Fault> {
        for stage in 0..STAGES {
            let names = Names::of(stage);
            match self.look_at(&names).await? {
                State::InUse => continue,
                State::LeftBehind => self.remove_left_behind(&names).await?,
                State::Free => {}
            }
            // Whatever becomes of the call, what it may have made is ours to remove.
            self.taken.set(Some(stage));
            let title = format!("Vigie check watcher, {}", Timestamp::now());
            if self.put_user(&names.watcher, &title).await? == 201 {
                return Ok(names);
            }
            // Another check was faster.
            self.taken.set(None);
        }
        Err(Fault::new(
            format!("at most {STAGES} checks at the same time"),
            "all their stages are in use",
            "wait for the other checks to end",
        ))
    }

    async fn look_at(&self, names: &Names) -> Result<State, Fault> {
        let path = format!("/v1/users/{}", names.watcher);
        let user = self
            .service
            .expect(&[200, 404], Method::GET, &path, None)
            .await?;
        if user.status.as_u16() == 404 {
            return Ok(State::Free);
        }
        let path = format!("/v1/presence/user:{}", names.watcher);
        let presence = self.service.get(&path).await?.json();
        if presence["isOnline"] == true || is_young(&user.json()["name"]) {
            Ok(State::InUse)
        } else {
            Ok(State::LeftBehind)
        }
    }

    /// A guest's id is known to those only who share its conversation: the dead check's own watcher is asked.
    async fn remove_left_behind(&self, names: &Names) -> Result<(), Fault> {
        for guest in self.guests_seen_by(&names.watcher).await {
            self.delete(&format!("/v1/guests/{guest}")).await?;
        }
        self.remove(names).await
    }

    /// Nobody when they cannot be seen: a guest left behind expires by itself.
    async fn guests_seen_by(&self, watcher: &str) -> Vec<String> {
        let Ok(token) = self.token(watcher) else {
            return Vec::new();
        };
        let Ok(mut socket) = self.site.enter(json!({ "token": token })).await else {
            return Vec::new();
        };
        let snapshot = socket
            .wait_for("presence:snapshot", self.site.patience)
            .await;
        socket.disconnect().await;
        let Ok(snapshot) = snapshot else {
            return Vec::new();
        };
        let users = snapshot.payload()["users"].as_array();
        let ids = users.into_iter().flatten().map(|user| &user["userId"]);
        ids.filter_map(Value::as_str)
            .filter(|id| id.starts_with("g_"))
            .map(str::to_owned)
            .collect()
    }

    async fn remove(&self, names: &Names) -> Result<(), Fault> {
        self.delete(&format!("/v1/conversations/{}", names.conversation))
            .await?;
        self.delete(&format!("/v1/users/{}", names.subject)).await?;
        // The last one: as long as it is there, the stage is known to be left behind.
        self.delete(&format!("/v1/users/{}", names.watcher)).await
    }

    async fn put_user(&self, id: &str, name: &str) -> Result<u16, Fault> {
        let body = json!({ "displayName": name });
        self.put(&format!("/v1/users/{id}"), &body).await
    }

    async fn put(&self, path: &str, body: &Value) -> Result<u16, Fault> {
        let accepted = [200, 201, 204];
        let reply = self
            .service
            .expect(&accepted, Method::PUT, path, Some(body))
            .await?;
        Ok(reply.status.as_u16())
    }

    /// Removing what is not there has succeeded.
    async fn delete(&self, path: &str) -> Result<(), Fault> {
        let accepted = [204, 200, 404];
        self.service
            .expect(&accepted, Method::DELETE, path, None)
            .await?;
        Ok(())
    }
}

/// What somebody else's stage is.
#[derive(Debug, PartialEq, Eq)]
enum State {
    Free,
    /// Its check is running.
    InUse,
    /// Its check died.
    LeftBehind,
}

/// Whether a watcher, by the instant in its name, was created just now.
fn is_young(name: &Value) -> bool {
    let instant = name.as_str().and_then(|name| name.rsplit(' ').next());
    let instant: Option<Timestamp> = instant.and_then(|text| text.parse().ok());
    instant.is_some_and(|instant| {
        let age = Timestamp::now().duration_since(instant).unsigned_abs();
        age < SETTING_UP
    })
}
