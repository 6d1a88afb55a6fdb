//! PostgreSQL counts by itself: rows by table, transactions by database, and statements by `pg_stat_statements`.
//!
//! Each look is a connection and a transaction of its own, which is counted with the rest.

use vigie_testbed::Postgres;

use super::Work;
use crate::database::number_of;

/// Rows of tables, with those that a table was given, changed and rid of.
const ROWS: &str =
    "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_user_tables";

#[derive(Debug)]
pub(super) struct PostgresCount {
    database: String,
}

impl PostgresCount {
    pub(super) fn new(database: &str) -> Self {
        Self {
            database: database.to_owned(),
        }
    }

    /// Forgets the statements that made everybody.
    pub(super) fn begin(&self, postgres: &Postgres) -> anyhow::Result<()> {
        postgres.execute("postgres", "SELECT pg_stat_statements_reset()")?;
        Ok(())
    }

    pub(super) fn read(&self, postgres: &Postgres) -> anyhow::Result<Work> {
        let Self { database } = self;
        let rows = number_of(&postgres.execute(database, ROWS)?)?;
        let transactions = format!(
            "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = '{database}'"
        );
        let transactions = number_of(&postgres.execute("postgres", &transactions)?)?;
        let reads = format!(
            "SELECT coalesce(sum(calls), 0) FROM ({}) AS reads",
            self.statements(
                "AND is_read AND query ~* '\\m(users|guests|conversations|members)\\M'"
            )
        );
        let reads = number_of(&postgres.execute("postgres", &reads)?)?;
        Ok(Work {
            rows: rows as f64,
            transactions: transactions as f64,
            reads: Some(reads as f64),
        })
    }

    /// Every kind of statement, most frequent first.
    pub(super) fn notes(&self, postgres: &Postgres) -> anyhow::Result<Vec<String>> {
        let sql = format!(
            "SELECT calls || ' × `' || left(regexp_replace(query, '\\s+', ' ', 'g'), 90) || '`' FROM ({}) AS all_of_them ORDER BY calls DESC",
            self.statements("")
        );
        let printed = postgres.execute("postgres", &sql)?;
        let told = "PostgreSQL's statements in the minutes that were counted, the looks at its counters among them:";
        let statements = printed.lines().map(str::to_owned);
        Ok(std::iter::once(told.to_owned()).chain(statements).collect())
    }

    /// The statements of the measured database, as a query.
    fn statements(&self, and: &str) -> String {
        format!(
            "SELECT * FROM (SELECT calls, query, query ~* '^\\s*(select|with)\\M' AND query !~* '\\m(insert|update|delete)\\M' AS is_read FROM pg_stat_statements AS s JOIN pg_database AS d ON d.oid = s.dbid WHERE d.datname = '{}') AS told WHERE true {and}",
            self.database
        )
    }
}
