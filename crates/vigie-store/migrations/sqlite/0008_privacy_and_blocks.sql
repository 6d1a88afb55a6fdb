-- What people let others see, and whom they do not want to see them.
--
-- Who has no row here has the default: contacts see everything.

CREATE TABLE privacy (
    principal_id TEXT NOT NULL PRIMARY KEY,
    availability TEXT NOT NULL CHECK (availability IN ('nobody', 'contacts', 'everyone')),
    last_seen    TEXT NOT NULL CHECK (last_seen IN ('nobody', 'contacts', 'everyone'))
) STRICT, WITHOUT ROWID;

CREATE TABLE blocks (
    blocker_id TEXT NOT NULL,
    blocked_id TEXT NOT NULL,
    PRIMARY KEY (blocker_id, blocked_id)
) STRICT, WITHOUT ROWID;

-- Whoever goes is forgotten on both sides.
CREATE INDEX blocks_by_blocked ON blocks (blocked_id);
