//! Where a webhook is: a URL that was checked once, and what is needed to send something there.
//!
//! In: the text of a registration, and the rules in force. Out: host, port and target, or a sentence that says what to write instead.
//! What a name resolves to is judged at every connection, by [`super::guard`]; here only addresses that stand in the URL are.

use url::{Host, Url};

use super::guard::refusal;

/// Longest URL; as long as servers commonly take.
const LONGEST: usize = 2_048;

/// Below this, ports belong to services that are no web servers, such as mail.
const FIRST_FREE_PORT: u16 = 1_024;

/// The web's own ports.
const WEB_PORTS: [u16; 2] = [80, 443];

/// Where requests may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rules {
    /// Into private networks, too; then also without TLS.
    pub(crate) allow_private: bool,
    /// Without TLS.
    pub(crate) allow_http: bool,
}

/// A place to send requests to.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    url: Box<str>,
    /// A name, or an address without brackets.
    pub(super) host: Box<str>,
    pub(super) port: u16,
    pub(super) is_tls: bool,
    /// What the header `Host` says.
    pub(super) authority: Box<str>,
    /// Path and query.
    pub(super) target: Box<str>,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The path or the query may be a credential.
        out.debug_struct("Endpoint")
            .field("authority", &self.authority)
            .finish_non_exhaustive()
    }
}

impl Endpoint {
    /// Reads a URL.
    ///
    /// # Errors
    /// A sentence that says what to write instead.
    pub(crate) fn parse(text: &str, rules: Rules) -> Result<Self, &'static str> {
        if text.len() > LONGEST {
            return Err("The URL has more than 2,048 bytes.");
        }
        let url = Url::parse(text)
            .map_err(|_| "The URL cannot be read: write https://HOST/PATH, in full.")?;
        let is_tls = match url.scheme() {
            "https" => true,
            "http" if rules.allow_http || rules.allow_private => false,
            "http" => {
                return Err(
                    "The URL must begin with https://: events would travel in the clear (the operator may allow it by webhook_allow_http).",
                );
            }
            _ => return Err("The URL must begin with https://."),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(
                "The URL must not hold a name or a password: every delivery is signed instead.",
            );
        }
        if url.fragment().is_some() {
            return Err("The URL must not have a fragment: nobody would be sent it.");
        }
        let port = url.port_or_known_default().unwrap_or(0);
        if port < FIRST_FREE_PORT && !WEB_PORTS.contains(&port) {
            return Err("The URL's port must be 80, 443, or 1024 and above.");
        }
        let (host, is_refused) = match url.host() {
            Some(Host::Domain(name)) => (name.to_owned(), is_local_name(name)),
            Some(Host::Ipv4(address)) => (address.to_string(), refusal(address.into()).is_some()),
            Some(Host::Ipv6(address)) => (address.to_string(), refusal(address.into()).is_some()),
            None => return Err("The URL names no host."),
        };
        if is_refused && !rules.allow_private {
            return Err(
                "The URL leads into a private network, which is not allowed (the operator may allow it by webhook_allow_private).",
            );
        }
        let authority = match (url.host_str(), url.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (Some(host), None) => host.to_owned(),
            (None, _) => return Err("The URL names no host."),
        };
        let target = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        Ok(Self {
            url: url.as_str().into(),
            host: host.into(),
            port,
            is_tls,
            authority: authority.into(),
            target: target.into(),
        })
    }

    /// The URL as it was given.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

/// Whether a name stands for this machine wherever it is resolved.
fn is_local_name(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    const STRICT: Rules = Rules {
        allow_private: false,
        allow_http: false,
    };

    #[test]
    fn a_url_is_taken_or_refused_by_the_rules() {
        let check = |text: &str, rules: Rules, expected: bool| {
            let taken = Endpoint::parse(text, rules);
            assert_eq!(taken.is_ok(), expected, "{text}: {taken:?}");
        };
        let open = Rules {
            allow_private: true,
            ..STRICT
        };
        let clear = Rules {
            allow_http: true,
            ..STRICT
        };
        for (text, strict, clear_only, private) in [
            ("https://example.org/hook", true, true, true),
            ("https://example.org:8443/hook?key=1", true, true, true),
            ("https://1.1.1.1/", true, true, true),
            ("https://[2606:4700:4700::1111]/", true, true, true),
            ("http://example.org/hook", false, true, true),
            ("http://example.org:8080", false, true, true),
            ("https://localhost/", false, false, true),
            ("https://api.localhost./", false, false, true),
            ("https://127.0.0.1/", false, false, true),
            ("http://127.0.0.1:8080/", false, false, true),
            // Other spellings of loopback.
            ("https://0x7f.1/", false, false, true),
            ("https://2130706433/", false, false, true),
            ("https://127.1/", false, false, true),
            ("https://[::1]/", false, false, true),
            ("https://[::ffff:10.0.0.1]/", false, false, true),
            ("https://169.254.169.254/latest", false, false, true),
            ("https://example.org:25/", false, false, false),
            ("https://example.org:0/", false, false, false),
            ("https://user@example.org/", false, false, false),
            ("https://user:pass@example.org/", false, false, false),
            ("https://:pass@example.org/", false, false, false),
            ("https://example.org/#part", false, false, false),
            ("ftp://example.org/", false, false, false),
            ("file:///etc/passwd", false, false, false),
            ("example.org", false, false, false),
            ("//example.org", false, false, false),
            ("https://", false, false, false),
            ("", false, false, false),
        ] {
            check(text, STRICT, strict);
            check(text, clear, clear_only);
            check(text, open, private);
        }
        let long = format!("https://example.org/{}", "x".repeat(LONGEST));
        check(&long, open, false);
    }

    #[test]
    fn host_and_target_are_as_they_are_sent() {
        let endpoint = Endpoint::parse("https://Example.org:8443/a%20b?c=d", STRICT).unwrap();
        assert_eq!(&*endpoint.authority, "example.org:8443");
        assert_eq!(&*endpoint.target, "/a%20b?c=d");
        let endpoint = Endpoint::parse("https://[2606:4700::1]", STRICT).unwrap();
        assert_eq!(&*endpoint.authority, "[2606:4700::1]");
        assert_eq!(
            (&*endpoint.host, endpoint.port, &*endpoint.target),
            ("2606:4700::1", 443, "/")
        );
    }
}
