-- The directory: who exists, and who shares a conversation with whom.
--
-- An id is the one of the wire: a guest's starts with g_, a user's never does, so one column names either.
-- Ids are compared byte by byte (collation "C"), as the server does.
-- Times are milliseconds since 1970-01-01T00:00:00Z.

CREATE TABLE users (
    id           text COLLATE "C" NOT NULL PRIMARY KEY,
    username     text,
    display_name text,
    first_name   text,
    last_name    text,
    language     text,
    role         text,
    is_active    boolean NOT NULL,
    -- True once an API call has set a name: token claims no longer change it.
    set_by_api   boolean NOT NULL,
    -- A tombstone: such a user is never provisioned again by a token, only by an API call.
    deleted_at   bigint
);

-- A tombstone is asked for with every write of presence; there are few.
CREATE INDEX tombstones ON users (id) WHERE deleted_at IS NOT NULL;

CREATE TABLE guests (
    id              text COLLATE "C" NOT NULL PRIMARY KEY,
    -- The token itself is shown once, when the guest is made, and kept nowhere.
    token_sha256    bytea NOT NULL UNIQUE CHECK (length(token_sha256) = 32),
    conversation_id text COLLATE "C" NOT NULL,
    display_name    text NOT NULL,
    language        text,
    expires_at      bigint,
    created_at      bigint NOT NULL
);

CREATE TABLE conversations (
    id    text COLLATE "C" NOT NULL PRIMARY KEY,
    title text
);

CREATE TABLE members (
    conversation_id text COLLATE "C" NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    principal_id    text COLLATE "C" NOT NULL,
    PRIMARY KEY (conversation_id, principal_id)
);

CREATE INDEX members_by_principal ON members (principal_id);
