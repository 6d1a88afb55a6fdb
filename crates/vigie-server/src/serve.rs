//! A server from its configuration to its last flush.
//!
//! Start: listen, open the store (or wait for it, and say so to whoever asks), take up what it kept, let clients in; what was restored is written as this start's own behind their backs.
//! Stop: accept nothing more, persist everyone as they are, cut the transports without a goodbye so that clients come back; nobody is announced offline.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;
use vigie_core::{SightRules, Wall};
use vigie_store::{Incarnation, Store};

use crate::admission::Admission;
use crate::app::App;
use crate::auth::{ApiKeys, JwtVerifier, Tickets};
use crate::choosing::Choosing;
use crate::clock::Clock;
use crate::config::{Config, Keys};
use crate::cursor::Seals;
use crate::engine_host::{self, EngineHost};
use crate::fanout::{Fanout, Positions};
use crate::flusher::Flusher;
use crate::listener::{self, Places};
use crate::maintenance::Maintenance;
use crate::metrics::Metrics;
use crate::people::People;
use crate::status_service::StatusService;
use crate::webhooks::Webhooks;
use crate::{router, socketio};

mod error;
mod waiting;

pub use error::ServeError;

/// The parts of a server, working, without a listener.
///
/// A host application opens this and mounts the routers itself.
#[derive(Debug)]
pub struct Vigie {
    app: Arc<App>,
    handler: Arc<socketio::Handler>,
    jobs: JoinSet<()>,
}

impl Vigie {
    /// Opens the store, takes up what it kept, and starts the jobs.
    ///
    /// A host application that would rather wait for a store that is away tries again while the error [heals by waiting](ServeError::heals_by_waiting).
    ///
    /// # Errors
    /// When the secrets or the store cannot be used.
    pub async fn open(config: Config) -> Result<Self, ServeError> {
        let keys = Keys::open(&config)?;
        let store = vigie_store::open(&config.database.url()).await?;
        let host = Arc::new(EngineHost::new(config.rules.clone(), Clock::start()));
        // Before anything is read: from here on a server that lost its lock on the database cannot write behind our back.
        let incarnation = store
            .begin_incarnation(host.now().wall, config.rules.offline_after)
            .await?;
        let sight_rules = SightRules {
            reciprocal: config.reciprocal_visibility,
        };
        let webhooks = Arc::new(Webhooks::new(Arc::clone(&store), &config.webhooks)?);
        webhooks.load().await?;
        let (by, told) = (Arc::clone(&store), Arc::clone(&webhooks));
        let people = People::load(Arc::clone(&host), by, sight_rules, told);
        let people = Arc::new(people.await?);
        let positions = positions(&config, &host, &*store, &incarnation).await?;
        let flusher = Flusher::new(
            Arc::clone(&host),
            Arc::clone(&people),
            Arc::clone(&store),
            incarnation,
            config.periods.flush_interval,
            config.periods.alive_interval,
            config.rules.offline_after,
        );
        let jwt = JwtVerifier::new(&keys.jwt_secret, config.limits.token_cache_size);
        let metrics = Metrics::default();
        let app = Arc::new(App {
            api_keys: ApiKeys::new(&keys.api_keys),
            admission: Admission::new(
                Arc::clone(&host),
                Arc::clone(&people),
                jwt,
                config.auto_provision,
            ),
            tickets: Tickets::new(config.periods.ticket_lifetime),
            status: StatusService::new(Arc::clone(&host)),
            choosing: Choosing::new(),
            fanout: Arc::new(Fanout::new(
                Arc::clone(&host),
                Arc::clone(&people),
                Arc::clone(&webhooks),
                positions,
                &config,
                Arc::clone(&metrics.limits),
            )),
            webhooks,
            maintenance: Maintenance::new(),
            metrics,
            places: Places::of_clients(&config),
            started: Instant::now(),
            config,
            host,
            people,
            flusher,
            store,
        });
        let handler = Arc::new(socketio::Handler::new(Arc::clone(&app)));
        let jobs = start_jobs(&app);
        Ok(Self { app, handler, jobs })
    }

