//! What may be asked for.

use clap::Parser;

use crate::row::Row;

/// Measures the budgets of Vigie: starts servers, puts load on them, and prints what they needed.
///
/// Each row starts fresh servers in temporary folders, on free ports of this machine: Vigie, in turns with the Node gateway of bench/gateway and with the least that such a server could need.
/// The load is made by this process, which is not counted; processor time and memory are what the kernel says of the server's process, and the work of a store is what the database itself counts.
/// Each number is the median of several runs, with the lowest and the highest beside it.
/// A budget that is missed fails nothing: numbers depend on the machine, and on what else it does.
/// Rows that count, or look at memory, are measured at the same time at the end; all others by themselves.
/// What this machine has no means for (Node, PostgreSQL) is told as not run, with how to get it.
#[derive(Debug, Parser)]
#[command(
    name = "vigie-bench",
    after_help = "Examples:
  bench/run                           every row, about three quarters of an hour on a quiet machine
  bench/run request bulk-presence     two of them, about two minutes
  bench/run rooms                     conversations of up to a million members, about ten minutes
  bench/run --quick                   every row, small and once: whether everything runs, not how fast
  bench/run --json > numbers.json     for a program

bench/run is: cargo run --release -p vigie-bench --"
)]
pub(crate) struct Args {
    /// Rows to measure, in this order; all of them when none is named.
    #[arg(value_enum)]
    pub(crate) rows: Vec<Row>,

    /// Print one JSON document at the end instead of tables.
    #[arg(long)]
    pub(crate) json: bool,

    /// Small sizes, one run: to see that everything runs; its numbers mean little.
    #[arg(long)]
    pub(crate) quick: bool,

    /// Measure the server that lies beside this program as it is, instead of building it first.
    #[arg(long)]
    pub(crate) no_build: bool,

    /// Be the bare route that requests are compared with.
    #[arg(long, hide = true)]
    pub(crate) serve_bare: bool,
}
