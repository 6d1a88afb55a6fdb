//! One row on its way from SQLite's types into the core's.
//!
//! In: a row and the name of its table. Out: checked values, or an error that names the table and the fault, but no person.

use std::fmt;

use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row, Sqlite, Type};
use vigie_core::{Id, PrincipalId, Wall};

use crate::error::ReadError;

/// A row being read.
pub(super) struct Reading<'r> {
    table: &'static str,
    row: &'r SqliteRow,
}

impl<'r> Reading<'r> {
    pub(super) fn of(table: &'static str, row: &'r SqliteRow) -> Self {
        Self { table, row }
    }

    /// A value as SQLite has it.
    pub(super) fn column<T: Decode<'r, Sqlite> + Type<Sqlite>>(
        &self,
        column: usize,
    ) -> Result<T, ReadError> {
        self.row.try_get(column).map_err(wrong(self.table))
    }

    /// The table, to name it in an error.
    pub(super) fn table(&self) -> &'static str {
        self.table
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

/// Names what was being read when a query failed.
pub(super) fn query(what: &'static str) -> impl FnOnce(sqlx::Error) -> ReadError {
    move |source| ReadError::Query {
        what,
        source: source.into(),
    }
}
