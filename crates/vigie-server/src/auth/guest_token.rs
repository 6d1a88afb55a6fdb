//! Session tokens of guests: opaque, random, known to the server by their digest only.
//!
//! Always true: a made token starts with `anon_` and holds 192 random bits, so that nobody guesses one and a fast digest is safe.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// What tells a guest's token from a JWT where one field carries both.
const PREFIX: &str = "anon_";

/// Random bytes of a token; 24 make 32 characters without padding.
const RANDOM_BYTES: usize = 24;

/// A freshly made token; it is shown once and then forgotten.
pub struct GuestToken(String);

impl GuestToken {
    /// A new token.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn make() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; RANDOM_BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// The token, for its owner.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What the store keeps of the token.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Self::digest_of(&self.0)
    }

    /// What the store would keep of a token that a client offers; SHA-256.
    #[must_use]
    pub fn digest_of(token: &str) -> [u8; 32] {
        Sha256::digest(token).into()
    }

    /// Whether a text starts like a guest's token.
    #[must_use]
    pub fn is_spelled_like(token: &str) -> bool {
        token.starts_with(PREFIX)
    }
}

impl std::fmt::Debug for GuestToken {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("GuestToken(hidden)")
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn made_tokens_differ_and_are_recognised() {
        let (first, second) = (GuestToken::make().unwrap(), GuestToken::make().unwrap());
        assert_ne!(first.expose(), second.expose());
        assert!(GuestToken::is_spelled_like(first.expose()));
        assert_eq!(first.expose().len(), PREFIX.len() + 32);
        assert_eq!(first.digest(), GuestToken::digest_of(first.expose()));
        assert_ne!(first.digest(), second.digest());
        assert!(!format!("{first:?}").contains(first.expose()));
    }

    #[test]
    fn the_digest_is_plain_sha_256() {
        let hex: String = GuestToken::digest_of("abc")
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(
            hex,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
