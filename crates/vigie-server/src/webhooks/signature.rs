//! The signature of a delivery: HMAC-SHA-256 over the timestamp and the body, under the webhook's own secret.
//!
//! Always true: the timestamp is inside, so an old delivery cannot be sent again as a new one; and the secret is never printed.

use aws_lc_rs::hmac;

/// Random bytes of a drawn secret; as many as the hash gives.
const DRAWN_BYTES: usize = 32;

/// A given secret is at least as long as the hash, in bytes.
const SHORTEST: usize = 32;

/// And not longer than a header's value should be.
const LONGEST: usize = 256;

/// What a webhook's deliveries are signed with; its text is the key.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SigningSecret(Box<str>);

impl std::fmt::Debug for SigningSecret {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("SigningSecret(hidden)")
    }
}

impl SigningSecret {
    /// A new one; `None` when the system gives no random numbers.
    pub(crate) fn draw() -> Option<Self> {
        let mut bytes = [0; DRAWN_BYTES];
        getrandom::fill(&mut bytes).ok()?;
        Some(Self(format!("whsec_{}", hex(&bytes)).into()))
    }

    /// One that was given.
    ///
    /// # Errors
    /// A sentence that says what to give instead.
    pub(crate) fn given(text: &str) -> Result<Self, &'static str> {
        let is_visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        if !(SHORTEST..=LONGEST).contains(&text.len()) || !is_visible {
            return Err(
                "The secret must have 32 to 256 visible ASCII characters; leave it out to have one drawn.",
            );
        }
        Ok(Self(text.into()))
    }

    /// One that was kept.
    pub(super) fn kept(text: &str) -> Self {
        Self(text.into())
    }

    /// The secret itself; never log it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// The value of `X-Vigie-Signature`, at `timestamp` in Unix seconds.
    pub(super) fn sign(&self, timestamp: i64, body: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.as_bytes());
        let mut signing = hmac::Context::with_key(&key);
        signing.update(timestamp.to_string().as_bytes());
        signing.update(b".");
        signing.update(body);
        format!("v1={}", hex(signing.sign().as_ref()))
    }
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut digits = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a text cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_signature_is_what_openssl_makes_of_it() {
        let secret = SigningSecret::given("0123456789abcdef0123456789abcdef").unwrap();
        // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef
        assert_eq!(
            secret.sign(1_700_000_000, br#"{"a":1}"#),
            "v1=f05f2539e3ae1c49aec5f8cfdad75ef6b06480b133973ffbb7ec9e18827af177"
        );
        assert_ne!(
            secret.sign(1_700_000_001, br#"{"a":1}"#),
            secret.sign(1_700_000_000, br#"{"a":1}"#)
        );
    }

    #[test]
    fn a_secret_is_long_visible_and_never_printed() {
        let drawn = SigningSecret::draw().unwrap();
        assert_eq!(drawn.expose().len(), 6 + 2 * DRAWN_BYTES);
        assert_ne!(drawn, SigningSecret::draw().unwrap());
        assert!(!format!("{drawn:?}").contains(drawn.expose()));
        assert!(SigningSecret::given(drawn.expose()).is_ok());
        for bad in [
            "",
            &"x".repeat(31),
            &"x".repeat(257),
            &"é".repeat(32),
            &" ".repeat(40),
        ] {
            assert!(SigningSecret::given(bad).is_err(), "{bad}");
        }
    }
}
