//! Settings with a shape of their own: the database's address, the origins of browsers, and choices between words.
//!
//! In: text; out: a value that can be used without another check.

use std::net::IpAddr;
use std::path::PathBuf;

use ipnet::IpNet;

use super::secret::{HIDDEN, Secret};
use super::value::Value;

/// Where the directory and the times are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// A file, created when missing.
    Sqlite(PathBuf),
    /// A PostgreSQL database, by its URL, which may hold a password.
    Postgres(Secret),
}

impl Database {
    /// The URL to open it by; of a server it may hold a password, so never print it.
    #[must_use]
    pub fn url(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite:{}", path.display()),
            Self::Postgres(url) => url.expose().to_owned(),
        }
    }
}

impl Value for Database {
    const UNIT: &'static str = "URL";

    fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(Secret::new(text)));
        }
        let path = text
            .strip_prefix("sqlite://")
            .or_else(|| text.strip_prefix("sqlite:"));
        match path {
            None | Some("") => Err(
                "is not a database: write sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/DATABASE"
                    .to_owned(),
            ),
            Some(":memory:") => {
                Err("would forget everyone at each start: write sqlite:PATH with a file".to_owned())
            }
            Some(path) => Ok(Self::Sqlite(PathBuf::from(path))),
        }
    }

    fn show(&self) -> String {
        match self {
            Self::Sqlite(_) => self.url(),
            Self::Postgres(url) => without_password(url.expose()),
        }
    }
}

/// A URL with its password covered, wherever it stands, and rather too much than too little of it.
fn without_password(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    // A password may hold anything; the last @ is the one that counts.
    let covered = match rest.rsplit_once('@') {
        Some((user, place)) => match user.split_once(':') {
            Some((user, _)) => format!("{scheme}://{user}:{HIDDEN}@{place}"),
            None => url.to_owned(),
        },
        None => url.to_owned(),
    };
    let Some((before, query)) = covered.split_once('?') else {
        return covered;
    };
    let pairs: Vec<_> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((key, _)) if key.contains("pass") => format!("{key}={HIDDEN}"),
            Some(_) | None => pair.to_owned(),
        })
        .collect();
    format!("{before}?{}", pairs.join("&"))
}

/// An origin of browsers, such as `https://chat.example.org`; never `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(Box<str>);

impl Origin {
    /// The origin as browsers send it, visible ASCII only.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Value for Vec<Origin> {
    const UNIT: &'static str = "origins, comma-separated";

    fn parse(text: &str) -> Result<Self, String> {
        text.split(',').map(str::trim).map(parse_origin).collect()
    }

    fn show(&self) -> String {
        let origins: Vec<&str> = self.iter().map(Origin::as_str).collect();
        origins.join(",")
    }
}

impl Value for Vec<IpNet> {
    const UNIT: &'static str = "addresses, comma-separated";

    fn parse(text: &str) -> Result<Self, String> {
        text.split(',').map(str::trim).map(parse_network).collect()
    }

    fn show(&self) -> String {
        let networks: Vec<String> = self.iter().map(IpNet::to_string).collect();
        networks.join(",")
    }
}

/// A network, or one address, which is the smallest.
fn parse_network(text: &str) -> Result<IpNet, String> {
    let one = || text.parse().map(|address: IpAddr| IpNet::from(address));
    text.parse().or_else(|_| one()).map_err(|_| {
        format!("holds `{text}`, which is no address: write IP or IP/PREFIX, such as 10.0.0.0/8")
    })
}

fn parse_origin(text: &str) -> Result<Origin, String> {
    if text == "*" {
        return Err("would let every web page act for its visitor: name each origin, such as https://chat.example.org".to_owned());
    }
    // Browsers send no trailing slash; people write one.
    let origin = text.strip_suffix('/').unwrap_or(text);
    let is_origin = origin.split_once("://").is_some_and(|(scheme, authority)| {
        !scheme.is_empty()
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
            && !authority.is_empty()
            && authority
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte))
    });
    if is_origin {
        Ok(Origin(origin.to_ascii_lowercase().into()))
    } else {
        Err(format!(
            "holds `{text}`, which is not an origin: write SCHEME://HOST or SCHEME://HOST:PORT, without a path"
        ))
    }
}

