//! Which webhooks there are: registered, changed and deleted by API calls, and marked by whoever tells.
//!
//! In: registrations, changes of people and of conversations. Out: hooks, each with a task that delivers.
//! Always true: a registration is durable before it is answered, and one without webhooks costs whoever marks a look at an empty list.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use tokio::sync::Notify;
use tokio::task::{self, AbortHandle, JoinSet};
use vigie_core::{Id, PrincipalKey};
use vigie_store::{ReadError, Store, StoredWebhook, WebhookProgress, WriteError};

use super::client::{CaFileError, Client};
use super::conversations::Change;
use super::endpoint::{Endpoint, Rules};
use super::hook::{Choice, Hook, Settings};
use super::progress::State;
use super::signature::{SigningSecret, hex};
use super::{delivery, keeper};
use crate::app::App;
use crate::config::WebhookSettings;
use crate::fanout::Place;

/// Webhooks of one server: each has a task, and what waits for it in memory.
pub(crate) const MOST_WEBHOOKS: usize = 100;

/// Between a delivery that ended by a bug of ours and the next attempt, so that a bug costs no processor.
const AFTER_PANIC: Duration = Duration::from_secs(5);

/// Random bytes of an id.
const ID_BYTES: usize = 12;

/// What an API call says of a webhook.
#[derive(Debug)]
pub(crate) struct Registration {
    pub(crate) endpoint: Endpoint,
    pub(crate) choice: Choice,
    /// `None` leaves a known one as it is, and has one drawn for a new one.
    pub(crate) secret: Option<SigningSecret>,
}

/// Why a webhook was not registered or changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RegisterError {
    /// There are as many as there may be.
    #[error("there are {MOST_WEBHOOKS} webhooks already")]
    TooMany,
    /// None has this id.
    #[error("no webhook has this id")]
    Unknown,
    /// No id or secret could be drawn.
    #[error("the system gave no random numbers")]
    Random,
    /// Nothing was changed.
    #[error("the store is away")]
    Store(#[from] WriteError),
}

/// The webhooks of a server.
#[derive(Debug)]
pub(crate) struct Webhooks {
    store: Arc<dyn Store>,
    client: Client,
    rules: Rules,
    /// In the order of their ids.
    hooks: RwLock<Vec<Arc<Hook>>>,
    /// Held while one is registered, changed or deleted.
    changing: tokio::sync::Mutex<()>,
    /// Those that have no task yet.
    unattended: Mutex<Vec<Arc<Hook>>>,
    came: Notify,
    tasks: Mutex<HashMap<Box<str>, AbortHandle>>,
    taken: AtomicU64,
    failed: AtomicU64,
    events: AtomicU64,
}

/// What was delivered since the start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Delivered {
    pub(crate) taken: u64,
    pub(crate) failed: u64,
    pub(crate) events: u64,
}

impl Webhooks {
    /// What the client of all needs; nobody is registered yet.
    pub(crate) fn new(
        store: Arc<dyn Store>,
        settings: &WebhookSettings,
    ) -> Result<Self, CaFileError> {
        let rules = settings.rules();
        let client = Client::new(rules, settings.timeout, settings.ca_file.as_deref())?;
        Ok(Self {
            store,
            client,
            rules,
            hooks: RwLock::default(),
            changing: tokio::sync::Mutex::default(),
            unattended: Mutex::default(),
            came: Notify::new(),
            tasks: Mutex::default(),
            taken: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            events: AtomicU64::new(0),
        })
    }

