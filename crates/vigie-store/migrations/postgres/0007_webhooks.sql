-- Addresses that are told of changes, and how far each of them has been told.

CREATE TABLE webhooks (
    id                    text    NOT NULL PRIMARY KEY,
    url                   text    NOT NULL,
    -- Readable, because every delivery is signed with it; whoever reads this table can sign as this server.
    secret                text    NOT NULL,
    tells_status          boolean NOT NULL,
    tells_conversations   boolean NOT NULL,
    created_at            bigint  NOT NULL,
    -- The next start numbers its deliveries from here on.
    sequence              bigint  NOT NULL,
    -- Everything before this position has been taken by the receiver.
    cursor                text    NOT NULL,
    -- Conversations whose changes were not taken, as a JSON list of ids.
    changed_conversations text    NOT NULL,
    -- Too much changed to be named: the receiver has to read everything anew.
    must_resync           boolean NOT NULL,
    failing_since         bigint,
    parked_at             bigint,
    last_error            text
);
