//! Users who exist because a valid token says so, on first sight.
//!
//! In: ids and names out of tokens. Out: keys.
//! Always true: whoever comes while the store writes shares the next transaction, so that a whole company that signs in at once waits for a few of them, not in line for one each.

use std::collections::BTreeMap;

use tokio::sync::oneshot;
use vigie_core::{Member, PrincipalId, PrincipalKey, Profile};
use vigie_store::StoredUser;

use super::{Names, People};

/// Why nobody was provisioned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProvisionError {
    /// The user was deleted, and only an API call brings it back.
    #[error("this user was deleted")]
    Deleted,
    /// The store refused; memory is as it was.
    #[error("the store is away")]
    StoreAway,
}

type Answer = oneshot::Sender<Result<PrincipalKey, ProvisionError>>;

/// A token's user who waits for the next transaction.
#[derive(Debug)]
pub(super) struct Newcomer {
    id: PrincipalId,
    names: Names,
    answer: Answer,
}

/// What a newcomer needs.
enum Need {
    /// Nothing: it is known by this key, and its names are no news.
    Nothing(PrincipalKey),
    /// This profile, written.
    Write(Profile),
    /// It may not come back.
    Refusal,
}

impl People {
    /// Creates the user of a valid token on first sight, or takes over changed names while no API call has set any.
    ///
    /// # Errors
    /// For a deleted user, and when the store refuses.
    pub async fn provision(
        &self,
        id: PrincipalId,
        names: Names,
    ) -> Result<PrincipalKey, ProvisionError> {
        let (answer, answered) = oneshot::channel();
        let newcomer = Newcomer { id, names, answer };
        self.newcomers.lock().push(newcomer);
        // Whoever gets the lock first writes for all who came until then.
        // Who leaves a line that does not move is written with whoever comes next.
        let Ok(turn) = self.line.turn().await else {
            return Err(ProvisionError::StoreAway);
        };
        self.provision_newcomers().await;
        drop(turn);
        answered.await.unwrap_or(Err(ProvisionError::StoreAway))
    }

    async fn provision_newcomers(&self) {
        let newcomers = std::mem::take(&mut *self.newcomers.lock());
        let mut profiles: BTreeMap<PrincipalId, Profile> = BTreeMap::new();
        let mut waiting = Vec::new();
        for Newcomer { id, names, answer } in newcomers {
            let need = self.need_of(&id, names, profiles.get(&id));
            match need {
                Need::Nothing(key) => tell(answer, Ok(key)),
                Need::Refusal => tell(answer, Err(ProvisionError::Deleted)),
                Need::Write(profile) => {
                    profiles.insert(id.clone(), profile);
                    waiting.push((id, answer));
                }
            }
        }
        if waiting.is_empty() {
            return;
        }
        let users: Vec<StoredUser> = profiles
            .into_iter()
            .map(|(id, profile)| StoredUser {
                id,
                profile,
                is_deleted: false,
            })
            .collect();
        if let Err(error) = self.store.provision_users(&users).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(
                error,
                users = users.len(),
                "users could not be created on first sight"
            );
            for (_, answer) in waiting {
                tell(answer, Err(ProvisionError::StoreAway));
            }
            return;
        }
        let mut directory = self.directory.write();
        for user in users {
            directory.put(user.id, &user.profile, None);
        }
        for (id, answer) in waiting {
            if let Some(key) = directory.key(&id) {
                tell(answer, Ok(key));
            }
        }
    }

    /// What a newcomer needs, given the profile that is about to be written for the same id.
    fn need_of(&self, id: &PrincipalId, names: Names, pending: Option<&Profile>) -> Need {
        let directory = self.directory();
        let known = directory.key(id);
        let stored = known.map(|key| directory.member(key));
        if stored.is_some_and(Member::is_deleted) {
            return Need::Refusal;
        }
        let before = pending.cloned().or_else(|| stored.map(Member::profile));
        let mut profile = before.clone().unwrap_or_default();
        if !profile.set_by_api {
            names.lay_over(&mut profile);
        }
        match known {
            Some(key) if pending.is_none() && before.as_ref() == Some(&profile) => {
                Need::Nothing(key)
            }
            Some(_) | None => Need::Write(profile),
        }
    }
}

/// Whoever asked may have gone meanwhile.
fn tell(answer: Answer, result: Result<PrincipalKey, ProvisionError>) {
    if answer.send(result).is_err() {
        tracing::debug!("whoever was provisioned did not wait for it");
    }
}
