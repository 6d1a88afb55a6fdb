//! What a run is told by its environment, and what it tells whoever reads its output.

/// A number from the environment.
pub(crate) fn number<N: std::str::FromStr>(name: &str) -> Option<N> {
    std::env::var(name).ok()?.parse().ok()
}

#[expect(
    clippy::print_stderr,
    reason = "seeds and skipped tests, which only a failure or --nocapture shows"
)]
pub(crate) fn say(text: &str) {
    eprintln!("{text}");
}
