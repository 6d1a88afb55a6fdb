//! Lays the sources over each other: flags > environment > file > defaults, and remembers where each value came from.
//!
//! In one source a setting's own name beats the names it is known as from elsewhere.
//! An empty text means "not set", except for secrets, where it is refused: an empty secret is a mistake worth stopping for.

use std::collections::{BTreeMap, BTreeSet};

use super::problem::{ConfigError, Problem};
use super::setting::Setting;
use super::source::{Source, Sources};
use super::{Config, LogFormat, check, file, settings};

/// A configuration that can be used.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The values in force.
    pub config: Config,
    /// Where each setting's value came from, in the order of the table.
    pub sources: Vec<(&'static Setting, Source)>,
    /// What was noticed and does not prevent a start.
    pub warnings: Vec<String>,
}

/// Reads, lays over and checks everything.
///
/// # Errors
/// Every problem found, all at once.
pub fn load(sources: &Sources) -> Result<Loaded, ConfigError> {
    let mut problems = Vec::new();
    let file = match &sources.file {
        Some(path) => file::read(path, &mut problems),
        None => BTreeMap::new(),
    };
    let mut config = Config::blank();
    let mut origins = Vec::new();
    let mut unread = BTreeSet::new();
    for setting in settings::all() {
        let (text, source) = choose(setting, sources, &file, &mut problems);
        let default = setting
            .default
            .replace("{data_dir}", &config.data_dir.display().to_string());
        let read = (setting.field.set)(&mut config, text.as_deref().unwrap_or(&default));
        let is_unset = text.is_none() && default.is_empty();
        if let (Err(reason), false) = (read, is_unset) {
            unread.insert(setting.name);
            problems.push(Problem::Value {
                setting: setting.name,
                source: source.clone(),
                reason,
            });
        } else if setting.positive && (setting.field.is_zero)(&config) {
            unread.insert(setting.name);
            let reason = "must be more than zero".to_owned();
            problems.push(Problem::Value {
                setting: setting.name,
                source: source.clone(),
                reason,
            });
        }
        origins.push((setting, source));
    }
    let loaded = Loaded {
        warnings: warnings(sources),
        config,
        sources: origins,
    };
    problems.extend(check::problems(&loaded, &unread));
    if problems.is_empty() {
        Ok(loaded)
    } else {
        Err(ConfigError { problems })
    }
}

impl Loaded {
    /// A setting's value as printed, and its source.
    pub(super) fn shown(&self, name: &str) -> (String, Source) {
        let found = self
            .sources
            .iter()
            .find(|(setting, _)| setting.name == name);
        found.map_or_else(
            || (String::new(), Source::Default),
            |(setting, source)| ((setting.field.show)(&self.config), source.clone()),
        )
    }
}

/// The two settings that every command needs, read without looking at the others.
///
/// # Errors
/// When one of them cannot be read.
pub fn logging(sources: &Sources) -> Result<(LogFormat, String), ConfigError> {
    let mut problems = Vec::new();
    let mut config = Config::blank();
    for setting in settings::all().filter(|setting| setting.name.starts_with("log_")) {
        let (text, source) = choose(setting, sources, &BTreeMap::new(), &mut problems);
        if let Err(reason) =
            (setting.field.set)(&mut config, text.as_deref().unwrap_or(setting.default))
        {
            problems.push(Problem::Value {
                setting: setting.name,
                source,
                reason,
            });
        }
    }
    if problems.is_empty() {
        Ok((config.log_format, config.log_filter))
    } else {
        Err(ConfigError { problems })
    }
}

