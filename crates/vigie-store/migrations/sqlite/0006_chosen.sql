-- What people chose to be shown as, and the veil of whoever is invisible.
--
-- One row per person and not per node: a choice is kept across devices, nodes and starts.
-- It is written in the transaction of the person's presence, and whoever has the later version wins.
-- A choice that was taken back leaves its version alone, against writes that come late; the next start removes it.
CREATE TABLE choices (
    principal_id        TEXT    NOT NULL PRIMARY KEY,
    version             INTEGER NOT NULL,
    status              TEXT CHECK (status IN ('away', 'busy', 'invisible')),
    text                TEXT,
    until               INTEGER,
    -- What others are shown while a veil is there; its version is NULL when there is none.
    veil_version        INTEGER,
    veil_last_active_at INTEGER,
    veil_last_seen_at   INTEGER,
    -- Set instead of the version when the veil was lifted: activity up to it lay behind the veil, 0 when there was none.
    -- Others are shown the two times above until there is a later activity, and until the next goodbye.
    veil_hidden_until   INTEGER
) STRICT, WITHOUT ROWID;

DROP VIEW presence;

-- Everybody who exists, as others see them at this moment.
--
-- Whoever is present is shown as what they chose, away or busy.
-- Whoever is invisible is offline here, with the times of the moment at which they became it: a reader of this view is a watcher like any other.
-- Whoever was invisible keeps those times until something later can be shown.
-- What is behind a veil is in node_presence and times, which are not for showing.
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
-- A choice that is over by the clock counts no more, whether or not a server is there to see it end.
SELECT
    folded.principal_id,
    kind,
    name,
    CASE
        WHEN veil_version IS NOT NULL OR coalesce(availability, 0) = 0 THEN 'offline'
        WHEN status IN ('away', 'busy') AND ifnull(until > clock.now, true) THEN status
        WHEN availability = 2 THEN 'online'
        ELSE 'away'
    END,
    veil_version IS NULL AND coalesce(availability, 0) > 0,
    strftime(
        '%Y-%m-%dT%H:%M:%fZ',
        CASE
            WHEN veil_version IS NULL AND veil_hidden_until IS NULL THEN last_active_at
            WHEN last_active_at > veil_hidden_until THEN max(last_active_at, ifnull(veil_last_active_at, last_active_at))
            ELSE veil_last_active_at
        END / 1000.0,
        'unixepoch'
    ),
    strftime(
        '%Y-%m-%dT%H:%M:%fZ',
        iif(coalesce(veil_version, veil_hidden_until) IS NULL, last_seen_at, veil_last_seen_at) / 1000.0,
        'unixepoch'
    )
FROM folded
CROSS JOIN clock
LEFT JOIN choices ON choices.principal_id = folded.principal_id;
