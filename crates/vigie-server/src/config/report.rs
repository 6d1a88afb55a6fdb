//! Shows a configuration: what is in force and where it came from, for people, for programs and for the documentation.
//!
//! Secrets never appear; the text for people is itself a valid configuration file.

use std::fmt::Write;

use super::keys::Keys;
use super::layers::Loaded;
use super::setting::Setting;
use super::settings::{GROUPS, Group};
use super::source::Source;

/// One setting in force.
#[derive(Debug, Clone)]
pub struct Row {
    /// The setting.
    pub setting: &'static Setting,
    /// Its value as a person would write it; `None` when there is none, `(hidden)` for secrets.
    pub value: Option<String>,
    /// Where it came from.
    pub source: Source,
}

/// Every setting in force, in the order of the table.
#[must_use]
pub fn rows(loaded: &Loaded) -> Vec<Row> {
    let row = |(setting, source): &(&'static Setting, Source)| {
        let value = Some((setting.field.show)(&loaded.config)).filter(|text| !text.is_empty());
        Row {
            setting,
            value,
            source: source.clone(),
        }
    };
    loaded.sources.iter().map(row).collect()
}

/// The configuration as a TOML file with the sources as comments.
#[must_use]
pub fn toml_text(loaded: &Loaded) -> String {
    let rows = rows(loaded);
    let mut text = String::new();
    if loaded.config.is_development() {
        text.push_str("# Development mode: no JWT_SECRET, loopback only.\n");
    }
    let mut rows = rows.iter();
    for group in GROUPS {
        let _ = writeln!(text, "\n# {}", group.title);
        for row in rows.by_ref().take(group.settings.len()) {
            let _ = writeln!(text, "{:<44} # {}", assignment(loaded, row), row.source);
        }
    }
    text.trim_start().to_owned()
}

fn assignment(loaded: &Loaded, row: &Row) -> String {
    let name = row.setting.name;
    match &row.value {
        Some(_) if row.setting.is_secret => format!("# {name} is set"),
        Some(value) if (row.setting.field.is_bare)(&loaded.config) => format!("{name} = {value}"),
        Some(value) => format!("{name} = {}", toml::Value::from(value.as_str())),
        None => match made_in(loaded, row.setting) {
            Some(path) => format!("# {name} is kept in {path}"),
            None => format!("# {name} is not set"),
        },
    }
}

/// The file of a secret that the server makes for itself.
fn made_in(loaded: &Loaded, setting: &Setting) -> Option<String> {
    let path = match setting.name {
        "jwt_secret" => Keys::dev_secret_path(&loaded.config),
        "api_key" => Keys::api_key_path(&loaded.config),
        _ => return None,
    };
    Some(path.display().to_string())
}

/// The reference part of the documentation.
#[must_use]
pub fn markdown() -> String {
    let mut text = String::new();
    for group in GROUPS {
        let _ = write!(text, "## {}\n\n{}\n", group.title, table(group));
    }
    text.trim_end().to_owned() + "\n"
}

fn table(group: &Group) -> String {
    let mut text =
        "| Setting | Default | Unit | Variables | Flag | What it is |\n|---|---|---|---|---|---|\n"
            .to_owned();
    for setting in group.settings {
        let known = setting
            .known_as
            .iter()
            .map(|(name, reading)| format!(", `{name}`{}", reading.note()));
        let default = match setting.default {
            "" => String::new(),
            default => format!("`{default}`"),
        };
        let flag = setting
            .flag()
            .map(|flag| format!("`--{flag}`"))
            .unwrap_or_default();
        let _ = writeln!(
            text,
            "| `{}` | {default} | {} | `{}`{} | {flag} | {} |",
            setting.name,
            setting.unit(),
            setting.variable(),
            known.collect::<String>(),
            setting.doc
        );
    }
    text
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::ffi::OsString;

    use super::*;
    use crate::config::{Sources, load};

    #[test]
    fn the_text_is_a_file_that_says_the_same_without_secrets() {
        let secret = "0123456789abcdef0123456789abcdef";
        let variables = [
            ("JWT_SECRET", secret),
            ("VIGIE_API_KEY", "key-one"),
            ("VIGIE_GRACE", "7s"),
            ("PORT", "4000"),
        ];
        let environment = variables
            .into_iter()
            .map(|(name, value)| (name.to_owned(), OsString::from(value)))
            .collect();
        let loaded = load(&Sources {
            environment,
            ..Sources::default()
        })
        .unwrap();
        let text = toml_text(&loaded);
        assert!(
            !text.contains(secret) && !text.contains("key-one"),
            "{text}"
        );

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vigie.toml");
        std::fs::write(&path, &text).unwrap();
        let again = load(&Sources {
            file: Some(path),
            ..Sources::default()
        })
        .unwrap();
        for (before, after) in rows(&loaded).iter().zip(rows(&again)) {
            if !before.setting.is_secret {
                assert_eq!(before.value, after.value, "{}", before.setting.name);
            }
        }
    }

    #[test]
    fn the_reference_lists_every_name_once() {
        let text = markdown();
        for setting in crate::config::all() {
            assert_eq!(
                text.matches(&format!("| `{}` |", setting.name)).count(),
                1,
                "{}",
                setting.name
            );
        }
    }
}
