//! Registered users: put by the API, or provisioned by the first sight of their token.

use std::sync::Arc;

use vigie_core::{PrincipalId, PrincipalKey, Profile, Role, Wall};
use vigie_store::StoredUser;

use crate::auth::Claims;

use super::moves::forget;
use super::{ChangeError, Moved, People};

/// What an API call wants to change; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct UserPatch {
    /// The names and the language.
    pub names: Names,
    /// A role that overrides the token's.
    pub role: Option<Role>,
    /// Whether the user may authenticate.
    pub is_active: Option<bool>,
}

/// Where a user's names came from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named {
    issued_at: Wall,
    is_being_written: bool,
}

/// The names of a user, as a token's claims or an API call give them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names {
    /// Login name.
    pub username: Option<Box<str>>,
    /// The name to show.
    pub display_name: Option<Box<str>>,
    /// Given name.
    pub first_name: Option<Box<str>>,
    /// Family name.
    pub last_name: Option<Box<str>>,
    /// Language tag.
    pub language: Option<Box<str>>,
}

impl Names {
    /// The names of a token.
    #[must_use]
    pub fn of(claims: &Claims) -> Self {
        Self {
            username: claims.username.clone(),
            display_name: claims.display_name.clone(),
            first_name: claims.first_name.clone(),
            last_name: claims.last_name.clone(),
            language: None,
        }
    }

    /// Whether a name is given; the language is none.
    fn has_name(&self) -> bool {
        self.username.is_some()
            || self.display_name.is_some()
            || self.first_name.is_some()
            || self.last_name.is_some()
    }

    pub(super) fn lay_over(self, profile: &mut Profile) {
        let fields = [
            (&mut profile.username, self.username),
            (&mut profile.display_name, self.display_name),
            (&mut profile.first_name, self.first_name),
            (&mut profile.last_name, self.last_name),
            (&mut profile.language, self.language),
        ];
        for (field, given) in fields {
            if given.is_some() {
                *field = given;
            }
        }
    }
}

/// A user who was added or changed.
#[derive(Debug, Clone, Copy)]
pub struct Put {
    /// Who it is.
    pub key: PrincipalKey,
    /// Whether nobody had the id before.
    pub is_new: bool,
}

impl People {
    /// Adds a user, or changes what the patch names; a deleted one comes back.
    ///
    /// Of several at the same time, one alone is told that the user is new.
    /// With it comes what was noted right `before` a change of what the user may see.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn put_user<T>(
        &self,
        id: PrincipalId,
        patch: UserPatch,
        before: impl FnOnce(PrincipalKey) -> T,
    ) -> Result<(Put, Option<T>), ChangeError> {
        let _turn = self.line.turn().await?;
        let known = self.find(&id);
        let is_new = known.is_none();
        let was_deleted = is_new && self.directory().key(&id).is_some();
        let mut profile = self.profile(&id).unwrap_or_default();
        profile.set_by_api |= patch.names.has_name();
        patch.names.lay_over(&mut profile);
        let moderated = profile.role.is_some_and(Role::may_moderate);
        profile.role = patch.role.or(profile.role);
        let sees_otherwise = profile.role.is_some_and(Role::may_moderate) != moderated;
        let noted = known.filter(|_| sees_otherwise).map(before);
        profile.is_active = patch.is_active.unwrap_or(profile.is_active);
        let user = StoredUser {
            id: id.clone(),
            profile: profile.clone(),
            is_deleted: false,
        };
        self.store.upsert_users(&[user]).await?;
        let key = self.directory.write().put(id, &profile, None);
        if was_deleted {
            // The version goes on from before, and no row of the store tells it any more.
            self.host.write_again(key);
        }
        Ok((Put { key, is_new }, noted))
    }

    /// Forgets a user; a token does not bring it back. With it comes what was made `note` of for each of its conversations.
    ///
    /// # Errors
    /// When nobody has this id, or the store refuses.
    pub async fn delete_user<T>(
        &self,
        id: &PrincipalId,
        audience_limit: usize,
        note: impl FnMut(Moved) -> T,
    ) -> Result<(PrincipalKey, Vec<T>), ChangeError> {
        let _turn = self.line.turn().await?;
        let key = self
            .find(id)
            .ok_or_else(|| ChangeError::UnknownPrincipal(id.clone()))?;
        self.store.delete_user(id, self.host.now().wall).await?;
        let left = self.conversations_of(key);
        let moved = forget(&mut self.directory.write(), &[key], audience_limit);
        self.host.forget(key);
        self.tell_forgotten(key, id, &left);
        Ok((key, moved.into_iter().map(note).collect()))
    }

    /// Takes over the names of a known user's token, if they are news: behind the back of whoever shows it.
    pub(crate) fn rename_behind(self: &Arc<Self>, key: PrincipalKey, claims: &Arc<Claims>) {
        if !self.names_are_news(key, claims) || !self.begin_naming(key, claims) {
            return;
        }
        let people = Arc::clone(self);
        let claims = Arc::clone(claims);
        tokio::spawn(async move {
            // A refusal was logged where it happened; the next token tries again.
            let _ = people
                .provision(claims.user.clone(), Names::of(&claims))
                .await;
            if let Some(named) = people.named.lock().get_mut(&key) {
                named.is_being_written = false;
            }
        });
    }

    /// Whether a token's names differ from what is known, and may change it.
    fn names_are_news(&self, key: PrincipalKey, claims: &Claims) -> bool {
        let directory = self.directory();
        let member = directory.member(key);
        if member.is_set_by_api() {
            return false;
        }
        let known = member.names();
        let differs = |known: Option<&str>, given: Option<&str>| given.is_some() && given != known;
        differs(known.username, claims.username.as_deref())
            || differs(known.display_name, claims.display_name.as_deref())
            || differs(known.first_name, claims.first_name.as_deref())
            || differs(known.last_name, claims.last_name.as_deref())
    }

    /// One change of names at a time, and none by a token older than the one they came from: two devices with different tokens must not rename their person in turns.
    fn begin_naming(&self, key: PrincipalKey, claims: &Claims) -> bool {
        let issued_at = claims.issued_at.unwrap_or(claims.expires_at);
        let mut named = self.named.lock();
        let begins = named
            .get(&key)
            .is_none_or(|named| !named.is_being_written && named.issued_at <= issued_at);
        if begins {
            let naming = Named {
                issued_at,
                is_being_written: true,
            };
            named.insert(key, naming);
        }
        begins
    }
}