/// The text in force for a setting, from the strongest source that has one.
fn choose(
    setting: &Setting,
    sources: &Sources,
    file: &BTreeMap<String, String>,
    problems: &mut Vec<Problem>,
) -> (Option<String>, Source) {
    let is_given = |text: &str| setting.is_secret || !text.is_empty();
    let flag = sources
        .flags
        .iter()
        .rev()
        .find(|(name, text)| *name == setting.name && is_given(text));
    if let (Some((_, text)), Some(flag)) = (flag, setting.flag()) {
        return (Some(text.clone()), Source::Flag(format!("--{flag}")));
    }
    for (name, reading) in setting.variables() {
        let Some(value) = sources.environment.get(&name) else {
            continue;
        };
        let Some(text) = value.to_str() else {
            let reason = "is not UTF-8 text".to_owned();
            problems.push(Problem::Value {
                setting: setting.name,
                source: Source::Environment(name),
                reason,
            });
            continue;
        };
        if is_given(text) {
            return (Some(reading.translate(text)), Source::Environment(name));
        }
    }
    match (file.get(setting.name), &sources.file) {
        (Some(text), Some(path)) if is_given(text) => {
            (Some(text.clone()), Source::File(path.display().to_string()))
        }
        _ => (None, Source::Default),
    }
}

