//! Tokens as they come from the field, good and bad.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::json;

use super::*;

const NOW: Wall = Wall::from_millis(1_700_000_000_000);
const NOW_SECONDS: i64 = 1_700_000_000;
const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn verifier() -> JwtVerifier {
    JwtVerifier::new(&Secret::new(SECRET), 100)
}

fn signed_with(algorithm: Algorithm, secret: &str, claims: &Value) -> String {
    let key = EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(&Header::new(algorithm), claims, &key).unwrap()
}

fn signed(claims: &Value) -> String {
    signed_with(Algorithm::HS256, SECRET, claims)
}

fn later(seconds: u64) -> Wall {
    NOW + Duration::from_secs(seconds)
}

#[test]
fn only_an_id_and_an_expiry_are_required() {
    let exp = NOW_SECONDS + 60;
    let check = |claims: Value, expected: Result<&str, JwtError>| {
        let verified = verifier().verify(&signed(&claims), NOW);
        let user = verified
            .as_ref()
            .map(|claims| claims.user.as_str())
            .map_err(|error| *error);
        assert_eq!(user, expected, "{claims}");
    };
    check(json!({"userId": "alice", "exp": exp}), Ok("alice"));
    check(json!({"sub": "alice", "exp": exp}), Ok("alice"));
    check(
        json!({"sub": "alice", "userId": "alice", "exp": exp}),
        Ok("alice"),
    );
    check(
        json!({"sub": null, "userId": "alice", "exp": exp}),
        Ok("alice"),
    );
    check(
        json!({"userId": "alice", "exp": exp, "aud": "app", "iss": "x", "username": 5, "role": []}),
        Ok("alice"),
    );
    check(
        json!({"userId": "alice", "exp": 1_700_000_000.5}),
        Ok("alice"),
    );
    check(
        json!({"userId": "alice", "exp": exp, "nbf": NOW_SECONDS + 1}),
        Ok("alice"),
    );
    check(
        json!({"sub": "bob", "userId": "alice", "exp": exp}),
        Err(JwtError::Invalid),
    );
    check(json!({"userId": 5, "exp": exp}), Err(JwtError::Invalid));
    check(json!({"userId": "", "exp": exp}), Err(JwtError::Invalid));
    check(
        json!({"userId": "al ice", "exp": exp}),
        Err(JwtError::Invalid),
    );
    check(json!({"userId": "g_1", "exp": exp}), Err(JwtError::Invalid));
    check(json!({"exp": exp}), Err(JwtError::Invalid));
    check(json!({"userId": "alice"}), Err(JwtError::Invalid));
    check(
        json!({"userId": "alice", "exp": null}),
        Err(JwtError::Invalid),
    );
    check(
        json!({"userId": "alice", "exp": "tomorrow"}),
        Err(JwtError::Invalid),
    );
    check(
        json!({"userId": "alice", "exp": exp, "nbf": NOW_SECONDS + 10}),
        Err(JwtError::Invalid),
    );
    check(
        json!({"userId": "alice", "exp": NOW_SECONDS - 10}),
        Err(JwtError::Expired),
    );
    check(
        json!({"userId": "al ice", "exp": NOW_SECONDS - 10}),
        Err(JwtError::Invalid),
    );
    check(json!(["alice"]), Err(JwtError::Invalid));
}

#[test]
fn the_clocks_may_differ_by_the_leeway_and_no_more() {
    let token = signed(&json!({"userId": "alice", "exp": NOW_SECONDS}));
    assert!(LEEWAY <= Duration::from_secs(5));
    assert!(
        verifier()
            .verify(&token, NOW + LEEWAY - Duration::from_millis(1))
            .is_ok()
    );
    assert_eq!(
        verifier().verify(&token, NOW + LEEWAY),
        Err(JwtError::Expired)
    );
}

#[test]
fn names_are_cut_to_what_may_travel() {
    let check = |name: &str, expected: Option<&str>| {
        let claims = json!({"userId": "alice", "displayName": name, "exp": NOW_SECONDS + 60});
        let claims = verifier().verify(&signed(&claims), NOW).unwrap();
        assert_eq!(claims.display_name.as_deref(), expected, "{name:?}");
    };
    check(" Zoé ", Some("Zoé"));
    check("a\u{0}b\nc", Some("abc"));
    check("\u{0}\u{7f}", None);
    check(&"é".repeat(201), Some(&"é".repeat(200)));
    check(&format!("{} b", "a".repeat(199)), Some(&"a".repeat(199)));
}

