//! Where values come from: the sources of a configuration, and the one that a value was taken from.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

/// Where a configuration is read from.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Names of settings and the texts given for them on the command line.
    pub flags: Vec<(&'static str, String)>,
    /// Variables of the environment.
    pub environment: BTreeMap<String, OsString>,
    /// A TOML file.
    pub file: Option<PathBuf>,
}

impl Sources {
    /// The variable that names the file.
    pub const FILE_VARIABLE: &'static str = "VIGIE_CONFIG";

    /// The sources of this process: its environment, and what its command line said.
    #[must_use]
    pub fn of_process(flags: Vec<(&'static str, String)>, file: Option<PathBuf>) -> Self {
        let named = std::env::var_os(Self::FILE_VARIABLE).filter(|name| !name.is_empty());
        Self {
            flags,
            environment: std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
                .collect(),
            file: file.or_else(|| named.map(PathBuf::from)),
        }
    }
}

/// Where one value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The table of settings.
    Default,
    /// The file, by its path.
    File(String),
    /// A variable, by its name.
    Environment(String),
    /// A flag, with its dashes.
    Flag(String),
}

impl Source {
    /// The kind of source, as one word.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::File(_) => "file",
            Self::Environment(_) => "environment",
            Self::Flag(_) => "flag",
        }
    }

    /// The name of the file, variable or flag.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Default => None,
            Self::File(name) | Self::Environment(name) | Self::Flag(name) => Some(name),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => out.write_str("default"),
            Self::File(path) => write!(out, "file {path}"),
            Self::Environment(name) | Self::Flag(name) => out.write_str(name),
        }
    }
}
