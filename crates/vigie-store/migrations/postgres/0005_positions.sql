-- Positions from which clients catch up.

-- The key that seals cursors: drawn once, so that every start opens what an earlier one has given.
CREATE TABLE cursor_key (
    one smallint NOT NULL PRIMARY KEY CHECK (one = 1),
    key bytea    NOT NULL CHECK (length(key) = 32)
);

-- The latest starts of each node, with the end of those that ended gracefully, when everything they had told was durable.
CREATE TABLE starts (
    node_id    text   NOT NULL,
    number     bigint NOT NULL,
    started_at bigint NOT NULL,
    ended_at   bigint,
    PRIMARY KEY (node_id, number)
);