#[test]
fn names_and_roles_are_read() {
    let check = |word: &str, expected: Option<Role>| {
        let token = signed(&json!({
            "userId": "alice", "username": "al", "displayName": "Ally", "firstName": "Alice", "lastName": " ",
            "role": word, "exp": NOW_SECONDS + 60,
        }));
        let claims = verifier().verify(&token, NOW).unwrap();
        assert_eq!(claims.role, expected, "{word}");
        assert_eq!(claims.username.as_deref(), Some("al"));
        assert_eq!(claims.display_name.as_deref(), Some("Ally"));
        assert_eq!(claims.first_name.as_deref(), Some("Alice"));
        assert_eq!(claims.last_name, None);
    };
    check("USER", Some(Role::User));
    check("MODERATOR", Some(Role::Moderator));
    check("MODO", Some(Role::Moderator));
    check("BIGBOSS", Some(Role::BigBoss));
    check("KING", None);
}

#[test]
fn forgeries_are_invalid() {
    let claims = json!({"userId": "alice", "exp": NOW_SECONDS + 60});
    let check = |token: &str| {
        assert_eq!(
            verifier().verify(token, NOW),
            Err(JwtError::Invalid),
            "{token:.60}"
        );
    };
    let good = signed(&claims);
    check(&signed_with(
        Algorithm::HS256,
        "another secret of thirty-two byte",
        &claims,
    ));
    check(&signed_with(Algorithm::HS384, SECRET, &claims));
    check(&signed_with(Algorithm::HS512, SECRET, &claims));
    let parts: Vec<&str> = good.split('.').collect();
    // {"alg":"none"}
    check(&format!("eyJhbGciOiJub25lIn0.{}.", parts[1]));
    check(&format!("eyJhbGciOiJub25lIn0.{}.{}", parts[1], parts[2]));
    check(&format!("{}.{}.", parts[0], parts[1]));
    check(&format!("{}.{}", parts[0], parts[1]));
    check(&good[..good.len() - 2]);
    check("");
    check("...");
    check("é.é.é");
    check(&"a".repeat(MAX_TOKEN_BYTES + 1));
    let mut header = Header::new(Algorithm::HS256);
    header.crit = Some(vec!["exp".to_owned()]);
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    check(&jsonwebtoken::encode(&header, &claims, &key).unwrap());
}

#[test]
fn a_remembered_token_is_the_same_claims_until_it_ends() {
    let verifier = verifier();
    let token = signed(&json!({"userId": "alice", "exp": NOW_SECONDS + 60}));
    let first = verifier.verify(&token, NOW).unwrap();
    let second = verifier.verify(&token, later(59)).unwrap();
    assert!(Arc::ptr_eq(&first, &second));
    assert_eq!(verifier.remembered(), 1);
    assert_eq!(
        verifier.verify(&token, first.valid_until()),
        Err(JwtError::Expired)
    );
    assert_eq!(verifier.remembered(), 0);
    assert_eq!(
        verifier.verify(&token, first.valid_until()),
        Err(JwtError::Expired)
    );
}

#[test]
fn memory_is_bounded_and_bad_tokens_take_none() {
    let verifier = verifier();
    for number in 0..1_000 {
        let token = signed(&json!({"userId": format!("user{number}"), "exp": NOW_SECONDS + 60}));
        verifier.verify(&token, NOW).unwrap();
    }
    assert!(verifier.remembered() <= 100, "{}", verifier.remembered());
    let fresh = self::verifier();
    let expired = signed(&json!({"userId": "alice", "exp": NOW_SECONDS - 60}));
    for token in ["x.y.z", &expired] {
        assert!(fresh.verify(token, NOW).is_err());
    }
    assert_eq!(fresh.remembered(), 0);
}

#[test]
fn what_we_sign_we_accept() {
    let user = PrincipalId::user("alice").unwrap();
    let token = NewToken {
        user: &user,
        username: Some("Alice"),
        role: Some(Role::Admin),
        issued_at: NOW,
        ttl: Duration::from_secs(60),
    };
    let text = sign(&Secret::new(SECRET), &token).unwrap();
    let claims = verifier().verify(&text, NOW).unwrap();
    assert_eq!(claims.user, user);
    assert_eq!(claims.role, Some(Role::Admin));
    assert_eq!(claims.username.as_deref(), Some("Alice"));
    assert_eq!(claims.expires_at, later(60));
}
