//! What the database said, in words that are told once.
//!
//! In: the driver's error. Out: one line, for the end of a chain of causes.
//! Always true: it has no source of its own, for the driver's texts repeat theirs; and no line of the database server's program is in it.

use std::error::Error;
use std::fmt;

use sqlx::migrate::MigrateError;

use crate::away;

/// Why the database did not do what it was asked.
#[derive(Debug)]
pub enum Cause {
    /// It refused a statement, or could not be reached.
    Asked(sqlx::Error),
    /// It could not be migrated.
    Migrated(MigrateError),
}

impl Cause {
    /// Whether waiting may heal it.
    pub(crate) fn is_away(&self) -> bool {
        match self {
            Self::Asked(error) => away::is_away(error),
            Self::Migrated(error) => away::is_migration_away(error),
        }
    }
}

impl From<sqlx::Error> for Cause {
    fn from(error: sqlx::Error) -> Self {
        Self::Asked(error)
    }
}

impl From<MigrateError> for Cause {
    fn from(error: MigrateError) -> Self {
        Self::Migrated(error)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked(error) | Self::Migrated(MigrateError::Execute(error)) => tell(error, out),
            Self::Migrated(MigrateError::ExecuteMigration(error, number)) => {
                write!(out, "migration {number}: ")?;
                tell(error, out)
            }
            Self::Migrated(error) => write!(out, "{error}"),
        }
    }
}

impl Error for Cause {}

fn tell(error: &sqlx::Error, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    if let sqlx::Error::Io(error) = error {
        return write!(out, "{error}");
    }
    // The driver's own text adds the line of the server's source.
    let Some(database) = error.as_database_error() else {
        return write!(out, "{error}");
    };
    out.write_str(database.message())?;
    match database.code() {
        Some(code) => write!(out, " (code {code})"),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn what_the_driver_says_twice_is_said_once() {
        let check = |error: sqlx::Error, expected: &str| {
            let cause = Cause::from(error);
            assert_eq!(cause.to_string(), expected);
            assert!(cause.source().is_none());
        };
        let refused = || io::Error::new(io::ErrorKind::ConnectionRefused, "connection refused");
        check(sqlx::Error::Io(refused()), "connection refused");
        check(
            sqlx::Error::Configuration("no such option".into()),
            "error with configuration: no such option",
        );
        let migration = MigrateError::ExecuteMigration(sqlx::Error::Io(refused()), 7);
        assert_eq!(
            Cause::from(migration).to_string(),
            "migration 7: connection refused"
        );
    }
}
