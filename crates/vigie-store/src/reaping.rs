//! The end of what earlier incarnations of a node wrote, as far as it is the same in every database.
//!
//! In: how a database keeps the later of two times. Out: statements, with the node as `$1`, the successor's number as `$2`, and the principals of a slice after `$3` and up to `$4`.
//! Always true: the times of a row are kept before it goes, and all rows of a principal are in one slice.

/// Principals in one slice: some tens of milliseconds, which is what another write waits at most.
pub(crate) const AT_ONCE: i64 = 10_000;

/// What one slice did.
#[derive(Debug)]
pub(crate) struct Slice {
    /// Rows written or removed.
    pub(crate) rows: u64,
    /// Where the next slice begins; `None` when nothing was left.
    pub(crate) last: Option<String>,
}

/// The last principal of a slice of at most `$4`.
pub(crate) const LAST_OF_SLICE: &str = "
    SELECT max(principal_id) FROM (
        SELECT principal_id FROM node_presence
        WHERE node_id = $1 AND incarnation < $2 AND principal_id > $3
        ORDER BY principal_id LIMIT $4
    ) AS slice";

/// Keeps the times of every row that goes, as if they came from a batch; what is in the way is called `kept`.
pub(crate) fn keep_times(latest: &str, any_later: &str) -> String {
    format!(
        "INSERT INTO times AS kept (principal_id, version, last_active_at, last_seen_at, left_at)
        SELECT principal_id, max(version), max(last_active_at), max(last_seen_at), max(left_at)
        FROM node_presence
        WHERE node_id = $1 AND incarnation < $2 AND principal_id > $3 AND principal_id <= $4
        GROUP BY principal_id
        ON CONFLICT (principal_id) DO UPDATE SET {latest} WHERE {any_later}"
    )
}

/// Ends the rows of a slice.
pub(crate) const END: &str = "
    DELETE FROM node_presence
    WHERE node_id = $1 AND incarnation < $2 AND principal_id > $3 AND principal_id <= $4";

/// Ends the earlier incarnations themselves.
pub(crate) const FORGET: &str = "DELETE FROM incarnations WHERE node_id = $1 AND number < $2";
