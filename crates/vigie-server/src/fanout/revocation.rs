//! Log out everywhere: every lease ends, and every socket is told why and closed.

use std::sync::Arc;

use serde_json::json;
use vigie_core::{PrincipalKey, Revocation};

use super::Fanout;
use super::wire::event;

impl Fanout {
    /// Ends every lease of a principal and closes its sockets with `auth:session-revoked`.
    pub fn revoke(&self, principal: PrincipalKey, reason: Revocation) {
        let (word, message) = match reason {
            Revocation::LoggedOut => (
                "logged_out",
                "Vous avez été déconnecté de tous vos appareils.",
            ),
            Revocation::Deactivated => ("deactivated", "Votre compte a été désactivé."),
            Revocation::Deleted => ("deleted", "Votre compte a été supprimé."),
            Revocation::Merged => (
                "merged",
                "Vous avez maintenant un compte ; reconnectez-vous avec celui-ci.",
            ),
            Revocation::Expired => ("expired", "Votre session invité a expiré."),
        };
        let frame = event(
            "auth:session-revoked",
            &json!({"code": "session_revoked", "message": message, "reason": word}),
        );
        let with_session = self.host.revoke(principal, reason);
        let mut sockets: Vec<_> = with_session
            .into_iter()
            .filter_map(|id| self.hub.connection(id))
            .collect();
        // And the links that only watch, of which the engine knows nothing.
        self.hub.for_sockets_of(&[principal], |socket| {
            if sockets.iter().all(|other| other.id != socket.id) {
                sockets.push(Arc::clone(socket));
            }
        });
        for connection in sockets {
            connection.emit(frame.copy());
            connection.dismiss();
            self.forget(&connection);
        }
    }
}
