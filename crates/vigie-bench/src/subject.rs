//! Who is measured, and measuring several of them in turns.
//!
//! In: a row's way to measure one server. Out: its numbers for each.
//! Always true: run by run, every subject has its turn before the next run begins, on a server of its own that was started for it, so that what else the machine does falls on all of them.

use std::collections::BTreeMap;

use crate::finding::Finding;
use crate::server::Server;
use crate::stage::Stage;

/// A kind of server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    /// The server that this repository is about, on SQLite.
    Vigie,
    /// One axum route that answers nothing to everybody.
    BareAxum,
    /// The gateway in `bench/gateway`: Fastify, socket.io, jsonwebtoken.
    Node,
    /// One Fastify route that answers nothing to everybody.
    BareFastify,
}

impl Subject {
    /// The two that do equal work.
    pub(crate) const PEERS: &[Self] = &[Self::Vigie, Self::Node];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Vigie => "Vigie",
            Self::BareAxum => "bare axum route",
            Self::Node => "Node gateway",
            Self::BareFastify => "bare Fastify route",
        }
    }

    pub(crate) fn needs_node(self) -> bool {
        matches!(self, Self::Node | Self::BareFastify)
    }
}

/// `N` numbers of every run of every subject.
#[derive(Debug)]
pub(crate) struct Turns<const N: usize> {
    runs: BTreeMap<Subject, Vec<[f64; N]>>,
    why_no_node: Option<String>,
}

/// Measures all of them, in turns.
///
/// # Errors
/// When a server cannot be started, or does not do what it is asked for.
pub(crate) async fn in_turns<const N: usize>(
    stage: &Stage,
    subjects: &[Subject],
    measure: impl AsyncFn(Subject, &Server) -> anyhow::Result<[f64; N]>,
) -> anyhow::Result<Turns<N>> {
    in_turns_by_themselves(stage, subjects, async |subject| {
        let running = stage.start(subject)?;
        measure(subject, &running.server).await
    })
    .await
}

/// The same for what starts its servers itself, on stores that were filled beforehand.
///
/// # Errors
/// When a server cannot be started, or does not do what it is asked for.
pub(crate) async fn in_turns_by_themselves<const N: usize>(
    stage: &Stage,
    subjects: &[Subject],
    measure: impl AsyncFn(Subject) -> anyhow::Result<[f64; N]>,
) -> anyhow::Result<Turns<N>> {
    let why_no_node = stage.why_no_node().map(str::to_owned);
    let mut runs = BTreeMap::<_, Vec<_>>::new();
    for _ in 0..stage.runs() {
        for subject in subjects {
            if subject.needs_node() && why_no_node.is_some() {
                continue;
            }
            let numbers = measure(*subject).await?;
            runs.entry(*subject).or_default().push(numbers);
        }
    }
    Ok(Turns { runs, why_no_node })
}

impl<const N: usize> Turns<N> {
    /// The number at `index` of one subject.
    pub(crate) fn finding(
        &self,
        subject: Subject,
        index: usize,
        what: &str,
        unit: &'static str,
    ) -> anyhow::Result<Finding> {
        let what = format!("{what}: {}", subject.name());
        self.found(what, unit, self.numbers(subject, index))
    }

    /// How many times the number of `whole` is that of `part`, run by run.
    pub(crate) fn times(
        &self,
        whole: Subject,
        part: Subject,
        index: usize,
        what: &str,
    ) -> anyhow::Result<Finding> {
        let ratios = self
            .numbers(whole, index)
            .zip(self.numbers(part, index))
            .map(|(whole, part)| whole / part);
        self.found(what.to_owned(), "×", ratios)
    }

    /// How many times one number of a subject is another one of the same run.
    pub(crate) fn within(
        &self,
        subject: Subject,
        whole: usize,
        part: usize,
        what: &str,
    ) -> anyhow::Result<Finding> {
        let ratios = self
            .numbers(subject, whole)
            .zip(self.numbers(subject, part))
            .map(|(whole, part)| whole / part);
        self.found(what.to_owned(), "×", ratios)
    }

    /// The number in the middle, for what builds on it.
    pub(crate) fn median(&self, subject: Subject, index: usize) -> f64 {
        let mut numbers: Vec<_> = self.numbers(subject, index).collect();
        numbers.sort_by(f64::total_cmp);
        numbers.get(numbers.len() / 2).copied().unwrap_or(0.0)
    }

    fn numbers(&self, subject: Subject, index: usize) -> impl Iterator<Item = f64> {
        let runs = self.runs.get(&subject).into_iter().flatten();
        runs.map(move |numbers| numbers[index])
    }

    fn found(
        &self,
        what: String,
        unit: &'static str,
        numbers: impl Iterator<Item = f64>,
    ) -> anyhow::Result<Finding> {
        let numbers: Vec<_> = numbers.collect();
        match &self.why_no_node {
            Some(why) if numbers.is_empty() => Ok(Finding::not_run(what, why)),
            _ => Finding::new(what, unit, numbers),
        }
    }
}
