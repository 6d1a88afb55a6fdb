//! One row of the table of settings: its names, its default, its meaning, and the field of [`Config`] that it fills.
//!
//! A row is the only place that knows a setting; flags, variables, the file, the report and the documentation are derived from it.

use super::Config;
use super::value::Value;

/// A setting of the server.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The name in the file and in messages, such as `throttle_interval`; a dot opens a table of the file.
    pub name: &'static str,
    /// The default as a person would write it; empty when there is none. `{data_dir}` stands for that setting.
    pub default: &'static str,
    /// One sentence for the help and the documentation.
    pub doc: &'static str,
    /// Variables known from elsewhere that mean the same.
    pub(super) known_as: &'static [(&'static str, Reading)],
    /// Never printed, and no flag: a command line is visible to everyone on the machine.
    pub is_secret: bool,
    /// Zero makes no sense.
    pub(super) positive: bool,
    pub(super) field: Field,
}

/// How the text of a variable known from elsewhere becomes the text of the setting.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reading {
    /// As it is.
    AsWritten,
    /// A port of the loopback interface.
    Port,
    /// A number of milliseconds.
    Millis,
    /// A number of minutes.
    Minutes,
}

impl Reading {
    pub(super) fn translate(self, text: &str) -> String {
        match self {
            Self::AsWritten => text.to_owned(),
            Self::Port => format!("127.0.0.1:{text}"),
            Self::Millis => format!("{text}ms"),
            Self::Minutes => format!("{text}m"),
        }
    }

    /// What the documentation says behind the variable's name.
    pub(super) const fn note(self) -> &'static str {
        match self {
            Self::AsWritten => "",
            Self::Port => " (port of 127.0.0.1)",
            Self::Millis => " (milliseconds)",
            Self::Minutes => " (minutes)",
        }
    }
}

/// The field of [`Config`] behind a setting.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) set: fn(&mut Config, &str) -> Result<(), String>,
    pub(super) show: fn(&Config) -> String,
    pub(super) is_zero: fn(&Config) -> bool,
    pub(super) is_bare: fn(&Config) -> bool,
    pub(super) unit: fn(&Config) -> &'static str,
}

pub(super) fn unit_of<V: Value>(_: &V) -> &'static str {
    V::UNIT
}

pub(super) fn is_bare<V: Value>(_: &V) -> bool {
    V::is_bare()
}

/// The [`Field`] at a path of [`Config`], such as `field!(rules.grace)`.
macro_rules! field {
    ($($path:tt)+) => {
        $crate::config::setting::Field {
            set: |config, text| {
                config.$($path)+ = $crate::config::value::Value::parse(text)?;
                Ok(())
            },
            show: |config| $crate::config::value::Value::show(&config.$($path)+),
            is_zero: |config| $crate::config::value::Value::is_zero(&config.$($path)+),
            is_bare: |config| $crate::config::setting::is_bare(&config.$($path)+),
            unit: |config| $crate::config::setting::unit_of(&config.$($path)+),
        }
    };
}
pub(super) use field;

impl Setting {
    pub(super) const fn new(
        name: &'static str,
        default: &'static str,
        field: Field,
        doc: &'static str,
    ) -> Self {
        Self {
            name,
            default,
            doc,
            known_as: &[],
            is_secret: false,
            positive: false,
            field,
        }
    }

    pub(super) const fn known_as(mut self, names: &'static [(&'static str, Reading)]) -> Self {
        self.known_as = names;
        self
    }

    pub(super) const fn secret(mut self) -> Self {
        self.is_secret = true;
        self
    }

    pub(super) const fn positive(mut self) -> Self {
        self.positive = true;
        self
    }

    /// The variable of the environment, such as `VIGIE_THROTTLE_INTERVAL`.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("VIGIE_{}", self.name.replace('.', "_").to_ascii_uppercase())
    }

    /// Every variable that is read, the strongest first.
    pub(super) fn variables(&self) -> impl Iterator<Item = (String, Reading)> {
        let known = self
            .known_as
            .iter()
            .map(|(name, reading)| ((*name).to_owned(), *reading));
        std::iter::once((self.variable(), Reading::AsWritten)).chain(known)
    }

    /// The flag without its dashes, such as `throttle-interval`; `None` for secrets.
    #[must_use]
    pub fn flag(&self) -> Option<String> {
        (!self.is_secret).then(|| self.name.replace(['.', '_'], "-"))
    }

    /// What kind of value it takes, such as `duration`.
    #[must_use]
    pub fn unit(&self) -> &'static str {
        (self.field.unit)(&Config::blank())
    }
}