/// Who may use the maintenance routes without a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MaintenanceOpen {
    /// Nobody, outside development mode.
    #[default]
    Never,
    /// A peer on the same machine whose request passed no proxy and comes from no browser.
    Loopback,
}

impl Value for MaintenanceOpen {
    const UNIT: &'static str = "never or loopback";

    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "never" => Ok(Self::Never),
            "loopback" => Ok(Self::Loopback),
            _ => Err("is neither never nor loopback".to_owned()),
        }
    }

    fn show(&self) -> String {
        match self {
            Self::Never => "never".to_owned(),
            Self::Loopback => "loopback".to_owned(),
        }
    }
}

/// Whether the demo page is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Demo {
    /// In development mode only.
    #[default]
    Development,
    /// Always.
    On,
    /// Never.
    Off,
}

impl Value for Demo {
    const UNIT: &'static str = "on, off or development";

    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "development" => Ok(Self::Development),
            "on" => Ok(Self::On),
            "off" => Ok(Self::Off),
            _ => Err("is neither on, off nor development".to_owned()),
        }
    }

    fn show(&self) -> String {
        match self {
            Self::Development => "development".to_owned(),
            Self::On => "on".to_owned(),
            Self::Off => "off".to_owned(),
        }
    }
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for collectors.
    Json,
}

impl Value for LogFormat {
    const UNIT: &'static str = "text or json";

    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("is neither text nor json".to_owned()),
        }
    }

    fn show(&self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Json => "json".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_are_files_or_servers() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(
                Database::parse(text)
                    .ok()
                    .map(|found| found.show())
                    .as_deref(),
                expected,
                "{text}"
            );
        };
        check("sqlite:a/b.db", Some("sqlite:a/b.db"));
        check("sqlite:///srv/b.db", Some("sqlite:/srv/b.db"));
        check("sqlite:", None);
        check("sqlite::memory:", None);
        check(
            "postgres://localhost/vigie",
            Some("postgres://localhost/vigie"),
        );
        check("postgres:vigie", None);
        check("b.db", None);
    }

    #[test]
    fn a_password_is_covered_wherever_it_stands() {
        let check = |url: &str, shown: &str| {
            let database = Database::parse(url).unwrap_or(Database::Sqlite(PathBuf::new()));
            assert_eq!(database.show(), shown);
            assert_eq!(database.url(), url);
            assert!(!format!("{database:?}").contains("hunter2"));
        };
        check(
            "postgres://vigie:hunter2@db:5433/chat?sslmode=require",
            "postgres://vigie:(hidden)@db:5433/chat?sslmode=require",
        );
        check(
            "postgresql://vigie:hunter2@x@db/chat",
            "postgresql://vigie:(hidden)@db/chat",
        );
        check(
            "postgres://vigie:hunt/hunter2?@db/chat",
            "postgres://vigie:(hidden)@db/chat",
        );
        check(
            "postgres://db/chat?user=vigie&password=hunter2",
            "postgres://db/chat?user=vigie&password=(hidden)",
        );
    }

    #[test]
    fn origins_are_named_one_by_one() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(
                <Vec<Origin>>::parse(text)
                    .ok()
                    .map(|found| found.show())
                    .as_deref(),
                expected,
                "{text}"
            );
        };
        check("https://chat.example.org", Some("https://chat.example.org"));
        check(
            "https://Chat.example.org/",
            Some("https://chat.example.org"),
        );
        check(
            "http://localhost:8080, capacitor://localhost",
            Some("http://localhost:8080,capacitor://localhost"),
        );
        check("*", None);
        check("https://a.example.org,*", None);
        check("https://a.example.org/app", None);
        check("chat.example.org", None);
        check("null", None);
    }

    #[test]
    fn proxies_are_networks_or_single_addresses() {
        let check = |text: &str, expected: Option<&str>| {
            let shown = <Vec<IpNet>>::parse(text).ok().map(|found| found.show());
            assert_eq!(shown.as_deref(), expected, "{text}");
        };
        check("10.0.0.0/8", Some("10.0.0.0/8"));
        check("192.0.2.7, ::1", Some("192.0.2.7/32,::1/128"));
        check("10.0.0.0/33", None);
        check("proxy.example.org", None);
    }
}
