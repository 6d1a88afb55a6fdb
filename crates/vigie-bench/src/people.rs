//! The people who make the load: their tokens, their sockets, their conversations.

use std::time::{Duration, SystemTime};

use anyhow::Context;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use vigie_client::{Connect, Http, Method, Reply, Socket};
use vigie_server::auth::{NewToken, PrincipalId, Wall, sign};
use vigie_server::config::Secret;

use crate::server::Server;
use crate::stage::operator;

/// What signs the tokens of the measured servers.
pub(crate) const JWT_SECRET: &str = "a secret that only the benchmarks use";

/// Calls, or connects, under way at the same time.
pub(crate) const AT_ONCE: usize = 32;

/// How long a busy machine may take for one answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The id of the person with this number: 24 bytes, as document stores give out.
pub(crate) fn id(number: usize) -> String {
    format!("person-{number:017}")
}

/// A token that outlives every measurement.
pub(crate) fn token(number: usize) -> anyhow::Result<String> {
    const TTL: Duration = Duration::from_secs(24 * 60 * 60);
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let token = NewToken {
        user: &PrincipalId::user(&id(number))?,
        username: None,
        role: None,
        issued_at: Wall::from_millis(i64::try_from(since_epoch.as_millis())?),
        ttl: TTL,
    };
    Ok(sign(&Secret::new(JWT_SECRET), &token)?)
}

/// Callers with one token each, on shared connections.
pub(crate) fn callers(server: &Server, count: usize) -> anyhow::Result<Vec<Http>> {
    let shared = server.http();
    let with_token = |number| {
        let bearer = format!("Bearer {}", token(number)?);
        Ok(shared.clone().header("authorization", bearer))
    };
    (0..count).map(with_token).collect()
}

/// One GET that must succeed.
pub(crate) async fn fetch(caller: &Http, path: &str) -> anyhow::Result<Reply> {
    expect_success(caller.call(Method::GET, path, None).await?)
}

/// Passes on an answer that is not a refusal.
pub(crate) fn expect_success(reply: Reply) -> anyhow::Result<Reply> {
    anyhow::ensure!(
        reply.status.is_success(),
        "refused with {}: {}",
        reply.status,
        reply.text()
    );
    Ok(reply)
}

/// `total` GETs of one path by these callers in turn, [`AT_ONCE`] at a time.
pub(crate) async fn fetch_in_turn(
    callers: &[Http],
    path: &str,
    total: usize,
) -> anyhow::Result<()> {
    stream::iter(callers.iter().cycle().take(total))
        .map(|caller| fetch(caller, path))
        .buffer_unordered(AT_ONCE)
        .try_for_each(async |_| Ok(()))
        .await
}

/// A server may take this long to take a million members, on a machine that has a bad day.
const FILLING: Duration = Duration::from_secs(300);

/// Makes these people the members of a conversation; who is missing is created.
pub(crate) async fn converse(
    server: &Server,
    conversation: usize,
    members: impl IntoIterator<Item = usize>,
) -> anyhow::Result<()> {
    let members: Value = members
        .into_iter()
        .map(|number| format!("user:{}", id(number)))
        .collect();
    let path = format!("/v1/conversations/c{conversation}/members");
    let reply = operator(server)
        .patience(FILLING)
        .call(Method::PUT, &path, Some(&members))
        .await?;
    expect_success(reply).map(drop)
}

/// One authenticated connection, which keeps the events named and no others.
pub(crate) async fn connect(url: &str, number: usize, heard: &[&str]) -> anyhow::Result<Socket> {
    connect_with(url, number, json!({ "token": token(number)? }), heard).await
}

/// The same with more than a token in the handshake.
pub(crate) async fn connect_with(
    url: &str,
    number: usize,
    auth: Value,
    heard: &[&str],
) -> anyhow::Result<Socket> {
    let heard = heard.iter().copied().chain(["authenticated"]);
    let mut socket = Connect::to(url)
        .auth(auth)
        .listen_only(heard)
        .timeout(PATIENCE)
        .open()
        .await
        .with_context(|| format!("person {number} cannot connect"))?;
    let answer = socket.wait_for("authenticated", PATIENCE).await?;
    anyhow::ensure!(answer.payload()["success"] == true, "{}", answer.payload());
    Ok(socket)
}

/// The connections of many people, made [`AT_ONCE`] at a time.
pub(crate) async fn connect_all(
    url: &str,
    people: impl IntoIterator<Item = usize>,
    heard: &[&str],
) -> anyhow::Result<Vec<Socket>> {
    stream::iter(people)
        .map(|number| connect(url, number, heard))
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}
