//! Coming and leaving: the subject connects and says goodbye a few times, the watcher is told of each, and the statistics move with it.
//!
//! Whether the statistics move by exactly one is decided by the best of several rounds: other people come and go, too.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::finding::{Fault, Seen, millis};
use super::site::{Caller, Site};
use super::watcher::Watcher;

/// Rounds that are measured.
const ROUNDS: usize = 3;

/// Rounds at most, until the statistics were seen to move by exactly one.
const ROUNDS_FOR_STATISTICS: usize = 8;

/// What the rounds found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) coming: Result<Seen, Fault>,
    /// `None` when nobody came.
    pub(super) leaving: Option<Result<Seen, Fault>>,
    /// `None` when nobody came.
    pub(super) statistics: Option<Result<Seen, Fault>>,
}

/// Who takes part.
#[derive(Debug)]
pub(super) struct Cast<'a> {
    pub(super) site: &'a Site,
    pub(super) operator: &'a Caller,
    /// Reads presence as the watcher.
    pub(super) reader: &'a Caller,
    pub(super) subject: &'a str,
    pub(super) token: &'a str,
}

/// Lets the subject come and go.
pub(super) async fn watch(cast: &Cast<'_>, watcher: &mut Watcher) -> Found {
    let mut came = Vec::new();
    let mut went = Vec::new();
    let mut moves = Ok(Vec::new());
    let mut leaving = None;
    while came.len() < ROUNDS || (came.len() < ROUNDS_FOR_STATISTICS && is_unclear(&moves)) {
        let before = online_users(cast.operator).await;
        let mut socket = match come(cast, watcher).await {
            Ok((socket, took)) => {
                came.push(took);
                socket
            }
            Err(fault) => {
                return Found {
                    coming: Err(fault),
                    leaving,
                    statistics: None,
                };
            }
        };
        let after = online_users(cast.operator).await;
        moves = moves.and_then(|mut moves| {
            moves.push(Move {
                before: before?,
                after: after?,
            });
            Ok(moves)
        });
        match leave(cast, watcher, &mut socket).await {
            Ok(took) => went.push(took),
            Err(fault) => {
                leaving = Some(Err(fault));
                break;
            }
        }
    }
    Found {
        coming: Ok(seen("told online", &came)),
        leaving: leaving.or_else(|| Some(Ok(seen("told offline", &went)))),
        statistics: Some(moves.and_then(|moves| judge(&moves))),
    }
}

fn is_unclear(moves: &Result<Vec<Move>, Fault>) -> bool {
    moves
        .as_ref()
        .is_ok_and(|moves| !moves.iter().any(Move::is_exact))
}

/// Connects the subject; the socket, and when the watcher was told.
async fn come(
    cast: &Cast<'_>,
    watcher: &mut Watcher,
) -> Result<(vigie_client::Socket, Duration), Fault> {
    let mark = watcher.mark();
    let began = Instant::now();
    let socket = cast.site.enter(json!({ "token": cast.token })).await?;
    expect_told(cast, watcher, mark, true, began)
        .await
        .map(|took| (socket, took))
}

async fn leave(
    cast: &Cast<'_>,
    watcher: &mut Watcher,
    socket: &mut vigie_client::Socket,
) -> Result<Duration, Fault> {
    let mark = watcher.mark();
    let began = Instant::now();
    socket.disconnect().await;
    expect_told(cast, watcher, mark, false, began).await
}

async fn expect_told(
    cast: &Cast<'_>,
    watcher: &mut Watcher,
    mark: super::watcher::Mark,
    is_online: bool,
    began: Instant,
) -> Result<Duration, Fault> {
    let state = if is_online { "online" } else { "offline" };
    let deadline = began + cast.site.patience;
    let told = watcher
        .told(mark, cast.subject, is_online, deadline)
        .await?;
    let by_rest = is_online_by_rest(cast).await?;
    let Some(told) = told else {
        return Err(unannounced(state, by_rest == is_online, cast.site.patience));
    };
    if by_rest != is_online {
        return Err(Fault::new(
            format!("REST says {state} as user:status does"),
            format!("user:status says {state}, GET /v1/presence the opposite"),
            "do both come from the same server?",
        ));
    }
    Ok(told.at.saturating_duration_since(began))
}

