//! The only place of these commands that prints: data to standard output, everything else to standard error.
//!
//! A failed write to standard output is an error of the command; one to standard error has nowhere to be told.

use std::io::{self, Write};

/// Prints what the command was asked for.
///
/// # Errors
/// When standard output is closed or full.
pub(crate) fn data(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// Tells a person something that is not the answer.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Tells why the command failed: the error and its causes.
pub(crate) fn failure(error: &anyhow::Error) {
    note(&format!("error: {error:#}"));
}
