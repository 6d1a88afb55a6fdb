//! One statement for many rows, so that a batch costs a few round trips to SQLite's thread instead of one per row.
//!
//! In: SQL with `{rows}` where the values go, and the items. Out: the number of rows the database changed.
//! Always true: a statement exists in three sizes only, so each is prepared once per connection however large batches are.

use std::sync::Arc;

use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, Sqlite, SqliteConnection};

/// Rows per statement, largest first; the last is 1, so that every batch is a sum of them.
///
/// 256 rows of 11 values stay far below SQLite's limit of 32,766 values.
const SIZES: [usize; 3] = [256, 16, 1];

/// A statement that still takes values.
pub(super) type Binding<'q> = Query<'q, Sqlite, SqliteArguments>;

/// A statement in every size; kept in a `static`.
pub(super) struct Bulk {
    sized: [Arc<str>; 3],
}

impl Bulk {
    /// The statement whose `{rows}` becomes as many rows of `columns` values as needed.
    pub(super) fn new(columns: usize, template: &str) -> Self {
        let row = format!("({})", vec!["?"; columns].join(","));
        let sized = SIZES.map(|size| {
            let rows = vec![row.as_str(); size].join(",");
            template.replace("{rows}", &rows).into()
        });
        Self { sized }
    }

    /// Runs it for all items; `bind` gives one item's values in the order of the columns.
    pub(super) async fn run<T>(
        &self,
        connection: &mut SqliteConnection,
        items: &[T],
        bind: impl for<'q> Fn(Binding<'q>, &T) -> Binding<'q>,
    ) -> Result<u64, sqlx::Error> {
        let mut changed = 0;
        let mut rest = items;
        for (size, sql) in SIZES.into_iter().zip(&self.sized) {
            while rest.len() >= size {
                let (chunk, after) = rest.split_at(size);
                rest = after;
                let unbound = sqlx::query(AssertSqlSafe(Arc::clone(sql)));
                let bound = chunk.iter().fold(unbound, &bind);
                changed += bound.execute(&mut *connection).await?.rows_affected();
            }
        }
        Ok(changed)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use sqlx::Row;

    use super::*;
    use crate::sqlite::{SqliteStore, directory, presence, privacy};

    #[test]
    fn a_template_is_filled_with_as_many_rows_as_its_size() {
        let bulk = Bulk::new(2, "INSERT INTO t VALUES {rows}");
        assert_eq!(&*bulk.sized[2], "INSERT INTO t VALUES (?,?)");
        for (size, sql) in SIZES.into_iter().zip(&bulk.sized) {
            assert_eq!(sql.matches("(?,?)").count(), size);
        }
    }

    #[test]
    fn every_batch_is_a_sum_of_sizes() {
        assert_eq!(SIZES.last(), Some(&1));
        assert!(SIZES.is_sorted_by(|larger, smaller| larger > smaller));
    }

    #[tokio::test]
    async fn no_statement_reads_a_whole_table() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("vigie.db"))
            .await
            .unwrap();
        let mut connection = store.writer.acquire().await.unwrap();
        let tables: Vec<String> =
            sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table'")
                .fetch_all(&mut *connection)
                .await
                .unwrap();
        assert!(tables.contains(&"node_presence".to_owned()));
        let statements = directory::statements().chain(presence::statements());
        for bulk in statements.chain(privacy::statements()) {
            for sql in &bulk.sized {
                let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")))
                    .fetch_all(&mut *connection)
                    .await
                    .unwrap();
                for step in plan {
                    let step: &str = step.get("detail");
                    let scanned = step
                        .strip_prefix("SCAN ")
                        .and_then(|rest| rest.split(' ').next());
                    let is_table =
                        scanned.is_some_and(|name| tables.iter().any(|table| table == name));
                    assert!(!is_table, "{step}: {sql}");
                }
            }
        }
    }
}
