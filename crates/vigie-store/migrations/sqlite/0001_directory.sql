-- The directory: who exists, and who shares a conversation with whom.
--
-- An id is the one of the wire: a guest's starts with g_, a user's never does, so one column names either.
-- Times are milliseconds since 1970-01-01T00:00:00Z.

-- "VIGI": tells this database from one that belongs to another program.
PRAGMA application_id = 1447642953;

CREATE TABLE users (
    id           TEXT    NOT NULL PRIMARY KEY,
    username     TEXT,
    display_name TEXT,
    first_name   TEXT,
    last_name    TEXT,
    language     TEXT,
    role         TEXT,
    is_active    INTEGER NOT NULL CHECK (is_active IN (0, 1)),
    -- 1 once an API call has set a name: token claims no longer change it.
    set_by_api   INTEGER NOT NULL CHECK (set_by_api IN (0, 1)),
    -- A tombstone: such a user is never provisioned again by a token, only by an API call.
    deleted_at   INTEGER
) STRICT, WITHOUT ROWID;

-- A tombstone is asked for with every write of presence; there are few.
CREATE INDEX tombstones ON users (id) WHERE deleted_at IS NOT NULL;

CREATE TABLE guests (
    id              TEXT    NOT NULL PRIMARY KEY,
    -- The token itself is shown once, when the guest is made, and kept nowhere.
    token_sha256    BLOB    NOT NULL UNIQUE CHECK (length(token_sha256) = 32),
    conversation_id TEXT    NOT NULL,
    display_name    TEXT    NOT NULL,
    language        TEXT,
    expires_at      INTEGER,
    created_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE conversations (
    id    TEXT NOT NULL PRIMARY KEY,
    title TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE members (
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    principal_id    TEXT NOT NULL,
    PRIMARY KEY (conversation_id, principal_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX members_by_principal ON members (principal_id);
