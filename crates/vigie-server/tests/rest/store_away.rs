//! The store goes away under requests, and comes back: known people notice nothing, and everything that waited is written.

use std::time::Duration;

use serde_json::json;
use sqlx::{Connection, PgConnection, SqliteConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use vigie_client::{Connect, Http, Method};
use vigie_server::{ServeError, listen, start};
use vigie_testbed::{Direction, Postgres, Terms, Wire};

use crate::world::{World, config_in, problem, token};

/// What is waited for happens well within this, on a busy machine too.
pub(crate) const A_WHILE: Duration = Duration::from_secs(60);

/// Looks again and again until it is so.
pub(crate) async fn eventually(bound: Duration, mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + bound;
    while !is_so().await {
        assert!(Instant::now() < deadline, "it never came to be so");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What somebody who reads the database directly is told of a person.
async fn availability(database: &Kept, id: &str) -> Option<String> {
    const SQL: &str = "SELECT availability FROM presence WHERE principal_id = $1";
    match database {
        Kept::InFile(path) => {
            let url = format!("sqlite:{path}");
            let mut connection = SqliteConnection::connect(&url).await.unwrap();
            sqlx::query_scalar(SQL)
                .bind(id)
                .fetch_optional(&mut connection)
                .await
                .unwrap()
        }
        Kept::OnServer(url) => {
            let mut connection = PgConnection::connect(url).await.unwrap();
            sqlx::query_scalar(SQL)
                .bind(id)
                .fetch_optional(&mut connection)
                .await
                .unwrap()
        }
    }
}

/// Where a world's database is.
enum Kept {
    InFile(String),
    OnServer(String),
}

/// Alice is known when the store goes; what happens meanwhile to her, to Bob whom nobody knows, and afterwards.
async fn told_through_trouble(
    world: &World,
    database: &Kept,
    goes_away: impl AsyncFnOnce(),
    comes_back: impl AsyncFnOnce(),
) {
    let (alice, bob) = (world.user("alice"), world.user("bob"));
    alice.acts().await;
    world.user("carol").acts().await;
    eventually(A_WHILE, async || {
        availability(database, "alice").await.as_deref() == Some("online")
    })
    .await;
    assert_eq!(world.anonymous().get("/readyz").await.status, 200);

    goes_away().await;
    let offline = json!({"userId": "alice", "isOnline": false});
    let service = world.service();
    let forced = service.post("/maintenance/user-status", &offline).await;
    assert_eq!(forced.status, 200);
    let stranger = bob.get("/api/conversations").await;
    assert_eq!(problem(&stranger), (503, "STORE_AWAY".to_owned()));
    assert!(stranger.headers.contains_key("retry-after"));
    for _ in 0..100 {
        assert_eq!(alice.get("/v1/presence/alice").await.status, 200);
    }
    eventually(A_WHILE, async || {
        world.anonymous().get("/readyz").await.status == 503
    })
    .await;
    assert_eq!(world.anonymous().get("/health").await.status, 503);
    assert_eq!(world.anonymous().get("/livez").await.status, 200);
    // Nobody goes who cannot be deleted.
    let refused = service.delete("/v1/users/carol").await;
    assert_eq!(problem(&refused), (503, "STORE_AWAY".to_owned()));
    let carol = service.get("/v1/presence/carol").await.json();
    assert_eq!(carol["isOnline"], true);

    comes_back().await;
    eventually(A_WHILE, async || {
        world.anonymous().get("/readyz").await.status == 200
    })
    .await;
    eventually(A_WHILE, async || {
        availability(database, "alice").await.as_deref() == Some("offline")
    })
    .await;
    eventually(A_WHILE, async || {
        bob.get("/api/conversations").await.status == 200
    })
    .await;
}

#[tokio::test]
async fn a_file_that_somebody_else_locked_delays_and_loses_nothing() {
    let world = World::start().await;
    let path = world.data_dir().join("vigie.db").display().to_string();
    let mut other = SqliteConnection::connect(&format!("sqlite:{path}"))
        .await
        .unwrap();
    let other = tokio::sync::Mutex::new(&mut other);
    told_through_trouble(
        &world,
        &Kept::InFile(path.clone()),
        async || {
            let mut other = other.lock().await;
            sqlx::raw_sql("BEGIN EXCLUSIVE")
                .execute(&mut **other)
                .await
                .unwrap();
        },
        async || {
            let mut other = other.lock().await;
            sqlx::raw_sql("ROLLBACK")
                .execute(&mut **other)
                .await
                .unwrap();
        },
    )
    .await;
    world.server.stop().await.unwrap();
}

#[tokio::test]
async fn a_database_server_that_falls_silent_delays_and_loses_nothing() {
    let server = Postgres::start().unwrap();
    let url = server.database().unwrap();
    let world = World::with(&[("DATABASE_URL", &url)]).await;
    told_through_trouble(
        &world,
        &Kept::OnServer(url.clone()),
        async || server.pause().unwrap(),
        async || server.resume().unwrap(),
    )
    .await;
    world.server.stop().await.unwrap();
}

#[tokio::test]
async fn a_database_server_that_is_killed_and_restarted_delays_and_loses_nothing() {
    let server = std::cell::RefCell::new(Postgres::start().unwrap());
    let url = server.borrow().database().unwrap();
    let world = World::with(&[("DATABASE_URL", &url)]).await;
    told_through_trouble(
        &world,
        &Kept::OnServer(url.clone()),
        async || server.borrow_mut().kill().unwrap(),
        async || server.borrow_mut().start_again().unwrap(),
    )
    .await;
    world.server.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_far_from_its_database_is_ready_all_the_same() {
    let server = Postgres::start_without_fsync().unwrap();
    let url = server.database().unwrap();
    let wire = Wire::to(([127, 0, 0, 1], server.port()).into())
        .await
        .unwrap();
    // To connect takes several of these, and longer than a probe is waited for.
    for direction in [Direction::Up, Direction::Down] {
        wire.set(
            direction,
            Terms {
                delay: Duration::from_millis(100),
                ..Terms::default()
            },
        );
    }
    let far = url.replace(
        &server.port().to_string(),
        &wire.address().port().to_string(),
    );
    let world = World::with(&[("DATABASE_URL", &far)]).await;
    eventually(A_WHILE, async || {
        world.anonymous().get("/readyz").await.status == 200
    })
    .await;
    world.server.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_waits_for_its_store_and_says_so() {
    let mut database = Postgres::start_without_fsync().unwrap();
    let url = database.database().unwrap();
    database.stop().unwrap();
    let data = tempfile::tempdir().unwrap();
    let listening = listen(config_in(&data, &[("DATABASE_URL", &url)]))
        .await
        .unwrap();
    let base = format!("http://{}", listening.address());
    let client = Http::new(base);
    let ask = async |path: &str| client.call(Method::GET, path, None).await.unwrap();
    let mut half_asked = TcpStream::connect(listening.address()).await.unwrap();
    half_asked.write_all(b"GET / HT").await.unwrap();

    let story = async {
        assert_eq!(ask("/livez").await.status, 200);
        assert_eq!(ask("/readyz").await.status, 503);
        let health = ask("/health").await;
        assert_eq!(health.status, 503);
        assert_eq!(health.json()["status"], "unhealthy");
        for path in ["/api/conversations", "/socket.io/?EIO=4&transport=polling"] {
            let refused = ask(path).await;
            assert_eq!(problem(&refused), (503, "STORE_AWAY".to_owned()));
            assert!(refused.headers.contains_key("retry-after"));
        }
        database.start_again().unwrap();
    };
    let (running, ()) = tokio::join!(listening.open(), story);
    assert_eq!(ask("/readyz").await.status, 200);
    // Who never finished asking does not outlive the waiting; how the connection ends does not matter.
    let mut rest = Vec::new();
    let ended = timeout(A_WHILE, half_asked.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "half a request is still open");
    running.unwrap().stop().await.unwrap();
}

#[tokio::test]
async fn what_waiting_would_not_heal_is_refused_at_once() {
    let server = Postgres::start_without_fsync().unwrap();
    let newer = server.database().unwrap();
    let data = tempfile::tempdir().unwrap();
    let settings = [("DATABASE_URL", newer.as_str())];
    start(config_in(&data, &settings))
        .await
        .unwrap()
        .stop()
        .await
        .unwrap();
    let name = newer.rsplit('/').next().unwrap();
    server
        .execute(
            name,
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
            VALUES (9999, 'from the future', true, '\\x00', 0)",
        )
        .unwrap();
    for url in [newer, server.url_of("no_such_database")] {
        let refused = start(config_in(&data, &[("DATABASE_URL", &url)])).await;
        assert!(matches!(refused, Err(ServeError::Open(_))), "{refused:?}");
    }
}

/// Ends the connection that holds the lock on a database.
const CUT_THE_HOLDER: &str = "
    SELECT pg_terminate_backend(pid, 10000) FROM pg_locks
    WHERE locktype = 'advisory' AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

#[tokio::test]
async fn a_lost_lock_is_taken_again_when_nobody_else_has_it() {
    let server = Postgres::start_without_fsync().unwrap();
    let url = server.database().unwrap();
    let name = url.rsplit('/').next().unwrap();
    let world = World::with(&[("DATABASE_URL", &url)]).await;
    world.user("alice").acts().await;
    server.execute(name, CUT_THE_HOLDER).unwrap();
    world.user("bob").acts().await;
    let database = Kept::OnServer(url.clone());
    eventually(A_WHILE, async || {
        availability(&database, "bob").await.as_deref() == Some("online")
    })
    .await;
    assert!(!world.server.app().flusher.is_superseded());
    assert_eq!(world.anonymous().get("/readyz").await.status, 200);
    world.server.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_gives_way_to_the_one_who_took_its_database() {
    let server = Postgres::start_without_fsync().unwrap();
    let url = server.database().unwrap();
    let name = url.rsplit('/').next().unwrap();
    let world = World::with(&[("DATABASE_URL", &url)]).await;
    world.conversation("salon", &["alice", "bob"]).await;
    let connect = async |id: &str| {
        let auth = json!({"token": token(id, None)});
        let mut socket = Connect::to(world.url()).auth(auth).open().await.unwrap();
        socket.wait_for("presence:snapshot", A_WHILE).await.unwrap();
        socket
    };
    let (mut alice, _bob) = (connect("alice").await, connect("bob").await);
    let database = Kept::OnServer(url.clone());
    eventually(A_WHILE, async || {
        availability(&database, "bob").await.as_deref() == Some("online")
    })
    .await;

    // Whoever waits for a lock has it at the instant in which its holder is gone.
    let mut other = PgConnection::connect(&url).await.unwrap();
    let waiting = sqlx::query("SELECT pg_advisory_lock(1447642953, hashtext(current_schema()))");
    let waiting = tokio::spawn(async move {
        waiting.execute(&mut other).await.unwrap();
        other
    });
    eventually(A_WHILE, async || {
        const WAITS: &str =
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
        server.execute(name, WAITS).unwrap() == "1"
    })
    .await;
    server.execute(name, CUT_THE_HOLDER).unwrap();
    let _other = waiting.await.unwrap();

    world.server.superseded().await;
    let ended = world.server.stop().await;
    assert!(matches!(ended, Err(ServeError::Superseded)), "{ended:?}");
    while let Ok(event) = alice.recv().await {
        let is_news = event.name == "user:status" && event.payload()["isOnline"] == false;
        assert!(!is_news, "{event:?}");
    }
    assert_eq!(
        availability(&database, "bob").await.as_deref(),
        Some("online")
    );
}
