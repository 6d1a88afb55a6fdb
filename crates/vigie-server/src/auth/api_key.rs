//! The keys of other services, compared in constant time.
//!
//! In: request headers; out: whether they hold one of the keys.
//! The time of a comparison depends neither on a key's text, nor on its length, nor on which key it was.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use super::credentials::strip_bearer;
use crate::config::Secret;

/// The header made for it; `Authorization: Bearer` works as well.
pub const API_KEY_HEADER: &str = "x-api-key";

/// Several keys are good at the same time, so that one can be replaced without a gap.
pub struct ApiKeys {
    digests: Vec<[u8; 32]>,
}

impl ApiKeys {
    /// Keeps the digests of the keys.
    #[must_use]
    pub fn new(keys: &[Secret]) -> Self {
        Self {
            digests: keys
                .iter()
                .map(|key| digest(key.expose().as_bytes()))
                .collect(),
        }
    }

    /// Whether a text is one of the keys.
    #[must_use]
    pub fn admit(&self, candidate: &[u8]) -> bool {
        let candidate = digest(candidate);
        let compare = |found: Choice, key: &[u8; 32]| found | key.ct_eq(&candidate);
        self.digests.iter().fold(Choice::from(0), compare).into()
    }

    /// Whether a request holds one of the keys.
    #[must_use]
    pub fn admit_request(&self, headers: &HeaderMap) -> bool {
        let own = headers
            .get(API_KEY_HEADER)
            .is_some_and(|value| self.admit(value.as_bytes()));
        let bearer = headers
            .get(AUTHORIZATION)
            .and_then(|value| strip_bearer(value.to_str().ok()?));
        own || bearer.is_some_and(|token| self.admit(token.as_bytes()))
    }
}

impl std::fmt::Debug for ApiKeys {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "ApiKeys({} hidden)", self.digests.len())
    }
}

fn digest(text: &[u8]) -> [u8; 32] {
    Sha256::digest(text).into()
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn either_header_and_either_key_opens() {
        let keys = ApiKeys::new(&[Secret::new("old-key"), Secret::new("new-key")]);
        let check = |pairs: &[(&'static str, &'static str)], expected: bool| {
            let pair = |(name, value): &(&'static str, &'static str)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            };
            let headers: HeaderMap = pairs.iter().map(pair).collect();
            assert_eq!(keys.admit_request(&headers), expected, "{pairs:?}");
        };
        check(&[("x-api-key", "old-key")], true);
        check(&[("x-api-key", "new-key")], true);
        check(&[("authorization", "Bearer new-key")], true);
        check(&[("authorization", "bearer new-key")], true);
        check(
            &[("x-api-key", "wrong"), ("authorization", "Bearer new-key")],
            true,
        );
        check(&[("authorization", "new-key")], false);
        check(&[("authorization", "Basic new-key")], false);
        check(&[("x-api-key", "")], false);
        check(&[("x-api-key", "old-ke")], false);
        check(&[("x-api-key", "old-key2")], false);
        check(&[("x-api-key", "old-key,new-key")], false);
        check(&[], false);
    }

    #[test]
    fn without_keys_nothing_opens() {
        assert!(!ApiKeys::new(&[]).admit(b""));
    }
}
