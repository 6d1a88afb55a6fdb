//! Which store a database URL names.
//!
//! In: `sqlite:PATH` or `sqlite://PATH`, of which the path is taken as it stands, without decoding; or `postgres://…`.
//! Out: where to open what. Always true: an error never repeats more of the URL than its scheme or a file's path.

use std::path::PathBuf;

use crate::error::OpenError;

/// A store to open.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A database file.
    Sqlite(PathBuf),
    /// A database server; its URL is read by the driver.
    Postgres,
}

/// Reads a database URL.
pub(crate) fn parse(url: &str) -> Result<Target, OpenError> {
    let (scheme, rest) = url.split_once(':').unwrap_or((url, ""));
    if matches!(scheme, "postgres" | "postgresql") {
        return Ok(Target::Postgres);
    }
    if scheme != "sqlite" {
        return Err(OpenError::UnknownScheme {
            scheme: scheme.to_owned(),
        });
    }
    let path = rest.strip_prefix("//").unwrap_or(rest);
    let refused = |reason| OpenError::Path {
        path: path.to_owned(),
        reason,
    };
    if path.is_empty() {
        return Err(refused("it is empty"));
    }
    if path == ":memory:" {
        return Err(refused("a store in memory would survive nothing"));
    }
    if path.contains('?') {
        return Err(refused("parameters are not supported"));
    }
    if path.ends_with('/') {
        return Err(refused("it ends like a folder"));
    }
    Ok(Target::Sqlite(PathBuf::from(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_urls_name_a_file_and_nothing_else() {
        let check = |url: &str, expected: Option<&str>| {
            let path = match parse(url) {
                Ok(Target::Sqlite(path)) => Some(path),
                Ok(Target::Postgres) | Err(_) => None,
            };
            assert_eq!(path, expected.map(PathBuf::from), "{url}");
        };
        check("sqlite:vigie-data/vigie.db", Some("vigie-data/vigie.db"));
        check("sqlite:/var/lib/vigie.db", Some("/var/lib/vigie.db"));
        check("sqlite://vigie.db", Some("vigie.db"));
        check("sqlite:///var/lib/vigie.db", Some("/var/lib/vigie.db"));
        check("sqlite:", None);
        check("sqlite::memory:", None);
        check("sqlite:data/", None);
        check("sqlite:vigie.db?mode=memory", None);
        check("vigie.db", None);
        check("", None);
    }

    #[test]
    fn both_spellings_of_postgres_name_a_server() {
        for url in ["postgres://db/vigie", "postgresql://db/vigie"] {
            assert_eq!(parse(url).ok(), Some(Target::Postgres), "{url}");
        }
    }

    #[test]
    fn an_unknown_scheme_is_named_without_the_rest_of_the_url() {
        let text = parse("mysql://root:secret@db/vigie").map_err(|error| error.to_string());
        assert_eq!(
            text,
            Err("a database URL starts with sqlite: or postgres:; \
                 this one starts with \"mysql\""
                .to_owned())
        );
    }
}
