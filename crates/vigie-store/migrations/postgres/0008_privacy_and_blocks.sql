-- What people let others see, and whom they do not want to see them.
--
-- Who has no row here has the default: contacts see everything.

CREATE TABLE privacy (
    principal_id text COLLATE "C" NOT NULL PRIMARY KEY,
    availability text NOT NULL CHECK (availability IN ('nobody', 'contacts', 'everyone')),
    last_seen    text NOT NULL CHECK (last_seen IN ('nobody', 'contacts', 'everyone'))
);

CREATE TABLE blocks (
    blocker_id text COLLATE "C" NOT NULL,
    blocked_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (blocker_id, blocked_id)
);

-- Whoever goes is forgotten on both sides.
CREATE INDEX blocks_by_blocked ON blocks (blocked_id);
