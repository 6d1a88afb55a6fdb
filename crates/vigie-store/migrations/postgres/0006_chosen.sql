-- What people chose to be shown as, and the veil of whoever is invisible.
--
-- One row per person and not per node: a choice is kept across devices, nodes and starts.
-- It is written in the transaction of the person's presence, and whoever has the later version wins.
-- A choice that was taken back leaves its version alone, against writes that come late; the next start removes it.
CREATE TABLE choices (
    principal_id        text COLLATE "C" PRIMARY KEY,
    version             bigint NOT NULL,
    status              text CHECK (status IN ('away', 'busy', 'invisible')),
    text                text,
    until               bigint,
    -- What others are shown while a veil is there; its version is NULL when there is none.
    veil_version        bigint,
    veil_last_active_at bigint,
    veil_last_seen_at   bigint,
    -- Set instead of the version when the veil was lifted: activity up to it lay behind the veil, 0 when there was none.
    -- Others are shown the two times above until there is a later activity, and until the next goodbye.
    veil_hidden_until   bigint
);

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
CREATE OR REPLACE VIEW presence (principal_id, kind, name, availability, is_online, last_active_at, last_seen_at) AS
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
-- A choice that is over by the clock counts no more, whether or not a server is there to see it end.
SELECT
    folded.principal_id,
    kind,
    name,
    CASE
        WHEN veil_version IS NOT NULL OR availability = 0 THEN 'offline'
        WHEN status IN ('away', 'busy') AND coalesce(until > clock.now, true) THEN status
        WHEN availability = 2 THEN 'online'
        ELSE 'away'
    END,
    veil_version IS NULL AND availability > 0,
    to_char(
        to_timestamp(
            CASE
                WHEN veil_version IS NULL AND veil_hidden_until IS NULL THEN last_active_at
                WHEN last_active_at > veil_hidden_until THEN greatest(last_active_at, veil_last_active_at)
                ELSE veil_last_active_at
            END / 1000.0
        ) AT TIME ZONE 'UTC',
        'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'
    ),
    to_char(
        to_timestamp(
            CASE
                WHEN veil_version IS NULL AND veil_hidden_until IS NULL THEN last_seen_at
                ELSE veil_last_seen_at
            END / 1000.0
        ) AT TIME ZONE 'UTC',
        'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'
    )
FROM folded
CROSS JOIN clock
LEFT JOIN choices ON choices.principal_id = folded.principal_id;
