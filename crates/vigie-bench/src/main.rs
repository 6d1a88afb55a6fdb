//! `cargo run --release -p vigie-bench`: what the budgets are, and what the started server needs.
//!
//! In: names of rows, or none for all. Out: a table on standard output, or JSON.
//! Always true: the server is a process of its own, reached by its public wire; its time on a processor and its memory are what the kernel says of that process, so the load that this process makes is not counted.
//! Nothing here is a test: no number fails anything.

mod args;
mod bare;
mod finding;
mod output;
mod people;
mod process;
mod row;
mod rows;
mod server;
mod stage;

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::Context;
use clap::Parser;
use tracing_subscriber::EnvFilter;

use args::Args;
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
    let stage = Stage::set(args.no_build)?;
    let rows = if args.rows.is_empty() {
        Row::all()
    } else {
        args.rows
    };
    let mut findings = Vec::new();
    for row in rows {
        output::note(&format!("measuring {}", row.name()));
        let found = runtime
            .block_on(row.measure(&stage))
            .with_context(|| format!("{} could not be measured", row.name()))?;
        if !args.json {
            output::table(&found)?;
        }
        findings.extend(found);
    }
    if args.json {
        output::json(&findings)?;
    }
    Ok(())
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
