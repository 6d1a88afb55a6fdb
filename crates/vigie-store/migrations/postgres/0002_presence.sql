-- Presence: what a node must find again after a restart, and a view for whoever reads the database directly.
--
-- Somebody with a lease (or who was forced offline) has one row in node_presence, which carries the times too,
-- so that a refresh of last_active_at touches one row.
-- Everybody else is described by one row in times.

-- This database's node, drawn once, and how often it has started.
-- Every write looks here, in its own transaction, whether a later start has taken over.
CREATE TABLE node (
    id           text   NOT NULL PRIMARY KEY,
    incarnations bigint NOT NULL
);

INSERT INTO node (id, incarnations) VALUES (left(replace(gen_random_uuid()::text, '-', ''), 16), 0);

-- One row per start of a node; alive_at bounds the last proof of life of everyone with an open session on it.
CREATE TABLE incarnations (
    node_id       text   NOT NULL,
    number        bigint NOT NULL,
    started_at    bigint NOT NULL,
    alive_at      bigint NOT NULL,
    -- The rule of that name which this start went by, in milliseconds.
    offline_after bigint NOT NULL,
    PRIMARY KEY (node_id, number)
) WITH (fillfactor = 10);

-- Room in every page, and no index on what changes: a new version of a row stays beside the old one.
CREATE TABLE times (
    principal_id   text COLLATE "C" NOT NULL PRIMARY KEY,
    version        bigint NOT NULL,
    last_active_at bigint,
    last_seen_at   bigint,
    left_at        bigint
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE node_presence (
    principal_id      text COLLATE "C" NOT NULL,
    node_id           text     NOT NULL,
    incarnation       bigint   NOT NULL,
    version           bigint   NOT NULL,
    -- 0 offline (forced, while a lease lasts), 1 away, 2 online.
    availability      smallint NOT NULL CHECK (availability IN (0, 1, 2)),
    last_active_at    bigint,
    last_seen_at      bigint,
    left_at           bigint,
    forced_offline_at bigint,
    -- Set while a REST lease is open: it ends then, or offline_after past last_active_at, whichever is later.
    rest_floor        bigint,
    -- The sessions that count, packed; NULL when there is none.
    sessions          bytea,
    PRIMARY KEY (principal_id, node_id, incarnation)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

-- Everybody who exists, as they are at this moment.
--
-- Sessions count only while the server that held them proves to be alive:
-- it does so every 2 s, and one silent for 30 s (fifteen proofs) leaves nobody online by a session.
-- A REST lease ends by itself, whether or not a server is there to see it.
-- last_active_at and last_seen_at are ISO 8601 in UTC, or NULL when unknown.
CREATE VIEW presence (principal_id, kind, name, availability, is_online, last_active_at, last_seen_at) AS
WITH
clock (now) AS (
    SELECT floor(extract(epoch FROM now()) * 1000)::bigint
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
        coalesce(held.availability, 0),
        greatest(held.last_active_at, times.last_active_at),
        greatest(held.last_seen_at, times.last_seen_at)
    FROM people
    LEFT JOIN times ON times.principal_id = people.principal_id
    LEFT JOIN LATERAL (
        SELECT
            max(
                CASE
                    WHEN p.availability = 0 THEN 0
                    WHEN p.sessions IS NOT NULL AND i.alive_at > clock.now - 30000 THEN p.availability
                    WHEN greatest(p.rest_floor, p.last_active_at + i.offline_after) > clock.now
                        AND p.rest_floor IS NOT NULL THEN 2
                    ELSE 0
                END
            ) AS availability,
            max(p.last_active_at) AS last_active_at,
            max(p.last_seen_at) AS last_seen_at
        FROM clock
        CROSS JOIN node_presence AS p
        LEFT JOIN incarnations AS i ON i.node_id = p.node_id AND i.number = p.incarnation
        WHERE p.principal_id = people.principal_id
    ) AS held ON true
)
SELECT
    principal_id,
    kind,
    name,
    CASE availability WHEN 2 THEN 'online' WHEN 1 THEN 'away' ELSE 'offline' END,
    availability > 0,
    to_char(to_timestamp(last_active_at / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    to_char(to_timestamp(last_seen_at / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
FROM folded;
