//! The steps that bring a database to this version, as the migrator takes them.

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// One step: its version, its name, and what it does; once released, it never changes.
pub(crate) type Step = (i64, &'static str, &'static str);

/// A migrator that takes these steps in their order, each in a transaction of its own.
pub(crate) fn migrator<const N: usize>(steps: [Step; N]) -> Migrator {
    let steps = steps.map(|(version, name, sql)| {
        Migration::new(
            version,
            name.into(),
            MigrationType::Simple,
            sql.into_sql_str(),
            false,
        )
    });
    Migrator::with_migrations(steps.into())
}
