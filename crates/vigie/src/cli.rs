//! The command line: commands, flags and the help that teaches them.
//!
//! Flags of the server's settings are derived from the table of settings, see [`SettingFlags`].

mod setting_flags;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use vigie_server::auth::{PrincipalId, Role};
use vigie_server::config::parse_duration;

use crate::check::CheckArgs;
use crate::replay::ReplayArgs;
pub(crate) use setting_flags::SettingFlags;

/// Presence server: who is here, since when, and who may know.
#[derive(Debug, Parser)]
#[command(name = "vigie", version, after_help = EXAMPLES)]
pub(crate) struct Cli {
    /// What to do; `serve` when nothing is said.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

const EXAMPLES: &str = "\
Examples:
  vigie                                 serve on 127.0.0.1:3000 for development
  JWT_SECRET=… vigie serve --listen 0.0.0.0:3000
  vigie token --user alice              a token to try it with
  vigie check                           is the running server right?
  vigie config                          what is in force, and where it came from

Flags beat VIGIE_* variables, which beat the file named by --config, which beats defaults.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server (the default command)
    Serve(ServeArgs),
    /// Sign a token for a user, and print it
    Token(TokenArgs),
    /// Print the settings in force and where each came from
    Config(ConfigArgs),
    /// Test a running server from the outside, as after a deploy
    Check(CheckArgs),
    /// Play a recorded trace against a running server, and score what a watcher is told
    Replay(ReplayArgs),
    /// Print a completion script for a shell
    #[command(
        after_help = "Example:\n  vigie completions bash > ~/.local/share/bash-completion/completions/vigie"
    )]
    Completions {
        /// The shell
        shell: Shell,
    },
}

#[derive(Debug, Default, Args)]
#[command(after_help = SERVE_NOTES)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) settings: SettingFlags,
}

const SERVE_NOTES: &str = "\
Without JWT_SECRET the server runs in development mode: it listens on loopback only, makes a secret of its own and prints a ready-made token.

Secrets have no flags, because a command line is visible to everyone on the machine: set JWT_SECRET and VIGIE_API_KEY, or write them into the file.

SIGTERM and Ctrl-C stop it: it accepts nothing new, keeps what must survive, and closes connections so that clients come back to its successor.";

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  vigie token --user alice\n  TOKEN=$(vigie token --user alice --role ADMIN --ttl 24h)\n  curl -H \"Authorization: Bearer $TOKEN\" http://127.0.0.1:3000/api/conversations\n\nOnly the token is printed. It is signed with JWT_SECRET, else with the secret of development mode."
)]
pub(crate) struct TokenArgs {
    /// Whose token it is
    #[arg(long, value_name = "ID", value_parser = PrincipalId::user)]
    pub(crate) user: PrincipalId,

    /// What the user may do: USER, ADMIN, MODERATOR, AUDIT, ANALYST or BIGBOSS
    #[arg(long, value_name = "ROLE")]
    pub(crate) role: Option<Role>,

    /// What people call the user
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// How long the token is good for
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = parse_duration)]
    pub(crate) ttl: Duration,

    /// Read settings from a TOML file
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// The folder in which the server keeps the secret of development mode
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<String>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "The text that it prints is itself a configuration file:\n  vigie config > vigie.toml\n\nExit code: 2 when settings contradict each other; every contradiction is listed."
)]
pub(crate) struct ConfigArgs {
    /// Print JSON: value, kind of source and its name by setting
    #[arg(long, conflicts_with = "markdown")]
    pub(crate) json: bool,

    /// Print the reference of all settings as Markdown
    #[arg(long)]
    pub(crate) markdown: bool,

    #[command(flatten)]
    pub(crate) settings: SettingFlags,
}

/// A flag that was read and cannot be used: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);
