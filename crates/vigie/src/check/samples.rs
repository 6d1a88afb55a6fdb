//! Prometheus metrics of one scrape, as far as the check reads them.

use std::time::Duration;

use super::finding::Fault;
use super::site::Caller;

/// One scrape.
#[derive(Debug, Clone)]
pub(super) struct Samples(String);

impl Samples {
    /// Scrapes `/metrics`.
    pub(super) async fn scrape(operator: &Caller) -> Result<Self, Fault> {
        let text = operator.get("/metrics").await?.text();
        let samples = Self(text);
        if samples.lines_of("vigie_build").next().is_none() {
            return Err(Fault::new(
                "GET /metrics has vigie_build",
                "a text without it",
                "is this the address of Vigie itself?",
            ));
        }
        Ok(samples)
    }

    /// How many samples there are.
    pub(super) fn len(&self) -> usize {
        let is_sample = |line: &&str| !line.is_empty() && !line.starts_with('#');
        self.0.lines().filter(is_sample).count()
    }

    /// The sum of a metric's samples whose labels contain `label` (all when it is empty).
    pub(super) fn sum(&self, name: &str, label: &str) -> f64 {
        self.lines_of(name)
            .filter(|line| line.contains(label))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    }

    /// A period that the server has in force; `None` when it does not tell.
    pub(super) fn period(&self, setting: &str) -> Option<Duration> {
        let label = format!("setting=\"{setting}\"");
        let line = self
            .lines_of("vigie_setting_seconds")
            .find(|line| line.contains(&label))?;
        let seconds: f64 = line.rsplit(' ').next()?.parse().ok()?;
        Duration::try_from_secs_f64(seconds).ok()
    }

    fn lines_of(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.lines().filter(move |line| {
            let rest = line.strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with([' ', '{']))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_told_apart_by_their_whole_name() {
        let samples = Samples(
            "# HELP vigie_a_total x\nvigie_a_total{to=\"on\"} 3\nvigie_a_total{to=\"off\"} 4\n\
             vigie_a_total_more 9\nvigie_setting_seconds{setting=\"grace\"} 0.5\n"
                .to_owned(),
        );
        assert_eq!(samples.sum("vigie_a_total", ""), 7.0);
        assert_eq!(samples.sum("vigie_a_total", "to=\"on\""), 3.0);
        assert_eq!(samples.sum("vigie_b", ""), 0.0);
        assert_eq!(samples.period("grace"), Some(Duration::from_millis(500)));
        assert_eq!(samples.period("away_after"), None);
        assert_eq!(samples.len(), 4);
    }
}
