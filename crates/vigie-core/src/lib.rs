//! The presence engine: who is present, since when, decided without I/O and without a clock.
//!
//! A [`Signal`] and the instant it happened go in, through [`Engine::handle`]; [`Effect`]s come out, through [`Engine::poll_effect`].
//! Between two signals the caller drains every effect, and calls [`Engine::handle_timeout`] when [`Engine::poll_timeout`] says so.
//! The hot path does not enter the engine: [`ActivityCells::touch`] answers most requests from one atomic word.
//!
//! What this crate may not do is kept by Cargo and by `clippy.toml`: there is nothing here to open a socket, read a clock, spawn a task or iterate over a hash map with.

mod activity_cells;
mod availability;
mod chosen;
mod directory;
mod engine;
mod id;
mod principal;
mod record;
mod rules;
mod signal;
mod time;
mod timers;
mod visibility;
mod write_behind;

pub use activity_cells::{ActivityCells, Throttle, Touch};
pub use availability::{Availability, Presence, Times, Version};
pub use chosen::{Chosen, ChosenStatus, Lifted, Veil};
pub use directory::{
    Conversation, ConversationKey, Directory, Member, Names, Population, Profile, Role, UnknownRole,
};
pub use engine::{Engine, Totals};
pub use id::{Id, IdError};
pub use principal::{PrincipalId, PrincipalKey, PrincipalKind};
pub use record::{PresenceRecord, StoredChoice, StoredSession};
pub use rules::{Contradiction, Rules};
pub use signal::{Concern, ConnectionId, Effect, Revocation, SessionId, Signal};
pub use time::{Mono, Now, Wall};
pub use visibility::{
    Bucket, Face, Privacy, Reach, Sight, SightRules, UnknownReach, Watcher, face, followed_version,
    public_sight,
};
pub use write_behind::{Batch, Stage, WriteBehind};
