//! The schema, step by step: the files of `migrations/sqlite`, compiled in.
//!
//! Always true: a released step is never edited, because its checksum is kept in every database it ran on.

use std::sync::LazyLock;

use sqlx::migrate::Migrator;

use crate::migrations::{Step, migrator};

const STEPS: [Step; 7] = [
    (
        1,
        "directory",
        include_str!("../../migrations/sqlite/0001_directory.sql"),
    ),
    (
        2,
        "presence",
        include_str!("../../migrations/sqlite/0002_presence.sql"),
    ),
    (
        3,
        "ended proof",
        include_str!("../../migrations/sqlite/0003_ended_proof.sql"),
    ),
    (
        5,
        "positions",
        include_str!("../../migrations/sqlite/0005_positions.sql"),
    ),
    (
        6,
        "chosen",
        include_str!("../../migrations/sqlite/0006_chosen.sql"),
    ),
    (
        7,
        "webhooks",
        include_str!("../../migrations/sqlite/0007_webhooks.sql"),
    ),
    (
        8,
        "privacy and blocks",
        include_str!("../../migrations/sqlite/0008_privacy_and_blocks.sql"),
    ),
];

/// The newest version this build knows.
pub(super) const NEWEST: i64 = STEPS[STEPS.len() - 1].0;

/// `PRAGMA application_id` of our databases, as the first step sets it: "VIGI".
pub(super) const APPLICATION_ID: i64 = 0x5649_4749;

/// Brings a database to [`NEWEST`].
pub(super) static MIGRATOR: LazyLock<Migrator> = LazyLock::new(|| migrator(STEPS));
