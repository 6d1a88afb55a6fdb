-- The latest proof of life of sessions that ended while another lease of the principal counted on.
-- It becomes part of last_seen_at when that one ends too, also when a crash lies between.
ALTER TABLE node_presence ADD COLUMN ended_proof_at bigint;
