-- Positions from which clients catch up.

-- The key that seals cursors: drawn once, so that every start opens what an earlier one has given.
CREATE TABLE cursor_key (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    key BLOB    NOT NULL CHECK (length(key) = 32)
) STRICT;

-- The latest starts of each node, with the end of those that ended gracefully, when everything they had told was durable.
CREATE TABLE starts (
    node_id    TEXT    NOT NULL,
    number     INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER,
    PRIMARY KEY (node_id, number)
) STRICT, WITHOUT ROWID;
