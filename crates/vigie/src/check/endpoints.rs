//! Whether the routes that scripts, probes and dashboards call are there, and closed where they should be.

use serde_json::Value;
use vigie_client::Method;

use super::finding::{Fault, Seen};
use super::site::Caller;

/// An open route that answers 200.
pub(super) async fn answers(caller: &Caller, path: &str) -> Result<Seen, Fault> {
    let began = std::time::Instant::now();
    caller.get(path).await?;
    Ok(Seen::from(format!("GET {path} answers 200")).timed("answer", began.elapsed()))
}

/// `/health` says that the store is there; also the version.
pub(super) async fn health(caller: &Caller) -> Result<(Seen, Option<String>), Fault> {
    let health = caller.get("/health").await?.json();
    if health["status"] != "healthy" || health["services"]["database"]["status"] != "up" {
        return Err(Fault::new(
            "status healthy, database up",
            health.to_string(),
            "the server's log, the database, the disk",
        ));
    }
    let uptime = health["uptime"].as_f64().unwrap_or_default();
    let version = health["version"].as_str().map(str::to_owned);
    Ok((
        format!("healthy, database up, running for {uptime:.0} s").into(),
        version,
    ))
}

/// `/openapi.json` describes the routes.
pub(super) async fn openapi(caller: &Caller) -> Result<Seen, Fault> {
    let document = caller.get("/openapi.json").await?.json();
    match document["paths"].as_object().map(serde_json::Map::len) {
        Some(paths) if paths > 0 => Ok(format!("{paths} paths described").into()),
        Some(_) | None => Err(Fault::new(
            "a description of every route",
            "a document without paths",
            "is this the address of Vigie itself?",
        )),
    }
}

/// The server takes the API key and no other; shown at a route that nobody else may use, in development mode neither.
pub(super) async fn api_key(service: &Caller, impostor: &Caller) -> Result<Seen, Fault> {
    let path = "/v1/users/vigie-check";
    service.expect(&[404, 200], Method::GET, path, None).await?;
    let hint = "does something between here and the server answer in its place, or add a key?";
    impostor.be_refused(path, hint).await?;
    Ok("the server takes the API key, and no other".into())
}

/// The maintenance routes answer with the fields that dashboards read, and are closed to the world.
pub(super) async fn maintenance(operator: &Caller, outsider: &Caller) -> Result<Seen, Fault> {
    const STATS: [&str; 4] = [
        "onlineUsers",
        "totalUsers",
        "anonymousSessions",
        "onlineAnonymous",
    ];
    const METRICS: [&str; 5] = [
        "totalRequests",
        "throttledRequests",
        "successfulUpdates",
        "failedUpdates",
        "cacheSize",
    ];
    /// Where deployed scripts look for them.
    const MOUNTS: [&str; 5] = [
        "/maintenance",
        "/api",
        "/api/maintenance",
        "/api/v1",
        "/api/v1/maintenance",
    ];
    for mount in MOUNTS {
        for (route, fields) in [("stats", &STATS[..]), ("status-metrics", &METRICS[..])] {
            let path = format!("{mount}/{route}");
            let answer = operator.get(&path).await?.json();
            let missing = fields
                .iter()
                .find(|field| !is_count(&answer["data"], field));
            if let Some(field) = missing {
                return Err(Fault::new(
                    format!("GET {path} tells {field} as a number"),
                    answer.to_string(),
                    "what changes answers between here and the server?",
                ));
            }
        }
    }
    let hint =
        "maintenance routes are open to the world: see maintenance_open, and what a proxy adds";
    outsider
        .be_refused("/maintenance/status-metrics", hint)
        .await?;
    Ok("answer under all five mounts, and only with a credential".into())
}

fn is_count(data: &Value, field: &str) -> bool {
    data[field].is_u64()
}
