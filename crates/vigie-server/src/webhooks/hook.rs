//! One webhook in memory: what was registered, what waits, how far it was told.
//!
//! Always true: whoever marks holds one short lock, and wakes whoever delivers.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;
use vigie_core::{Id, PrincipalKey, Wall};
use vigie_store::{StoredWebhook, WebhookProgress};

use super::conversations::{Change, Conversations};
use super::endpoint::Endpoint;
use super::marks::Marks;
use super::progress::{Progress, State};
use super::signature::SigningSecret;
use crate::fanout::Place;

/// What a webhook is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    /// People.
    pub(crate) status: bool,
    /// Conversations.
    pub(crate) conversations: bool,
}

/// What can be changed of a webhook.
#[derive(Clone)]
pub(super) struct Settings {
    /// As it was kept; the rules may have become stricter since.
    pub(super) url: Arc<str>,
    /// `None` when the rules in force refuse it.
    pub(super) endpoint: Option<Arc<Endpoint>>,
    pub(super) secret: SigningSecret,
    pub(super) choice: Choice,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The URL may hold a credential.
        out.debug_struct("Settings")
            .field("choice", &self.choice)
            .finish_non_exhaustive()
    }
}

/// A webhook.
#[derive(Debug)]
pub(crate) struct Hook {
    pub(super) id: Box<str>,
    pub(super) created_at: Wall,
    settings: Mutex<Settings>,
    waiting: Mutex<Waiting>,
    pub(super) progress: Mutex<Progress>,
    /// Something waits, or it was resumed.
    woken: Notify,
    /// It need not wait for its next attempt any longer.
    pub(super) hurried: Notify,
}

#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) people: Marks,
    pub(super) conversations: Conversations,
}

/// A webhook as an API call is told of it.
pub(crate) struct Told {
    pub(crate) url: String,
    pub(crate) choice: Choice,
    pub(crate) state: State,
    pub(crate) since: Option<Wall>,
    pub(crate) last_error: Option<String>,
    pub(crate) sequence: u64,
    pub(crate) waiting: usize,
}

impl Hook {
    pub(super) fn kept(kept: StoredWebhook, settings: Settings) -> Self {
        let WebhookProgress {
            changed_conversations,
            must_resync,
            cursor,
            ..
        } = kept.progress.clone();
        let place = Place::Earlier(Arc::from(cursor));
        Self {
            id: kept.id,
            created_at: kept.created_at,
            settings: Mutex::new(settings),
            waiting: Mutex::new(Waiting {
                people: Marks::default(),
                conversations: Conversations::kept(changed_conversations, must_resync),
            }),
            progress: Mutex::new(Progress::kept(&kept.progress, place)),
            woken: Notify::new(),
            hurried: Notify::new(),
        }
    }

    /// Its id.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// When it was registered.
    pub(crate) fn created_at(&self) -> Wall {
        self.created_at
    }

    pub(super) fn settings(&self) -> Settings {
        self.settings.lock().clone()
    }

    pub(super) fn change(&self, settings: Settings) {
        let gains_people = {
            let mut held = self.settings.lock();
            let gains = settings.choice.status && !held.choice.status;
            *held = settings;
            gains
        };
        // Who changed while nobody was to be told is no news of these.
        if gains_people {
            self.waiting.lock().people.lose();
        }
        self.hurried.notify_one();
        self.woken.notify_one();
    }

    /// These people changed.
    pub(super) fn mark(&self, people: &[PrincipalKey]) {
        if !self.settings.lock().choice.status {
            return;
        }
        self.waiting.lock().people.mark(people);
        self.woken.notify_one();
    }

    /// These happened to a conversation.
    pub(super) fn note(&self, conversation: &Id, changes: &[Change]) {
        if !self.settings.lock().choice.conversations {
            return;
        }
        self.waiting
            .lock()
            .conversations
            .note(conversation, changes);
        self.woken.notify_one();
    }

    pub(super) fn with_waiting<T>(&self, work: impl FnOnce(&mut Waiting) -> T) -> T {
        work(&mut self.waiting.lock())
    }

    /// Waits until something may have to be told.
    pub(super) async fn woken(&self) {
        self.woken.notified().await;
    }

    /// Nothing is tried any more, and what waits is left to the walk of whoever resumes it.
    pub(super) fn park(&self, now: Wall) {
        self.progress.lock().park(now);
        self.begin_anew();
    }

    /// Whatever was made of what waited is gone: a walk finds the people, and conversations wait again.
    pub(super) fn begin_anew(&self) {
        let mut waiting = self.waiting.lock();
        waiting.people.lose();
        waiting.conversations.give_back();
    }

    /// Delivers again; nothing to do for one that is not parked but to try at once.
    pub(crate) fn resume(&self) {
        self.progress.lock().resume();
        self.hurried.notify_one();
        self.woken.notify_one();
    }

    /// How it goes.
    pub(crate) fn state(&self) -> State {
        self.progress.lock().state().0
    }

    /// Events that wait, as far as they are known.
    pub(crate) fn waiting(&self) -> usize {
        let waiting = self.waiting.lock();
        waiting.people.len() + waiting.conversations.len()
    }

    /// What there is to say of it; never its secret.
    pub(crate) fn told(&self) -> Told {
        let Settings { url, choice, .. } = self.settings();
        let waiting = self.waiting();
        let progress = self.progress.lock();
        let (state, since, error) = progress.state();
        Told {
            url: url.as_ref().to_owned(),
            choice,
            state,
            since,
            last_error: error.map(str::to_owned),
            sequence: progress.latest_sequence(),
            waiting,
        }
    }
}
