//! The rows of the table, in their order.

use std::time::Duration;

use clap::ValueEnum;

use crate::report::Report;
use crate::rows::{
    bulk_presence, catch_up, connect, connection, deadlines, delivery, request, rooms, snapshot,
    start, store_away, store_work, storm, throttle, transition,
};
use crate::stage::Stage;

/// One thing that has a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Row {
    /// Throttle checks a second, beside a bare hash lookup and a Map of Node's.
    Throttle,
    /// Server CPU of an authenticated request that is an activity, beside bare routes.
    Request,
    /// Resident memory of an idle Socket.IO connection, at 10,000.
    Connection,
    /// Server CPU of an authenticated connect.
    Connect,
    /// Server CPU of a delivered `user:status` when one person changes.
    Delivery,
    /// Server CPU of a delivered `user:status` when many change.
    Storm,
    /// Server CPU of one transition of a person with 5,000 contacts, and how soon the last one connected hears of it.
    Transition,
    /// Server CPU of a change, and time of a join, in conversations of up to a million members that thousands have open.
    Rooms,
    /// Time and server CPU of the first snapshot of a watcher with 1,000 contacts, beside as many bytes of a bare route.
    Snapshot,
    /// Server CPU and bytes of coming back with a cursor, by each transport, beside a whole snapshot.
    CatchUp,
    /// Time of a bulk read of 200 presences.
    BulkPresence,
    /// Rows, transactions and reads of 1,000 users with one request a second, counted by the database.
    StoreWork,
    /// A million silent people reach their deadline.
    Deadlines,
    /// Start with a million principals in the store.
    Start,
    /// Requests of known people in a minute in which the store is away.
    StoreAway,
}

impl Row {
    pub(crate) fn all() -> Vec<Self> {
        Self::value_variants().to_vec()
    }

    pub(crate) fn name(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// About how long it takes on two processors.
    pub(crate) fn duration(self, is_quick: bool) -> Duration {
        let (whole, trial) = match self {
            Self::Throttle => (30, 20),
            Self::Request => (70, 10),
            Self::Connection => (200, 30),
            Self::Connect => (70, 15),
            Self::Delivery => (80, 10),
            Self::Storm => (120, 20),
            Self::Transition => (300, 40),
            Self::Rooms => (600, 90),
            Self::Snapshot => (60, 15),
            Self::CatchUp => (90, 15),
            Self::BulkPresence => (20, 10),
            Self::StoreWork => (370, 40),
            Self::Deadlines => (260, 60),
            Self::Start => (210, 60),
            Self::StoreAway => (200, 50),
        };
        Duration::from_secs(if is_quick { trial } else { whole })
    }

    /// Whether what it measures does not depend on what else the machine does: counts, and memory.
    ///
    /// Such rows are measured at the same time, after the others.
    pub(crate) fn is_patient(self) -> bool {
        matches!(self, Self::Connection | Self::StoreWork)
    }

    /// What was measured, or why nothing was.
    pub(crate) async fn report(self, stage: &Stage) -> Report {
        Report::of(Box::pin(self.measure(stage)).await, &self.name())
    }

    /// # Errors
    /// When a server does not do what it is asked for; never for a number.
    async fn measure(self, stage: &Stage) -> anyhow::Result<Report> {
        match self {
            Self::Throttle => throttle::measure(stage),
            Self::Request => request::measure(stage).await,
            Self::Connection => connection::measure(stage).await,
            Self::Connect => connect::measure(stage).await,
            Self::Delivery => delivery::measure(stage).await,
            Self::Storm => storm::measure(stage).await,
            Self::Transition => transition::measure(stage).await,
            Self::Rooms => rooms::measure(stage).await,
            Self::Snapshot => snapshot::measure(stage).await,
            Self::CatchUp => catch_up::measure(stage).await,
            Self::BulkPresence => bulk_presence::measure(stage).await,
            Self::StoreWork => store_work::measure(stage).await,
            Self::Deadlines => deadlines::measure(stage).await,
            Self::Start => start::measure(stage).await,
            Self::StoreAway => store_away::measure(stage).await,
        }
    }
}
