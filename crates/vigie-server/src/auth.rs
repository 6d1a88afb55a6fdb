//! Who is asking: credentials as clients spell them, and their verification without any directory.
//!
//! In: headers, payloads and queries; out: candidates in the order in which they are tried, and verified [`Claims`].
//! But for [`AuthLayer`], which puts all of it in front of a service, nothing here does I/O or knows whether a principal exists or is admitted.

pub mod api_key;
pub mod credentials;
pub mod guest_token;
pub mod jwt;
pub mod layer;
pub mod tickets;

pub use api_key::ApiKeys;
pub use credentials::Credential;
pub use guest_token::GuestToken;
pub use jwt::{Claims, JwtError, JwtVerifier, NewToken, sign};
pub use layer::{AuthLayer, AuthService};
pub use tickets::{NoTicket, Tickets};
// What claims are made of, so that whoever signs a token needs no other crate.
pub use vigie_core::{PrincipalId, Role, Wall};
