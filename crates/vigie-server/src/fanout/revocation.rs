//! Log out everywhere: every lease ends, and every socket is told why and closed.

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
            Revocation::Expired => ("expired", "Votre session invité a expiré."),
        };
        let frame = event(
            "auth:session-revoked",
            &json!({"code": "session_revoked", "message": message, "reason": word}),
        );
        for id in self.host.revoke(principal, reason) {
            if let Some(connection) = self.hub.connection(id) {
                connection.emit(frame.copy());
                connection.dismiss();
                self.forget(&connection);
            }
        }
    }
}
