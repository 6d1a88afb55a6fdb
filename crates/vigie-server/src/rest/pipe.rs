//! From the fan-out to whoever writes a link's bytes.
//!
//! In: frames and the end, from any thread. Out: frames one after another, under the names that all plain transports share.
//! Always true: it holds no more frames than any link does, and after a goodbye it still gives out what came before.

use tokio::sync::{mpsc, watch};

use crate::fanout::{BUFFER, Frame, Link, NoRoom};

/// The fan-out's end.
#[derive(Debug)]
pub(super) struct Pipe {
    frames: mpsc::Sender<Frame>,
    ending: watch::Sender<Ending>,
}

/// The writer's end.
#[derive(Debug)]
pub(super) struct Outlet {
    frames: mpsc::Receiver<Frame>,
    ending: watch::Receiver<Ending>,
}

/// How a link ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Ending {
    /// Not yet.
    #[default]
    Open,
    /// Once everything is written; its client need not come back.
    Dismissed,
    /// Now; its client comes back.
    Cut,
}

/// A pipe and its outlet.
pub(super) fn pipe() -> (Pipe, Outlet) {
    let (frames, written) = mpsc::channel(BUFFER);
    let (ending, ended) = watch::channel(Ending::Open);
    let outlet = Outlet {
        frames: written,
        ending: ended,
    };
    (Pipe { frames, ending }, outlet)
}

impl Link for Pipe {
    fn emit(&self, frame: Frame) -> Result<(), NoRoom> {
        self.frames.try_send(frame).map_err(|_| NoRoom)
    }

    fn dismiss(&self) {
        self.end(Ending::Dismissed);
    }

    fn cut(&self) {
        self.end(Ending::Cut);
    }
}

impl Pipe {
    fn end(&self, how: Ending) {
        self.ending.send_modify(|ending| {
            if *ending == Ending::Open {
                *ending = how;
            }
        });
    }
}

impl Outlet {
    /// The next frame; `None` when the link is to end. It may be dropped half-way without losing a frame.
    pub(super) async fn next(&mut self) -> Option<Frame> {
        loop {
            let ending = *self.ending.borrow_and_update();
            match ending {
                Ending::Open => tokio::select! {
                    frame = self.frames.recv() => return frame,
                    changed = self.ending.changed() => changed.ok()?,
                },
                Ending::Dismissed => {
                    self.frames.close();
                    return self.frames.recv().await;
                }
                Ending::Cut => return None,
            }
        }
    }

    /// How the link ends, for whoever may be waiting in the middle of a frame.
    pub(super) fn ending(&self) -> watch::Receiver<Ending> {
        self.ending.clone()
    }
}

/// The name and the payload of an event on the plain transports; `None` of what they do not carry.
pub(super) fn plain(frame: &Frame) -> Option<(&'static str, &str)> {
    let (name, payload) = frame.parts()?;
    let name = match name {
        "presence:snapshot" => "snapshot",
        "user:status" => "status",
        "presence:cursor" => "cursor",
        "presence:watching" => "watching",
        "auth:token-expired" | "auth:session-revoked" => "end",
        _ => return None,
    };
    Some((name, payload))
}
