//! `bench/run`: what the budgets are, and what the started server needs, beside a Node gateway and the least there could be.
//!
//! In: names of rows, or none for all. Out: a table on standard output, or JSON.
//! Always true: the server is a process of its own, reached by its public wire; its time on a processor and its memory are what the kernel says of that process, so the load that this process makes is not counted.
//! Nothing here is a test: no number fails anything.

mod args;
mod audience;
mod bare;
mod changes;
mod circle;
mod database;
mod exposition;
mod finding;
mod machine;
mod million;
mod node;
mod output;
mod people;
mod plain;
mod prober;
mod process;
mod report;
mod row;
mod rows;
mod server;
mod stage;
mod subject;

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::{Duration, Instant};

use clap::Parser;
use futures_util::future::join_all;
use serde_json::json;
use tracing_subscriber::EnvFilter;

use args::Args;
use machine::Machine;
use report::Report;
use row::Row;
use stage::Stage;

/// Set in the process that was started again with more open files.
const RAISED: &str = "VIGIE_BENCH_FILES_RAISED";

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    if std::env::var_os(RAISED).is_none() {
        return Err(restart_with_open_files());
    }
    let runtime = tokio::runtime::Runtime::new()?;
    if args.serve_bare {
        return runtime.block_on(bare::serve());
    }
    // What the client and the store have to say, when `RUST_LOG` asks for it.
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let stage = Stage::set(args.no_build, args.quick)?;
    runtime.block_on(measure(&stage, &args))
}

async fn measure(stage: &Stage, args: &Args) -> anyhow::Result<()> {
    let machine = Machine::look(stage);
    output::note(&machine.sentence());
    let rows = if args.rows.is_empty() {
        Row::all()
    } else {
        args.rows.clone()
    };
    let (patient, alone): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.is_patient());
    let began = Instant::now();
    let mut measured = Vec::new();
    for (number, row) in alone.iter().enumerate() {
        let left = alone[number..].iter().map(|row| row.duration(args.quick));
        tell_progress(
            &[*row],
            left.sum::<Duration>() + longest(&patient, args.quick),
        );
        measured.push((row.name(), row.report(stage).await));
        tell(&measured, args)?;
    }
    if !patient.is_empty() {
        tell_progress(&patient, longest(&patient, args.quick));
        let reports = patient.iter().map(|row| Box::pin(row.report(stage)));
        for (row, report) in patient.iter().zip(join_all(reports).await) {
            measured.push((row.name(), report));
            tell(&measured, args)?;
        }
    }
    output::note(&format!("measured in {}", spoken(began.elapsed())));
    if args.json {
        let rows: serde_json::Map<_, _> = measured
            .into_iter()
            .map(|(name, report)| Ok((name, serde_json::to_value(report)?)))
            .collect::<anyhow::Result<_>>()?;
        output::json(&json!({ "machine": machine, "quick": args.quick, "rows": rows }))?;
    }
    Ok(())
}

/// Prints the latest report, unless everything is wanted at the end.
fn tell(measured: &[(String, Report)], args: &Args) -> anyhow::Result<()> {
    match measured.last() {
        Some((name, report)) if !args.json => Ok(output::table(name, report)?),
        Some(_) | None => Ok(()),
    }
}

/// Which rows begin, and about how long all that is left takes.
fn tell_progress(rows: &[Row], left: Duration) {
    let names: Vec<_> = rows.iter().map(|row| row.name()).collect();
    let names = names.join(" and ");
    output::note(&format!("{names}; about {} left in all", spoken(left)));
}

fn longest(rows: &[Row], is_quick: bool) -> Duration {
    let durations = rows.iter().map(|row| row.duration(is_quick));
    durations.max().unwrap_or_default()
}

fn spoken(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 90 {
        format!("{seconds} s")
    } else {
        format!("{} min", (seconds + 30) / 60)
    }
}

/// Becomes this program again, in a shell that allows as many open files as it may; returns only when that failed.
fn restart_with_open_files() -> anyhow::Error {
    let Ok(program) = std::env::current_exe() else {
        return anyhow::anyhow!("this program cannot find itself");
    };
    Command::new("sh")
        .args(["-c", "ulimit -n \"$(ulimit -Hn)\"; exec \"$0\" \"$@\""])
        .arg(program)
        .args(std::env::args_os().skip(1))
        .env(RAISED, "1")
        .exec()
        .into()
}
