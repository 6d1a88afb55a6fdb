//! Who is let in: a valid token is, a forged one is not, neither by REST nor on a socket.

use std::time::Duration;

use serde_json::json;
use vigie_server::config::Secret;

use super::finding::{Fault, Seen};
use super::site::Site;
use crate::credentials::Signer;

/// Long enough to be a key, and nobody's.
const FORGERS_SECRET: &str = "this is not the secret of any server at all";

/// A token signed with another secret is refused.
pub(super) async fn forged_token(site: &Site) -> Result<Seen, Fault> {
    let forger = Signer::with(Secret::new(FORGERS_SECRET));
    let token = forger
        .token("vigie-check.forger", Duration::from_secs(60))
        .map_err(|error| Fault::new("a token can be signed", error.to_string(), "this program"))?;
    let hint = "anybody can be anybody: the server does not verify signatures, or its secret is a well-known one";
    site.user(&token)
        .be_refused("/api/conversations", hint)
        .await?;
    let (mut socket, answer) = site.open(json!({ "token": token })).await?;
    socket.disconnect().await;
    if answer["success"] == true {
        return Err(Fault::new(
            "a forged token is refused on a socket",
            format!("authenticated {answer}"),
            hint,
        ));
    }
    Ok("refused by REST and on a socket".into())
}

/// A token signed with the secret that we were given is taken.
pub(super) async fn valid_token(site: &Site, token: &str) -> Result<Seen, Fault> {
    // A read of presence is no activity, so that the throttle is still untouched afterwards.
    site.user(token).get("/users/presence?ids=nobody").await?;
    Ok("a token signed with the server's secret is taken".into())
}
