//! SQLite counts rows by triggers of ours, and shows transactions in its write-ahead log.
//!
//! A transaction ends with a frame that carries the size of the database after it.
//! A reader of ours keeps a transaction open meanwhile, so that the log only grows and no frame is overwritten before it was counted.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use anyhow::Context;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, Executor};

use super::Work;
use crate::database::Database;

/// Sizes in the log, in bytes: <https://sqlite.org/fileformat2.html#walformat>.
const LOG_HEADER: u64 = 32;
const FRAME_HEADER: usize = 24;

#[derive(Debug)]
pub(super) struct SqliteCount {
    /// Its transaction is open once it counts.
    reader: Option<SqliteConnection>,
    /// Where the next frame begins, and the commits before it.
    position: u64,
    commits: u64,
    /// What the log's generation is told by.
    salt: Option<[u8; 8]>,
}

impl SqliteCount {
    /// Has every write of a row counted by the database, in the transaction that writes it.
    pub(super) async fn prepare(database: &Database) -> anyhow::Result<Self> {
        let tables = database
            .lines("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite%'")
            .await?;
        let mut sql = String::from("CREATE TABLE bench_rows (written INTEGER NOT NULL);");
        sql.push_str("INSERT INTO bench_rows VALUES (0);");
        for table in tables {
            for change in ["INSERT", "UPDATE", "DELETE"] {
                sql.push_str(&format!(
                    "CREATE TRIGGER bench_{change}_{table} AFTER {change} ON {table} BEGIN UPDATE bench_rows SET written = written + 1; END;"
                ));
            }
        }
        database.execute(&sql).await?;
        Ok(Self {
            reader: None,
            position: LOG_HEADER,
            commits: 0,
            salt: None,
        })
    }

    /// Holds the log as it is from now on.
    pub(super) async fn begin(&mut self, database: &Database) -> anyhow::Result<()> {
        let mut reader = database.sqlite().await?;
        // A write of ours, so that the log has a frame that nobody has put into the database yet: a reader of an empty log would hold nothing.
        reader
            .execute("UPDATE bench_rows SET written = written")
            .await?;
        reader.execute("BEGIN").await?;
        reader.execute("SELECT written FROM bench_rows").await?;
        self.reader = Some(reader);
        Ok(())
    }

    pub(super) async fn read(&mut self, database: &Database) -> anyhow::Result<Work> {
        let rows = database.number("SELECT written FROM bench_rows").await?;
        self.count_commits(database)?;
        if let Some(reader) = &mut self.reader {
            reader.ping().await?;
        }
        Ok(Work {
            rows: rows as f64,
            transactions: self.commits as f64,
            reads: None,
        })
    }

    pub(super) fn notes(&self) -> Vec<String> {
        vec![
            "SQLite's rows are counted by triggers on every table, its transactions by the commit frames of its write-ahead log.".to_owned(),
        ]
    }

    /// Reads the frames that came since the last time.
    fn count_commits(&mut self, database: &Database) -> anyhow::Result<()> {
        let mut path = database.file().into_os_string();
        path.push("-wal");
        let mut log = File::open(path).context("no write-ahead log")?;
        let mut header = [0; LOG_HEADER as usize];
        log.read_exact(&mut header)?;
        let page_size = number(&header, 8);
        let salt = bytes::<8>(&header, 16);
        anyhow::ensure!(
            *self.salt.get_or_insert(salt) == salt,
            "the write-ahead log began anew while it was counted"
        );
        let mut frame = vec![0; FRAME_HEADER + usize::try_from(page_size)?];
        log.seek(SeekFrom::Start(self.position))?;
        // What follows the last frame are frames of an earlier generation, or nothing.
        while log.read_exact(&mut frame).is_ok() && bytes::<8>(&frame, 8) == salt {
            let size_after_commit = number(&frame, 4);
            self.commits += u64::from(size_after_commit != 0);
            self.position += frame.len() as u64;
        }
        Ok(())
    }
}

fn number(bytes_of: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes(bytes_of, at))
}

fn bytes<const N: usize>(of: &[u8], at: usize) -> [u8; N] {
    let mut taken = [0; N];
    taken.copy_from_slice(&of[at..at + N]);
    taken
}
