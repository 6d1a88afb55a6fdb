//! Whether a database that fails is merely away.
//!
//! In: what the driver says. Out: whether waiting may heal it. Wrong names, passwords and damaged files do not heal.

use sqlx::migrate::MigrateError;

/// SQLSTATE codes and classes of a server that will answer again.
const AWAY: [&str; 9] = [
    "08",    // the connection failed
    "53",    // no memory, disk or connection is left
    "57P",   // it shuts down, crashed, or is starting
    "58",    // its own input or output failed
    "25006", // it is a replica that is not promoted yet
    "25P03", // it ended a transaction that idled
    "40",    // it chose another transaction over this one
    "55P03", // somebody else's lock
    "57014", // a statement took too long
];

/// SQLite's primary result codes for a file that somebody else holds, or a disk that is full or fails.
const SQLITE_AWAY: [i64; 4] = [
    5,  // SQLITE_BUSY
    6,  // SQLITE_LOCKED
    10, // SQLITE_IOERR
    13, // SQLITE_FULL
];

/// Whether an answer, or the lack of one, is that of a database that may come back.
pub(crate) fn is_away(error: &sqlx::Error) -> bool {
    if matches!(
        error,
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::Protocol(_)
    ) {
        return true;
    }
    let Some(database) = error.as_database_error() else {
        return false;
    };
    let Some(code) = database.code() else {
        return false;
    };
    if database
        .try_downcast_ref::<sqlx::postgres::PgDatabaseError>()
        .is_some()
    {
        AWAY.iter().any(|prefix| code.starts_with(prefix))
    } else {
        // The low byte of an extended result code is its primary code.
        code.parse::<i64>()
            .is_ok_and(|code| SQLITE_AWAY.contains(&(code & 0xff)))
    }
}

/// As [`is_away`], of a database that was being migrated.
pub(crate) fn is_migration_away(error: &MigrateError) -> bool {
    if let MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) = error {
        is_away(error)
    } else {
        false
    }
}
