//! A server from its configuration to its last flush.
//!
//! Start: open the store, take up what it kept, write it as this start's own, listen, say so.
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

use crate::admission::Admission;
use crate::app::App;
use crate::auth::{ApiKeys, JwtVerifier};
use crate::clock::Clock;
use crate::config::{Config, KeyFileError, Keys};
use crate::engine_host::{self, EngineHost};
use crate::fanout::Fanout;
use crate::flusher::Flusher;
use crate::listener::{self, Places};
use crate::maintenance::Maintenance;
use crate::metrics::Metrics;
use crate::people::People;
use crate::status_service::StatusService;
use crate::{router, socketio};

/// Why a server could not start, or not stop as it should.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A secret could not be read or made.
    #[error("the secrets cannot be used")]
    Keys(#[from] KeyFileError),
    /// The database could not be opened.
    #[error("the store cannot be opened")]
    Open(#[from] vigie_store::OpenError),
    /// The database could not be read.
    #[error("the store cannot be read")]
    Load(#[from] vigie_store::ReadError),
    /// The database could not be written.
    #[error("the store cannot be written")]
    Write(#[from] vigie_store::WriteError),
    /// An address could not be listened on.
    #[error(
        "cannot listen on {address}; is another server running there? set another one by --listen"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The operating system's answer.
        #[source]
        source: std::io::Error,
    },
}

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
    /// # Errors
    /// When the secrets or the store cannot be used.
    pub async fn open(config: Config) -> Result<Self, ServeError> {
        let keys = Keys::open(&config)?;
        let store = vigie_store::open(&config.database.url()).await?;
        let host = Arc::new(EngineHost::new(config.rules.clone(), Clock::start()));
        let people = Arc::new(People::load(Arc::clone(&host), Arc::clone(&store)).await?);
        let incarnation = store
            .begin_incarnation(host.now().wall, config.rules.offline_after)
            .await?;
        let flusher = Flusher::new(
            Arc::clone(&host),
            Arc::clone(&people),
            Arc::clone(&store),
            incarnation.clone(),
            config.periods.flush_interval,
            config.periods.alive_interval,
        );
        // What was restored becomes this start's own before the earlier rows go.
        flusher.flush().await?;
        store.reap_predecessors(&incarnation).await?;
        let jwt = JwtVerifier::new(&keys.jwt_secret, config.limits.token_cache_size);
        let app = Arc::new(App {
            api_keys: ApiKeys::new(&keys.api_keys),
            admission: Admission::new(
                Arc::clone(&host),
                Arc::clone(&people),
                jwt,
                config.auto_provision,
            ),
            status: StatusService::new(Arc::clone(&host)),
            fanout: Arc::new(Fanout::new(Arc::clone(&host), Arc::clone(&people), &config)),
            maintenance: Maintenance::new(),
            metrics: Metrics::default(),
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

    /// Persists everyone as they are, then cuts the transports so that clients come back.
    ///
    /// # Errors
    /// When the store refuses the last flush within `drain_timeout`; then what waited is lost, as in a crash.
    pub async fn close(mut self) -> Result<(), ServeError> {
        self.handler.drain();
        self.jobs.shutdown().await;
        let deadline = self.app.config.periods.drain_timeout;
        let persisted = retry_until(deadline, || self.app.flusher.flush_last()).await;
        for connection in self.app.fanout.hub.all() {
            connection.cut();
        }
        self.app.store.close().await;
        Ok(persisted?)
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

/// Starts a server as it is configured.
///
/// # Errors
/// When the secrets, the store or an address cannot be used.
pub async fn start(config: Config) -> Result<Running, ServeError> {
    // The addresses first: a second server must not touch the store of the first.
    let listener = bind(config.listen).await?;
    let ops_listener = match config.ops_listen {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let vigie = Vigie::open(config).await?;
    let (stop, stopped) = watch::channel(false);
    let address = local_address(&listener, vigie.app.config.listen);
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
    let mut listeners = vec![spawn(listener, vigie.router(), Arc::clone(&app.places))];
    let mut ops_address = None;
    if let Some(listener) = ops_listener {
        ops_address = Some(local_address(&listener, address));
        let routes = router::operations(app);
        listeners.push(spawn(listener, routes, Places::of_operators()));
    }
    Ok(Running {
        vigie,
        address,
        ops_address,
        stop,
        listeners,
    })
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

    /// Stops gracefully: nobody is announced offline, and clients come back to the next start.
    ///
    /// # Errors
    /// When the store refuses the last flush.
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
