//! How each row is measured.

pub(crate) mod bulk_presence;
pub(crate) mod catch_up;
pub(crate) mod connect;
pub(crate) mod connection;
pub(crate) mod deadlines;
pub(crate) mod delivery;
pub(crate) mod request;
pub(crate) mod rooms;
pub(crate) mod snapshot;
pub(crate) mod socket_write;
pub(crate) mod start;
pub(crate) mod store_away;
pub(crate) mod store_work;
pub(crate) mod storm;
pub(crate) mod throttle;
pub(crate) mod transition;
