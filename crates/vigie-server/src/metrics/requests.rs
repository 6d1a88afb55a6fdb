//! Answered requests, counted by what tells them apart.
//!
//! Always true: an answer to a route that answered before allocates nothing and waits for nobody but a scrape.

use std::sync::atomic::{AtomicU64, Ordering};

use hashbrown::{Equivalent, HashMap};
use parking_lot::RwLock;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

/// How often each kind of request was answered.
#[derive(Debug, Default)]
pub(crate) struct RequestCounts(RwLock<HashMap<RequestLabels, AtomicU64>>);

/// What tells requests apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct RequestLabels {
    method: &'static str,
    /// The route as it is registered, ids not filled in.
    route: String,
    status: u16,
}

/// The same, borrowed; its fields are hashed in the same order.
#[derive(Hash)]
struct Asked<'a> {
    method: &'static str,
    route: &'a str,
    status: u16,
}

impl Equivalent<RequestLabels> for Asked<'_> {
    fn equivalent(&self, labels: &RequestLabels) -> bool {
        self.status == labels.status && self.method == labels.method && self.route == labels.route
    }
}

impl RequestCounts {
    /// Counts one answer.
    pub(crate) fn count(&self, method: &'static str, route: &str, status: u16) {
        let asked = Asked {
            method,
            route,
            status,
        };
        if let Some(count) = self.0.read().get(&asked) {
            count.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let labels = RequestLabels {
            method,
            route: route.to_owned(),
            status,
        };
        let mut counts = self.0.write();
        *counts.entry(labels).or_default().get_mut() += 1;
    }

    /// The counts as Prometheus is told them.
    pub(super) fn family(&self) -> Family<RequestLabels, Counter> {
        let family = Family::<RequestLabels, Counter>::default();
        for (labels, count) in self.0.read().iter() {
            let count = count.load(Ordering::Relaxed);
            family.get_or_create(labels).inc_by(count);
        }
        family
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_request_is_counted_in_one_place() {
        let counts = RequestCounts::default();
        for (method, route, status) in [
            ("GET", "/v1/presence/{id}", 200),
            ("GET", "/v1/presence/{id}", 200),
            ("GET", "/v1/presence/{id}", 404),
            ("GET", "none", 404),
        ] {
            counts.count(method, route, status);
        }
        let mut counted: Vec<_> = counts
            .0
            .read()
            .iter()
            .map(|(labels, count)| {
                let count = count.load(Ordering::Relaxed);
                (labels.route.clone(), labels.status, count)
            })
            .collect();
        counted.sort();
        let expected = [
            ("/v1/presence/{id}", 200, 2),
            ("/v1/presence/{id}", 404, 1),
            ("none", 404, 1),
        ];
        assert_eq!(
            counted,
            expected.map(|(route, status, count)| (route.to_owned(), status, count))
        );
    }
}