    /// Takes up what the store kept.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) async fn load(&self) -> Result<(), ReadError> {
        let kept = self.store.webhooks().await?;
        let hooks: Vec<_> = kept
            .into_iter()
            .map(|kept| Arc::new(self.take_up(kept)))
            .collect();
        self.unattended.lock().clone_from(&hooks);
        *self.hooks.write() = hooks;
        Ok(())
    }

    fn take_up(&self, kept: StoredWebhook) -> Hook {
        let endpoint = Endpoint::parse(&kept.url, self.rules);
        let settings = Settings {
            url: Arc::from(kept.url.clone()),
            endpoint: endpoint.ok().map(Arc::new),
            secret: SigningSecret::kept(&kept.secret),
            choice: Choice {
                status: kept.tells_status,
                conversations: kept.tells_conversations,
            },
        };
        Hook::kept(kept, settings)
    }

    /// Where webhooks may be.
    pub(crate) fn rules(&self) -> Rules {
        self.rules
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Every webhook, in the order of their ids.
    pub(crate) fn all(&self) -> Vec<Arc<Hook>> {
        self.hooks.read().clone()
    }

    /// The webhook with this id.
    pub(crate) fn find(&self, id: &str) -> Option<Arc<Hook>> {
        let hooks = self.hooks.read();
        hooks.iter().find(|hook| hook.id() == id).cloned()
    }

    /// These people changed, and their changes can be found by a walk.
    pub(crate) fn mark(&self, people: &[PrincipalKey]) {
        for hook in self.hooks.read().iter() {
            hook.mark(people);
        }
    }

    /// These happened to a conversation, in their order.
    pub(crate) fn note(&self, conversation: &Id, changes: &[Change]) {
        for hook in self.hooks.read().iter() {
            hook.note(conversation, changes);
        }
    }

    /// Adds a webhook, and gives its secret out.
    ///
    /// # Errors
    /// When there are too many, or the store refuses.
    pub(crate) async fn register(
        &self,
        app: &App,
        registration: Registration,
    ) -> Result<(Arc<Hook>, SigningSecret), RegisterError> {
        let _turn = self.changing.lock().await;
        if self.hooks.read().len() >= MOST_WEBHOOKS {
            return Err(RegisterError::TooMany);
        }
        let secret = registration.secret.or_else(SigningSecret::draw);
        let secret = secret.ok_or(RegisterError::Random)?;
        let mut bytes = [0; ID_BYTES];
        getrandom::fill(&mut bytes).map_err(|_| RegisterError::Random)?;
        let here = Place::Here(app.fanout.reached());
        let kept = StoredWebhook {
            id: format!("wh_{}", hex(&bytes)).into(),
            url: registration.endpoint.url().into(),
            secret: secret.expose().into(),
            tells_status: registration.choice.status,
            tells_conversations: registration.choice.conversations,
            created_at: app.host.now().wall,
            progress: WebhookProgress {
                sequence: 1,
                cursor: app.fanout.service_cursor(&here).into(),
                ..WebhookProgress::default()
            },
        };
        self.store.put_webhook(&kept).await?;
        let hook = Arc::new(self.take_up(kept));
        {
            let mut hooks = self.hooks.write();
            hooks.push(Arc::clone(&hook));
            hooks.sort_by(|one, other| one.id().cmp(other.id()));
        }
        // Its first numbers are reserved at once, not by the next look of the keeper.
        if let Err(error) = self.save(app, false).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a new webhook waits for the store"
            );
        }
        self.attend(Arc::clone(&hook));
        Ok((hook, secret))
    }

    /// Gives a webhook another address or choice of events, and tries at once.
    ///
    /// # Errors
    /// When there is none, or the store refuses.
    pub(crate) async fn change(
        &self,
        id: &str,
        registration: Registration,
    ) -> Result<Arc<Hook>, RegisterError> {
        let _turn = self.changing.lock().await;
        let hook = self.find(id).ok_or(RegisterError::Unknown)?;
        let secret = registration
            .secret
            .unwrap_or_else(|| hook.settings().secret);
        let kept = StoredWebhook {
            id: id.into(),
            url: registration.endpoint.url().into(),
            secret: secret.expose().into(),
            tells_status: registration.choice.status,
            tells_conversations: registration.choice.conversations,
            created_at: hook.created_at(),
            // Left as it is by the store.
            progress: WebhookProgress::default(),
        };
        self.store.put_webhook(&kept).await?;
        hook.change(Settings {
            url: Arc::from(kept.url),
            endpoint: Some(Arc::new(registration.endpoint)),
            secret,
            choice: registration.choice,
        });
        Ok(hook)
    }

    /// Forgets a webhook, also while a delivery is under way.
    ///
    /// # Errors
    /// When there is none, or the store refuses.
    pub(crate) async fn delete(&self, id: &str) -> Result<(), RegisterError> {
        let _turn = self.changing.lock().await;
        self.find(id).ok_or(RegisterError::Unknown)?;
        self.store.delete_webhook(id).await?;
        self.hooks.write().retain(|hook| hook.id() != id);
        self.unattended.lock().retain(|hook| hook.id() != id);
        if let Some(task) = self.tasks.lock().remove(id) {
            task.abort();
        }
        Ok(())
    }

    fn attend(&self, hook: Arc<Hook>) {
        self.unattended.lock().push(hook);
        self.came.notify_one();
    }

    pub(super) fn count_taken(&self, events: usize) {
        self.taken.fetch_add(1, Ordering::Relaxed);
        self.events.fetch_add(events as u64, Ordering::Relaxed);
    }

    pub(super) fn count_failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// What was delivered since the start.
    pub(crate) fn delivered(&self) -> Delivered {
        Delivered {
            taken: self.taken.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            events: self.events.load(Ordering::Relaxed),
        }
    }

    /// How many webhooks go how.
    pub(crate) fn states(&self) -> [(&'static str, u64); State::ALL.len()] {
        let hooks = self.hooks.read();
        State::ALL.map(|state| {
            let count = hooks.iter().filter(|hook| hook.state() == state).count();
            (state.as_str(), count as u64)
        })
    }

    /// Events that wait for all of them, as far as they are known.
    pub(crate) fn waiting(&self) -> u64 {
        let hooks = self.hooks.read();
        hooks.iter().map(|hook| hook.waiting() as u64).sum()
    }

    /// Delivers to each webhook by a task of its own, until it is dropped.
    pub(crate) async fn run(&self, app: &Arc<App>) {
        tokio::join!(self.attend_all(app), keeper::run(app));
    }

    async fn attend_all(&self, app: &Arc<App>) {
        let mut tasks = JoinSet::new();
        let mut by_task: HashMap<task::Id, Arc<Hook>> = HashMap::new();
        loop {
            for hook in std::mem::take(&mut *self.unattended.lock()) {
                // Whoever deletes it looks for its task afterwards.
                let mut attended = self.tasks.lock();
                if self.find(hook.id()).is_some() {
                    let task = tasks.spawn(delivery::run(Arc::clone(app), Arc::clone(&hook)));
                    by_task.insert(task.id(), Arc::clone(&hook));
                    attended.insert(hook.id().into(), task);
                }
            }
            tokio::select! {
                () = self.came.notified() => {}
                Some(ended) = tasks.join_next_with_id() => {
                    let id = match &ended {
                        Ok((id, ())) => *id,
                        Err(error) => error.id(),
                    };
                    let hook = by_task.remove(&id);
                    if let (Err(error), Some(hook)) = (ended, hook) && error.is_panic() {
                        tracing::error!(%error, webhook = hook.id(), "a delivery ended badly; it begins anew");
                        tokio::time::sleep(AFTER_PANIC).await;
                        hook.begin_anew();
                        self.attend(hook);
                    }
                }
            }
        }
    }
}
