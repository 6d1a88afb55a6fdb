//! The secrets in use: those configured, and those the server makes for itself and keeps in its data folder.
//!
//! In: a [`Config`] and its data folder; out: a signing secret and at least one API key.
//! A made secret is written once, atomically, readable by its owner only; two processes that start together agree on one.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::{Config, Secret};

/// Random bytes of a made secret, written as twice as many hexadecimal digits.
const SECRET_BYTES: usize = 32;

/// What signs tokens, and what other services authenticate with.
#[derive(Debug, Clone)]
pub struct Keys {
    /// The HS256 key; at least 32 bytes.
    pub jwt_secret: Secret,
    /// API keys; never empty.
    pub api_keys: Vec<Secret>,
}

/// A made secret could not be kept or read.
#[derive(Debug, thiserror::Error)]
#[error("{path} cannot {verb}: {advice}")]
pub struct KeyFileError {
    path: String,
    verb: &'static str,
    advice: &'static str,
    #[source]
    source: io::Error,
}

impl Keys {
    /// The keys of a configuration; those that are not configured are read from the data folder, and made there first if need be.
    ///
    /// # Errors
    /// When a file of the data folder can be neither read nor made.
    pub fn open(config: &Config) -> Result<Self, KeyFileError> {
        let jwt_secret = match &config.jwt_secret {
            Some(secret) => secret.clone(),
            None => read_or_make(&Self::dev_secret_path(config))?,
        };
        let api_keys = if config.api_keys.is_empty() {
            vec![read_or_make(&Self::api_key_path(config))?]
        } else {
            config.api_keys.clone()
        };
        Ok(Self {
            jwt_secret,
            api_keys,
        })
    }

    /// Where the signing secret of development mode is kept.
    #[must_use]
    pub fn dev_secret_path(config: &Config) -> PathBuf {
        config.data_dir.join("dev-secret")
    }

    /// Where the made API key is kept.
    #[must_use]
    pub fn api_key_path(config: &Config) -> PathBuf {
        config.data_dir.join("api-key")
    }
}

fn read_or_make(path: &Path) -> Result<Secret, KeyFileError> {
    let fail = |verb, advice| {
        let path = path.display().to_string();
        move |source| KeyFileError {
            path,
            verb,
            advice,
            source,
        }
    };
    if !path.exists() {
        make(path).map_err(fail(
            "be written",
            "make its folder writable, or set data_dir to another one",
        ))?;
    }
    let text = read(path).map_err(fail(
        "be read",
        "make it readable for the server's user, or remove it to have a new one made",
    ))?;
    let secret = text.trim();
    if secret.len() < SECRET_BYTES {
        let short = io::Error::new(io::ErrorKind::InvalidData, "shorter than 32 bytes");
        return Err(fail("be used", "remove it to have a new one made")(short));
    }
    Ok(Secret::new(secret))
}

fn read(path: &Path) -> io::Result<String> {
    const OTHERS: u32 = 0o077;
    if fs::metadata(path)?.permissions().mode() & OTHERS != 0 {
        fs::set_permissions(path, Permissions::from_mode(0o600))?;
    }
    fs::read_to_string(path)
}

/// Writes a fresh secret beside `path` and links it there, which fails where another process was first: then theirs stands.
fn make(path: &Path) -> io::Result<()> {
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    let draft = path.with_extension(format!("draft-{}", random_hex::<8>()?));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    writeln!(file, "{}", random_hex::<SECRET_BYTES>()?)?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn random_hex<const BYTES: usize>() -> io::Result<String> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn config(folder: &Path) -> Config {
        Config {
            data_dir: folder.join("data"),
            ..Config::default()
        }
    }

    #[test]
    fn made_secrets_stay_the_same_and_belong_to_their_owner() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path());
        let first = Keys::open(&config).unwrap();
        let second = Keys::open(&config).unwrap();
        assert_eq!(first.jwt_secret, second.jwt_secret);
        assert_eq!(first.api_keys, second.api_keys);
        assert_ne!(first.jwt_secret, first.api_keys[0]);
        for path in [Keys::dev_secret_path(&config), Keys::api_key_path(&config)] {
            assert_eq!(
                fs::metadata(path).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
        assert_eq!(
            fs::read_dir(&config.data_dir).unwrap().count(),
            2,
            "no drafts are left"
        );
    }

    #[test]
    fn processes_that_start_together_agree() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path());
        let racers: Vec<_> = (0..8)
            .map(|number| {
                let config = Config {
                    data_dir: config.data_dir.clone(),
                    ..config.clone()
                };
                std::thread::Builder::new()
                    .name(number.to_string())
                    .spawn(move || Keys::open(&config).map(|keys| keys.jwt_secret))
                    .unwrap()
            })
            .collect();
        let secrets: Vec<_> = racers
            .into_iter()
            .map(|racer| racer.join().unwrap().unwrap())
            .collect();
        assert!(secrets.iter().all(|secret| *secret == secrets[0]));
    }

    #[test]
    fn configured_secrets_touch_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(folder.path());
        config.jwt_secret = Some(Secret::new(&"s".repeat(32)));
        config.api_keys = vec![Secret::new("key")];
        Keys::open(&config).unwrap();
        assert!(!config.data_dir.exists());
    }

    #[test]
    fn a_file_open_to_others_is_closed_and_a_truncated_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path());
        Keys::open(&config).unwrap();
        let path = Keys::dev_secret_path(&config);
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        Keys::open(&config).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        fs::write(&path, "short\n").unwrap();
        let error = Keys::open(&config).unwrap_err();
        assert!(error.to_string().contains("dev-secret"), "{error}");
    }
}
