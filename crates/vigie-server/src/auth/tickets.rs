//! Tickets: what a browser shows where it cannot send a header, once, and soon.
//!
//! In: whoever was admitted by a credential. Out: the same identity to whoever brings the ticket first.
//! Always true: a ticket opens one door; when its time is over, or a person has too many, it opens none. No restart keeps them.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use vigie_core::{Mono, PrincipalKey};

use crate::admission::Identity;

/// Random bytes of a ticket.
const BYTES: usize = 24;

/// What a ticket begins with, so that one is known where it turns up.
const PREFIX: &str = "ticket_";

/// Tickets of one person that may be open at a time; a browser with so many pages takes the next ones when some are over.
const OPEN_OF_ONE: usize = 32;

/// The open tickets.
#[derive(Debug)]
pub struct Tickets {
    lifetime: Duration,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    by_secret: HashMap<[u8; BYTES], Identity>,
    /// In the order in which they end, used ones included.
    ends: VecDeque<(Mono, [u8; BYTES], PrincipalKey)>,
    /// How many of these each person has.
    of_one: HashMap<PrincipalKey, usize>,
}

/// Why no ticket was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoTicket {
    /// The person has as many as it may have.
    #[error("too many tickets are open")]
    TooMany,
    /// The system gave no random numbers.
    #[error("the system gave no random numbers")]
    Random,
}

impl Tickets {
    /// No ticket is open; each will be for `lifetime`.
    #[must_use]
    pub fn new(lifetime: Duration) -> Self {
        Self {
            lifetime,
            open: Mutex::default(),
        }
    }

    /// For how long a ticket can be used.
    #[must_use]
    pub fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// Gives a ticket to somebody who was admitted.
    ///
    /// # Errors
    /// When too many of the same person are open.
    pub fn issue(&self, identity: Identity, now: Mono) -> Result<String, NoTicket> {
        let mut secret = [0; BYTES];
        getrandom::fill(&mut secret).map_err(|_| NoTicket::Random)?;
        let mut open = self.open.lock();
        open.end(now);
        let taken = open.of_one.entry(identity.key).or_default();
        if *taken >= OPEN_OF_ONE {
            return Err(NoTicket::TooMany);
        }
        *taken += 1;
        open.ends
            .push_back((now + self.lifetime, secret, identity.key));
        open.by_secret.insert(secret, identity);
        Ok(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(secret)))
    }

    /// Takes a ticket; whose it was, if it was open.
    #[must_use]
    pub fn redeem(&self, ticket: &str, now: Mono) -> Option<Identity> {
        let encoded = ticket.strip_prefix(PREFIX)?;
        let mut secret = [0; BYTES];
        let length = URL_SAFE_NO_PAD.decode_slice(encoded, &mut secret).ok()?;
        if length != BYTES {
            return None;
        }
        let mut open = self.open.lock();
        open.end(now);
        open.by_secret.remove(&secret)
    }
}

impl Open {
    /// Forgets those whose time is over.
    fn end(&mut self, now: Mono) {
        while let Some((end, secret, whose)) = self.ends.front().copied()
            && end <= now
        {
            self.ends.pop_front();
            self.by_secret.remove(&secret);
            if let Some(count) = self.of_one.get_mut(&whose) {
                *count -= 1;
                if *count == 0 {
                    self.of_one.remove(&whose);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use vigie_core::{PrincipalId, Role};

    use super::*;

    fn identity(key: u32) -> Identity {
        Identity {
            key: PrincipalKey(key),
            id: PrincipalId::user("alice").unwrap(),
            role: Role::User,
            expires_at: None,
        }
    }

    #[test]
    fn a_ticket_is_of_use_once_and_in_time() {
        let tickets = Tickets::new(Duration::from_secs(30));
        let at = |seconds| Mono::START + Duration::from_secs(seconds);
        let first = tickets.issue(identity(1), at(0)).unwrap();
        let second = tickets.issue(identity(2), at(10)).unwrap();
        assert_eq!(tickets.redeem(&first, at(29)).unwrap().key, PrincipalKey(1));
        assert!(tickets.redeem(&first, at(29)).is_none());
        assert!(tickets.redeem(&second, at(40)).is_none());
        for odd in ["", "ticket_", "ticket_AAAA", &second[7..], "ticket_é"] {
            assert!(tickets.redeem(odd, at(29)).is_none(), "{odd}");
        }
    }

    #[test]
    fn a_person_has_so_many_at_a_time() {
        let tickets = Tickets::new(Duration::from_secs(30));
        for _ in 0..OPEN_OF_ONE {
            tickets.issue(identity(1), Mono::START).unwrap();
        }
        let refused = tickets.issue(identity(1), Mono::START);
        assert_eq!(refused.unwrap_err(), NoTicket::TooMany);
        assert!(tickets.issue(identity(2), Mono::START).is_ok());
        let later = Mono::START + Duration::from_secs(30);
        assert!(tickets.issue(identity(1), later).is_ok());
    }
}
