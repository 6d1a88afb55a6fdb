//! Edges of people by the hand of an operator, and their pace.

use std::ops::Range;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::json;
use tokio::time::{Instant, sleep_until};
use vigie_client::{Http, Method};

use crate::people::{AT_ONCE, expect_success, id};

/// Turns one person: everybody concerned is told, the person's own devices too.
///
/// # Errors
/// When the server refuses.
pub(crate) async fn turn(operator: &Http, person: usize, is_online: bool) -> anyhow::Result<()> {
    let body = json!({ "userId": id(person), "isOnline": is_online });
    let reply = operator
        .call(Method::POST, "/maintenance/user-status", Some(&body))
        .await?;
    expect_success(reply).map(drop)
}

/// Turns each at its instant, whether or not the one before was answered.
///
/// # Errors
/// When the server refuses.
pub(crate) async fn turn_steadily(
    operator: &Http,
    people: Range<usize>,
    a_second: u32,
    is_online: bool,
) -> anyhow::Result<()> {
    let began = Instant::now();
    let count = people.len();
    let turn_in_time = async |(person, number): (usize, u32)| {
        sleep_until(began + Duration::from_secs(1) / a_second * number).await;
        turn(operator, person, is_online).await
    };
    stream::iter(people.zip(0..))
        .map(turn_in_time)
        .buffer_unordered(count)
        .try_collect()
        .await
}

/// Turns them as fast as [`AT_ONCE`] calls at a time can.
///
/// # Errors
/// When the server refuses.
pub(crate) async fn turn_at_once(
    operator: &Http,
    people: Range<usize>,
    is_online: bool,
) -> anyhow::Result<()> {
    stream::iter(people)
        .map(|person| turn(operator, person, is_online))
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}
