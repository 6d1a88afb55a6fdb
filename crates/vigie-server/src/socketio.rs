//! Socket.IO: engine.io carries the frames, this module speaks the protocol above it and turns it into signals.
//!
//! In: packets of clients of both protocol generations, in the one namespace `/`.
//! Out: signals to the engine, connections to the fan-out, answers to the client.
//! Where a heartbeat enters: [`handler`] gets the packet, `events.rs` names what it means.
//! Always true: what a client sends before its authentication settles waits, and is neither refused nor lost.

mod acknowledge;
pub(crate) mod attending;
mod authenticate;
mod broken_off;
mod codec;
mod depth;
mod entrance;
mod events;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod handler;
mod light;
mod link;
mod seat;
mod surrogates;

use std::sync::Arc;

use engineioxide::config::EngineIoConfig;
use engineioxide::service::EngineIoService;

use crate::app::App;
use crate::config::Config;
use crate::fanout::BUFFER;

pub(crate) use entrance::Entrance;
pub(crate) use handler::Handler;

/// Where both generations connect.
pub(crate) const PATH: &str = "/socket.io";

/// A WebSocket message larger than this many times `message_limit` is cut off while it comes; one that is only too large is seen whole, and its connection closed for a reason that is counted.
const CUT_BEYOND: usize = 2;

/// WebSocket read buffer: clients send little, and this is held for every idle connection.
const READ_BUFFER_BYTES: usize = 512;

/// The engine.io service of today's clients (EIO4), whom the server pings.
fn eio4(app: &Arc<App>, handler: &Arc<Handler>) -> EngineIoService<Handler> {
    let periods = &app.config.periods;
    let config = base(&app.config)
        .ping_interval(periods.ping_interval)
        .ping_timeout(periods.ping_timeout);
    EngineIoService::with_config(Arc::clone(handler), config.build())
}

/// The engine.io service of old clients (EIO3), who ping by their own timers.
fn eio3(app: &Arc<App>, handler: &Arc<Handler>) -> EngineIoService<Handler> {
    let periods = &app.config.periods;
    let config = base(&app.config)
        .ping_interval(periods.eio3_ping_interval)
        .ping_timeout(periods.eio3_ping_timeout);
    EngineIoService::with_config(Arc::clone(handler), config.build())
}

fn base(config: &Config) -> engineioxide::config::EngineIoConfigBuilder {
    let message = config.limits.message.0;
    EngineIoConfig::builder()
        .req_path(PATH)
        .max_buffer_size(BUFFER)
        .max_payload(message as u64)
        .ws_read_buffer_size(READ_BUFFER_BYTES)
        .ws_max_message_size(message * CUT_BEYOND)
        .ws_max_frame_size(message * CUT_BEYOND)
}
