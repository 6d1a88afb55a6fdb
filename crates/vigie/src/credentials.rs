//! What opens a running server's doors: its API key, and tokens signed with its secret.
//!
//! A server is never asked for its secrets: they come from flags, the environment or the files it keeps in its data directory.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use vigie_server::auth::{NewToken, PrincipalId, Wall, sign};
use vigie_server::config::Secret;

use crate::cli::Usage;

/// The API key and the secret that signs tokens.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    pub(crate) api_key: Secret,
    pub(crate) signer: Signer,
}

impl Credentials {
    /// The key given, else the file; the secret of `JWT_SECRET`, else the file.
    ///
    /// # Errors
    /// [`Usage`] when neither is there.
    pub(crate) fn find(api_key: Option<&str>, data_dir: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            api_key: find_api_key(api_key, data_dir)?,
            signer: Signer::find(data_dir)?,
        })
    }
}

/// The key given, else the file of the data directory.
///
/// # Errors
/// [`Usage`] when neither is there.
pub(crate) fn find_api_key(given: Option<&str>, data_dir: &Path) -> anyhow::Result<Secret> {
    // A server may accept several keys, separated by commas: any of them will do.
    let keys = given.unwrap_or_default().split(',').map(str::trim);
    match keys.into_iter().find(|key| !key.is_empty()) {
        Some(key) => Ok(Secret::new(key)),
        None => read(data_dir, "api-key", "VIGIE_API_KEY"),
    }
}

/// Signs tokens as the server expects them.
#[derive(Debug, Clone)]
pub(crate) struct Signer(Secret);

impl Signer {
    /// Signs with `JWT_SECRET`, else with the secret of development mode.
    ///
    /// # Errors
    /// [`Usage`] when neither is there.
    pub(crate) fn find(data_dir: &Path) -> anyhow::Result<Self> {
        match std::env::var("JWT_SECRET") {
            Ok(secret) if !secret.is_empty() => Ok(Self(Secret::new(&secret))),
            _ => read(data_dir, "dev-secret", "JWT_SECRET").map(Self),
        }
    }

    /// Signs with this secret.
    pub(crate) fn with(secret: Secret) -> Self {
        Self(secret)
    }

    /// A token of this user that is valid from now on.
    ///
    /// # Errors
    /// [`Usage`] when the text cannot be a user's id.
    pub(crate) fn token(&self, user_id: &str, ttl: Duration) -> anyhow::Result<String> {
        let user = PrincipalId::user(user_id)
            .with_context(|| Usage(format!("{user_id:?} cannot be a user's id")))?;
        let token = NewToken {
            user: &user,
            username: None,
            role: None,
            issued_at: Wall::from_millis(jiff::Timestamp::now().as_millisecond()),
            ttl,
        };
        Ok(sign(&self.0, &token)?)
    }
}

fn read(data_dir: &Path, name: &str, instead: &str) -> anyhow::Result<Secret> {
    let path = data_dir.join(name);
    let text = std::fs::read_to_string(&path).with_context(|| {
        Usage(format!(
            "cannot read {}: start the server in this directory, name its --data-dir, or set \
             {instead}",
            path.display()
        ))
    })?;
    Ok(Secret::new(text.trim()))
}
