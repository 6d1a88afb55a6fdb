//! What may be asked for.

use clap::Parser;

use crate::row::Row;

/// Measures the budgets of Vigie: starts the release server, puts load on it, and prints what it needed.
///
/// Each row starts a fresh server in a temporary folder, on a free port of this machine, and makes its load from this process.
/// Each number is the median of several runs, with the lowest and the highest beside it.
/// A budget that is missed fails nothing: numbers depend on the machine, and on what else it does.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  cargo run --release -p vigie-bench
  cargo run --release -p vigie-bench -- request bulk-presence
  cargo run --release -p vigie-bench -- --json > numbers.json

The throttle check has a benchmark of its own: cargo bench -p vigie-core")]
pub(crate) struct Args {
    /// Rows to measure, in this order; all of them when none is named.
    #[arg(value_enum)]
    pub(crate) rows: Vec<Row>,

    /// Print one JSON array at the end instead of tables.
    #[arg(long)]
    pub(crate) json: bool,

    /// Measure the server that lies beside this program as it is, instead of building it first.
    #[arg(long)]
    pub(crate) no_build: bool,

    /// Be the bare route that requests are compared with.
    #[arg(long, hide = true)]
    pub(crate) serve_bare: bool,
}
