//! Taking a database: the lock on it first, then the version of its tables, and only then anything else.
//!
//! In: the address. Out: a store whose connection for presence holds the lock; the others are made when they are needed.

use std::sync::Arc;

use sqlx::PgConnection;

use super::link::{Fence, Link, Role};
use super::lock::{self, NotTaken};
use super::server::Server;
use super::{PostgresStore, schema};
use crate::error::OpenError;

impl PostgresStore {
    /// Takes the database, and migrates it as needed.
    pub(crate) async fn open(url: &str) -> Result<Self, OpenError> {
        let server = Arc::new(Server::of(url)?);
        let holder = take(&server).await?;
        let fence = Fence::default();
        let link = |role| Link::new(Arc::clone(&server), role, Arc::clone(&fence));
        let store = Self {
            presence: link(Role::Holder),
            directory: link(Role::Helper),
            reading: link(Role::Helper),
            probe: link(Role::Helper),
            fence,
        };
        store.presence.adopt(holder).await;
        Ok(store)
    }
}

/// A connection that holds the lock on a database of this version.
async fn take(server: &Server) -> Result<PgConnection, OpenError> {
    let failed = |source: sqlx::Error| OpenError::Database {
        database: server.name().into(),
        source: source.into(),
    };
    let mut connection = server.connect().await.map_err(failed)?;
    match lock::take(&mut connection, server.identity()).await {
        Ok(()) => {}
        Err(NotTaken::Failed(source)) => return Err(failed(source)),
        Err(NotTaken::Held(holder)) => {
            return Err(OpenError::InUse {
                database: server.name().into(),
                holder: Some(holder),
            });
        }
    }
    schema::prepare(&mut connection, server.name()).await?;
    Ok(connection)
}
