//! The steps in their order, and what each builds on.
//!
//! ```text
//! endpoints ─► api-key ─► maintenance, metrics
//!           ─► people ─► token ─► snapshot ─► coming, leaving, statistics ─► counters, throttle, metrics-move
//!                                         ─► reload ─► guest ─► cut, silence
//! ```
//!
//! A step that cannot be taken is written down as skipped, with the reason.

use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use serde_json::json;
use vigie_client::Method;
use vigie_server::config::Secret;

use super::arrivals::{self, Cast};
use super::finding::{Fault, Omission, Seen};
use super::losses::{Periods, Vanished};
use super::report::Report;
use super::samples::Samples;
use super::site::{Caller, Site};
use super::stage::{Guest, Names, Stage};
use super::watcher::Watcher;
use super::{access, endpoints, guest, reload, throttle};
use crate::credentials::Signer;

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
        let key = report.step("api-key", async { done(endpoints::api_key(service).await) });
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

    async fn play(&self, scene: Scene<'_>, watcher: &mut Watcher, report: &mut Report) {
        let cast = &scene.cast;
        let patience = self.site.patience;
        let snapshot = report.step("snapshot", async {
            done(scene.look_at_snapshot(watcher, patience).await)
        });
        snapshot.await;

        report.announce("coming and leaving");
        let found = Box::pin(arrivals::watch(cast, watcher)).await;
        let comes = report.note("coming", found.coming);
        let leaves = note_or_skip(report, "leaving", found.leaving, "coming");
        note_or_skip(report, "statistics", found.statistics, "coming");

        report.announce("ten requests");
        let mark = watcher.mark();
        let came = self.try_counters(&scene, report).await;
        if came && leaves {
            // What is said of this stay must not be taken for what is said of the next one.
            let deadline = Instant::now() + patience;
            let _told_or_lost = watcher.told(mark, cast.subject, false, deadline).await;
        }

        if leaves {
            report.announce("reload");
            match Box::pin(reload::try_out(cast, watcher, scene.grace)).await {
                Ok(Ok(seen)) => _ = report.note("reload", Ok(seen)),
                Ok(Err(omission)) => report.skip(["reload"], &omission),
                Err(fault) => _ = report.note("reload", Err(fault)),
            }
        } else {
            report.skip(["reload"], &Omission::After("leaving"));
        }
        let comes = comes.then_some(());
        self.try_losses(&scene, comes, watcher, report).await;
        self.try_reset(cast.operator, report).await;
    }

    /// Says whether the subject came; by the end it has left.
    async fn try_counters(&self, scene: &Scene<'_>, report: &mut Report) -> bool {
        let cast = &scene.cast;
        let auth = json!({ "token": cast.token });
        // A connected session keeps requests from being edges: what is left is the throttle.
        let mut socket = match self.site.enter(auth).await {
            Ok(socket) => socket,
            Err(fault) => {
                report.note("counters", Err(fault));
                report.skip(["throttle", "metrics-move"], &Omission::After("counters"));
                return false;
            }
        };
        let person = self.site.user(cast.token);
        let patience = self.site.patience;
        let tried = throttle::try_out(
            cast.operator,
            &scene.service,
            &person,
            cast.subject,
            patience,
        );
        let found = Box::pin(tried).await;
        report.note("counters", found.counters);
        note_or_skip(report, "throttle", found.throttle, "counters");
        socket.disconnect().await;
        match &scene.start {
            Some(start) => {
                let moved = report.step("metrics-move", async {
                    done(have_moved(start, cast.operator).await)
                });
                moved.await;
            }
            None => report.skip(["metrics-move"], &Omission::After("metrics")),
        }
        true
    }

    async fn try_losses(
        &self,
        scene: &Scene<'_>,
        comes: Option<()>,
        watcher: &mut Watcher,
        report: &mut Report,
    ) {
        let (cast, patience) = (&scene.cast, self.site.patience);
        if comes.is_none() {
            return report.skip(["guest", "cut", "silence"], &Omission::After("coming"));
        }
        let periods = Periods {
            silence: watcher.silence_limit(),
            grace: scene.grace,
        };
        let came = report.step(
            "guest",
            guest::come(self.site, cast.reader, scene.guest, scene.names, watcher),
        );
        let silent = came
            .await
            .map(|socket| Vanished::by_silence(socket, &scene.guest.id, watcher));
        // Both wait at the same time.
        let wait = format!(
            "waiting up to {:?} until the lost are missed",
            periods.longest()
        );
        let cut = report.step("cut", async {
            let socket = self.site.enter(json!({ "token": cast.token })).await?;
            let cut = Vanished::by_cut(socket, cast.subject, watcher).await;
            self.progress.set_message(wait.clone());
            done(cut.missed(watcher, cast.reader, periods, patience).await)
        });
        cut.await;
        match silent {
            Some(silent) => {
                let missed = report.step("silence", async {
                    self.progress.set_message(wait.clone());
                    done(silent.missed(watcher, cast.reader, periods, patience).await)
                });
                missed.await;
            }
            None => report.skip(["silence"], &Omission::After("guest")),
        }
    }

    async fn try_reset(&self, operator: &Caller, report: &mut Report) {
        if !self.is_destructive {
            return report.skip(["reset"], &Omission::NotAsked("only with --destructive"));
        }
        let reset = report.step("reset", async {
            let before = throttle::Counters::read(operator).await?;
            let path = "/maintenance/status-metrics/reset";
            operator.expect(&[200], Method::POST, path, None).await?;
            let after = throttle::Counters::read(operator).await?;
            if after.is_below(&before) {
                return Ok((Seen::from("the counters start anew"), ()));
            }
            Err(Fault::new(
                "the counters start anew",
                "they stand where they stood",
                "is /maintenance/status-metrics answered by another instance?",
            ))
        });
        reset.await;
    }
}

