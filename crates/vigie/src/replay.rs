//! `vigie replay`: a recorded day of presence, played through real connections and scored.
//!
//! In: a trace file and a running server. Out: a report of which edges a watcher was told.
//!
//! ```text
//! trace ─► plan ─► player: one connection per session ─► server ─► watcher
//!                     └────── edges expected ──► score ◄── edges told ──┘ ─► report
//! ```
//!
//! Only the public wire is spoken. What was created on the server is removed at the end.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::Usage;
use crate::output;

use crate::credentials::Credentials;
pub(crate) use args::ReplayArgs;
use plan::{Endings, Plan, Window};
use player::{Pace, Player};
use report::{Report, Setting};
use stage::Stage;
use watcher::Watcher;

mod args;
mod gaps;
mod plan;
mod player;
mod report;
mod score;
mod stage;
mod trace;
mod watcher;

/// Plays the trace and prints the report.
///
/// # Errors
/// When the server cannot be reached, refuses a call, or drops the watcher.
pub(crate) async fn run(args: ReplayArgs) -> anyhow::Result<ExitCode> {
    let report = match Box::pin(perform(&args)).await {
        Ok(report) => report,
        // What the trace or a flag asks for cannot be played.
        Err(error) if error.is::<Usage>() => {
            output::failure(&error);
            return Ok(ExitCode::from(2));
        }
        Err(error) => return Err(error),
    };
    output::data(&if args.json {
        report.json()
    } else {
        report.table()
    })?;
    Ok(if report.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn perform(args: &ReplayArgs) -> anyhow::Result<Report> {
    let plan = read_plan(args)?;
    let credentials = Credentials::find(args.api_key.as_deref(), &args.data_dir)?;
    let stage = Stage::new(&args.url, &credentials, &plan);
    let outcome = tokio::select! {
        outcome = play(args, plan, &credentials, &stage) => outcome,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
    };
    if !args.keep {
        // A stage that cannot be cleared is worth a word, and no reason to hide the report.
        if let Err(error) = stage.clear().await {
            output::note(&format!("warning: {error:#}"));
        }
    }
    outcome
}

fn read_plan(args: &ReplayArgs) -> anyhow::Result<Plan> {
    let gaps = args.gaps.as_deref().map(gaps::read).transpose()?;
    let window = Window {
        from: args.from,
        to: args.to,
    };
    let endings = Endings {
        abrupt_share: args.abrupt,
        seed: args.seed,
    };
    let plan = plan::make(
        trace::read(&args.trace)?,
        window,
        &gaps.unwrap_or_default(),
        endings,
    )?;
    // The watcher is a member too.
    let members = plan.people.len() + 1;
    if members > args.audience_limit {
        return Err(Usage(format!(
            "{members} members in this window, but an audience holds {}: choose a shorter window, \
             or raise the server's audience limit and --audience-limit",
            args.audience_limit
        ))
        .into());
    }
    Ok(plan)
}

async fn play(
    args: &ReplayArgs,
    plan: Plan,
    credentials: &Credentials,
    stage: &Stage,
) -> anyhow::Result<Report> {
    stage.set().await?;
    // Longer than the play, whatever the settle rule adds to it.
    let lifetime = plan.span().div_f64(args.speed) * 2 + Duration::from_secs(3600);
    let score = score::Shared::new(plan.people.len());
    let bar = progress_bar(plan.steps() as u64);
    let watcher = Watcher::connect(
        &args.url,
        credentials.signer.token(&stage.watcher, lifetime)?,
        &stage.watcher,
        &stage.people,
        score.clone(),
        args.losses,
    )
    .await?;
    let player = Player {
        url: args.url.clone(),
        score: score.clone(),
        bar: bar.clone(),
        pace: Pace {
            from: plan.from,
            speed: args.speed,
            settle: args.settle,
            connecting: usize::from(args.connecting),
        },
    };
    let setting = Setting::of(&args.trace, &plan, args.speed);
    let tokens = stage
        .people
        .iter()
        .map(|id| credentials.signer.token(id, lifetime))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let played = tokio::select! {
        played = player.play(&plan, tokens) => played,
        end = watcher.listen() => anyhow::bail!("the watcher lost its connection: {end}"),
    };
    bar.finish_and_clear();
    let (ledger, troubles) = score.close();
    // Only now may the people leave: what they are told from here on is not judged.
    let took = played.took;
    played.leave().await;
    Ok(Report::new(setting, &plan.people, &ledger, troubles, took))
}

fn progress_bar(steps: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(steps);
    if let Ok(style) =
        ProgressStyle::with_template("{bar:30} {pos}/{len} events  {elapsed_precise}  {msg}")
    {
        bar.set_style(style);
    }
    bar
}
