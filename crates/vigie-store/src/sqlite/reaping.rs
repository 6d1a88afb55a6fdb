//! Ends what earlier incarnations of the node wrote, a slice of principals at a time.
//!
//! In: the successor, and the principal after which the slice begins. Out: rows touched, and the slice's last principal while there was one.
//! Always true: the times of a row are kept in the same transaction in which it goes, and all rows of a principal go together.

use std::sync::{Arc, LazyLock};

use sqlx::{AssertSqlSafe, SqlSafeStr, SqliteConnection};

use super::presence::{any_later_time, latest_times, signed};
use crate::reaping::{AT_ONCE, END, FORGET, LAST_OF_SLICE, Slice, keep_times};
use crate::rows::Incarnation;

/// Ends the rows of the principals that follow `after`, or, when there are none, the earlier incarnations themselves.
pub(super) async fn slice(
    connection: &mut SqliteConnection,
    of: &Incarnation,
    after: &str,
) -> Result<Slice, sqlx::Error> {
    let (node, number) = (&*of.node, signed(of.number));
    let last: Option<String> = sqlx::query_scalar(LAST_OF_SLICE)
        .bind(node)
        .bind(number)
        .bind(after)
        .bind(AT_ONCE)
        .fetch_one(&mut *connection)
        .await?;
    let mut rows = 0;
    let Some(last) = last else {
        rows += sqlx::query(FORGET)
            .bind(node)
            .bind(number)
            .execute(connection)
            .await?
            .rows_affected();
        return Ok(Slice { rows, last: None });
    };
    for sql in [
        AssertSqlSafe(Arc::clone(&KEEP_TIMES)).into_sql_str(),
        END.into_sql_str(),
    ] {
        rows += sqlx::query(sql)
            .bind(node)
            .bind(number)
            .bind(after)
            .bind(&last)
            .execute(&mut *connection)
            .await?
            .rows_affected();
    }
    Ok(Slice {
        rows,
        last: Some(last),
    })
}

static KEEP_TIMES: LazyLock<Arc<str>> =
    LazyLock::new(|| keep_times(&latest_times("kept"), &any_later_time("kept")).into());
