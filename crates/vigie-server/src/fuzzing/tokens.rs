//! JWTs as anybody may make them up, and as whoever has the secret may fill them.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::sign;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::Value;
use vigie_core::{PrincipalKind, Wall};

use super::oracle::{is_name, is_user_id};
use super::{Outcome, split_line};
use crate::auth::{Claims, JwtError, JwtVerifier};
use crate::config::Secret;

/// When tokens are looked at: 2023-11-14T22:13:20Z.
const NOW: Wall = Wall::from_millis(1_700_000_000_000);

const SECRET: &str = "0123456789abcdef0123456789abcdef";

static SIGNING: LazyLock<EncodingKey> =
    LazyLock::new(|| EncodingKey::from_secret(SECRET.as_bytes()));

/// A token as it is sent.
pub(super) fn read_token(bytes: &[u8]) -> Outcome {
    let Ok(token) = std::str::from_utf8(bytes) else {
        return Outcome::Refused;
    };
    let verifier = verifier();
    let verified = verifier.verify(token, NOW);
    assert_eq!(
        verified,
        verifier.verify(token, NOW),
        "it is not remembered"
    );
    Outcome::of(verified.is_ok())
}

/// A header and, on the lines after it, claims, signed with the right secret.
pub(super) fn read_signed(bytes: &[u8]) -> Outcome {
    let (header, claims) = split_line(bytes);
    let parts = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
    let message = parts.join(".");
    let Ok(signature) = sign(message.as_bytes(), &SIGNING, Algorithm::HS256) else {
        return Outcome::Refused;
    };
    let verifier = verifier();
    let token = format!("{message}.{signature}");
    // The same token with another signature is nobody's, whatever was remembered.
    let other = if signature.starts_with('A') { "B" } else { "A" };
    let forged = format!("{message}.{other}{}", &signature[1..]);
    let verified = verifier.verify(&token, NOW);
    assert_eq!(verifier.verify(&forged, NOW), Err(JwtError::Invalid));
    assert_eq!(
        verified,
        verifier.verify(&token, NOW),
        "it is not remembered"
    );
    let Ok(found) = verified else {
        return Outcome::Refused;
    };
    let header: Value = serde_json::from_slice(header).unwrap_or_default();
    assert_eq!(header["alg"], "HS256");
    check(&found);
    let end = found.valid_until();
    assert_eq!(verifier.verify(&token, end), Err(JwtError::Expired));
    assert_eq!(verifier.verify(&token, NOW), Ok(found));
    Outcome::Accepted
}

fn check(claims: &Claims) {
    assert_eq!(claims.user.kind(), PrincipalKind::User);
    assert!(is_user_id(claims.user.as_str()));
    assert!(claims.valid_until() > NOW);
    let names = [
        &claims.username,
        &claims.display_name,
        &claims.first_name,
        &claims.last_name,
    ];
    for name in names.into_iter().flatten() {
        assert!(!name.is_empty() && is_name(name), "{name}");
    }
}

fn verifier() -> JwtVerifier {
    JwtVerifier::new(&Secret::new(SECRET), 16)
}
