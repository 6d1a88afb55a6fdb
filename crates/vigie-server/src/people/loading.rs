//! A start: what the store kept becomes the directory, and everyone's presence goes to the engine.
//!
//! In: pages, in the order of [`Store::load`]. Out: [`People`].
//! Always true: a page is gone before the one after the next comes, so that a start needs little more memory than what stays.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use vigie_core::{Directory, PrincipalKey, SightRules};
use vigie_store::{
    Page, ReadError, Store, StoredBlock, StoredConversation, StoredGuest, StoredPresence,
    StoredPrivacy, StoredUser,
};

use crate::engine_host::{EngineHost, Kept};
use crate::webhooks::Webhooks;

use super::line::Line;
use super::{People, TokenDigest, guests};

/// What was taken up so far.
struct Loading<'h> {
    host: &'h EngineHost,
    directory: Directory,
    guests: HashMap<TokenDigest, PrincipalKey>,
}

impl People {
    /// Takes up what the store kept: the directory, in which people see each other by these rules, and everyone's presence with it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) async fn load(
        host: Arc<EngineHost>,
        store: Arc<dyn Store>,
        rules: SightRules,
        webhooks: Arc<Webhooks>,
    ) -> Result<Self, ReadError> {
        let mut loading = Loading {
            host: &host,
            directory: Directory::default(),
            guests: HashMap::new(),
        };
        store.load(&mut |page| loading.take_up(page)).await?;
        let Loading {
            mut directory,
            guests,
            ..
        } = loading;
        directory.set_sight_rules(rules);
        Ok(Self {
            host,
            store,
            webhooks,
            directory: RwLock::new(directory),
            guests: RwLock::new(guests),
            named: Mutex::default(),
            newcomers: Mutex::default(),
            line: Line::default(),
        })
    }
}

impl Loading<'_> {
    fn take_up(&mut self, page: Page) {
        match page {
            Page::Users(users) => users.into_iter().for_each(|user| self.user(user)),
            Page::Guests(guests) => guests.into_iter().for_each(|guest| self.guest(guest)),
            Page::Privacy(settings) => settings.into_iter().for_each(|of| self.privacy(of)),
            Page::Blocks(blocks) => blocks.into_iter().for_each(|block| self.block(&block)),
            Page::Conversations(groups) => groups
                .into_iter()
                .for_each(|group| self.conversation(group)),
            Page::Presence(presence) => self.presence(presence),
        }
    }

    fn user(&mut self, user: StoredUser) {
        let key = self.directory.put(user.id, &user.profile, None);
        if user.is_deleted {
            self.directory.delete(key);
        }
    }

    fn guest(&mut self, guest: StoredGuest) {
        let profile = guests::profile(&guest);
        let key = self.directory.put(guest.id, &profile, guest.expires_at);
        self.guests.insert(guest.token_sha256, key);
        self.host.know_guest(key);
    }

    fn privacy(&mut self, setting: StoredPrivacy) {
        if let Some(key) = self.directory.key(&setting.principal) {
            self.directory.set_privacy(key, setting.privacy);
        }
    }

    fn block(&mut self, block: &StoredBlock) {
        if let Some(blocker) = self.directory.key(&block.blocker) {
            self.directory.block_id(blocker, &block.blocked);
        }
    }

    fn conversation(&mut self, group: StoredConversation) {
        let key = self.directory.put_conversation(group.id, group.title);
        let members = group.members.iter();
        let members = members.filter_map(|member| self.directory.key(member));
        let members = members.collect();
        self.directory.found(key, members);
    }

    fn presence(&mut self, page: Vec<StoredPresence>) {
        let kept = page.into_iter().filter_map(|presence| {
            Some(Kept {
                principal: self.directory.key(&presence.principal)?,
                record: presence.record,
                alive_at: presence.alive_at,
            })
        });
        self.host.restore(kept);
    }
}
