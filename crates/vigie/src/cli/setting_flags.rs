//! One flag for each setting of the server, derived from its table, so that a setting cannot lack its flag.
//!
//! The texts are handed on unread: the server reads flags, variables and files by the same rules.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Args, Command, Error, FromArgMatches, value_parser};
use vigie_server::config::{GROUPS, Setting, Sources, all};

/// What the command line says about settings.
#[derive(Debug, Clone, Default)]
pub(crate) struct SettingFlags {
    file: Option<PathBuf>,
    texts: Vec<(&'static str, String)>,
}

impl SettingFlags {
    /// These flags over this process's environment.
    pub(crate) fn into_sources(self) -> Sources {
        Sources::of_process(self.texts, self.file)
    }
}

/// The flag of the file; the one flag that is no setting.
const FILE: &str = "config";

/// The group whose flags the short help shows.
const FIRST_GROUP: &str = "Server";

impl Args for SettingFlags {
    fn augment_args(command: Command) -> Command {
        let file = Arg::new(FILE)
            .long(FILE)
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .help(format!(
                "Read settings from a TOML file [env: {}]",
                Sources::FILE_VARIABLE
            ));
        GROUPS.iter().fold(command.arg(file), |command, group| {
            let flags = group.settings.iter().filter_map(flag);
            command.args(flags.map(|flag| {
                flag.help_heading(group.title)
                    .hide_short_help(group.title != FIRST_GROUP)
            }))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn flag(setting: &Setting) -> Option<Arg> {
    let mut help = setting.doc.trim_end_matches('.').to_owned();
    if !setting.default.is_empty() {
        help.push_str(&format!(" [default: {}]", setting.default));
    }
    help.push_str(&format!(" [env: {}]", setting.variable()));
    // The unit of a list ends in ", comma-separated".
    let kind = setting.unit().split(',').next()?;
    let value = kind.to_ascii_uppercase().replace(' ', "-");
    Some(
        Arg::new(setting.name)
            .long(setting.flag()?)
            .value_name(value)
            .help(help),
    )
}

impl FromArgMatches for SettingFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.file = matches.get_one(FILE).cloned();
        let given = |setting: &'static Setting| {
            setting.flag()?;
            Some((
                setting.name,
                matches.get_one::<String>(setting.name)?.clone(),
            ))
        };
        self.texts = all().filter_map(given).collect();
        Ok(())
    }
}
