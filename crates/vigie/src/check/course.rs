//! The steps in their order, and what each builds on.
//!
//! ```text
//! endpoints ─► api-key ─► maintenance, metrics
//!           ─► people ─► token ─► snapshot ─► coming, leaving, statistics ─► counters, throttle, metrics-move
//!                                         ─► reload ─► guest ─► cut, silence
//! ```
//!
//! A step that cannot be taken is written down as skipped, with the reason.

use std::time::Duration;

use indicatif::ProgressBar;
use vigie_server::config::Secret;

use super::arrivals::Cast;
use super::finding::{Fault, Omission, Seen};
use super::report::Report;
use super::samples::Samples;
use super::site::{Caller, Site};
use super::stage::Stage;
use super::watcher::Watcher;
use super::{access, endpoints};
use crate::credentials::Signer;

mod play;

use play::Scene;

/// What the server's grace is taken for when it does not say: the default.
const USUAL_GRACE: Duration = Duration::from_secs(4);

/// What needs the API key alone.
const WITH_KEY: [&str; 3] = ["api-key", "maintenance", "metrics"];

/// What needs people on the server, in the order of the report.
const WITH_PEOPLE: [&str; 13] = [
    "token",
    "snapshot",
    "coming",
    "leaving",
    "statistics",
    "counters",
    "throttle",
    "metrics-move",
    "reload",
    "guest",
    "cut",
    "silence",
    "reset",
];

/// What the operator gave us, or the words that say what is missing.
#[derive(Debug)]
pub(super) struct Doors {
    pub(super) api_key: Result<Secret, String>,
    pub(super) signer: Result<Signer, String>,
}

/// The whole check of one server.
#[derive(Debug)]
pub(super) struct Course<'a> {
    pub(super) site: &'a Site,
    pub(super) doors: &'a Doors,
    /// `None` when nobody can be created.
    pub(super) stage: Option<&'a Stage<'a>>,
    pub(super) is_destructive: bool,
    pub(super) progress: ProgressBar,
}

impl Course<'_> {
    /// Takes every step that can be taken.
    pub(super) async fn run(&self, report: &mut Report) {
        self.try_endpoints(report).await;
        let Ok(api_key) = &self.doors.api_key else {
            return self.skip_for_want_of_credentials(report, &WITH_KEY);
        };
        let operator = self.site.operator(api_key.expose());
        let service = self.site.service(api_key.expose());
        let Ok(start) = self.try_operations(&operator, &service, report).await else {
            report.skip(["people"], &Omission::After("api-key"));
            return report.skip(WITH_PEOPLE, &Omission::After("api-key"));
        };
        let Some(stage) = self.stage else {
            return self.skip_for_want_of_credentials(report, &[]);
        };
        let set = report.step("people", async {
            let made = stage.set().await?;
            let seen = format!("{} and {} with a guest", made.0.watcher, made.0.subject);
            Ok((Seen::from(seen), made))
        });
        let Some((names, guest)) = set.await else {
            return report.skip(WITH_PEOPLE, &Omission::After("people"));
        };
        let tokens = stage
            .token(&names.watcher)
            .and_then(|watcher| Ok((watcher, stage.token(&names.subject)?)));
        let tokens = report.step("token", async {
            let (watcher, subject) = tokens?;
            let seen = access::valid_token(self.site, &watcher).await?;
            Ok((seen, (watcher, subject)))
        });
        let Some((watcher, subject)) = tokens.await else {
            return report.skip(after("token"), &Omission::After("token"));
        };
        let cast = Cast {
            site: self.site,
            operator: &operator,
            reader: &self.site.user(&watcher),
            subject: &names.subject,
            token: &subject,
        };
        let connected = Watcher::connect(self.site, &watcher).await;
        let mut watcher = match connected {
            Ok(watcher) => watcher,
            Err(fault) => {
                report.note("snapshot", Err(fault));
                return report.skip(after("snapshot"), &Omission::After("snapshot"));
            }
        };
        let scene = Scene {
            cast,
            names: &names,
            guest: &guest,
            service,
            grace: start
                .as_ref()
                .and_then(|samples| samples.period("grace"))
                .unwrap_or(USUAL_GRACE),
            start,
        };
        self.play(scene, &mut watcher, report).await;
        watcher.leave().await;
    }

    async fn try_endpoints(&self, report: &mut Report) {
        let stranger = self.site.stranger();
        let outsider = self.site.outsider();
        for path in ["livez", "readyz"] {
            let route = format!("/{path}");
            let answer = report.step(path, async {
                done(endpoints::answers(&outsider, &route).await)
            });
            answer.await;
        }
        let health = report.step("health", endpoints::health(&stranger));
        report.version = health.await.flatten();
        let openapi = report.step("openapi", async {
            done(endpoints::openapi(&stranger).await)
        });
        openapi.await;
        let forged = report.step("forged-token", async {
            done(access::forged_token(self.site).await)
        });
        forged.await;
    }

    /// What the metrics said before anything was done.
    ///
    /// # Errors
    /// When the server does not take the key.
    async fn try_operations(
        &self,
        operator: &Caller,
        service: &Caller,
        report: &mut Report,
    ) -> Result<Option<Samples>, ()> {
        let impostor = self.site.impostor();
        let key = report.step("api-key", async {
            done(endpoints::api_key(service, &impostor).await)
        });
        if key.await.is_none() {
            report.skip(["maintenance", "metrics"], &Omission::After("api-key"));
            return Err(());
        }
        let outsider = self.site.outsider();
        let maintenance = report.step("maintenance", async {
            done(endpoints::maintenance(operator, &outsider).await)
        });
        maintenance.await;
        let metrics = report.step("metrics", async {
            let samples = Samples::scrape(operator).await?;
            Ok((Seen::from(format!("{} samples", samples.len())), samples))
        });
        Ok(metrics.await)
    }

    fn skip_for_want_of_credentials(&self, report: &mut Report, with_key: &[&'static str]) {
        let missing = [
            self.doors.api_key.as_ref().err(),
            self.doors.signer.as_ref().err(),
        ];
        let missing: Vec<&str> = missing.into_iter().flatten().map(String::as_str).collect();
        let omission = Omission::Missing(missing.join("; "));
        report.skip(with_key.iter().copied(), &omission);
        report.skip(["people"], &omission);
        report.skip(WITH_PEOPLE, &omission);
    }
}

/// The steps behind this one.
fn after(step: &str) -> impl Iterator<Item = &'static str> {
    let place = WITH_PEOPLE.iter().position(|name| *name == step);
    let next = place.map_or(WITH_PEOPLE.len(), |place| place + 1);
    WITH_PEOPLE[next..].iter().copied()
}

/// A step that is good for nothing but its finding.
fn done(result: Result<Seen, Fault>) -> Result<(Seen, ()), Fault> {
    result.map(|seen| (seen, ()))
}
