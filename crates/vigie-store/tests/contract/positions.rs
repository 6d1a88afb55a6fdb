//! Positions: one key for ever, and which starts ended gracefully.

use vigie_core::Wall;

use crate::Database;
use crate::cast::{OFFLINE_AFTER, at};

pub(crate) async fn the_key_is_drawn_once_and_a_crash_leaves_no_end(database: &impl Database) {
    let mut known = Vec::new();
    for start in 1..=3 {
        let store = database.open().await;
        let by = store
            .begin_incarnation(at(start), OFFLINE_AFTER)
            .await
            .unwrap();
        let proposed = [u8::try_from(start).unwrap(); 32];
        let positions = store
            .begin_positions(&by, at(start), proposed)
            .await
            .unwrap();
        assert_eq!(positions.key, [1; 32]);
        known = positions.starts;
        // The second one crashes.
        if start != 2 {
            store.write_end(&by, at(start + 10)).await.unwrap();
        }
        store.close().await;
    }
    let known: Vec<(u64, Wall, Option<Wall>)> = known
        .iter()
        .map(|start| (start.number, start.started_at, start.ended_at))
        .collect();
    let expected = [(1, at(1), Some(at(11))), (2, at(2), None), (3, at(3), None)];
    assert_eq!(known, expected);
}
