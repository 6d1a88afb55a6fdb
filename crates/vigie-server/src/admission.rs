//! From a credential to an identity: who is this, and may they be here?
//!
//! In: credentials as they were found on a request or a handshake. Out: an [`Identity`], or a [`Refusal`] with its reason.
//! Always true: a known identity is answered from memory, whatever the store does; a deactivated, deleted or expired one is refused, whatever its token says.

use std::sync::Arc;
use std::time::Duration;

use vigie_core::{Now, PrincipalId, PrincipalKey, PrincipalKind, Role, Wall};

use crate::auth::{Claims, Credential, GuestToken, JwtError, JwtVerifier};
use crate::engine_host::EngineHost;
use crate::people::{Names, People, ProvisionError};

/// How long a credential waits for a store that may be away; clients give up after 5 s.
const PATIENCE: Duration = Duration::from_secs(2);

/// An authenticated principal.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Its number in this process.
    pub key: PrincipalKey,
    /// Its typed id.
    pub id: PrincipalId,
    /// What it may do: the role set through the API, else the token's.
    pub role: Role,
    /// When the credential ends.
    pub expires_at: Option<Wall>,
}

impl Identity {
    /// Whether it may use maintenance routes.
    #[must_use]
    pub fn may_maintain(&self) -> bool {
        self.id.kind() == PrincipalKind::User && self.role.may_maintain()
    }
}

/// Why nobody was admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No credential at all.
    #[error("no credential was given")]
    Required,
    /// A JWT that is forged, malformed, or of somebody who may not be here.
    #[error("the JWT is not valid")]
    InvalidJwt,
    /// A JWT that was valid once.
    #[error("the JWT has expired")]
    ExpiredJwt,
    /// A guest's token that is unknown or over.
    #[error("the session token is not valid")]
    InvalidSession,
    /// Nobody knows this identity, and the store that might is away.
    #[error("the store is away")]
    StoreAway,
}

/// Decides who is admitted.
#[derive(Debug)]
pub struct Admission {
    host: Arc<EngineHost>,
    people: Arc<People>,
    jwt: JwtVerifier,
    auto_provision: bool,
}

impl Admission {
    /// An admission that verifies tokens with `jwt`.
    #[must_use]
    pub fn new(
        host: Arc<EngineHost>,
        people: Arc<People>,
        jwt: JwtVerifier,
        auto_provision: bool,
    ) -> Self {
        Self {
            host,
            people,
            jwt,
            auto_provision,
        }
    }

    /// Admits by the first credential that is good, as of `now`.
    ///
    /// # Errors
    /// [`Refusal::Required`] without credentials, else the reason of the first one.
    pub async fn admit(
        &self,
        credentials: &[Credential<'_>],
        now: Now,
    ) -> Result<Identity, Refusal> {
        let mut first_refusal = None;
        for credential in credentials {
            match self.admit_one(credential, now.wall).await {
                Ok(identity) => return Ok(identity),
                Err(refusal) => {
                    first_refusal.get_or_insert(refusal);
                }
            }
        }
        Err(first_refusal.unwrap_or(Refusal::Required))
    }

    /// Whether an identity that was admitted earlier still may be here.
    #[must_use]
    pub fn is_still_admitted(&self, identity: &Identity) -> bool {
        let now = self.host.now().wall;
        let is_fresh = identity.expires_at.is_none_or(|end| now < end);
        is_fresh
            && self
                .people
                .directory()
                .member(identity.key)
                .is_admitted(now)
    }

    async fn admit_one(&self, credential: &Credential<'_>, now: Wall) -> Result<Identity, Refusal> {
        match credential {
            Credential::Jwt(token) => {
                let claims = self.jwt.verify(token, now).map_err(|error| match error {
                    JwtError::Expired => Refusal::ExpiredJwt,
                    JwtError::Invalid => Refusal::InvalidJwt,
                })?;
                self.admit_user(&claims, now).await
            }
            Credential::Session(token) => self.admit_guest(token, now),
        }
    }

    async fn admit_user(&self, claims: &Arc<Claims>, now: Wall) -> Result<Identity, Refusal> {
        let key = match self.people.find(&claims.user) {
            Some(key) => {
                if self.auto_provision {
                    self.people.rename_behind(key, claims);
                }
                key
            }
            None => self.provision(claims).await?,
        };
        let directory = self.people.directory();
        let member = directory.member(key);
        if !member.is_admitted(now) {
            return Err(Refusal::InvalidJwt);
        }
        Ok(Identity {
            key,
            id: claims.user.clone(),
            role: member.role().or(claims.role).unwrap_or(Role::User),
            expires_at: Some(claims.valid_until()),
        })
    }

    /// First sight of a user: the one time that a credential waits for the store, and not for long.
    async fn provision(&self, claims: &Arc<Claims>) -> Result<PrincipalKey, Refusal> {
        if !self.auto_provision {
            return Err(Refusal::InvalidJwt);
        }
        let people = Arc::clone(&self.people);
        let claims = Arc::clone(claims);
        // In a task of its own: a client that goes away must not part the store from memory.
        let creation = tokio::spawn(async move {
            people
                .provision(claims.user.clone(), Names::of(&claims))
                .await
        });
        match tokio::time::timeout(PATIENCE, creation).await {
            Ok(Ok(Ok(key))) => Ok(key),
            Ok(Ok(Err(ProvisionError::Deleted))) => Err(Refusal::InvalidJwt),
            Ok(Ok(Err(ProvisionError::StoreAway)) | Err(_)) | Err(_) => Err(Refusal::StoreAway),
        }
    }

    fn admit_guest(&self, token: &str, now: Wall) -> Result<Identity, Refusal> {
        let digest = GuestToken::digest_of(token);
        let key = self
            .people
            .guest_of_token(&digest)
            .ok_or(Refusal::InvalidSession)?;
        let directory = self.people.directory();
        let member = directory.member(key);
        if !member.is_admitted(now) {
            return Err(Refusal::InvalidSession);
        }
        Ok(Identity {
            key,
            id: member.id().clone(),
            role: Role::User,
            expires_at: member.expires_at(),
        })
    }
}
