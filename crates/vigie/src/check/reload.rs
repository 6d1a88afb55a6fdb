//! A page reload: the connection is cut and a new one opened within the grace, and the watcher must not hear of it.
//!
//! That nothing was said is known when the next thing is said: the subject leaves cleanly at the end, and all that was heard must be one "online" and one "offline".
//! A second "online" is no fresh time but an absence whose "offline" was superseded before it could be told.

use std::time::{Duration, Instant};

use serde_json::json;

use super::arrivals::Cast;
use super::finding::{Fault, Omission, Seen, millis};
use super::watcher::Watcher;

/// How long the subject stays after it came back: several times as long as a server may hold a change back, so that an absence is told before the goodbye could hide it.
const STAY: Duration = Duration::from_millis(250);

/// Tries it; a server without a grace, or too slow for its own, cannot be asked.
pub(super) async fn try_out(
    cast: &Cast<'_>,
    watcher: &mut Watcher,
    grace: Duration,
) -> Result<Result<Seen, Omission>, Fault> {
    if grace.is_zero() {
        return Ok(Err(Omission::NotAsked("the server has no grace")));
    }
    let auth = json!({ "token": cast.token });
    let start = watcher.mark();
    let mut socket = cast.site.enter(auth.clone()).await?;
    let deadline = Instant::now() + cast.site.patience;
    let came = watcher.told(start, cast.subject, true, deadline).await?;
    if came.is_none() {
        return Err(super::arrivals::unannounced(
            "online",
            false,
            cast.site.patience,
        ));
    }
    let cut = Instant::now();
    socket.abort().await;
    let mut socket = cast.site.enter(auth).await?;
    let away = cut.elapsed();
    tokio::time::sleep(STAY).await;
    let goodbye = watcher.mark();
    socket.disconnect().await;
    // The cut connection may count for its grace, if its loss was noticed late.
    let deadline = Instant::now() + grace + cast.site.patience;
    watcher.told(goodbye, cast.subject, false, deadline).await?;
    if away >= grace {
        return Ok(Err(Omission::Missing(format!(
            "coming back took {:.0} ms, longer than the grace",
            millis(away)
        ))));
    }
    let said = watcher.said_of(start, cast.subject);
    let words: Vec<&str> = said
        .iter()
        .map(|told| if told.is_online { "online" } else { "offline" })
        .collect();
    if words == ["online", "offline"] {
        let seen = Seen::from("a connection that is cut and comes back is not announced");
        return Ok(Ok(seen.timed("away", away)));
    }
    Err(Fault::new(
        format!(
            "online once, nothing when the connection is cut and comes back within the grace ({grace:?}), then offline once after a goodbye"
        ),
        format!("the watcher was told: {}", words.join(", ")),
        "presence flaps when pages reload: grace in `vigie config`; does a proxy turn a loss into a goodbye?",
    ))
}
