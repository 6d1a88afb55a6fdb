//! An anonymous participant with a session token: let in by REST and on a socket, seen by the watcher.

use std::time::Instant;

use serde_json::json;
use vigie_client::Socket;

use super::arrivals::{is_online, unannounced};
use super::finding::{Fault, Seen};
use super::site::{Caller, Site};
use super::stage::{Guest, Names};
use super::watcher::Watcher;

/// Lets the guest in; its open socket.
pub(super) async fn come(
    site: &Site,
    reader: &Caller,
    guest: &Guest,
    names: &Names,
    watcher: &mut Watcher,
) -> Result<(Seen, Socket), Fault> {
    let mark = watcher.mark();
    let began = Instant::now();
    let socket = site.enter(json!({ "sessionToken": guest.token })).await?;
    let told = watcher
        .told(mark, &guest.id, true, began + site.patience)
        .await?;
    let Some(told) = told else {
        let is_decided = is_online(reader, &format!("guest:{}", guest.id)).await?;
        return Err(unannounced("online", is_decided, site.patience));
    };
    let path = "/api/conversations";
    let conversations = site.guest(&guest.token).get(path).await?.json();
    let first = &conversations["data"][0]["id"];
    if *first != names.conversation.as_str() {
        return Err(Fault::new(
            format!("the guest's one conversation, {}", names.conversation),
            conversations.to_string(),
            "GET /api/conversations with X-Session-Token: does a proxy drop the header?",
        ));
    }
    let seen = Seen::from("let in by REST and on a socket, and seen by the watcher");
    Ok((
        seen.timed("told", told.at.saturating_duration_since(began)),
        socket,
    ))
}