    /// What handlers of a host application work with.
    #[must_use]
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Every public route, Socket.IO included.
    pub fn router(&self) -> Router {
        router::public(&self.app, &self.handler)
    }

    /// Waits until another server has taken over the database, which may never be; then [close](Self::close) this one.
    pub async fn superseded(&self) {
        self.app.flusher.superseded().await;
    }

    /// Persists everyone as they are, then cuts the transports so that clients come back.
    ///
    /// When another server has taken over the database, nothing is written; nobody is announced offline in any case.
    ///
    /// # Errors
    /// When the store refuses the last flush within `drain_timeout`; then what waited is lost, as in a crash.
    /// When another server has taken over the database.
    pub async fn close(mut self) -> Result<(), ServeError> {
        self.handler.drain();
        self.app.fanout.drain();
        self.jobs.shutdown().await;
        // From here on nothing is told; what was is about to be durable.
        let told_until = self.app.host.now().wall;
        let persisted = self.persist(told_until).await;
        for connection in self.app.fanout.hub.all() {
            connection.cut();
        }
        self.app.store.close().await;
        persisted
    }

    async fn persist(&self, told_until: Wall) -> Result<(), ServeError> {
        if self.app.flusher.is_superseded() {
            return Err(ServeError::Superseded);
        }
        let after = self.app.config.periods.drain_timeout;
        let flushing = async {
            // Nobody changes a conversation between what webhooks are known to lack and the end; a silent store says so by itself.
            let _changes = self.app.people.hold_changes().await;
            let last = async || {
                self.app.webhooks.save(&self.app, true).await?;
                self.app.flusher.flush_last(told_until).await
            };
            retry_until(after, last).await
        };
        // An attempt on a store that does not answer would last longer by itself.
        let source = match tokio::time::timeout(after, flushing).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) if error.is_final() => return Err(ServeError::Superseded),
            Ok(Err(error)) => Some(error),
            Err(_) => None,
        };
        Err(ServeError::Undrained { after, source })
    }
}

/// A listening server.
#[derive(Debug)]
pub struct Running {
    vigie: Vigie,
    address: SocketAddr,
    ops_address: Option<SocketAddr>,
    stop: watch::Sender<bool>,
    listeners: Vec<JoinHandle<()>>,
}

/// Starts a server as it is configured, and waits for its store if that is away.
///
/// # Errors
/// When the secrets, the store or an address cannot be used.
pub async fn start(config: Config) -> Result<Running, ServeError> {
    listen(config).await?.open().await
}

/// A server that listens and has not opened its store yet.
#[derive(Debug)]
pub struct Listening {
    config: Config,
    listener: TcpListener,
    ops_listener: Option<TcpListener>,
}

/// Takes the addresses of a server: first of all, for a second server must not touch the store of the first.
///
/// # Errors
/// When an address cannot be used.
pub async fn listen(config: Config) -> Result<Listening, ServeError> {
    let listener = bind(config.listen).await?;
    let ops_listener = match config.ops_listen {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    Ok(Listening {
        config,
        listener,
        ops_listener,
    })
}

impl Listening {
    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        local_address(&self.listener, self.config.listen)
    }

    /// Where operators connect, if that is elsewhere.
    #[must_use]
    pub fn ops_address(&self) -> Option<SocketAddr> {
        let listener = self.ops_listener.as_ref()?;
        Some(local_address(listener, self.address()))
    }

    /// Opens the store, and lets clients in.
    ///
    /// While the store is away it tries again and again; whoever asks meanwhile is told to come back.
    /// Dropping the future ends the waiting.
    ///
    /// # Errors
    /// When the secrets or the store cannot be used, and waiting would not heal it.
    pub async fn open(self) -> Result<Running, ServeError> {
        let waiting = waiting::serve(&self)?;
        let vigie = waiting::open(&self.config).await?;
        drop(waiting);
        Ok(self.let_in(vigie))
    }

    fn let_in(self, vigie: Vigie) -> Running {
        let (address, ops_address) = (self.address(), self.ops_address());
        let (stop, stopped) = watch::channel(false);
        let app = &vigie.app;
        let spawn = |listener, routes, places| {
            let stopped = stopped.clone();
            tokio::spawn(listener::serve(
                Arc::clone(app),
                listener,
                routes,
                places,
                stopped,
            ))
        };
        let mut listeners = vec![spawn(
            self.listener,
            vigie.router(),
            Arc::clone(&app.places),
        )];
        if let Some(listener) = self.ops_listener {
            let routes = router::operations(app);
            listeners.push(spawn(listener, routes, Places::of_operators()));
        }
        Running {
            vigie,
            address,
            ops_address,
            stop,
            listeners,
        }
    }
}