/// Variables that look like ours and are not, and known names that are overruled by our own.
fn warnings(sources: &Sources) -> Vec<String> {
    let known: BTreeSet<String> = settings::all()
        .flat_map(|setting| setting.variables().map(|(name, _)| name))
        .collect();
    let unknown = sources
        .environment
        .keys()
        .filter(|name| {
            name.starts_with("VIGIE_") && *name != Sources::FILE_VARIABLE && !known.contains(*name)
        })
        .map(|name| {
            format!("{name} is not a setting, and ignored; `vigie config` lists every one")
        });
    let overruled = settings::all().filter_map(|setting| {
        let mut present = setting
            .variables()
            .map(|(name, _)| name)
            .filter(|name| sources.environment.contains_key(name));
        let (first, second) = (present.next()?, present.next()?);
        Some(format!("{second} is ignored, because {first} is set"))
    });
    unknown.chain(overruled).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::ffi::OsString;
    use std::time::Duration;

    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Sources {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), OsString::from(*value));
        Sources {
            environment: variables.iter().map(pair).collect(),
            ..Sources::default()
        }
    }

    #[test]
    fn defaults_can_be_used_and_equal_the_engines() {
        let loaded = load(&Sources::default()).unwrap();
        assert_eq!(loaded.config.rules, vigie_core::Rules::default());
        assert!(loaded.config.is_development());
        assert_eq!(loaded.config.database.url(), "sqlite:vigie-data/vigie.db");
        assert!(
            loaded
                .sources
                .iter()
                .all(|(_, source)| *source == Source::Default)
        );
        for (setting, _) in &loaded.sources {
            let shown = (setting.field.show)(&loaded.config);
            assert_eq!(
                shown,
                setting.default.replace("{data_dir}", "vigie-data"),
                "{}",
                setting.name
            );
        }
    }

    #[test]
    fn flags_beat_the_environment_which_beats_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vigie.toml");
        std::fs::write(
            &path,
            "grace = \"1s\"\nleave_guard = \"1s\"\naway_after = \"100s\"\n",
        )
        .unwrap();
        let mut sources = environment(&[
            ("VIGIE_GRACE", "2s"),
            ("VIGIE_LEAVE_GUARD", "2s"),
            ("VIGIE_AWAY_AFTER", ""),
        ]);
        sources.flags = vec![("grace", "3s".to_owned())];
        sources.file = Some(path);
        let loaded = load(&sources).unwrap();
        let check = |name: &str, value: &str, kind: &str| {
            let (shown, source) = loaded.shown(name);
            assert_eq!((shown.as_str(), source.kind()), (value, kind), "{name}");
        };
        check("grace", "3s", "flag");
        check("leave_guard", "2s", "environment");
        check("away_after", "100s", "file");
        check("offline_after", "5m", "default");
    }

    #[test]
    fn names_from_elsewhere_keep_working() {
        let check = |variable: &str, text: &str, setting: &str, expected: &str| {
            let loaded = load(&environment(&[(variable, text)])).unwrap();
            let (shown, source) = loaded.shown(setting);
            assert_eq!(shown, expected, "{variable}");
            assert_eq!(source, Source::Environment(variable.to_owned()));
            assert_eq!(loaded.warnings, [""; 0]);
        };
        check("PORT", "4000", "listen", "127.0.0.1:4000");
        check(
            "JWT_SECRET",
            "0123456789abcdef0123456789abcdef",
            "jwt_secret",
            "(hidden)",
        );
        check("DATABASE_URL", "sqlite:a.db", "database_url", "sqlite:a.db");
        check(
            "CORS_ORIGINS",
            "https://a.example.org",
            "cors_origins",
            "https://a.example.org",
        );
        check("OFFLINE_THRESHOLD_MINUTES", "10", "offline_after", "10m");
        check("THROTTLE_INTERVAL_MS", "30000", "throttle_interval", "30s");
        check(
            "CACHE_CLEANUP_INTERVAL_MS",
            "60000",
            "cache_cleanup_interval",
            "1m",
        );
        check("CACHE_MAX_AGE_MS", "900000", "cache_max_age", "15m");
    }

    #[test]
    fn every_problem_is_reported_at_once_with_its_source() {
        let error = load(&environment(&[
            ("VIGIE_GRACE", "4"),
            ("REDIS_URL", "redis://127.0.0.1"),
            ("JWT_SECRET", "short"),
            ("CORS_ORIGINS", "*"),
            ("PORT", "http"),
            ("VIGIE_FLUSH_INTERVAL", "0s"),
        ]))
        .unwrap_err();
        assert_eq!(error.problems.len(), 6, "{error}");
        for name in [
            "VIGIE_GRACE",
            "REDIS_URL",
            "JWT_SECRET",
            "CORS_ORIGINS",
            "PORT",
            "VIGIE_FLUSH_INTERVAL",
        ] {
            assert!(error.to_string().contains(name), "{name}: {error}");
        }
    }

    #[test]
    fn an_empty_secret_is_not_an_absent_one() {
        assert!(load(&environment(&[("JWT_SECRET", "")])).is_err());
        assert!(load(&environment(&[("VIGIE_API_KEY", "")])).is_err());
    }

    #[test]
    fn files_are_read_strictly() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vigie.toml");
        let check = |text: &str, expected: Result<&str, &str>| {
            std::fs::write(&path, text).unwrap();
            let loaded = load(&Sources {
                file: Some(path.clone()),
                ..Sources::default()
            });
            match (loaded, expected) {
                (Ok(loaded), Ok(name)) => assert_eq!(loaded.shown(name).1.kind(), "file", "{text}"),
                (Err(error), Err(part)) => {
                    assert!(error.to_string().contains(part), "{text}: {error}")
                }
                (Ok(_), Err(part)) => panic!("{text} was accepted in spite of {part}"),
                (Err(error), Ok(_)) => panic!("{text}: {error}"),
            }
        };
        check("grace = \"2s\"", Ok("grace"));
        check("audience_limit = 20_000", Ok("audience_limit"));
        check(
            "[identity]\nauto_provision = false",
            Ok("identity.auto_provision"),
        );
        check("api_key = [\"one\", \"two\"]", Ok("api_key"));
        check("grce = \"2s\"", Err("`grce` is not a setting"));
        check("grace = 2", Err("is not a duration"));
        check("grace = 2.5", Err("`grace` has a type"));
        check("grace", Err("is not TOML"));
        let missing = load(&Sources {
            file: Some(folder.path().join("absent.toml")),
            ..Sources::default()
        });
        assert!(missing.unwrap_err().to_string().contains("absent.toml"));
    }

    #[test]
    fn misspelt_and_overruled_variables_are_warned_of() {
        let loaded = load(&environment(&[
            ("VIGIE_GRCE", "2s"),
            ("PORT", "1"),
            ("VIGIE_LISTEN", "127.0.0.1:2"),
        ]))
        .unwrap();
        assert_eq!(loaded.config.listen.port(), 2);
        assert_eq!(loaded.warnings.len(), 2, "{:?}", loaded.warnings);
        assert!(loaded.warnings[0].contains("VIGIE_GRCE"));
        assert!(loaded.warnings[1].contains("PORT is ignored"));
    }

    #[test]
    fn a_flag_given_twice_counts_once_the_last_time() {
        let flags = vec![("grace", "1s".to_owned()), ("grace", "2s".to_owned())];
        let loaded = load(&Sources {
            flags,
            ..Sources::default()
        })
        .unwrap();
        assert_eq!(loaded.config.rules.grace, Duration::from_secs(2));
    }
}