/// Nobody was told; `is_decided` when the server at least knows.
pub(super) fn unannounced(state: &str, is_decided: bool, within: Duration) -> Fault {
    let expected = format!("the watcher is told user:status {state} within {within:?}");
    if is_decided {
        Fault::new(
            expected,
            format!("nothing, though GET /v1/presence says {state}"),
            "it was decided and not announced: does a proxy drop Socket.IO frames? the server's log",
        )
    } else {
        Fault::new(
            expected,
            format!("nothing, and GET /v1/presence does not say {state} either"),
            "it was not decided: the server's log",
        )
    }
}

/// What a GET says of the subject.
pub(super) async fn is_online_by_rest(cast: &Cast<'_>) -> Result<bool, Fault> {
    is_online(cast.reader, &format!("user:{}", cast.subject)).await
}

/// What a GET says of somebody.
pub(super) async fn is_online(reader: &Caller, id: &str) -> Result<bool, Fault> {
    let presence = reader.get(&format!("/v1/presence/{id}")).await?.json();
    Ok(presence["isOnline"] == true)
}

fn seen(what: &str, times: &[Duration]) -> Seen {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
    let longest = sorted.last().copied().unwrap_or_default();
    let text = format!(
        "{what} after {:.1} ms (median of {}, at most {:.1} ms)",
        millis(median),
        sorted.len(),
        millis(longest)
    );
    Seen::from(text)
        .timed("median", median)
        .timed("max", longest)
}

/// `onlineUsers` around an arrival.
#[derive(Debug, Clone, Copy)]
struct Move {
    before: u64,
    after: u64,
}

impl Move {
    fn is_exact(&self) -> bool {
        self.after == self.before + 1
    }
}

async fn online_users(operator: &Caller) -> Result<u64, Fault> {
    let stats: Value = operator.get("/maintenance/stats").await?.json();
    let count = |field: &str| stats["data"][field].as_u64().unwrap_or_default();
    let (online, total) = (count("onlineUsers"), count("totalUsers"));
    // The watcher at least, and our two people.
    if online < 1 || total < 2 || online > total {
        return Err(Fault::new(
            "our own watcher online, our two people in the total",
            format!("onlineUsers {online}, totalUsers {total}"),
            "GET /maintenance/stats; is it answered by another server?",
        ));
    }
    Ok(online)
}

fn judge(moves: &[Move]) -> Result<Seen, Fault> {
    let has_moved = moves.iter().any(|pair| pair.after != pair.before)
        || moves.windows(2).any(|two| two[0].after != two[1].before);
    if moves.iter().any(Move::is_exact) {
        return Ok("onlineUsers grew by 1 when the subject came".into());
    }
    let told: Vec<String> = moves
        .iter()
        .map(|pair| format!("{} to {}", pair.before, pair.after))
        .collect();
    if has_moved && moves.len() == ROUNDS_FOR_STATISTICS {
        let told = told.join(", ");
        return Ok(
            format!("onlineUsers moves, with so many others that 1 cannot be told: {told}").into(),
        );
    }
    Err(Fault::new(
        "onlineUsers grows by 1 when the subject comes",
        told.join(", "),
        "GET /maintenance/stats: do the numbers move at all? do they come from another instance?",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_judged_by_their_best_round() {
        let check = |moves: &[(u64, u64)], expected: bool| {
            let moves: Vec<Move> = moves
                .iter()
                .map(|&(before, after)| Move { before, after })
                .collect();
            assert_eq!(judge(&moves).is_ok(), expected, "{moves:?}");
        };
        check(&[(1, 2)], true);
        check(&[(9, 9), (7, 12), (9, 10)], true);
        check(&[(2, 2); ROUNDS_FOR_STATISTICS], false);
        check(&[(5, 9); ROUNDS_FOR_STATISTICS], true);
        check(&[(5, 5)], false);
    }
}
