//! PostgreSQL: stopped where it stands, and killed.

use vigie_testbed::Postgres;

use super::{Trouble, known_people_never_notice, settings};
use crate::server::Site;

/// Connections stay open, and nothing answers.
struct Paused(Postgres);

impl Trouble for Paused {
    async fn begin(&mut self) {
        self.0.pause().unwrap();
    }

    async fn end(&mut self) {
        self.0.resume().unwrap();
    }
}

/// Connections break, and nobody listens.
struct Killed(Postgres);

impl Trouble for Killed {
    async fn begin(&mut self) {
        self.0.kill().unwrap();
    }

    async fn end(&mut self) {
        self.0.start_again().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgresql_that_stands_still_delays_and_loses_nothing() {
    let postgres = Postgres::start().unwrap();
    let (site, database) = site_on(&postgres);
    known_people_never_notice(&site, &database, &mut Paused(postgres)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgresql_that_was_killed_delays_and_loses_nothing() {
    let postgres = Postgres::start().unwrap();
    let (site, database) = site_on(&postgres);
    known_people_never_notice(&site, &database, &mut Killed(postgres)).await;
}

fn site_on(postgres: &Postgres) -> (Site, String) {
    let database = postgres.database().unwrap();
    let mut site = Site::new(&settings());
    site.set("DATABASE_URL", &database);
    (site, database)
}
