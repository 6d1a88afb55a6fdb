//! The steps with people: they come, are active, leave and vanish, and a watcher sees it.
//!
//! In: a scene that is set, and the watcher. Out: findings in the report, in the order of the steps.

use std::time::{Duration, Instant};

use serde_json::json;
use vigie_client::Method;

use super::{Course, done};
use crate::check::arrivals::{self, Cast};
use crate::check::finding::{Fault, Omission, Seen};
use crate::check::losses::{Periods, Vanished};
use crate::check::report::Report;
use crate::check::samples::Samples;
use crate::check::site::Caller;
use crate::check::stage::{Guest, Names};
use crate::check::watcher::Watcher;
use crate::check::{guest, reload, throttle};

/// The people and what is known before they act.
pub(super) struct Scene<'a> {
    pub(super) cast: Cast<'a>,
    pub(super) names: &'a Names,
    pub(super) guest: &'a Guest,
    pub(super) service: Caller,
    pub(super) grace: Duration,
    /// What the metrics said at the start.
    pub(super) start: Option<Samples>,
}

impl Course<'_> {
    pub(super) async fn play(&self, scene: Scene<'_>, watcher: &mut Watcher, report: &mut Report) {
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