/// The people and what is known before they act.
struct Scene<'a> {
    cast: Cast<'a>,
    names: &'a Names,
    guest: &'a Guest,
    service: Caller,
    grace: Duration,
    /// What the metrics said at the start.
    start: Option<Samples>,
}

impl Scene<'_> {
    /// Everybody whom the watcher may see is in it once, offline people too.
    async fn look_at_snapshot(
        &self,
        watcher: &mut Watcher,
        patience: Duration,
    ) -> Result<Seen, Fault> {
        let snapshot = watcher.snapshot(patience).await?;
        let users = snapshot["users"].as_array().into_iter().flatten();
        let mut shown: Vec<&str> = users.filter_map(|user| user["userId"].as_str()).collect();
        shown.sort_unstable();
        let mut expected = [self.guest.id.as_str(), self.names.subject.as_str()];
        expected.sort_unstable();
        if shown == expected {
            return Ok("holds the other user and the guest, each once".into());
        }
        Err(Fault::new(
            format!("a presence:snapshot of {}", expected.join(" and ")),
            snapshot.to_string(),
            "conversations and their members; audience_limit in `vigie config`",
        ))
    }
}

/// The Prometheus counters moved by what was done, at least.
async fn have_moved(start: &Samples, operator: &Caller) -> Result<Seen, Fault> {
    let now = Samples::scrape(operator).await?;
    let least = [
        ("vigie_activities_total", "", 10.0),
        ("vigie_activities_total", "outcome=\"throttled\"", 9.0),
        ("vigie_edges_total", "to=\"online\"", 2.0),
        ("vigie_http_requests_total", "", 10.0),
    ];
    for (name, label, least) in least {
        let moved = now.sum(name, label) - start.sum(name, label);
        if moved < least {
            return Err(Fault::new(
                format!("{name}{{{label}}} grows by at least {least}"),
                format!("it grew by {moved}"),
                "does the scrape reach the instance that does the work? does something cache /metrics?",
            ));
        }
    }
    Ok("activities, edges and requests grew by at least what was done".into())
}

/// The steps behind this one.
fn after(step: &str) -> impl Iterator<Item = &'static str> {
    let place = WITH_PEOPLE.iter().position(|name| *name == step);
    let next = place.map_or(WITH_PEOPLE.len(), |place| place + 1);
    WITH_PEOPLE[next..].iter().copied()
}

/// Whether it was right.
fn note_or_skip(
    report: &mut Report,
    name: &'static str,
    found: Option<Result<Seen, Fault>>,
    builds_on: &'static str,
) -> bool {
    match found {
        Some(result) => report.note(name, result),
        None => {
            report.skip([name], &Omission::After(builds_on));
            false
        }
    }
}

/// A step that is good for nothing but its finding.
fn done(result: Result<Seen, Fault>) -> Result<(Seen, ()), Fault> {
    result.map(|seen| (seen, ()))
}
