//! `vigie check`: whether a running server does what it should, seen from the outside.
//!
//! In: its address, an API key, and the secret that signs tokens. Out: what was found, step by step, and an exit code.
//!
//! ```text
//! args ─► credentials ─► stage: two people, a conversation, a guest
//!                          └─► course: the steps ─► report ─► table or JSON
//! ```
//!
//! Only the public wire is spoken, and nobody but the check's own people is touched.
//! What was created is removed at the end, also after a failure or an interruption.

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::signal::unix::{SignalKind, signal};

use crate::credentials::{Signer, find_api_key};
use crate::output;

pub(crate) use args::CheckArgs;
use course::{Course, Doors};
use finding::{Omission, Seen};
use report::Report;
use site::Site;
use stage::Stage;

mod access;
mod args;
mod arrivals;
mod course;
mod endpoints;
mod finding;
mod guest;
mod losses;
mod reload;
mod report;
mod samples;
mod site;
mod stage;
mod throttle;
mod watcher;

/// Nothing was checked.
const NOT_CHECKED: u8 = 2;

/// Checks the server and prints the report.
///
/// # Errors
/// When the report cannot be printed.
pub(crate) async fn run(args: CheckArgs) -> anyhow::Result<ExitCode> {
    let mut report = match Box::pin(perform(&args)).await {
        Ok(report) => report,
        Err(error) => {
            if args.json {
                let nothing = serde_json::json!({
                    "url": args.url,
                    "verdict": "unchecked",
                    "error": format!("{error:#}"),
                });
                output::data(&serde_json::to_string_pretty(&nothing)?)?;
            }
            output::failure(&error);
            return Ok(ExitCode::from(NOT_CHECKED));
        }
    };
    report.end();
    let text = if args.json {
        report.json()?
    } else {
        report.table(wants_colour())
    };
    output::data(&text)?;
    Ok(report.exit_code())
}

/// # Errors
/// When nothing answers, or the check is interrupted.
async fn perform(args: &CheckArgs) -> anyhow::Result<Report> {
    let site = Site::new(&args.url, args.ops_url.as_deref(), args.timeout);
    site.reach().await?;
    let words = |error: anyhow::Error| format!("{error:#}");
    let doors = Doors {
        api_key: find_api_key(args.api_key.as_deref(), &args.data_dir).map_err(words),
        signer: Signer::find(&args.data_dir).map_err(words),
    };
    let stage = match (&doors.api_key, &doors.signer) {
        (Ok(key), Ok(signer)) => Some(Stage::new(&site, site.service(key.expose()), signer)),
        (Err(_), _) | (_, Err(_)) => None,
    };
    let progress = spinner();
    let mut report = Report::begin(&args.url, progress.clone());
    let course = Course {
        site: &site,
        doors: &doors,
        stage: stage.as_ref(),
        is_destructive: args.destructive,
        progress,
    };
    let is_interrupted = tokio::select! {
        () = Box::pin(course.run(&mut report)) => false,
        () = interruption() => true,
    };
    let begun = stage.as_ref().filter(|stage| stage.has_begun());
    if let Some(stage) = begun {
        let removed = report.step("removal", async {
            stage.clear().await?;
            Ok((Seen::from("everything that was created is gone"), ()))
        });
        removed.await;
    } else {
        report.skip(["removal"], &Omission::NotAsked("nobody was created"));
    }
    anyhow::ensure!(!is_interrupted, "interrupted");
    Ok(report)
}

/// Ctrl-C, or the SIGTERM of whoever runs us.
async fn interruption() {
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => _ = terminate.recv().await,
            // Without a handler the signal ends the process as ever.
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}

fn spinner() -> ProgressBar {
    /// Fast enough to look alive.
    const TICK: Duration = Duration::from_millis(120);
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let spinner = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed_precise}  {msg}") {
        spinner.set_style(style);
    }
    spinner.enable_steady_tick(TICK);
    spinner
}

fn wants_colour() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
