//! The server's configuration: flags over environment over file over defaults, checked as a whole.
//!
//! In: [`Sources`]; out: [`Loaded`], a typed [`Config`] and where each value came from, or every [`Problem`] at once.
//! A [`Config`] that [`load`] returned holds no contradiction.
//! Secrets that the server makes for itself are not part of it: see [`Keys`].

mod check;
mod choice;
mod file;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod keys;
mod layers;
mod problem;
mod report;
mod secret;
mod setting;
mod settings;
mod source;
mod value;

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

use crate::webhooks::Rules;

pub use choice::{Database, Demo, LogFormat, MaintenanceOpen, Origin};
pub use keys::{KeyFileError, Keys};
pub use layers::{Loaded, load, logging};
pub use problem::{ConfigError, Problem};
pub use report::{Row, markdown, rows, toml_text};
pub use secret::Secret;
pub use setting::Setting;
pub use settings::{GROUPS, Group, all};
pub use source::{Source, Sources};
pub use value::{ByteSize, parse_duration};

/// Everything an operator can set, typed.
///
/// The table in `settings.rs` documents each field; fields without a unit in their type are counts.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where clients connect.
    pub listen: SocketAddr,
    /// A listener of its own for maintenance, metrics and probes.
    pub ops_listen: Option<SocketAddr>,
    /// The folder of made secrets.
    pub data_dir: PathBuf,
    /// Where the directory and the times are kept.
    pub database: Database,
    /// Always `None`: the name is known, and refused.
    pub redis: Option<Infallible>,
    /// Reverse proxies that are believed whose connection they pass on.
    pub trusted_proxies: Vec<IpNet>,
    /// Web pages that may connect.
    pub cors_origins: Vec<Origin>,
    /// Whether the demo page is served.
    pub demo: Demo,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Which log lines are written, in the syntax of `tracing`.
    pub log_filter: String,
    /// The key of HS256 tokens; `None` is development mode.
    pub jwt_secret: Option<Secret>,
    /// Keys of other services; empty when one is to be made.
    pub api_keys: Vec<Secret>,
    /// A valid token creates its user on first sight.
    pub auto_provision: bool,
    /// A fact about a person is shown to those alone who would show the same of themselves.
    pub reciprocal_visibility: bool,
    /// Who may use the maintenance routes without a credential, outside development mode.
    pub maintenance_open: MaintenanceOpen,
    /// The numbers the engine decides by.
    pub rules: vigie_core::Rules,
    /// The periods of the shell.
    pub periods: Periods,
    /// What one client may ask for.
    pub limits: Limits,
    /// Where webhooks may be, and how patient the server is with them.
    pub webhooks: WebhookSettings,
}

/// Where webhooks may be, and how patient the server is with them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebhookSettings {
    /// Into private networks, too.
    pub allow_private: bool,
    /// Without TLS.
    pub allow_http: bool,
    /// An address that has failed for so long is parked.
    pub park_after: Duration,
    /// One delivery, from the look-up of the name to the end of the answer.
    pub timeout: Duration,
    /// Certificate authorities that are trusted besides those of the web.
    pub ca_file: Option<PathBuf>,
}

impl WebhookSettings {
    /// Where requests may go.
    pub(crate) fn rules(&self) -> Rules {
        Rules {
            allow_private: self.allow_private,
            allow_http: self.allow_http,
        }
    }
}

