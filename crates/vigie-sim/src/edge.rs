//! One change, as announced by the engine or demanded by the rules.

use vigie_core::{Availability, Concern, Presence, PrincipalKey};

/// A change of somebody's availability, or of what they chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// Whose.
    pub principal: PrincipalKey,
    /// The availability before it.
    pub was: Availability,
    /// The state after it.
    pub presence: Presence,
    /// Who is told of it.
    pub concern: Concern,
}
