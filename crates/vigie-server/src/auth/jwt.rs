//! Registered users' tokens: HS256, verified once and then remembered until they end.
//!
//! In: a token and the wall time; out: [`Claims`], or whether the token has expired or was never good.
//! Only HS256 is accepted, whatever the token says of itself.
//! A remembered token costs one keyed hash and one lookup: no allocation, no copy of the token in memory.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use siphasher::sip128::SipHasher24;
use vigie_core::{PrincipalId, Profile, Role, Wall};

use crate::config::Secret;

/// How far the clock of whoever signs tokens may be ahead or behind; the contract allows at most 5 s.
pub const LEEWAY: Duration = Duration::from_secs(2);

/// Longer texts are no tokens; they are not even hashed.
const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// What a verified token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Whose token it is; always a registered user.
    pub user: PrincipalId,
    /// The `exp` claim.
    pub expires_at: Wall,
    /// The `iat` claim, if it is a date.
    pub issued_at: Option<Wall>,
    /// `username`.
    pub username: Option<Box<str>>,
    /// `displayName`.
    pub display_name: Option<Box<str>>,
    /// `firstName`.
    pub first_name: Option<Box<str>>,
    /// `lastName`.
    pub last_name: Option<Box<str>>,
    /// `role`; a word that is no role counts as none.
    pub role: Option<Role>,
}

impl Claims {
    /// The instant from which the token is refused: its expiry and the leeway.
    #[must_use]
    pub fn valid_until(&self) -> Wall {
        self.expires_at + LEEWAY
    }
}

/// Why a token does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// Good once, and over.
    #[error("the token has expired")]
    Expired,
    /// Not a token, not signed by us, or without a usable `userId` and `exp`.
    #[error("the token is invalid")]
    Invalid,
}

/// Verifies tokens signed with one secret.
pub struct JwtVerifier {
    key: DecodingKey,
    validation: Validation,
    marks: Marks,
    verified: Cache<u128, Arc<Claims>>,
}

/// Marks by which verified tokens are found again: 128 bits of SipHash-2-4 under a key drawn at the start and told to nobody.
///
/// Without the key nobody can make a text that has the mark of another one but by trying, and each of 2^64 tries would still be right with a probability of one in 2^48, were all 65,536 places of the cache taken.
/// SHA-256 would be no safer here, and costs ten times as much where the processor has no instructions for it.
struct Marks(SipHasher24);

impl Marks {
    fn draw() -> Self {
        // Each state is keyed by the operating system's randomness.
        let half = || RandomState::new().hash_one(());
        Self(SipHasher24::new_with_keys(half(), half()))
    }

    fn of(&self, token: &str) -> u128 {
        self.0.hash(token.as_bytes()).into()
    }
}

impl JwtVerifier {
    /// A verifier that remembers at most about `cache_size` tokens.
    #[must_use]
    pub fn new(secret: &Secret, cache_size: usize) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        // Times are checked here, against the time that the caller gives.
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        // Tokens of the field carry audiences that were never checked.
        validation.validate_aud = false;
        Self {
            key: DecodingKey::from_secret(secret.expose().as_bytes()),
            validation,
            marks: Marks::draw(),
            verified: Cache::new(cache_size),
        }
    }

    /// The claims of a token that is good at `now`.
    ///
    /// # Errors
    /// [`JwtError::Expired`] only for a token that is otherwise good.
    pub fn verify(&self, token: &str, now: Wall) -> Result<Arc<Claims>, JwtError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(JwtError::Invalid);
        }
        let mark = self.marks.of(token);
        if let Some(claims) = self.verified.get(&mark) {
            if now < claims.valid_until() {
                return Ok(claims);
            }
            self.verified.remove(&mark);
            return Err(JwtError::Expired);
        }
        let claims = Arc::new(self.decode(token, now)?);
        if claims.valid_until() <= now {
            return Err(JwtError::Expired);
        }
        self.verified.insert(mark, Arc::clone(&claims));
        Ok(claims)
    }

    /// How many tokens are remembered.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.verified.len()
    }

    fn decode(&self, token: &str, now: Wall) -> Result<Claims, JwtError> {
        let token = jsonwebtoken::decode::<RawClaims>(token, &self.key, &self.validation);
        let token = token.map_err(|_| JwtError::Invalid)?;
        // An extension that must be understood, and is not (RFC 7515, 4.1.11).
        if token.header.crit.is_some() {
            return Err(JwtError::Invalid);
        }
        let claims = token.claims;
        let not_before = claims.nbf.as_ref().map(instant).transpose()?;
        if not_before.is_some_and(|start| now + LEEWAY < start) {
            return Err(JwtError::Invalid);
        }
        Claims::try_from(claims)
    }
}

