//! `vigie token`: signs a token for a user and prints nothing else.

use std::time::SystemTime;

use anyhow::Context;

use vigie_server::auth::{NewToken, PrincipalId, Wall, sign};
use vigie_server::config::{self, Keys, Secret, Sources};

use crate::cli::TokenArgs;
use crate::output;

pub(crate) fn run(args: &TokenArgs) -> anyhow::Result<()> {
    let data_dir = args
        .data_dir
        .iter()
        .map(|folder| ("data_dir", folder.clone()))
        .collect();
    let loaded = config::load(&Sources::of_process(data_dir, args.config.clone()))?;
    let keys = Keys::open(&loaded.config)?;
    let token = NewToken {
        user: &args.user,
        username: args.name.as_deref(),
        role: args.role,
        issued_at: now()?,
        ttl: args.ttl,
    };
    output::data(&sign(&keys.jwt_secret, &token)?)?;
    Ok(())
}

/// A token to try a server in development mode with, good for a day.
pub(crate) fn for_development(secret: &Secret) -> anyhow::Result<String> {
    const TTL: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);
    let token = NewToken {
        user: &PrincipalId::user("dev")?,
        username: Some("Dev"),
        role: None,
        issued_at: now()?,
        ttl: TTL,
    };
    Ok(sign(secret, &token)?)
}

fn now() -> anyhow::Result<Wall> {
    let since_epoch = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .context("the clock is before 1970")?;
    Ok(Wall::from_millis(i64::try_from(since_epoch.as_millis())?))
}
