//! One edge, as announced by the engine or demanded by the rules.

use vigie_core::{Availability, Presence, PrincipalKey};

/// A change of somebody's availability.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// Whose.
    pub principal: PrincipalKey,
    /// The availability before it.
    pub was: Availability,
    /// The state after it.
    pub presence: Presence,
}