/// How often the shell does things, and how long it waits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Periods {
    /// EIO4: between two pings.
    pub ping_interval: Duration,
    /// EIO4: longest wait for a pong.
    pub ping_timeout: Duration,
    /// EIO3: between two pings of the client.
    pub eio3_ping_interval: Duration,
    /// EIO3: how late such a ping may be.
    pub eio3_ping_timeout: Duration,
    /// A request's head must have come by then.
    pub header_timeout: Duration,
    /// A request's body must have come by then.
    pub body_timeout: Duration,
    /// An HTTP connection without a request is kept this long.
    pub keep_alive: Duration,
    /// A socket must have authenticated by then.
    pub auth_timeout: Duration,
    /// Between two re-stamps of present but passive people.
    pub restamp_interval: Duration,
    /// A position that a client comes back with is of use for this long.
    pub cursor_max_age: Duration,
    /// A ticket can be used for this long.
    pub ticket_lifetime: Duration,
    /// Between two online lists of a conversation.
    pub online_stats_interval: Duration,
    /// Between two looks for throttle entries past [`vigie_core::Rules::cache_max_age`].
    pub cache_cleanup_interval: Duration,
    /// Between two batches to the store.
    pub flush_interval: Duration,
    /// Between two signs of life of the server in the store.
    pub alive_interval: Duration,
    /// Between two reconciliations with the store.
    pub maintenance_interval: Duration,
    /// Silence after which a guest without an expiry is removed.
    pub guest_retention: Duration,
    /// Longest wait of a stopping server.
    pub drain_timeout: Duration,
}

/// What is refused beyond.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// Request body.
    pub body: ByteSize,
    /// URL of a request.
    pub url: ByteSize,
    /// One Socket.IO message.
    pub message: ByteSize,
    /// Head of a request: its first line and its headers.
    pub head: ByteSize,
    /// Open connections; 0 takes what the system's limit of open files leaves.
    pub connections: usize,
    /// Open connections of one address; 0 is no limit.
    pub connections_per_address: usize,
    /// Authenticated sockets of one principal.
    pub connections_per_principal: usize,
    /// Levels of lists and objects in a Socket.IO message.
    pub json_depth: usize,
    /// What waits in memory for one socket that reads slowly.
    pub slow_socket: ByteSize,
    /// Events a second of one socket.
    pub events_per_second: usize,
    /// Events kept for a socket whose authentication has not settled.
    pub early_events: usize,
    /// Sockets waiting for authentication.
    pub unauthenticated: usize,
    /// Ids in one call of the compatible bulk presence route.
    pub presence_ids: usize,
    /// Ids in one call of `/v1/presence`.
    pub bulk_presence: usize,
    /// Entries in one call of `/v1/activity`.
    pub activity_batch: usize,
    /// Members of a conversation that subscribes them, and people in a snapshot.
    pub audience: usize,
    /// Members of a conversation whose every change is told as it comes.
    pub room_full: usize,
    /// Viewers of a conversation that are told more than counts.
    pub room_viewers: usize,
    /// Conversations whose presence one socket may look at.
    pub room_views: usize,
    /// People watched by one connection outside its conversations.
    pub watch_list: usize,
    /// People that one person may begin to watch in a minute.
    pub watch_rate: usize,
    /// Verified tokens kept in memory.
    pub token_cache_size: usize,
}

impl Config {
    /// Whether the server runs for development: no signing secret was given, so it makes its own and stays on loopback.
    #[must_use]
    pub fn is_development(&self) -> bool {
        self.jwt_secret.is_none()
    }

    /// Whether the demo page is served here.
    #[must_use]
    pub fn shows_demo(&self) -> bool {
        match self.demo {
            Demo::Development => self.is_development(),
            Demo::On => true,
            Demo::Off => false,
        }
    }

    /// Before the table's defaults are laid over it; never leaves this module.
    fn blank() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            ops_listen: None,
            data_dir: PathBuf::new(),
            database: Database::Sqlite(PathBuf::new()),
            redis: None,
            trusted_proxies: Vec::new(),
            cors_origins: Vec::new(),
            demo: Demo::Development,
            log_format: LogFormat::Text,
            log_filter: String::new(),
            jwt_secret: None,
            api_keys: Vec::new(),
            auto_provision: false,
            reciprocal_visibility: false,
            maintenance_open: MaintenanceOpen::Never,
            rules: vigie_core::Rules::default(),
            periods: Periods::default(),
            limits: Limits::default(),
            webhooks: WebhookSettings::default(),
        }
    }
}

impl Default for Config {
    /// The table's defaults, as [`load`] gives them for no sources at all.
    fn default() -> Self {
        let defaults = load(&Sources::default());
        defaults.map_or_else(|_| Self::blank(), |loaded| loaded.config)
    }
}
