//! Rows on their way from PostgreSQL's types into the core's.
//!
//! In: a query and how to read one of its rows. Out: checked values, or an error that names the table and the fault, but no person.
//! Always true: rows are handed on a page at a time, so that a table of any size needs the memory of a page.

use std::fmt;

use futures_util::TryStreamExt;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{Decode, PgConnection, Postgres, Row, Type};
use vigie_core::{Id, PrincipalId, Wall};

use crate::error::ReadError;
use crate::postgres::server::{STATEMENT_LIMIT, within};

/// Rows in a page: about half a megabyte of users.
const PAGE: usize = 4_096;

/// Whoever takes the pages of one table.
pub(in crate::postgres) type Receive<'r, T> = &'r mut (dyn FnMut(Vec<T>) + Send);

/// A query that takes no more values.
type Asked<'q> = Query<'q, Postgres, PgArguments>;

/// Hands on every row of a query.
pub(super) async fn pages<T>(
    connection: &mut PgConnection,
    table: &'static str,
    asked: Asked<'_>,
    read: impl Fn(&PgRow) -> Result<T, ReadError>,
    receive: Receive<'_, T>,
) -> Result<(), ReadError> {
    let mut rows = asked.fetch(connection);
    let mut page = Vec::new();
    while let Some(row) = within(STATEMENT_LIMIT, rows.try_next())
        .await
        .map_err(query(table))?
    {
        page.push(read(&row)?);
        if page.len() == PAGE {
            receive(std::mem::take(&mut page));
        }
    }
    if !page.is_empty() {
        receive(page);
    }
    Ok(())
}

/// Every row of a query that has few.
pub(super) async fn all<T: Send>(
    connection: &mut PgConnection,
    table: &'static str,
    asked: Asked<'_>,
    read: impl Fn(&PgRow) -> Result<T, ReadError>,
) -> Result<Vec<T>, ReadError> {
    let mut found = Vec::new();
    pages(connection, table, asked, read, &mut |page| {
        found.extend(page);
    })
    .await?;
    Ok(found)
}

/// A row being read.
pub(super) struct Reading<'r> {
    table: &'static str,
    row: &'r PgRow,
}

impl<'r> Reading<'r> {
    pub(super) fn of(table: &'static str, row: &'r PgRow) -> Self {
        Self { table, row }
    }

    /// A value as PostgreSQL has it.
    pub(super) fn column<T: Decode<'r, Postgres> + Type<Postgres>>(
        &self,
        column: usize,
    ) -> Result<T, ReadError> {
        self.row.try_get(column).map_err(wrong(self.table))
    }

    pub(super) fn text(&self, column: usize) -> Result<Option<Box<str>>, ReadError> {
        let text: Option<&str> = self.column(column)?;
        Ok(text.map(Box::from))
    }

    pub(super) fn wall(&self, column: usize) -> Result<Option<Wall>, ReadError> {
        let millis: Option<i64> = self.column(column)?;
        Ok(millis.map(Wall::from_millis))
    }

    pub(super) fn id(&self, column: usize) -> Result<Id, ReadError> {
        let text: &str = self.column(column)?;
        text.parse().map_err(wrong(self.table))
    }

    pub(super) fn principal(&self, column: usize) -> Result<PrincipalId, ReadError> {
        PrincipalId::from_wire(self.column(column)?).map_err(wrong(self.table))
    }
}

/// The error of a row that this program never writes.
pub(super) fn wrong<E: fmt::Display>(table: &'static str) -> impl FnOnce(E) -> ReadError {
    move |reason| ReadError::Row {
        table,
        reason: reason.to_string(),
    }
}

fn query(what: &'static str) -> impl FnOnce(sqlx::Error) -> ReadError {
    move |source| ReadError::Query {
        what,
        source: source.into(),
    }
}
