//! What is refused at opening, each with a message of its own, and left as it was.

use std::error::Error;

use vigie_store::OpenError;

use super::{OnServer, SHARED};
use crate::Database;

async fn refusal(database: &OnServer) -> OpenError {
    let refused = database.try_open().await.unwrap_err();
    assert!(!refused.heals_by_waiting(), "{refused:?}");
    refused
}

#[tokio::test]
async fn a_newer_database_is_refused_and_not_touched() {
    let database = OnServer::fresh();
    database.open().await.close().await;
    database
        .execute(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
            VALUES (9999, 'from the future', true, '\\x00', 0)",
        )
        .await;
    let refused = refusal(&database).await;
    assert!(
        matches!(refused, OpenError::Newer { found: 9999, .. }),
        "{refused:?}"
    );
    assert!(refused.to_string().contains("newer release"), "{refused}");
}

#[tokio::test]
async fn the_database_of_another_program_is_refused_and_not_touched() {
    let database = OnServer::fresh();
    database.execute("CREATE TABLE users (name text)").await;
    let refused = refusal(&database).await;
    assert!(matches!(refused, OpenError::Foreign { .. }), "{refused:?}");
    let tables = "SELECT string_agg(tablename, ' ') FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(database.value(tables).await.as_deref(), Some("users"));
}

#[tokio::test]
async fn a_database_that_cannot_hold_every_name_is_refused() {
    let beside = OnServer::fresh();
    beside
        .execute("CREATE DATABASE narrow TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
        .await;
    let (server, _) = beside.url.rsplit_once('/').unwrap();
    let narrow = OnServer {
        url: format!("{server}/narrow"),
    };
    let refused = refusal(&narrow).await;
    assert!(
        matches!(&refused, OpenError::Encoding { encoding, .. } if encoding == "LATIN1"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_schema_of_its_own_makes_room_beside_another_program() {
    let database = OnServer::fresh();
    database
        .execute("CREATE TABLE users (name text); CREATE SCHEMA chat; CREATE SCHEMA play")
        .await;
    let in_schema = |schema| OnServer {
        url: format!("{}?options=-csearch_path%3D{schema}", database.url),
    };
    let (chat, play) = (in_schema("chat"), in_schema("play"));
    let _chat = chat.open().await;
    let _play = play.open().await;
    let refused = refusal(&chat).await;
    assert!(matches!(refused, OpenError::InUse { .. }), "{refused:?}");
}

#[tokio::test]
async fn what_waiting_does_not_heal_is_refused_at_once_without_the_password() {
    SHARED
        .execute("postgres", "CREATE ROLE somebody LOGIN PASSWORD 'hunter2'")
        .unwrap();
    let unknown = SHARED.url_of("no_such_database");
    let unreadable = "postgres://vigie:hunter2@localhost:port/vigie".to_owned();
    let not_ours = SHARED
        .url_of("postgres")
        .replace("vigie@", "no_such_role:hunter2@");
    let not_allowed = SHARED
        .database()
        .unwrap()
        .replace("vigie@", "somebody:hunter2@");
    for url in [unknown, unreadable, not_ours, not_allowed] {
        let refused = refusal(&OnServer { url }).await;
        let mut said = format!("{refused:?} {refused}");
        let mut cause = refused.source();
        while let Some(error) = cause {
            said.push_str(&error.to_string());
            cause = error.source();
        }
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_may_come() {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let nowhere = OnServer {
        url: format!("postgres://vigie@127.0.0.1:{port}/vigie"),
    };
    let refused = nowhere.try_open().await.unwrap_err();
    assert!(refused.heals_by_waiting(), "{refused:?}");
}

#[tokio::test]
async fn a_cause_is_told_once_and_without_the_lines_of_another_program() {
    let unknown = OnServer {
        url: SHARED.url_of("no_such_database"),
    };
    let not_there = OnServer {
        url: "postgres://vigie@127.0.0.1:1/vigie".to_owned(),
    };
    for (database, cause) in [(unknown, "does not exist"), (not_there, "refused")] {
        let refused = database.try_open().await.unwrap_err();
        let mut said = refused.to_string();
        let mut source = refused.source();
        while let Some(error) = source {
            said.push_str(&format!(": {error}"));
            source = error.source();
        }
        assert_eq!(said.matches(cause).count(), 1, "{said}");
        assert!(!said.contains("at line"), "{said}");
    }
}
