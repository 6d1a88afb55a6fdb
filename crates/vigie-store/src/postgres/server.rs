//! The database server: where it is, how a connection to it is made ready, and how long anything on it may take.
//!
//! In: a URL. Out: connections.
//! Always true: nothing waits for the server without a limit, and the password is printed nowhere.

use std::fmt;
use std::future::Future;
use std::io;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};

use crate::error::{OpenError, WriteError};

/// A server that does not take a connection within this is away.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// A statement that is not answered within this will not be: a batch of tens of thousands takes a second or two.
///
/// The server stops working on it after the same time.
pub(super) const STATEMENT_LIMIT: Duration = Duration::from_secs(15);

/// What every connection is told first.
///
/// * Durability does not depend on the server's defaults.
/// * Nothing runs, waits or idles in a transaction for ever after we have given up.
/// * A connection whose client's machine is gone ends within half a minute, and with it the lock it may hold.
/// * Batches are of very different sizes; a plan made for one is wrong for another.
const GREETING: &str = "
    SET synchronous_commit = on;
    SET default_transaction_isolation = 'read committed';
    SET statement_timeout = '15s';
    SET lock_timeout = '5s';
    SET idle_in_transaction_session_timeout = '20s';
    SET tcp_keepalives_idle = 10;
    SET tcp_keepalives_interval = 5;
    SET tcp_keepalives_count = 3;
    SET plan_cache_mode = force_custom_plan;
    SET client_min_messages = warning";

/// Where connections come from.
pub(super) struct Server {
    options: PgConnectOptions,
    /// As people may read it: without the password.
    name: Box<str>,
    /// What our connections call themselves, so that they know each other.
    identity: Box<str>,
}

impl Server {
    /// Reads a URL; nothing is connected yet.
    pub(super) fn of(url: &str) -> Result<Self, OpenError> {
        let options = PgConnectOptions::from_str(url).map_err(|_| OpenError::Url)?;
        let mut token = [0; 8];
        getrandom::fill(&mut token).map_err(OpenError::Random)?;
        let identity = format!("vigie-{:016x}", u64::from_be_bytes(token));
        let name = format!(
            "postgres://{}@{}:{}/{}",
            options.get_username(),
            options.get_socket().map_or_else(
                || options.get_host().to_owned(),
                |socket| socket.display().to_string()
            ),
            options.get_port(),
            options
                .get_database()
                .unwrap_or_else(|| options.get_username()),
        );
        Ok(Self {
            options: options
                .application_name(&identity)
                .disable_statement_logging(),
            name: name.into(),
            identity: identity.into(),
        })
    }

    /// The database, without its password.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What our connections call themselves.
    pub(super) fn identity(&self) -> &str {
        &self.identity
    }

    /// A connection that knows the rules above.
    pub(super) async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        within(CONNECT_LIMIT, async {
            let mut connection = PgConnection::connect_with(&self.options).await?;
            sqlx::raw_sql(GREETING).execute(&mut connection).await?;
            Ok(connection)
        })
        .await
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Server").field(&self.name).finish()
    }
}

/// Gives up on the server after `limit`; what it then did of the work is unknown.
pub(super) async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    tokio::time::timeout(limit, work)
        .await
        .unwrap_or_else(|_| Err(silence(limit)))
}

/// The same for a statement, or for several, no longer than they may take; names what was being written when it was refused.
pub(super) async fn bounded<T>(
    what: &'static str,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, WriteError> {
    within(STATEMENT_LIMIT, work)
        .await
        .map_err(|source| WriteError::Statement {
            what,
            source: source.into(),
        })
}

fn silence(limit: Duration) -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(
        io::ErrorKind::TimedOut,
        format!("no answer within {} s", limit.as_secs_f32()),
    ))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn a_password_is_printed_nowhere() {
        let server = Server::of("postgres://vigie:hunter2@db.example:5433/chat").unwrap();
        assert_eq!(server.name(), "postgres://vigie@db.example:5433/chat");
        assert!(!format!("{server:?}").contains("hunter2"));
        let refused = Server::of("postgres://vigie:hunter2@db:port/chat").unwrap_err();
        assert!(!format!("{refused:?} {refused}").contains("hunter2"));
    }
}