impl Running {
    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where operators connect, if that is elsewhere.
    #[must_use]
    pub fn ops_address(&self) -> Option<SocketAddr> {
        self.ops_address
    }

    /// What the server works with.
    #[must_use]
    pub fn app(&self) -> &Arc<App> {
        self.vigie.app()
    }

    /// Waits until another server has taken over the database, which may never be; then [stop](Self::stop) this one.
    pub async fn superseded(&self) {
        self.vigie.superseded().await;
    }

    /// Stops gracefully: nobody is announced offline, and clients come back to the next start.
    ///
    /// # Errors
    /// When the store refuses the last flush, or is another server's.
    pub async fn stop(self) -> Result<(), ServeError> {
        // Whoever listens may be gone already.
        self.stop.send(true).ok();
        let closed = self.vigie.close().await;
        for listener in self.listeners {
            listener.abort();
            if let Err(error) = listener.await
                && error.is_panic()
            {
                tracing::error!(%error, "a listener ended badly");
            }
        }
        closed
    }
}

/// How far clients have been told, for those who come back.
async fn positions(
    config: &Config,
    host: &EngineHost,
    store: &dyn Store,
    by: &Incarnation,
) -> Result<Positions, ServeError> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|_| ServeError::Random)?;
    let now = host.now().wall;
    let kept = store.begin_positions(by, now, key).await?;
    let seals = Seals::new(&kept.key).ok_or(ServeError::Random)?;
    Ok(Positions::new(seals, &kept.starts, &config.periods, now))
}

fn start_jobs(app: &Arc<App>) -> JoinSet<()> {
    let mut jobs = JoinSet::new();
    let of = |app: &Arc<App>| Arc::clone(app);
    jobs.spawn({
        let app = of(app);
        async move { engine_host::run_timer(&app.host).await }
    });
    jobs.spawn({
        let app = of(app);
        async move { app.flusher.run().await }
    });
    jobs.spawn({
        let app = of(app);
        async move { app.fanout.run().await }
    });
    jobs.spawn({
        let app = of(app);
        async move { app.webhooks.run(&app).await }
    });
    jobs.spawn({
        let app = of(app);
        async move { app.maintenance.run(Arc::clone(&app)).await }
    });
    jobs
}

async fn bind(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| ServeError::Listen { address, source })
}

fn local_address(listener: &TcpListener, configured: SocketAddr) -> SocketAddr {
    listener.local_addr().unwrap_or(configured)
}

/// Tries until it succeeds or the time is over; the last answer.
async fn retry_until<E, F>(limit: Duration, mut attempt: impl FnMut() -> F) -> Result<(), E>
where
    F: Future<Output = Result<(), E>>,
{
    const PAUSE: Duration = Duration::from_millis(200);
    let deadline = Instant::now() + limit;
    loop {
        let result = attempt().await;
        if result.is_ok() || Instant::now() + PAUSE >= deadline {
            return result;
        }
        tokio::time::sleep(PAUSE).await;
    }
}
