//! What people let others see, and whom they block.
//!
//! In: what a person wants. Out: the change, durable before anybody is shown anything by it, and what the caller noted right `before` it.
//! Always true: nothing else changes in the directory between that note and the change, so that comparing the two tells whose view changed.

use vigie_core::{PrincipalId, PrincipalKey, Privacy};

use super::{ChangeError, People};

/// People whom one person may block; far beyond what anybody does by hand, and little enough to keep for everybody.
pub const MOST_BLOCKS: usize = 1_000;

impl People {
    /// Lets others see this much of somebody; what was noted before it, or `None` when nothing changed.
    ///
    /// # Errors
    /// When nobody has this id, or the store refuses.
    pub async fn set_privacy<T>(
        &self,
        whose: &PrincipalId,
        privacy: Privacy,
        before: impl FnOnce(PrincipalKey) -> T,
    ) -> Result<Option<T>, ChangeError> {
        let _turn = self.line.turn().await?;
        let key = self.existing(whose)?;
        if self.directory().member(key).privacy() == privacy {
            return Ok(None);
        }
        let noted = before(key);
        self.store.write_privacy(whose, privacy).await?;
        self.directory.write().set_privacy(key, privacy);
        Ok(Some(noted))
    }

    /// Hides two people from each other, because `blocker` wants it so; whether the other exists makes no difference to the answer.
    ///
    /// What was noted before it, or `None` when nobody sees anything else than before.
    ///
    /// # Errors
    /// When nobody has the blocker's id, when it blocks [`MOST_BLOCKS`] people already, or when the store refuses.
    pub async fn block<T>(
        &self,
        blocker: &PrincipalId,
        blocked: &PrincipalId,
        before: impl FnOnce(PrincipalKey, PrincipalKey) -> T,
    ) -> Result<Option<T>, ChangeError> {
        let _turn = self.line.turn().await?;
        let key = self.existing(blocker)?;
        let others = self.directory().blocked_ids(key);
        if others.binary_search(blocked).is_ok() {
            return Ok(None);
        }
        if others.len() >= MOST_BLOCKS {
            return Err(ChangeError::TooManyBlocks);
        }
        let noted = self.find(blocked).map(|other| before(key, other));
        self.store.add_block(blocker, blocked).await?;
        self.directory.write().block_id(key, blocked);
        Ok(noted)
    }

    /// Ends a block, if there is one; what was noted before it, or `None` when nobody sees anything else than before.
    ///
    /// # Errors
    /// When nobody has the blocker's id, or the store refuses.
    pub async fn unblock<T>(
        &self,
        blocker: &PrincipalId,
        blocked: &PrincipalId,
        before: impl FnOnce(PrincipalKey, PrincipalKey) -> T,
    ) -> Result<Option<T>, ChangeError> {
        let _turn = self.line.turn().await?;
        let key = self.existing(blocker)?;
        let noted = self.find(blocked).map(|other| before(key, other));
        self.store.remove_block(blocker, blocked).await?;
        let was_blocked = self.directory.write().unblock_id(key, blocked);
        Ok(noted.filter(|_| was_blocked))
    }

    /// The key of somebody who exists, to change something of theirs.
    fn existing(&self, id: &PrincipalId) -> Result<PrincipalKey, ChangeError> {
        self.find(id)
            .ok_or_else(|| ChangeError::UnknownPrincipal(id.clone()))
    }
}
