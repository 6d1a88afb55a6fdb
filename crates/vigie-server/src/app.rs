//! The collaborators of a running server, each made once.
//!
//! The old system had three instances of one service, and metrics that were always zero; here every route gets the same [`App`].

use std::sync::Arc;

use tokio::time::Instant;
use vigie_store::Store;

use crate::admission::Admission;
use crate::auth::{ApiKeys, Tickets};
use crate::choosing::Choosing;
use crate::config::Config;
use crate::engine_host::EngineHost;
use crate::fanout::Fanout;
use crate::flusher::Flusher;
use crate::listener::Places;
use crate::maintenance::Maintenance;
use crate::metrics::Metrics;
use crate::people::People;
use crate::status_service::StatusService;
use crate::webhooks::Webhooks;

/// What handlers work with.
#[derive(Debug)]
pub struct App {
    /// What is in force.
    pub config: Config,
    /// Who may use the API routes.
    pub api_keys: ApiKeys,
    /// The engine.
    pub host: Arc<EngineHost>,
    /// Who exists.
    pub people: Arc<People>,
    /// Who may be here.
    pub admission: Admission,
    /// Ways in for browsers.
    pub tickets: Tickets,
    /// Activity, throttle, metrics.
    pub status: StatusService,
    /// Who chose how often.
    pub(crate) choosing: Choosing,
    /// Sockets, and what they are told.
    pub fanout: Arc<Fanout>,
    /// Addresses that are told what changes.
    pub(crate) webhooks: Arc<Webhooks>,
    /// Write-behind.
    pub flusher: Flusher,
    /// Jobs and their findings.
    pub maintenance: Maintenance,
    /// How many connections may be open.
    pub(crate) places: Arc<Places>,
    /// What is counted between two scrapes.
    pub metrics: Metrics,
    /// What survives a restart.
    pub store: Arc<dyn Store>,
    /// When the server started.
    pub started: Instant,
}
