-- Presence: what a node must find again after a restart, and a view for whoever reads the database directly.
--
-- Somebody with a lease (or who was forced offline) has one row in node_presence, which carries the times too,
-- so that a refresh of last_active_at touches one row.
-- Everybody else is described by one row in times.

-- This database's node, drawn once, and how often it has started.
CREATE TABLE node (
    id           TEXT    NOT NULL PRIMARY KEY,
    incarnations INTEGER NOT NULL
) STRICT;

INSERT INTO node (id, incarnations) VALUES (lower(hex(randomblob(8))), 0);

-- One row per start of a node; alive_at bounds the last proof of life of everyone with an open session on it.
CREATE TABLE incarnations (
    node_id       TEXT    NOT NULL,
    number        INTEGER NOT NULL,
    started_at    INTEGER NOT NULL,
    alive_at      INTEGER NOT NULL,
    -- The rule of that name which this start went by, in milliseconds.
    offline_after INTEGER NOT NULL,
    PRIMARY KEY (node_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE times (
    principal_id   TEXT    NOT NULL PRIMARY KEY,
    version        INTEGER NOT NULL,
    last_active_at INTEGER,
    last_seen_at   INTEGER,
    left_at        INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE node_presence (
    principal_id      TEXT    NOT NULL,
    node_id           TEXT    NOT NULL,
    incarnation       INTEGER NOT NULL,
    version           INTEGER NOT NULL,
    -- 0 offline (forced, while a lease lasts), 1 away, 2 online.
    availability      INTEGER NOT NULL CHECK (availability IN (0, 1, 2)),
    last_active_at    INTEGER,
    last_seen_at      INTEGER,
    left_at           INTEGER,
    forced_offline_at INTEGER,
    -- Set while a REST lease is open: it ends then, or offline_after past last_active_at, whichever is later.
    rest_floor        INTEGER,
    -- The sessions that count, packed; NULL when there is none.
    sessions          BLOB,
    PRIMARY KEY (principal_id, node_id, incarnation)
) STRICT, WITHOUT ROWID;

-- Everybody who exists, as they are at this moment.
--
-- Sessions count only while the server that held them proves to be alive:
-- it does so every 2 s, and one silent for 30 s (fifteen proofs) leaves nobody online by a session.
-- A REST lease ends by itself, whether or not a server is there to see it.
-- last_active_at and last_seen_at are ISO 8601 in UTC, or NULL when unknown.
CREATE VIEW presence (principal_id, kind, name, availability, is_online, last_active_at, last_seen_at) AS
WITH
clock (now) AS (
    SELECT CAST(strftime('%s', 'now') AS INTEGER) * 1000
),
people (principal_id, kind, name) AS (
    SELECT
        id,
        'user',
        coalesce(
            nullif(display_name, ''),
            nullif(trim(coalesce(first_name, '') || ' ' || coalesce(last_name, '')), ''),
            nullif(username, ''),
            id
        )
    FROM users
    WHERE deleted_at IS NULL
    UNION ALL
    SELECT id, 'guest', display_name
    FROM guests
),
folded (principal_id, kind, name, availability, last_active_at, last_seen_at) AS (
    SELECT
        people.principal_id,
        people.kind,
        people.name,
        (
            SELECT max(
                CASE
                    WHEN p.availability = 0 THEN 0
                    WHEN p.sessions IS NOT NULL AND i.alive_at > clock.now - 30000 THEN p.availability
                    WHEN max(p.rest_floor, coalesce(p.last_active_at + i.offline_after, 0)) > clock.now THEN 2
                    ELSE 0
                END
            )
            FROM clock, node_presence AS p
            LEFT JOIN incarnations AS i ON i.node_id = p.node_id AND i.number = p.incarnation
            WHERE p.principal_id = people.principal_id
        ),
        (
            SELECT max(at) FROM (
                SELECT last_active_at AS at FROM times AS t WHERE t.principal_id = people.principal_id
                UNION ALL
                SELECT last_active_at FROM node_presence AS p WHERE p.principal_id = people.principal_id
            )
        ),
        (
            SELECT max(at) FROM (
                SELECT last_seen_at AS at FROM times AS t WHERE t.principal_id = people.principal_id
                UNION ALL
                SELECT last_seen_at FROM node_presence AS p WHERE p.principal_id = people.principal_id
            )
        )
    FROM people
)
SELECT
    principal_id,
    kind,
    name,
    CASE availability WHEN 2 THEN 'online' WHEN 1 THEN 'away' ELSE 'offline' END,
    coalesce(availability, 0) > 0,
    strftime('%Y-%m-%dT%H:%M:%fZ', last_active_at / 1000.0, 'unixepoch'),
    strftime('%Y-%m-%dT%H:%M:%fZ', last_seen_at / 1000.0, 'unixepoch')
FROM folded;
