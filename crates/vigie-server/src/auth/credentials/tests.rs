//! Every field in which a credential may stand, and those in which it does not.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
use http::HeaderValue;
use serde_json::json;

use super::*;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&'static str, &str)| {
        (
            http::HeaderName::from_static(name),
            HeaderValue::from_bytes(value.as_bytes()).unwrap(),
        )
    };
    pairs.iter().map(pair).collect()
}

/// Candidates as `jwt:…` and `session:…`.
fn spelled<'a>(candidates: impl IntoIterator<Item = Credential<'a>>) -> Vec<String> {
    let spell = |credential| match credential {
        Credential::Jwt(token) => format!("jwt:{token}"),
        Credential::Session(token) => format!("session:{token}"),
    };
    candidates.into_iter().map(spell).collect()
}

#[test]
fn rest_knows_two_headers_and_the_jwt_wins() {
    let check = |pairs: &[(&'static str, &str)], expected: &[&str]| {
        assert_eq!(spelled(of_request(&headers(pairs))), expected, "{pairs:?}");
    };
    check(&[], &[]);
    check(&[("authorization", "Bearer a.b.c")], &["jwt:a.b.c"]);
    check(&[("authorization", "bearer  a.b.c")], &["jwt:a.b.c"]);
    check(&[("authorization", "Bearer nonsense")], &["jwt:nonsense"]);
    check(&[("authorization", "Bearer anon_1")], &["jwt:anon_1"]);
    check(&[("x-session-token", "anon_1")], &["session:anon_1"]);
    check(
        &[
            ("authorization", "Bearer bad"),
            ("x-session-token", "anon_1"),
        ],
        &["jwt:bad"],
    );
    check(
        &[("authorization", "Bearer é"), ("x-session-token", "anon_1")],
        &["session:anon_1"],
    );
    check(
        &[("authorization", "Bearer"), ("x-session-token", "anon_1")],
        &["session:anon_1"],
    );
    check(
        &[
            ("authorization", "Basic dTpw"),
            ("x-session-token", "anon_1"),
        ],
        &["session:anon_1"],
    );
    check(&[("authorization", "Basic dTpw")], &[]);
    check(&[("x-session-token", "")], &[]);
}

#[test]
fn handshakes_know_every_spelling_in_the_field() {
    let check = |pairs: &[(&'static str, &str)], auth: Value, expected: &[&str]| {
        let headers = headers(pairs);
        assert_eq!(
            spelled(of_handshake(&headers, &auth)),
            expected,
            "{pairs:?} {auth}"
        );
    };
    check(&[], Value::Null, &[]);
    check(&[], json!("a.b.c"), &[]);
    check(&[], json!({"token": 5, "sessionToken": ["anon_1"]}), &[]);
    check(
        &[("authorization", "Bearer a.b.c")],
        Value::Null,
        &["jwt:a.b.c"],
    );
    check(&[("authorization", "a.b.c")], Value::Null, &["jwt:a.b.c"]);
    check(
        &[("x-session-token", "anon_1")],
        Value::Null,
        &["session:anon_1"],
    );
    check(&[], json!({"token": "a.b.c"}), &["jwt:a.b.c"]);
    check(&[], json!({"token": "Bearer a.b.c"}), &["jwt:a.b.c"]);
    check(&[], json!({"authToken": "a.b.c"}), &["jwt:a.b.c"]);
    check(
        &[],
        json!({"authToken": "a.b.c", "tokenType": "jwt"}),
        &["jwt:a.b.c"],
    );
    check(
        &[],
        json!({"token": "a.b.c", "tokenType": null}),
        &["jwt:a.b.c"],
    );
    check(&[], json!({"token": "a.b.c", "tokenType": "opaque"}), &[]);
    check(&[], json!({"token": "anon_1"}), &["session:anon_1"]);
    check(
        &[],
        json!({"token": "anon_1", "tokenType": "anonymous"}),
        &["session:anon_1"],
    );
    check(&[], json!({"sessionToken": "anon_1"}), &["session:anon_1"]);
    check(
        &[],
        json!({"sessionToken": "anon_1", "sessionType": "anonymous"}),
        &["session:anon_1"],
    );
    check(
        &[],
        json!({"sessionToken": "anon_1", "sessionType": "other"}),
        &[],
    );
    check(
        &[],
        json!({"sessionToken": "anon_1", "token": "a.b.c"}),
        &["jwt:a.b.c", "session:anon_1"],
    );
    check(
        &[],
        json!({"token": "a.b.c", "authToken": "a.b.c"}),
        &["jwt:a.b.c"],
    );
    check(
        &[
            ("authorization", "Bearer d.e.f"),
            ("x-session-token", "anon_2"),
        ],
        json!({"token": "anon_1", "authToken": "a.b.c"}),
        &["jwt:d.e.f", "jwt:a.b.c", "session:anon_1", "session:anon_2"],
    );
    check(&[], json!({"userId": "alice"}), &[]);
}

#[test]
fn authenticate_events_carry_either_kind_in_either_field() {
    let check = |payload: Value, expected: &[&str]| {
        assert_eq!(spelled(of_authenticate(&payload)), expected, "{payload}");
    };
    check(json!({"token": "a.b.c"}), &["jwt:a.b.c"]);
    check(json!({"token": "anon_1"}), &["session:anon_1"]);
    check(json!({"sessionToken": "anon_1"}), &["session:anon_1"]);
    check(
        json!({"sessionToken": "a.b.c", "language": "fr"}),
        &["jwt:a.b.c"],
    );
    check(
        json!({"sessionToken": "anon_1", "token": "a.b.c"}),
        &["jwt:a.b.c", "session:anon_1"],
    );
    check(json!({"userId": "alice"}), &[]);
    check(json!({"token": ""}), &[]);
    check(json!([]), &[]);
    check(Value::Null, &[]);
}

#[test]
fn old_clients_put_it_into_the_query() {
    let check = |pairs: &[(&'static str, &str)], query: &str, expected: &[&str]| {
        let headers = headers(pairs);
        assert_eq!(
            spelled(of_eio3_handshake(&headers, query)),
            expected,
            "{query}"
        );
    };
    check(&[], "EIO=3&transport=polling", &[]);
    check(&[], "EIO=3&token=a.b.c", &["jwt:a.b.c"]);
    check(&[], "token=anon_1&EIO=3", &["session:anon_1"]);
    check(&[], "sessionToken=anon%5F1", &["session:anon_1"]);
    check(
        &[],
        "sessionToken=anon_1&token=a.b.c",
        &["jwt:a.b.c", "session:anon_1"],
    );
    check(&[], "token=&sessionToken=", &[]);
    check(
        &[("authorization", "Bearer d.e.f")],
        "token=a.b.c",
        &["jwt:d.e.f", "jwt:a.b.c"],
    );
}

#[test]
fn what_stands_in_several_places_is_offered_once() {
    let auth = json!({"token": "d.e.f", "authToken": "a.b.c", "sessionToken": "anon_1"});
    let pairs = [
        ("authorization", "Bearer a.b.c"),
        ("x-session-token", "anon_1"),
    ];
    assert_eq!(
        spelled(of_handshake(&headers(&pairs), &auth)),
        ["jwt:a.b.c", "jwt:d.e.f", "session:anon_1"]
    );
}

#[test]
fn a_query_of_a_thousand_tokens_costs_no_thousand_verifications() {
    let pairs = (0..1_000).map(|number| format!("token={number}&sessionToken={number}"));
    let query = pairs.collect::<Vec<_>>().join("&");
    let candidates = spelled(of_eio3_handshake(&HeaderMap::new(), &query));
    assert_eq!(candidates.len(), 2 * MAX_OF_A_KIND);
    assert_eq!(candidates[0], "jwt:0");
}

#[test]
fn tokens_are_never_printed() {
    let candidates = [
        Credential::Jwt("a.b.c".into()),
        Credential::Session("anon_1".into()),
    ];
    let printed = format!("{candidates:?}");
    assert!(
        !printed.contains("a.b.c") && !printed.contains("anon_1"),
        "{printed}"
    );
}
