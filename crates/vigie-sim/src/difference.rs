//! The first thing that is wrong in a run: who found it, about whom, and in which words.

use core::fmt;

use vigie_core::PrincipalKey;

/// Who found it; one file each under `checkers`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Checker {
    /// Every announced edge is a change from the last announced one, and every change is announced.
    Edges,
    /// Times never go backwards and are never invented.
    Times,
    /// Others see what they were told last, and are told what they see.
    Veils,
    /// Nobody is present without a lease, and every lease ends.
    Leases,
    /// Every accepted update becomes durable, and is counted once.
    Durability,
    /// The timer is never late, and keeps its limit.
    Deadlines,
    /// The engine does what the rules demand.
    Reference,
}

impl fmt::Display for Checker {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Edges => "edges",
            Self::Times => "times",
            Self::Veils => "veils",
            Self::Leases => "leases",
            Self::Durability => "durability",
            Self::Deadlines => "deadlines",
            Self::Reference => "reference",
        })
    }
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Who found it.
    pub checker: Checker,
    /// Whom it is about, when it is about somebody.
    pub principal: Option<PrincipalKey>,
    /// What should be and what is.
    pub message: String,
}

impl Difference {
    pub(crate) fn about(checker: Checker, principal: PrincipalKey, message: String) -> Self {
        Self {
            checker,
            principal: Some(principal),
            message,
        }
    }

    pub(crate) fn of_all(checker: Checker, message: String) -> Self {
        Self {
            checker,
            principal: None,
            message,
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "found by {}", self.checker)?;
        if let Some(principal) = self.principal {
            write!(out, ", about p{}", principal.0)?;
        }
        write!(out, ": {}", self.message)
    }
}
