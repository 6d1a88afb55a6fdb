//! What every webhook must keep to that strangers may register where the operator allows nothing: a second wording of the rules.

use std::net::IpAddr;

use super::{Endpoint, Registration, Rules};

/// Checks what came of a body.
pub(crate) fn check_registration(registration: &Registration) {
    let Registration {
        endpoint,
        choice,
        secret,
    } = registration;
    assert!(choice.status || choice.conversations);
    if let Some(secret) = secret {
        let text = secret.expose();
        assert!((32..=256).contains(&text.len()));
        assert!(text.bytes().all(|byte| (0x21..=0x7e).contains(&byte)));
    }
    let url = endpoint.url();
    assert!(endpoint.is_tls && url.len() <= 2_048, "{url}");
    assert!(matches!(endpoint.port, 80 | 443 | 1_024..), "{url}");
    // Both are sent as they are: nothing in them may end a line.
    for sent in [&endpoint.authority, &endpoint.target] {
        assert!(
            sent.bytes().all(|byte| (0x21..=0x7e).contains(&byte)),
            "{url}"
        );
    }
    assert!(endpoint.target.starts_with('/'), "{url}");
    assert!(!endpoint.authority.contains('@'), "{url}");
    assert!(
        !endpoint.host.is_empty() && *endpoint.host != *"localhost",
        "{url}"
    );
    match endpoint.host.parse() {
        Ok(IpAddr::V4(address)) => assert!(
            !(address.is_loopback() || address.is_private() || address.is_link_local()),
            "{url}"
        ),
        Ok(IpAddr::V6(address)) => assert!(!address.is_loopback(), "{url}"),
        Err(_) => {}
    }
    let strict = Rules {
        allow_private: false,
        allow_http: false,
    };
    assert_eq!(Endpoint::parse(url, strict).as_ref(), Ok(endpoint));
}
