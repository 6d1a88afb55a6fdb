//! The rows of the table, in their order.

use clap::ValueEnum;

use crate::finding::Finding;
use crate::rows::{bulk_presence, connection, deadlines, delivery, request, start, store_work};
use crate::stage::Stage;

/// Runs of each measurement.
pub(crate) const RUNS: usize = 3;

/// One thing that has a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Row {
    /// Server CPU of an authenticated request that is an activity, beside a bare route.
    Request,
    /// Resident memory of an idle Socket.IO connection, at 10,000.
    Connection,
    /// Server CPU of an authenticated connect, and of a delivered `user:status`.
    Delivery,
    /// Time of a bulk read of 200 presences.
    BulkPresence,
    /// Rows and transactions of 1,000 users with one request a second; takes five minutes.
    StoreWork,
    /// The engine alone, when a million silent people reach their deadline.
    Deadlines,
    /// Start with a million principals in the store.
    Start,
}

impl Row {
    pub(crate) fn all() -> Vec<Self> {
        Self::value_variants().to_vec()
    }

    pub(crate) fn name(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// # Errors
    /// When the server does not do what it is asked for; never for a number.
    pub(crate) async fn measure(self, stage: &Stage) -> anyhow::Result<Vec<Finding>> {
        match self {
            Self::Request => request::measure(stage).await,
            Self::Connection => connection::measure(stage).await,
            Self::Delivery => delivery::measure(stage).await,
            Self::BulkPresence => bulk_presence::measure(stage).await,
            Self::StoreWork => store_work::measure(stage).await,
            Self::Deadlines => deadlines::measure(),
            Self::Start => start::measure(stage).await,
        }
    }
}