impl std::fmt::Debug for JwtVerifier {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("JwtVerifier")
            .field("remembered", &self.remembered())
            .finish_non_exhaustive()
    }
}

/// Claims as they are written; what is optional may have any type.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawClaims {
    user_id: Option<Value>,
    sub: Option<Value>,
    exp: Value,
    nbf: Option<Value>,
    iat: Option<Value>,
    username: Option<Value>,
    display_name: Option<Value>,
    first_name: Option<Value>,
    last_name: Option<Value>,
    role: Option<Value>,
}

impl TryFrom<RawClaims> for Claims {
    type Error = JwtError;

    fn try_from(raw: RawClaims) -> Result<Self, JwtError> {
        let id = match (&raw.user_id, &raw.sub) {
            (Some(id), Some(synonym)) if id != synonym => return Err(JwtError::Invalid),
            (Some(id), _) | (None, Some(id)) => id.as_str().ok_or(JwtError::Invalid)?,
            (None, None) => return Err(JwtError::Invalid),
        };
        let name = |claim: Option<Value>| claim.as_ref()?.as_str().and_then(clean_name);
        Ok(Self {
            user: PrincipalId::user(id).map_err(|_| JwtError::Invalid)?,
            expires_at: instant(&raw.exp)?,
            issued_at: raw.iat.as_ref().and_then(|claim| instant(claim).ok()),
            username: name(raw.username),
            display_name: name(raw.display_name),
            first_name: name(raw.first_name),
            last_name: name(raw.last_name),
            role: raw
                .role
                .as_ref()
                .and_then(Value::as_str)
                .and_then(|word| word.parse().ok()),
        })
    }
}

/// What may travel of a name that its owner perhaps chose: no control characters, of which a store refuses some, and no more than the API takes.
fn clean_name(text: &str) -> Option<Box<str>> {
    let visible = text.trim().chars().filter(|letter| !letter.is_control());
    let cut: String = visible.take(Profile::MAX_NAME_CHARS).collect();
    let name = cut.trim();
    (!name.is_empty()).then(|| name.into())
}

/// A numeric date: seconds since the epoch, with or without a fraction.
fn instant(claim: &Value) -> Result<Wall, JwtError> {
    let seconds = claim
        .as_f64()
        .filter(|seconds| seconds.is_finite())
        .ok_or(JwtError::Invalid)?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float beyond the range becomes its end, which is as far away as a date can be"
    )]
    Ok(Wall::from_millis((seconds * 1_000.0) as i64))
}

/// A token to be signed.
#[derive(Debug, Clone, Copy)]
pub struct NewToken<'a> {
    /// Whose it is.
    pub user: &'a PrincipalId,
    /// What people call them, if it is not the id.
    pub username: Option<&'a str>,
    /// What they may do beyond being present.
    pub role: Option<Role>,
    /// Now.
    pub issued_at: Wall,
    /// How long it is good for.
    pub ttl: Duration,
}

/// The claims of a new token, under their names on the wire.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SignedClaims<'a> {
    user_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    iat: i64,
    exp: i64,
}

/// Signs a token.
///
/// # Errors
/// When the cryptographic library refuses the secret.
pub fn sign(secret: &Secret, token: &NewToken<'_>) -> Result<String, jsonwebtoken::errors::Error> {
    let seconds = |wall: Wall| wall.as_millis().div_euclid(1_000);
    let claims = SignedClaims {
        user_id: token.user.as_str(),
        username: token.username,
        role: token.role.map(Role::as_str),
        iat: seconds(token.issued_at),
        exp: seconds(token.issued_at + token.ttl),
    };
    let key = EncodingKey::from_secret(secret.expose().as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key)
}

#[cfg(test)]
mod tests;
