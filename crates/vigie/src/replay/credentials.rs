//! What opens the server's doors: its API key, and tokens signed with its secret.
//!
//! A running server is never asked for its secrets: they come from flags, the environment or
//! the files it keeps in its data directory.

use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use jsonwebtoken::{EncodingKey, Header};
use serde::Serialize;

use super::Usage;

/// The API key and the key that signs tokens.
pub(super) struct Credentials {
    pub(super) api_key: String,
    signing_key: EncodingKey,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Claims<'a> {
    user_id: &'a str,
    iat: u64,
    exp: u64,
}

impl Credentials {
    /// The key given, else the file; the secret of `JWT_SECRET`, else the file.
    pub(super) fn find(api_key: Option<&str>, data_dir: &Path) -> anyhow::Result<Self> {
        // The server accepts several keys, separated by commas: any of them will do.
        let given =
            api_key.and_then(|keys| keys.split(',').map(str::trim).find(|key| !key.is_empty()));
        let api_key = match given {
            Some(key) => key.to_owned(),
            None => read(data_dir, "api-key", "--api-key or VIGIE_API_KEY")?,
        };
        let secret = match std::env::var("JWT_SECRET") {
            Ok(secret) if !secret.is_empty() => secret,
            _ => read(data_dir, "dev-secret", "JWT_SECRET")?,
        };
        Ok(Self {
            api_key,
            signing_key: EncodingKey::from_secret(secret.as_bytes()),
        })
    }

    /// A token of this user that is valid from now on.
    pub(super) fn token(&self, user_id: &str, lifetime: Duration) -> anyhow::Result<String> {
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)?
            .as_secs();
        let claims = Claims {
            user_id,
            iat: now,
            exp: now.saturating_add(lifetime.as_secs()),
        };
        jsonwebtoken::encode(&Header::default(), &claims, &self.signing_key)
            .context("cannot sign a token")
    }
}

fn read(data_dir: &Path, name: &str, instead: &str) -> anyhow::Result<String> {
    let path = data_dir.join(name);
    let text = std::fs::read_to_string(&path).with_context(|| {
        Usage(format!(
            "cannot read {}: start the server in this directory, name its --data-dir, or set \
             {instead}",
            path.display()
        ))
    })?;
    Ok(text.trim().to_owned())
}
