//! The `vigie` command.
//!
//! ```text
//! arguments ─► cli ─► serve · token · show_config · check · replay · completions ─► output
//! ```
//!
//! Each command is a module; this file only chooses one and decides the exit code:
//! 0 for success (a reader that closed the pipe early included), 2 for what the person at the keyboard can correct (flags, configuration), 1 for the rest.

mod check;
mod cli;
mod credentials;
mod logging;
mod output;
mod replay;
mod serve;
mod show_config;
mod token;

use std::io;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use vigie_server::config::ConfigError;

use cli::{Cli, Command, ServeArgs};

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(code) => code,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::failure(&error);
            let is_correctable = error
                .chain()
                .any(|cause| cause.is::<ConfigError>() || cause.is::<cli::Usage>());
            if is_correctable {
                ExitCode::from(2)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli
        .command
        .unwrap_or_else(|| Command::Serve(ServeArgs::default()))
    {
        Command::Serve(args) => serve::run(args)?,
        Command::Token(args) => token::run(&args)?,
        Command::Config(args) => show_config::run(args)?,
        Command::Check(args) => return run_client(check::run(args)),
        Command::Replay(args) => return run_client(replay::run(args)),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "vigie", &mut script);
            output::data(&String::from_utf8(script)?)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs a command that talks to a server.
fn run_client(command: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    logging::start_from_environment()?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(command)
}

/// Whoever read our output has read enough, as `head` does.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let is_broken = |cause: &io::Error| cause.kind() == io::ErrorKind::BrokenPipe;
    error
        .chain()
        .any(|cause| cause.downcast_ref().is_some_and(is_broken))
}
