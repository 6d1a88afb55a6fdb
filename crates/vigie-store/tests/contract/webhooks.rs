//! Webhooks: what was registered and how far it was told come back, each written without the other.

use vigie_store::{Store, StoredWebhook, WebhookProgress};

use crate::Database;
use crate::cast::{at, conversation};

fn webhook(id: &str) -> StoredWebhook {
    StoredWebhook {
        id: id.into(),
        url: format!("https://example.org/{id}").into(),
        secret: "a secret that signs".into(),
        tells_status: true,
        tells_conversations: false,
        created_at: at(1),
        progress: WebhookProgress {
            sequence: 7,
            cursor: "sealed".into(),
            ..WebhookProgress::default()
        },
    }
}

fn troubled() -> WebhookProgress {
    WebhookProgress {
        sequence: 90,
        cursor: "further".into(),
        changed_conversations: vec![conversation("lobby"), conversation("salon")],
        must_resync: true,
        failing_since: Some(at(5)),
        parked_at: Some(at(9)),
        last_error: Some("it did not answer in time".into()),
    }
}

async fn kept(store: &dyn Store) -> Vec<StoredWebhook> {
    store.webhooks().await.unwrap()
}

pub(crate) async fn webhooks_come_back_in_the_order_of_their_ids(database: &impl Database) {
    let store = database.open().await;
    assert_eq!(kept(&*store).await, []);
    for id in ["b", "a"] {
        store.put_webhook(&webhook(id)).await.unwrap();
    }
    store.close().await;
    drop(store);
    let store = database.open().await;
    assert_eq!(kept(&*store).await, [webhook("a"), webhook("b")]);
}

pub(crate) async fn registration_and_progress_do_not_touch_each_other(database: &impl Database) {
    let store = database.open().await;
    store.put_webhook(&webhook("a")).await.unwrap();
    let progress = [("a".into(), troubled()), ("gone".into(), troubled())];
    store.write_webhook_progress(&progress).await.unwrap();
    let changed = StoredWebhook {
        url: "https://example.org/elsewhere".into(),
        secret: "another secret".into(),
        tells_status: false,
        tells_conversations: true,
        ..webhook("a")
    };
    store.put_webhook(&changed).await.unwrap();
    let expected = StoredWebhook {
        progress: troubled(),
        ..changed
    };
    assert_eq!(kept(&*store).await, [expected]);
}

pub(crate) async fn a_deleted_webhook_stays_away(database: &impl Database) {
    let store = database.open().await;
    store.put_webhook(&webhook("a")).await.unwrap();
    for _ in 0..2 {
        store.delete_webhook("a").await.unwrap();
    }
    let late = [("a".into(), troubled())];
    store.write_webhook_progress(&late).await.unwrap();
    assert_eq!(kept(&*store).await, []);
}
