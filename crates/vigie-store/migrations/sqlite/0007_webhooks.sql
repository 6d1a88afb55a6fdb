-- Addresses that are told of changes, and how far each of them has been told.

CREATE TABLE webhooks (
    id                    TEXT    NOT NULL PRIMARY KEY,
    url                   TEXT    NOT NULL,
    -- Readable, because every delivery is signed with it; whoever reads this file can sign as this server.
    secret                TEXT    NOT NULL,
    tells_status          INTEGER NOT NULL CHECK (tells_status IN (0, 1)),
    tells_conversations   INTEGER NOT NULL CHECK (tells_conversations IN (0, 1)),
    created_at            INTEGER NOT NULL,
    -- The next start numbers its deliveries from here on.
    sequence              INTEGER NOT NULL,
    -- Everything before this position has been taken by the receiver.
    cursor                TEXT    NOT NULL,
    -- Conversations whose changes were not taken, as a JSON list of ids.
    changed_conversations TEXT    NOT NULL,
    -- Too much changed to be named: the receiver has to read everything anew.
    must_resync           INTEGER NOT NULL CHECK (must_resync IN (0, 1)),
    failing_since         INTEGER,
    parked_at             INTEGER,
    last_error            TEXT
) STRICT, WITHOUT ROWID;
