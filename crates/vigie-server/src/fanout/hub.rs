//! Which sockets there are: by connection, by principal, and by the conversations they look at.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hashbrown::HashMap;
use parking_lot::RwLock;
use vigie_core::{ConnectionId, ConversationKey, PrincipalKey};

use super::connection::Connection;

/// The register of authenticated sockets.
#[derive(Debug)]
pub(crate) struct Hub {
    tables: RwLock<Tables>,
    next_id: AtomicU64,
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            tables: RwLock::default(),
            // 0 stands for "the connection of another process" in restored sessions.
            next_id: AtomicU64::new(1),
        }
    }
}

/// The keys are the server's own, so the tables need not withstand chosen ones and may hash fast: a change asks for each of the contacts, connected or not.
#[derive(Debug, Default)]
struct Tables {
    by_id: HashMap<ConnectionId, Arc<Connection>>,
    by_principal: HashMap<PrincipalKey, Vec<Arc<Connection>>>,
    viewers: HashMap<ConversationKey, Vec<Arc<Connection>>>,
}

impl Hub {
    /// The id of a new connection.
    pub(crate) fn next_id(&self) -> ConnectionId {
        ConnectionId(self.next_id.fetch_add(1, Ordering::Relaxed))
    }

    /// From now on the socket is told what its principal may know; `false`, and nothing, when that one has `most` sockets already.
    pub(crate) fn register(&self, connection: &Arc<Connection>, most: usize) -> bool {
        let mut tables = self.tables.write();
        let others = tables.by_principal.entry(connection.principal).or_default();
        if others.len() >= most {
            return false;
        }
        others.push(Arc::clone(connection));
        tables.by_id.insert(connection.id, Arc::clone(connection));
        true
    }

    /// The socket is gone: nothing is told to it any more.
    pub(crate) fn remove(&self, connection: &Connection) {
        let mut tables = self.tables.write();
        tables.by_id.remove(&connection.id);
        remove_from(&mut tables.by_principal, connection.principal, connection);
        for conversation in connection.joined() {
            remove_from(&mut tables.viewers, conversation, connection);
        }
    }

    pub(crate) fn connection(&self, id: ConnectionId) -> Option<Arc<Connection>> {
        self.tables.read().by_id.get(&id).cloned()
    }

    /// Authenticated sockets.
    pub(crate) fn len(&self) -> usize {
        self.tables.read().by_id.len()
    }

    /// Every socket, in no particular order that anything depends on.
    pub(crate) fn all(&self) -> Vec<Arc<Connection>> {
        self.tables.read().by_id.values().cloned().collect()
    }

    /// Calls `tell` for every socket of these principals.
    pub(super) fn for_sockets_of(
        &self,
        principals: &[PrincipalKey],
        mut tell: impl FnMut(&Arc<Connection>),
    ) {
        let tables = self.tables.read();
        for principal in principals {
            for connection in tables.by_principal.get(principal).into_iter().flatten() {
                tell(connection);
            }
        }
    }

    /// Those of some principals who have a socket, each once and sorted by key.
    pub(super) fn connected_among(&self, mut principals: Vec<PrincipalKey>) -> Vec<PrincipalKey> {
        {
            let tables = self.tables.read();
            principals.retain(|principal| tables.by_principal.contains_key(principal));
        }
        // After that: of thousands of contacts a few may be left.
        principals.sort_unstable();
        principals.dedup();
        principals
    }

    /// Whether a principal has any socket.
    pub(super) fn has_sockets_of(&self, principal: PrincipalKey) -> bool {
        self.tables.read().by_principal.contains_key(&principal)
    }

    /// The sockets that look at a conversation.
    pub(super) fn viewers(&self, conversation: ConversationKey) -> Vec<Arc<Connection>> {
        let tables = self.tables.read();
        tables
            .viewers
            .get(&conversation)
            .cloned()
            .unwrap_or_default()
    }

    pub(super) fn has_viewers(&self, conversation: ConversationKey) -> bool {
        self.tables.read().viewers.contains_key(&conversation)
    }

    /// A socket opens its view of a conversation.
    pub(super) fn open_view(&self, conversation: ConversationKey, connection: &Arc<Connection>) {
        let mut tables = self.tables.write();
        if tables.by_id.contains_key(&connection.id) && connection.note_join(conversation) {
            tables
                .viewers
                .entry(conversation)
                .or_default()
                .push(Arc::clone(connection));
        }
    }

    /// A socket closes its view of a conversation; says whether it had one.
    pub(super) fn close_view(
        &self,
        conversation: ConversationKey,
        connection: &Connection,
    ) -> bool {
        let mut tables = self.tables.write();
        let had_view = connection.note_leave(conversation);
        if had_view {
            remove_from(&mut tables.viewers, conversation, connection);
        }
        had_view
    }
}

fn remove_from<K: std::hash::Hash + Eq>(
    table: &mut HashMap<K, Vec<Arc<Connection>>>,
    key: K,
    connection: &Connection,
) {
    if let Some(list) = table.get_mut(&key) {
        list.retain(|other| other.id != connection.id);
        if list.is_empty() {
            table.remove(&key);
        }
    }
}
