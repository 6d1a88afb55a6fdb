//! How many files the system lets this process open, and what of them connections may use.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that are not for clients: the store and its journal, the log, the listeners, whoever is being refused, and a listener of the operator's own.
const RESERVED: u64 = 128;

/// More open files than this are never asked for; the usual most that a system allows.
const ENOUGH: u64 = 1 << 20;

/// Places for connections: what is `configured`, or what the limit of open files leaves, whichever is less; 0 stands for nothing configured.
///
/// The limit is raised as far as the system lets everybody raise it.
pub(super) fn connections(configured: usize) -> usize {
    let files = raise();
    let left = usize::try_from(files - RESERVED.min(files / 2)).unwrap_or(usize::MAX);
    if configured > left {
        tracing::warn!(
            connection_limit = configured,
            open_files = files,
            places = left,
            "the system allows fewer open files than connection_limit needs; raise LimitNOFILE or ulimit -n"
        );
    }
    if configured == 0 {
        left
    } else {
        left.min(configured)
    }
}

/// Raises the soft limit to the hard one; what then holds.
fn raise() -> u64 {
    let limits = getrlimit(Resource::Nofile);
    let wanted = limits.maximum.unwrap_or(ENOUGH).min(ENOUGH);
    let current = limits.current.unwrap_or(ENOUGH);
    if current >= wanted {
        return current;
    }
    let raised = Rlimit {
        current: Some(wanted),
        maximum: limits.maximum,
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => wanted,
        Err(error) => {
            tracing::warn!(%error, current, wanted, "the limit of open files cannot be raised");
            current
        }
    }
}
